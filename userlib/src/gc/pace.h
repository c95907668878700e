/* SPDX-License-Identifier: MIT */
/* How much is done at one time. */
#ifndef PINBUF_GC_PACE_H
#define PINBUF_GC_PACE_H

#include "copy.h"

void pinbuf__gc_pace_open(struct pinbuf_gc *gc);
void pinbuf__gc_pace(struct pinbuf_gc *gc, const struct gc_copy *c, uint64_t from, uint64_t ns);
void pinbuf__gc_pace_trigger(struct pinbuf_gc *gc);
uint64_t pinbuf__gc_pace_quota(const struct pinbuf_gc *gc);

#endif /* PINBUF_GC_PACE_H */
