/* SPDX-License-Identifier: MIT */
/* Marking of the old objects. */
#ifndef PINBUF_GC_MARK_H
#define PINBUF_GC_MARK_H

#include "big.h"
#include "block.h"

bool pinbuf__gc_drain(struct pinbuf_gc *gc, uint64_t deadline, uint64_t most);
void pinbuf__gc_grey_big(struct pinbuf_gc *gc, const void *object);
bool pinbuf__gc_is_dead(const struct pinbuf_gc *gc, const void *object);

/* @object is live: what it points to has to be looked at.  The young are not marked. */
static inline void gc_grey(struct pinbuf_gc *gc, void *object)
{
	if (PINBUF_UNLIKELY(!gc_inside(gc, object))) {
		if (object)
			pinbuf__gc_grey_big(gc, object);
		return;
	}
	if (!gc_is_old_kind(gc_kind_of(gc, object)) ||
	    gc_bit_test_set(gc->mark[gc_block_of(gc, object)], object))
		return;
	gc_push(&gc->grey, (uintptr_t)object);
}

#endif /* PINBUF_GC_MARK_H */
