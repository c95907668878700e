// SPDX-License-Identifier: MIT
/*
 * Marking goes on in steps, between which the program runs.  An object is white (no mark
 * bit), grey (the bit, and on the stack) or black (the bit).  What a step needs to be
 * right is found out by the collections of the young, each of which
 *
 *   - looks at every root and greys the old objects that they name,
 *   - copies every young object that lives and greys the old objects that it names,
 *   - looks at every old object that the barrier noted: whoever changed a black object
 *     has its new pointers greyed.
 *
 * So when the stack is empty right after such a collection, before the program goes on,
 * everything that is reachable is marked.  What becomes old meanwhile is black.
 *
 * Popped objects pass through a short queue, so that their memory is on its way to the
 * cache before they are looked at.
 */
#include "clock.h"
#include "mark.h"

#define QUEUE	8U
#define CHUNK	1024	/* elements of a large array at one time */
#define LOOK	64U	/* objects between two looks at the clock */

struct mark {
	struct pinbuf_gc_tracer t;	/* first */
	struct pinbuf_gc *gc;
	uintptr_t queue[QUEUE];
	unsigned int head, nr;
};

void pinbuf__gc_grey_big(struct pinbuf_gc *gc, const void *object)
{
	struct gc_big *big = pinbuf__gc_big_find(gc, object);

	if (!big || big->marked)
		return;
	big->marked = true;
	if (big->type->leaf)
		return;
	big->grey_from = 0;
	gc_push(&gc->grey, (uintptr_t)big | 1);
}

/* Whether the complete marking left it out; the young never are. */
bool pinbuf__gc_is_dead(const struct pinbuf_gc *gc, const void *object)
{
	const struct gc_big *big;

	if (gc_inside(gc, object))
		return gc_is_old_kind(gc_kind_of(gc, object)) && !gc_is_marked(gc, object);
	big = pinbuf__gc_big_find(gc, object);
	return big && !big->marked;
}

static inline void visit(struct pinbuf_gc_tracer *t, void **slot)
{
	gc_grey(((struct mark *)t)->gc, *slot);
}

/* A part of it; the rest goes back on the stack. */
static void big_scan(struct mark *m, struct gc_big *big)
{
	size_t first = big->grey_from, last = big->nr;

	if (!big->type->trace && last - first > CHUNK) {
		last = first + CHUNK;
		big->grey_from = last;
		gc_push(&m->gc->grey, (uintptr_t)big | 1);
	}
	gc_visit(big->type, big->object, first, last, visit, &m->t);
}

static void scan(struct mark *m, uintptr_t entry)
{
	void *object = (void *)entry;
	const struct gc_type *type;
	uint64_t header;

	if (entry & 1) {
		big_scan(m, (struct gc_big *)(entry & ~(uintptr_t)1));
		return;
	}
	header = *gc_header(object);
	type = gc_type_of(m->gc, header);
	if (!type->leaf)
		gc_visit(type, object, 0, gc_header_length(header), visit, &m->t);
}

static void queue_fill(struct mark *m)
{
	uintptr_t entry;

	while (m->nr < QUEUE && m->gc->grey.nr) {
		entry = gc_pop(&m->gc->grey);
		__builtin_prefetch((void *)(entry & ~(uintptr_t)1));
		m->queue[(m->head + m->nr) % QUEUE] = entry;
		m->nr++;
	}
}

static uintptr_t queue_take(struct mark *m)
{
	uintptr_t entry = m->queue[m->head];

	m->head = (m->head + 1) % QUEUE;
	m->nr--;
	return entry;
}

/**
 * pinbuf__gc_drain() - mark what is grey
 * @gc: the heap, the world stopped
 * @deadline: of gc_now(), after which it ends
 * @most: objects, after which it ends
 *
 * Return: whether nothing is grey any more.
 */
bool pinbuf__gc_drain(struct pinbuf_gc *gc, uint64_t deadline, uint64_t most)
{
	struct mark m = { .t.visit = visit, .gc = gc };
	uint64_t nr = 0;

	for (;;) {
		queue_fill(&m);
		if (!m.nr)
			return true;
		scan(&m, queue_take(&m));
		nr++;
		if (nr >= most || (!(nr % LOOK) && deadline != UINT64_MAX && gc_now() > deadline))
			break;
	}
	while (m.nr)
		gc_push(&gc->grey, queue_take(&m));
	return !gc->grey.nr;
}
