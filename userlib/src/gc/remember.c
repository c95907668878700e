// SPDX-License-Identifier: MIT
/*
 * The old objects that may point to young ones, and those that were written to while
 * marking goes on.
 *
 * An old object is clean, or it is in a thread's log or in gc->remembered.  The write
 * barrier finds it clean, takes the mark away and logs it: once between two collections,
 * however often it is written to.  A collection of the young looks at all of them; one
 * that points to the young stays (GC_KEPT), the others are clean again.
 *
 * Large objects are always clean, so that every write to one comes here: it marks a card
 * of 512 bytes, and the object's entry, which has bit 0 set, stands for its cards.
 */
#include <stdlib.h>
#include <string.h>

#include "../refuse.h"
#include "copy.h"
#include "world.h"

#define BIG	1	/* of an entry: a struct gc_big */

/* gc_big.kept */
#define IN	1
#define PENDING	2

#define MANY	16384	/* entries that ask for a collection */

static void log_add(struct gc_mutator *t, uintptr_t entry)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (t->nr_log == GC_LOG) {
		pthread_mutex_lock(&gc->lock);
		pinbuf__gc_log_flush(gc, t);
		if (gc->remembered.nr > MANY)
			pinbuf__gc_ask(gc);
		pthread_mutex_unlock(&gc->lock);
	}
	t->log[t->nr_log++] = entry;
}

static void big_log(struct gc_mutator *t, struct gc_big *big, size_t offset)
{
	PINBUF_STORE(&big->cards[offset / GC_CARD], 1);
	if (PINBUF_LOAD(&big->kept))
		return;
	PINBUF_STORE(&big->kept, IN);
	log_add(t, (uintptr_t)big | BIG);
}

/* A new object whose fields may be set without a barrier, and which is not young. */
void pinbuf__gc_log_new(struct gc_mutator *t, void *object)
{
	struct gc_big *big;

	if (gc_inside(t->pub.gc, object)) {
		log_add(t, (uintptr_t)object);
		return;
	}
	big = gc_big_of(object);
	memset(big->cards, 1, gc_big_cards(big));
	big_log(t, big, 0);
}

/* The barrier's slow path: @object is clean, or no object. */
void pinbuf__gc_log(struct pinbuf_gc_mutator *m, void *object, void *slot)
{
	struct gc_mutator *t = gc_mutator(m);
	struct pinbuf_gc *gc = m->gc;
	unsigned int flags = gc_flags(object);

	if (gc_inside(gc, object)) {
		if (!gc_is_old_kind(gc_kind_of(gc, object)))
			pinbuf__misuse(&gc->region, "%p is written to, which is no object: it has moved or is dead, and was not rooted",
				       object);
		gc_flags_atomic(object, 0, GC_CLEAN);
		log_add(t, (uintptr_t)object);
		return;
	}
	if (!(flags & GC_BIG))
		pinbuf__misuse(&gc->region, "%p is written to, which is no object with pointers",
			       object);
	big_log(t, gc_big_of(object), (uintptr_t)slot - (uintptr_t)object);
}

/* What it saw since the last time, for all to see. */
void pinbuf__gc_log_flush(struct pinbuf_gc *gc, struct gc_mutator *t)
{
	size_t i;

	for (i = 0; i < t->nr_log; i++)
		gc_push(&gc->remembered, t->log[i]);
	gc->fig.logged += t->nr_log;
	t->nr_log = 0;
}

/* A collection found that an old object points to a young one. */
void pinbuf__gc_remember(struct pinbuf_gc *gc, void *object)
{
	gc_flags_set(object, GC_KEPT, GC_CLEAN);
	gc_push(&gc->remembered, (uintptr_t)object);
}

/* Elements that lie in [from, to) of a large object, and its fixed part if that does. */
static void range_visit(struct gc_copy *c, const struct gc_big *big, size_t from, size_t to)
{
	const struct gc_type *type = big->type;
	size_t first = 0, last = 0;

	if (type->trace) {
		gc_visit(type, big->object, 0, big->nr, pinbuf__gc_copy_visit, &c->t);
		return;
	}
	if (from < type->bytes)
		gc_visit(type, big->object, 0, 0, pinbuf__gc_copy_visit, &c->t);
	if (!type->nr_elem_pointers || to <= type->bytes)
		return;
	if (from > type->bytes)
		first = (from - type->bytes) / type->elem_bytes;
	last = (to - type->bytes + type->elem_bytes - 1) / type->elem_bytes;
	if (last > big->nr)
		last = big->nr;
	gc_visit(type, big->object, first, last, pinbuf__gc_copy_visit, &c->t);
}

/* Whether it has to stay. */
static bool big_visit(struct gc_copy *c, struct gc_big *big)
{
	size_t cards = gc_big_cards(big), i;
	bool stays = false;

	for (i = 0; i < cards; i++) {
		if (!big->cards[i])
			continue;
		c->saw_young = false;
		range_visit(c, big, i * GC_CARD, (i + 1) * GC_CARD);
		big->cards[i] = c->saw_young;
		stays |= c->saw_young;
	}
	big->kept = stays ? IN : 0;
	return stays;
}

static bool object_visit(struct gc_copy *c, void *object)
{
	uint64_t header = *gc_header(object);

	c->saw_young = false;
	gc_visit(gc_type_of(c->gc, header), object, 0, gc_header_length(header),
		 pinbuf__gc_copy_visit, &c->t);
	if (c->saw_young)
		gc_flags_set(object, GC_KEPT, GC_CLEAN);
	else
		gc_flags_set(object, GC_CLEAN, GC_KEPT);
	return c->saw_young;
}

/*
 * Look at all of them; those that still point to the young stay.  Two threads may have
 * logged the same object: the second entry is known by what the first one left behind.
 */
void pinbuf__gc_remembered_visit(struct gc_copy *c)
{
	struct gc_stack *s = &c->gc->remembered;
	size_t i, nr = s->nr, stay = 0;

	for (i = 0; i < nr; i++) {
		uintptr_t entry = s->base[i];

		if (entry & BIG)
			((struct gc_big *)(entry - BIG))->kept = PENDING;
		else
			gc_flags_set((void *)entry, 0, GC_KEPT);
	}
	for (i = 0; i < nr; i++) {
		uintptr_t entry = s->base[i];

		if (entry & BIG) {
			struct gc_big *big = (struct gc_big *)(entry - BIG);

			if (big->kept != PENDING || !big_visit(c, big))
				continue;
		} else if (gc_flags((void *)entry) & (GC_KEPT | GC_CLEAN) ||
			   !object_visit(c, (void *)entry)) {
			continue;
		}
		s->base[stay++] = entry;
	}
	s->nr = stay;
}

/* A collection of everything leaves no young ones. */
void pinbuf__gc_remembered_forget(struct pinbuf_gc *gc)
{
	struct gc_big *big;

	for (big = gc->big.list; big; big = big->next) {
		big->kept = 0;
		if (!big->type->leaf)
			memset(big->cards, 0, gc_big_cards(big));
	}
	gc->remembered.nr = 0;
}

/* Marking is complete: nobody may look at what will be swept. */
void pinbuf__gc_remembered_drop_dead(struct pinbuf_gc *gc)
{
	struct gc_stack *s = &gc->remembered;
	size_t i, stay = 0;

	for (i = 0; i < s->nr; i++) {
		uintptr_t entry = s->base[i];

		if (entry & BIG ? ((struct gc_big *)(entry - BIG))->marked :
				  gc_is_marked(gc, (void *)entry))
			s->base[stay++] = entry;
	}
	s->nr = stay;
}
