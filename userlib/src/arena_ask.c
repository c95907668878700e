// SPDX-License-Identifier: MIT
/* What an arena says about itself: before a block is asked for, after, and when it is full. */
#include "arena.h"
#include "refuse.h"

void *pinbuf__arena_refuse(struct pinbuf_arena *a, struct pinbuf_layout l)
{
	struct pinbuf__room room = { .left = a->limit - a->region.cur };
	const struct pinbuf_arena_chunk *c;

	room.largest = room.left;
	for (c = a->chunk; c; c = c->prev)
		room.of += c->size;
	for (c = a->spare; c; c = c->prev)
		room.of += c->size;
	return pinbuf__refuse_exhausted(&a->region, l, &room,
					"grow it with pinbuf_arena_opts.grow, make it larger, or drop blocks with a scope or pinbuf_arena_reset()");
}

void pinbuf__arena_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	const struct pinbuf_arena *a = (const struct pinbuf_arena *)r;
	uintptr_t cur = PINBUF_LOAD(&r->cur), top = PINBUF_LOAD(&a->top);
	uint64_t bias = PINBUF_LOAD(&a->bias), most = bias + (cur > top ? cur : top);

	st->total_deallocated = PINBUF_LOAD(&a->dropped);
	st->total_allocated = st->total_deallocated + bias + cur;
	st->peak_usage = PINBUF_LOAD(&a->peak);
	if (most > st->peak_usage)
		st->peak_usage = most;
	st->deallocation_count = PINBUF_LOAD(&a->nr_dropped);
	st->allocation_count = st->deallocation_count + PINBUF_LOAD(&r->nr_allocs);
	st->held = PINBUF_LOAD(&a->held);
	st->wasted = PINBUF_LOAD(&a->lost);
}

size_t pinbuf_arena_remaining(const struct pinbuf_arena *a)
{
	return a->limit - a->region.cur;
}

bool pinbuf_arena_fits(const struct pinbuf_arena *a, struct pinbuf_layout l)
{
	const struct pinbuf_arena_chunk *c;

	if (!pinbuf_layout_is_valid(l))
		return false;
	if (arena_fits(a->region.cur, a->limit, l))
		return true;
	for (c = a->spare; c; c = c->prev)
		if (arena_fits(c->start, c->start + c->size, l))
			return true;
	return false;
}
