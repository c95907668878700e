// SPDX-License-Identifier: MIT
/*
 * Old objects do not move, but for collections that move everything.  A block has cells
 * of one of 56 sizes: multiples of 8 up to 128, then eight steps an octave, so that at
 * most an eighth is lost.  A cell is free when its live bit is not set: nothing is
 * written into it, and a sweep copies the mark bits over the live bits and has read no
 * object.  Free cells are given out in runs, in the order of their addresses.
 *
 * A block whose objects were pinned when it was young (GC_HELD) has any sizes, and gives
 * no cells; it is free when its last object is.
 */
#include <string.h>

#include "old.h"
#include "type.h"

void pinbuf__gc_old_open(struct pinbuf_gc *gc)
{
	unsigned int nr = 0;
	size_t bytes = 16, i, at = 0;

	while (bytes <= GC_SMALL) {
		for (; at <= bytes / 8; at++)
			gc->class_of[at] = (uint8_t)nr;
		gc->classes[nr].bytes = gc->fixed[nr].bytes = (uint32_t)bytes;
		nr++;
		if (bytes < 128) {
			bytes += 8;
		} else {
			for (i = 128; i * 2 <= bytes; i *= 2)
				;
			bytes += i / 8;
		}
	}
}

/* The next run of free cells in the block that @cls is in. */
static bool run_find(struct pinbuf_gc *gc, struct gc_class *cls)
{
	uintptr_t at = cls->scan;
	gc_bits *live;

	if (!at)
		return false;
	live = &gc->live[gc_block_of(gc, (void *)at)];
	while (at < cls->stop && gc_bit_test(*live, (void *)(at + 8)))
		at += cls->bytes;
	cls->cur = at;
	while (at < cls->stop && !gc_bit_test(*live, (void *)(at + 8)))
		at += cls->bytes;
	cls->end = cls->scan = at;
	return cls->cur < cls->end;
}

static void block_enter(struct pinbuf_gc *gc, struct gc_class *cls, uint32_t block)
{
	cls->scan = gc_block_start(gc, block);
	cls->stop = cls->scan + GC_BLOCK / cls->bytes * cls->bytes;
}

/* A run for @cls, of the @nr th size; false if there is no block. */
bool pinbuf__gc_old_refill(struct pinbuf_gc *gc, struct gc_class *cls, enum gc_kind kind,
			   unsigned int nr)
{
	uint32_t block;

	while (!run_find(gc, cls)) {
		block = cls->avail;
		if (block) {
			cls->avail = gc->blocks[block].next;
			gc->blocks[block].next = 0;
		} else {
			block = pinbuf__gc_block_take(gc, kind);
			if (!block) {
				cls->cur = cls->end = cls->scan = 0;
				return false;
			}
			gc->blocks[block].cls = (uint16_t)nr;
			gc->blocks[block].fresh = gc_is_fresh(gc, block);
		}
		block_enter(gc, cls, block);
	}
	return true;
}

/* Nothing is given out of the blocks there are until they have been swept. */
void pinbuf__gc_old_close_runs(struct pinbuf_gc *gc)
{
	struct gc_class *cls;
	unsigned int i;

	for (i = 0; i < 2 * GC_CLASSES; i++) {
		cls = i < GC_CLASSES ? &gc->classes[i] : &gc->fixed[i - GC_CLASSES];
		cls->cur = cls->end = cls->scan = cls->stop = 0;
		cls->avail = 0;
	}
}

/* A swept block's free cells may be given out. */
void pinbuf__gc_old_offer(struct pinbuf_gc *gc, uint32_t block)
{
	struct gc_block *b = &gc->blocks[block];
	struct gc_class *cls = gc->kind[block] == GC_FIXED ? &gc->fixed[b->cls] :
							     &gc->classes[b->cls];

	if (b->nr_live < GC_BLOCK / cls->bytes) {
		b->next = cls->avail;
		cls->avail = block;
	}
}

/* What the set bits' objects take. */
static size_t held_bytes(const struct pinbuf_gc *gc, uint32_t block, const gc_bits bits)
{
	size_t sum = 0, w;
	uint64_t word;
	void *object;

	GC_FOR_EACH_BIT(gc, block, bits, w, word, object) {
		uint64_t header = *gc_header(object);

		sum += gc_cell(gc_type_of(gc, header), header);
	}
	return sum;
}

/* Bytes of the live objects of an old block, as gc->old_bytes counts them. */
size_t pinbuf__gc_old_bytes_of(const struct pinbuf_gc *gc, uint32_t block)
{
	const struct gc_block *b = &gc->blocks[block];

	if (gc->kind[block] == GC_HELD || b->was == GC_HELD)
		return held_bytes(gc, block, gc->live[block]);
	return (size_t)b->nr_live * gc->classes[b->cls].bytes;
}

/* Only what is marked stays; bytes freed. */
size_t pinbuf__gc_old_sweep(struct pinbuf_gc *gc, uint32_t block)
{
	size_t before = pinbuf__gc_old_bytes_of(gc, block), after, w;
	struct gc_block *b = &gc->blocks[block];
	uint32_t nr = 0;

	for (w = 0; w < GC_WORDS; w++) {
		gc->live[block][w] = gc->mark[block][w];
		gc->mark[block][w] = 0;
		nr += (uint32_t)__builtin_popcountll(gc->live[block][w]);
	}
	gc->old_objects -= b->nr_live - nr;
	b->nr_live = nr;
	after = pinbuf__gc_old_bytes_of(gc, block);
	gc->old_bytes -= before - after;
	if (!nr)
		pinbuf__gc_block_free(gc, block);
	else if (gc->kind[block] != GC_HELD)
		pinbuf__gc_old_offer(gc, block);
	return before - after;
}
