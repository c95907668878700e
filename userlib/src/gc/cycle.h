/* SPDX-License-Identifier: MIT */
/* A cycle over the old objects. */
#ifndef PINBUF_GC_CYCLE_H
#define PINBUF_GC_CYCLE_H

#include "copy.h"

void pinbuf__gc_cycle_begin(struct pinbuf_gc *gc);
void pinbuf__gc_cycle_after_young(struct pinbuf_gc *gc, uint64_t began);
void pinbuf__gc_cycle_step(struct pinbuf_gc *gc, uint64_t began);
void pinbuf__gc_cycle_abort(struct pinbuf_gc *gc);
void pinbuf__gc_cycle_full(struct pinbuf_gc *gc);

#endif /* PINBUF_GC_CYCLE_H */
