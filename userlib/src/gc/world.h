/* SPDX-License-Identifier: MIT */
/* Threads, and how they are stopped. */
#ifndef PINBUF_GC_WORLD_H
#define PINBUF_GC_WORLD_H

#include "core.h"

/* All with gc->lock held. */
void pinbuf__gc_stop(struct gc_mutator *t);
void pinbuf__gc_start(struct gc_mutator *t);
void pinbuf__gc_park(struct gc_mutator *t);
void pinbuf__gc_ask(struct pinbuf_gc *gc);
void pinbuf__gc_mutators_close(struct pinbuf_gc *gc);

#endif /* PINBUF_GC_WORLD_H */
