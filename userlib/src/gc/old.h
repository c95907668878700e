/* SPDX-License-Identifier: MIT */
/* Old objects: cells of one size, block by block. */
#ifndef PINBUF_GC_OLD_H
#define PINBUF_GC_OLD_H

#include "block.h"

void pinbuf__gc_old_open(struct pinbuf_gc *gc);
bool pinbuf__gc_old_refill(struct pinbuf_gc *gc, struct gc_class *cls, enum gc_kind kind,
			   unsigned int nr);
void pinbuf__gc_old_close_runs(struct pinbuf_gc *gc);
void pinbuf__gc_old_offer(struct pinbuf_gc *gc, uint32_t block);
size_t pinbuf__gc_old_sweep(struct pinbuf_gc *gc, uint32_t block);
size_t pinbuf__gc_old_bytes_of(const struct pinbuf_gc *gc, uint32_t block);

/*
 * A cell, whose object counts as marked while a cycle needs that.  NULL if there is no
 * block for it.
 */
static inline void *gc_old_take(struct pinbuf_gc *gc, size_t bytes, enum gc_kind kind)
{
	unsigned int nr = gc->class_of[bytes / 8];
	struct gc_class *cls = kind == GC_FIXED ? &gc->fixed[nr] : &gc->classes[nr];
	void *object;
	uint32_t block;

	if (PINBUF_UNLIKELY(cls->cur == cls->end) &&
	    !pinbuf__gc_old_refill(gc, cls, kind, nr))
		return NULL;
	object = (void *)(cls->cur + 8);
	cls->cur += cls->bytes;
	block = gc_block_of(gc, object);
	gc_bit_set(gc->live[block], object);
	if (gc->black)
		gc_bit_set(gc->mark[block], object);
	gc->blocks[block].nr_live++;
	gc->old_bytes += cls->bytes;
	gc->old_objects++;
	return object;
}

#endif /* PINBUF_GC_OLD_H */
