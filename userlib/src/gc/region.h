/* SPDX-License-Identifier: MIT */
/* Blocks that are no objects. */
#ifndef PINBUF_GC_REGION_H
#define PINBUF_GC_REGION_H

#include "core.h"

void pinbuf__gc_region_open(struct pinbuf_gc *gc);
void pinbuf__gc_region_close(struct pinbuf_gc *gc);
void pinbuf__gc_region_sum(const struct pinbuf_gc *gc, struct pinbuf_stats *st);

#endif /* PINBUF_GC_REGION_H */
