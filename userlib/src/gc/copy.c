// SPDX-License-Identifier: MIT
/*
 * What is live leaves the blocks that are being collected, and the rest of them is free
 * without having been looked at.  An object that survives its first collection is copied
 * among the young, one that survives its second becomes old: what a program was just
 * building when a collection came is mostly dead at the next one, and is never old.  A
 * program that keeps nearly everything is spared the second copy.
 *
 * A copied object is put on a stack and looked at when it is popped, depth first, which
 * puts parents beside children.  Where it was stays its new address, for whoever comes
 * there later.
 *
 * Pinned objects stay.  Theirs are looked at first, so that a pointer to one needs
 * nothing done; its block becomes one of the old.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "copy.h"
#include "cycle.h"
#include "old.h"
#include "pace.h"

#define OLD	1	/* of an entry of gc->work */

static uintptr_t aged_refill(struct pinbuf_gc *gc, size_t bytes)
{
	uint32_t block;

	if (gc->aged_cur)
		gc->blocks[gc_block_of(gc, (void *)(gc->aged_cur - 1))].top =
			(uint32_t)(gc->aged_cur - (gc->aged_end - GC_BLOCK));
	block = pinbuf__gc_block_take(gc, GC_AGED_ONCE);
	if (!block)
		return 0;
	gc_push(&gc->young, block);
	gc->aged_cur = gc_block_start(gc, block) + bytes;
	gc->aged_end = gc_block_start(gc, block) + GC_BLOCK;
	return gc_block_start(gc, block);
}

/* Space for a survivor; before the collection it was asked whether there is. */
static void *space(struct gc_copy *c, size_t bytes, bool old)
{
	struct pinbuf_gc *gc = c->gc;
	uintptr_t at = gc->aged_cur;
	void *object;

	if (old) {
		object = gc_old_take(gc, bytes, GC_CELLS);
	} else if (at && bytes <= gc->aged_end - at) {
		gc->aged_cur = at + bytes;
		object = (void *)(at + 8);
	} else {
		at = aged_refill(gc, bytes);
		object = at ? (void *)(at + 8) : NULL;
	}
	if (!object) {
		fprintf(stderr, "pinbuf: gc '%s': the system has no memory left for a collection\n",
			gc->name);
		abort();
	}
	return object;
}

/* Most have two or three words, which a compiler would not believe. */
static inline void words_copy(uint64_t *to, const uint64_t *from, size_t bytes)
{
	if (bytes > 128) {
		memcpy(to, from, bytes);
		return;
	}
	for (; bytes; bytes -= 8) {
		*to++ = *from++;
		__asm__("" : "+r"(to));
	}
}

/* Returns where it is now. */
static void *evacuate(struct gc_copy *c, void *object, uint64_t header)
{
	const struct gc_type *type = gc_type_of(c->gc, header);
	bool old = c->tenure || header & GC_AGED;
	size_t bytes = gc_cell(type, header);
	void *to = space(c, bytes, old);

	words_copy(to, object, bytes - 8);
	*gc_header(to) = (header & ~(uint64_t)GC_FLAGS) | GC_AGED | (old && type->leaf ? GC_CLEAN : 0);
	*gc_header(object) = (uintptr_t)to | GC_MOVED;
	c->moved += bytes;
	if (old) {
		struct gc_block *from = &c->gc->blocks[gc_block_of(c->gc, object)];

		if (from->was != GC_CELLS)
			c->gc->grown_bytes +=
				c->gc->classes[c->gc->class_of[bytes / 8]].bytes - bytes;
		c->promoted += bytes;
	} else {
		c->aged_bytes += bytes;
		c->aged_objects++;
		c->saw_young = true;
	}
	if (!type->leaf)
		gc_push(&c->gc->work, (uintptr_t)to | (old ? OLD : 0));
	return to;
}

/* A pointer to what is not being collected. */
static __attribute__((noinline)) void visit_elsewhere(struct gc_copy *c, void *object)
{
	struct pinbuf_gc *gc = c->gc;

	if (!c->moving) {
		if (gc_inside(gc, object) && gc_kind_of(gc, object) == GC_AGED_ONCE)
			c->saw_young = true;
		else if (gc->black)
			gc_grey(gc, object);
		return;
	}
	if (gc_inside(gc, object)) {
		if (gc_kind_of(gc, object) == GC_FIXED &&
		    !gc_bit_test_set(gc->mark[gc_block_of(gc, object)], object))
			gc_push(&gc->work, (uintptr_t)object | OLD);
	} else {
		struct gc_big *big = pinbuf__gc_big_find(gc, object);

		if (big && !big->marked) {
			big->marked = true;
			if (!big->type->leaf)
				gc_push(&gc->work, (uintptr_t)object | OLD);
		}
	}
}

static inline __attribute__((always_inline)) void visit(struct pinbuf_gc_tracer *t, void **slot)
{
	struct gc_copy *c = (struct gc_copy *)t;
	void *object = *slot;
	uint64_t header;

	if (!object)
		return;
	if (!gc_inside(c->gc, object) || gc_kind_of(c->gc, object) != GC_FROM) {
		visit_elsewhere(c, object);
		return;
	}
	header = *gc_header(object);
	if (header & GC_PIN)	/* no address has that bit */
		return;
	if (header & GC_MOVED) {
		object = (void *)(header & ~(uint64_t)7);
		if (gc_kind_of(c->gc, object) == GC_AGED_ONCE)
			c->saw_young = true;
	} else {
		object = evacuate(c, object, header);
	}
	*slot = object;
}

void pinbuf__gc_copy_visit(struct pinbuf_gc_tracer *t, void **slot)
{
	visit(t, slot);
}

/* Look at what was copied, until there is nothing more. */
void pinbuf__gc_copy_drain(struct gc_copy *c)
{
	struct pinbuf_gc *gc = c->gc;
	uintptr_t entry;
	uint64_t header;
	void *object;

	while (gc->work.nr) {
		entry = gc_pop(&gc->work);
		object = (void *)(entry & ~(uintptr_t)7);
		header = *gc_header(object);
		c->saw_young = false;
		gc_visit(gc_type_of(gc, header), object, 0, gc_header_length(header), visit, &c->t);
		if (!(entry & OLD))
			continue;
		if (c->saw_young)
			pinbuf__gc_remember(gc, object);
		else
			gc_flags_set(object, GC_CLEAN, GC_KEPT);
	}
}

/* A pinned object in a block that is being collected. */
void pinbuf__gc_copy_in_place(struct gc_copy *c, void *object)
{
	struct pinbuf_gc *gc = c->gc;
	uint32_t block = gc_block_of(gc, object);
	struct gc_block *b = &gc->blocks[block];
	const struct gc_type *type = gc_type_of(gc, *gc_header(object));

	c->pinned++;
	c->stayed += gc_cell(type, *gc_header(object));
	if (gc_bit_test_set(gc->mark[block], object))
		return;
	gc->old_objects++;
	gc->old_bytes += b->was == GC_CELLS ? gc->classes[b->cls].bytes :
					      gc_cell(type, *gc_header(object));
	gc_flags_set(object, GC_AGED, GC_CLEAN | GC_KEPT);
	gc_push(&gc->work, (uintptr_t)object | OLD);
}

/* Where an object is after the collection, or NULL if it is dead. */
void *pinbuf__gc_copy_lives(const struct gc_copy *c, void *object)
{
	const struct pinbuf_gc *gc = c->gc;
	const struct gc_big *big;
	uint64_t header;

	if (!gc_inside(gc, object)) {
		big = c->moving ? pinbuf__gc_big_find(gc, object) : NULL;
		return big && !big->marked ? NULL : object;
	}
	if (gc_kind_of(gc, object) == GC_FROM) {
		header = *gc_header(object);
		if (header & GC_MOVED)
			return (void *)(header & ~(uint64_t)7);
		return header & GC_PIN ? object : NULL;
	}
	return c->moving && gc_kind_of(gc, object) == GC_FIXED && !gc_is_marked(gc, object) ?
	       NULL : object;
}

/* The thread's window is full, or will be collected. */
void pinbuf__gc_window_close(struct pinbuf_gc *gc, struct gc_mutator *t)
{
	if (t->block) {
		gc->blocks[t->block].top = (uint32_t)(t->pub.cur - gc_block_start(gc, t->block));
		gc->closed_bytes += gc->blocks[t->block].top;
	}
	t->block = 0;
	t->window_end = 0;
	PINBUF_STORE(&t->pub.cur, 0);
	PINBUF_STORE(&t->pub.end, 0);
}

/* Nobody allocates out of what will be collected. */
void pinbuf__gc_close_windows(struct pinbuf_gc *gc)
{
	struct gc_mutator *t;

	gc->young_allocs = gc->gone_allocs;
	GC_FOR_EACH_MUTATOR(gc, t) {
		pinbuf__gc_window_close(gc, t);
		pinbuf__gc_log_flush(gc, t);
		gc->young_allocs += t->pub.nr_allocs;
	}
}

/* A block that was collected is free, unless something pinned stayed in it. */
void pinbuf__gc_from_free(struct pinbuf_gc *gc, uint32_t block)
{
	struct gc_block *b = &gc->blocks[block];
	size_t w, live = 0;
	uint64_t any = 0;

	for (w = 0; w < GC_WORDS; w++)
		any |= gc->mark[block][w];
	for (w = 0; any && w < GC_WORDS; w++)
		live += (size_t)__builtin_popcountll(gc->mark[block][w]);
	if (!live) {
		pinbuf__gc_block_free(gc, block);
		return;
	}
	memcpy(gc->live[block], gc->mark[block], sizeof(gc_bits));
	if (!gc->black)
		memset(gc->mark[block], 0, sizeof(gc_bits));
	b->nr_live = (uint32_t)live;
	b->fresh = gc_is_fresh(gc, block);
	gc->kind[block] = b->was == GC_CELLS ? GC_CELLS : GC_HELD;
	if (b->was == GC_CELLS)
		pinbuf__gc_old_offer(gc, block);
}

/**
 * pinbuf__gc_young() - collect the young
 * @gc: the heap, the world stopped
 * @began: gc_now() when the pause began
 *
 * What is left of the budget goes into marking.
 */
void pinbuf__gc_young(struct pinbuf_gc *gc, uint64_t began)
{
	struct gc_copy c = {
		.t.visit = pinbuf__gc_copy_visit, .gc = gc, .tenure = gc->grows,
	};
	size_t nr = gc->young.nr, i;
	uint64_t from;

	pinbuf__gc_close_windows(gc);
	gc->asked = false;
	if (gc_used(gc) > gc->peak)
		gc->peak = gc_used(gc);
	pinbuf__gc_cycle_begin(gc);
	from = gc->aged_bytes;
	for (i = 0; i < nr; i++) {
		uint32_t block = (uint32_t)gc->young.base[i];

		from += gc->kind[block] == GC_NEW ? gc->blocks[block].top : 0;
		gc->blocks[block].was = gc->kind[block];
		gc->kind[block] = GC_FROM;
	}
	gc->aged_cur = gc->aged_end = 0;
	pinbuf__gc_pins_visit(&c);
	pinbuf__gc_roots_visit(gc, &c.t);
	pinbuf__gc_remembered_visit(&c);
	pinbuf__gc_copy_drain(&c);
	pinbuf__gc_weak_copy(&c);
	pinbuf__gc_final_copy(&c);
	if (gc->aged_cur)
		gc->blocks[gc_block_of(gc, (void *)(gc->aged_cur - 1))].top =
			(uint32_t)(gc->aged_cur - (gc->aged_end - GC_BLOCK));
	for (i = 0; i < nr; i++)
		pinbuf__gc_from_free(gc, (uint32_t)gc->young.base[i]);
	memmove(gc->young.base, gc->young.base + nr,
		(gc->young.nr - nr) * sizeof(*gc->young.base));
	gc->young.nr -= nr;
	gc->nr_new = 0;
	gc->aged_bytes = c.aged_bytes;
	gc->aged_objects = c.aged_objects;
	gc->fig.young_collections++;
	pinbuf__gc_pace(gc, &c, from, began == UINT64_MAX ? 0 : gc_now() - began);
	pinbuf__gc_cycle_after_young(gc, began);
}
