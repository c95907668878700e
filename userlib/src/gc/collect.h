/* SPDX-License-Identifier: MIT */
/* When is collected. */
#ifndef PINBUF_GC_COLLECT_H
#define PINBUF_GC_COLLECT_H

#include "core.h"

/* All with gc->lock held, which may be dropped meanwhile. */
void pinbuf__gc_run(struct gc_mutator *t, enum pinbuf_gc_kind kind);
void pinbuf__gc_after(struct gc_mutator *t);
void pinbuf__gc_reach(struct gc_mutator *t);
bool pinbuf__gc_make_room(struct gc_mutator *t, unsigned int *tries);
void pinbuf__gc_direct_due(struct gc_mutator *t, size_t bytes);

#endif /* PINBUF_GC_COLLECT_H */
