/* SPDX-License-Identifier: MIT */
/* What a heap tells of itself. */
#ifndef PINBUF_GC_FIGURES_H
#define PINBUF_GC_FIGURES_H

#include "core.h"

uint64_t pinbuf__gc_live_bytes(const struct pinbuf_gc *gc);
void pinbuf__gc_sum(struct pinbuf_gc *gc, struct pinbuf_stats *st);

#endif /* PINBUF_GC_FIGURES_H */
