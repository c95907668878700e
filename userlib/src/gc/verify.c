// SPDX-License-Identifier: MIT
/*
 * Walks the heap with the world stopped and compares it with what must hold:
 *
 *   - blocks of the young are objects one behind the other; the bits of the old and the
 *     books agree;
 *   - a pointer in an object that is not dead, and every root, leads to an object;
 *   - an old object that points to a young one is remembered or in a log;
 *   - while marking goes on, a black object that nobody wrote to points to no white one.
 *
 * The first that does not is told.
 */
#include <errno.h>
#include <stdlib.h>

#include "../internal.h"
#include "../refuse.h"
#include "copy.h"
#include "old.h"
#include "verify.h"
#include "world.h"

struct check {
	struct pinbuf_gc_tracer t;	/* first */
	struct pinbuf_gc *gc;
	gc_bits *starts;	/* where young objects begin */
	gc_bits *noted;		/* remembered and logged */
	gc_bits *grey;
	void *object;		/* being looked at */
	const struct gc_type *type;
	bool young, was_noted, black;
	int ret;
};

#define FAIL(c, ...)								\
	do {									\
		struct pinbuf_error e_ = {					\
			.kind = PINBUF_ERROR_MISUSE, .err = EUCLEAN,		\
		};								\
										\
		if (!(c)->ret)							\
			(c)->ret = pinbuf__error(&e_, __VA_ARGS__);		\
	} while (0)

/* In a sweep, what is not swept yet and not marked is gone. */
static bool is_gone(const struct pinbuf_gc *gc, const void *object)
{
	uint32_t block = gc_block_of(gc, object);

	return gc->phase == GC_SWEEP && block >= gc->sweep_at && !gc->blocks[block].fresh &&
	       !gc_is_marked(gc, object);
}

static bool is_object(const struct check *c, const void *object)
{
	const struct pinbuf_gc *gc = c->gc;
	struct pinbuf_heap_place place;
	enum gc_kind kind;

	if ((uintptr_t)object % 8)
		return false;
	if (!gc_inside(gc, object))
		return pinbuf__gc_big_find(gc, object) ||
		       !pinbuf_heap_locate(gc->pinned, object, &place);
	kind = gc_kind_of(gc, object);
	if (gc_is_young_kind(kind))
		return gc_bit_test(c->starts[gc_block_of(gc, object)], object);
	return gc_is_old_kind(kind) && gc_bit_test(gc->live[gc_block_of(gc, object)], object) &&
	       !is_gone(gc, object);
}

static bool is_young(const struct pinbuf_gc *gc, const void *object)
{
	return gc_inside(gc, object) && gc_is_young_kind(gc_kind_of(gc, object));
}

static bool is_header(const struct pinbuf_gc *gc, uint64_t header)
{
	size_t type = header >> 8 & 0xffffff;

	return type && type < gc->nr_types && !(header & GC_MOVED);
}

/* The bytes of the last window that are not filled are not looked at. */
static size_t filled(const struct pinbuf_gc *gc, uint32_t block)
{
	const struct gc_mutator *t;

	GC_FOR_EACH_MUTATOR(gc, t)
		if (t->block == block)
			return t->pub.cur - gc_block_start(gc, block);
	return gc->blocks[block].top;
}

static void young_walk(struct check *c, uint32_t block)
{
	struct pinbuf_gc *gc = c->gc;
	uintptr_t start = gc_block_start(gc, block), at = start, end = start + filled(gc, block);

	while (at < end) {
		void *object = (void *)(at + 8);
		uint64_t header = *gc_header(object);

		if (!is_header(gc, header)) {
			FAIL(c, "young block %u: at offset %zu there is no object", block,
			     (size_t)(at - start));
			return;
		}
		if (header & GC_CLEAN && !gc_type_of(gc, header)->leaf)
			FAIL(c, "young object %p is marked as old", object);
		gc_bit_set(c->starts[block], object);
		at += gc_cell(gc_type_of(gc, header), header);
	}
	if (at != end)
		FAIL(c, "young block %u ends inside an object", block);
}

static void note(struct check *c, gc_bits *bits, uintptr_t entry)
{
	if (!(entry & 1))
		gc_bit_set(bits[gc_block_of(c->gc, (void *)entry)], (void *)entry);
}

static void notes_take(struct check *c)
{
	struct pinbuf_gc *gc = c->gc;
	const struct gc_mutator *t;
	size_t i;

	for (i = 0; i < gc->young.nr; i++)
		young_walk(c, (uint32_t)gc->young.base[i]);
	for (i = 0; i < gc->remembered.nr; i++)
		note(c, c->noted, gc->remembered.base[i]);
	GC_FOR_EACH_MUTATOR(gc, t)
		for (i = 0; i < t->nr_log; i++)
			note(c, c->noted, t->log[i]);
	for (i = 0; i < gc->grey.nr; i++)
		note(c, c->grey, gc->grey.base[i]);
}

static bool big_is_grey(const struct pinbuf_gc *gc, const struct gc_big *big)
{
	size_t i;

	for (i = 0; i < gc->grey.nr; i++)
		if (gc->grey.base[i] == ((uintptr_t)big | 1))
			return true;
	return false;
}

static void pointer_check(struct pinbuf_gc_tracer *t, void **slot)
{
	struct check *c = (struct check *)t;
	struct pinbuf_gc *gc = c->gc;
	size_t offset = (size_t)((char *)slot - (char *)c->object);
	void *to = *slot;

	if (!to || c->ret)
		return;
	if (!is_object(c, to)) {
		FAIL(c, "%s object %p of type '%s' has at offset %zu the pointer %p, which leads to no object: it has moved or is dead, and was not rooted when it was stored, or the object is not reachable",
		     c->young ? "the young" : "the old", c->object, c->type->name, offset, to);
		return;
	}
	if (!c->young && is_young(gc, to) && !c->was_noted &&
	    (gc_inside(gc, c->object) || !gc_big_of(c->object)->cards[offset / GC_CARD]))
		FAIL(c, "the old object %p of type '%s' has at offset %zu a pointer to the young %p and is not remembered: it was stored without pinbuf_gc_write()",
		     c->object, c->type->name, offset, to);
	if (c->black && !c->was_noted && !is_young(gc, to) && pinbuf__gc_is_dead(gc, to) &&
	    (gc_inside(gc, c->object) || !gc_big_of(c->object)->cards[offset / GC_CARD]))
		FAIL(c, "the marked object %p of type '%s' has at offset %zu a pointer to %p, which is not marked",
		     c->object, c->type->name, offset, to);
}

static void object_check(struct check *c, void *object, const struct gc_type *type, size_t nr)
{
	c->object = object;
	c->type = type;
	gc_visit(type, object, 0, nr, pointer_check, &c->t);
}

static void block_check(struct check *c, uint32_t block)
{
	struct pinbuf_gc *gc = c->gc;
	bool young = gc_is_young_kind(gc->kind[block]);
	const gc_bits *bits = young ? &c->starts[block] : &gc->live[block];
	bool marking = gc->phase != GC_IDLE && gc->phase != GC_SWEEP;
	uint32_t nr = 0;
	uint64_t word;
	void *object;
	size_t w;

	GC_FOR_EACH_BIT(gc, block, *bits, w, word, object) {
		uint64_t header = *gc_header(object);

		nr++;
		if (c->ret)
			return;
		if (!young && is_gone(gc, object))
			continue;
		/* who is dead may still point to what was young */
		if (!young && gc->phase > GC_MARK && gc->phase < GC_SWEEP &&
		    !gc_is_marked(gc, object))
			continue;
		if (!is_header(gc, header)) {
			FAIL(c, "old block %u: at %p there is no object", block, object);
			return;
		}
		c->young = young;
		c->was_noted = !young && gc_bit_test(c->noted[block], object);
		c->black = !young && marking && gc_is_marked(gc, object) &&
			   !gc_bit_test(c->grey[block], object);
		if (!young && header & GC_CLEAN && c->was_noted)
			FAIL(c, "object %p is remembered and marked as clean", object);
		object_check(c, object, gc_type_of(gc, header), gc_header_length(header));
	}
	if (!young && nr != gc->blocks[block].nr_live)
		FAIL(c, "old block %u has %u objects, and its books say %u", block, nr,
		     gc->blocks[block].nr_live);
}

static void root_check(struct pinbuf_gc_tracer *t, void **slot)
{
	struct check *c = (struct check *)t;

	if (*slot && !is_object(c, *slot))
		FAIL(c, "the root at %p holds %p, which is no object: it has moved or is dead, and was not rooted when a collection came",
		     (void *)slot, *slot);
}

static void list_check(struct check *c, const struct gc_list *list, const char *what)
{
	const struct gc_node *node;

	for (node = list->first; node; node = node->next)
		if (!is_object(c, node->object))
			FAIL(c, "a %s is for %p, which is no object", what, node->object);
}

static void others_check(struct check *c)
{
	struct pinbuf_gc *gc = c->gc;
	struct gc_big *big;
	size_t i;

	pinbuf__gc_roots_visit(gc, &c->t);
	for (i = 0; gc->pins.slots && i <= gc->pins.mask; i++)
		if (gc->pins.slots[i].object && !is_object(c, gc->pins.slots[i].object))
			FAIL(c, "the pinned %p is no object", gc->pins.slots[i].object);
	list_check(c, &gc->weak_young, "weak handle");
	list_check(c, &gc->weak_old, "weak handle");
	list_check(c, &gc->final_young, "finalizer");
	list_check(c, &gc->final_old, "finalizer");
	list_check(c, &gc->final_found, "finalizer");
	c->t.visit = pointer_check;
	for (big = gc->big.list; big; big = big->next) {
		if (big->type->leaf || (gc->phase > GC_MARK && !big->marked))
			continue;
		c->young = c->was_noted = false;
		c->black = gc->black && big->marked && !big_is_grey(gc, big);
		object_check(c, big->object, big->type, big->nr);
	}
}

static void books_check(struct check *c)
{
	struct pinbuf_gc *gc = c->gc;
	uint64_t objects = 0, bytes = 0;
	size_t used = 0;
	uint32_t block;

	for (block = 1; block < gc->nr_blocks; block++) {
		used += gc->kind[block] != GC_FREE;
		if (!gc_is_old_kind(gc->kind[block]))
			continue;
		objects += gc->blocks[block].nr_live;
		bytes += pinbuf__gc_old_bytes_of(gc, block);
	}
	if (used != gc->nr_used || objects != gc->old_objects || bytes != gc->old_bytes)
		FAIL(c, "there are %zu blocks, %llu old objects and %llu bytes of them, and the books say %zu, %llu and %llu",
		     used, (unsigned long long)objects, (unsigned long long)bytes, gc->nr_used,
		     (unsigned long long)gc->old_objects, (unsigned long long)gc->old_bytes);
}

/* With the world stopped.  0, -EUCLEAN or -ENOMEM; nothing is changed. */
int pinbuf__gc_check(struct pinbuf_gc *gc)
{
	struct check c = { .t.visit = root_check, .gc = gc };
	uint32_t block;

	c.starts = calloc(gc->nr_blocks, sizeof(gc_bits));
	c.noted = calloc(gc->nr_blocks, sizeof(gc_bits));
	c.grey = calloc(gc->nr_blocks, sizeof(gc_bits));
	if (!c.starts || !c.noted || !c.grey) {
		c.ret = pinbuf__refuse_own(3 * gc->nr_blocks * sizeof(gc_bits));
	} else {
		notes_take(&c);
		others_check(&c);
		for (block = 1; block < gc->nr_blocks && !c.ret; block++)
			if (gc->kind[block] != GC_FREE)
				block_check(&c, block);
		books_check(&c);
	}
	free(c.starts);
	free(c.noted);
	free(c.grey);
	return c.ret;
}

int pinbuf_gc_verify(struct pinbuf_gc_mutator *m)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EBUSY };
	struct gc_mutator *t = gc_mutator(m);
	struct pinbuf_gc *gc = m->gc;
	int ret;

	if (m->nogc)
		return pinbuf__error(&e, "gc '%s': the heap cannot be walked in a no-GC section",
				     gc->name);
	pthread_mutex_lock(&gc->lock);
	pinbuf__gc_stop(t);
	ret = pinbuf__gc_check(gc);
	pinbuf__gc_start(t);
	pthread_mutex_unlock(&gc->lock);
	return ret;
}
