// SPDX-License-Identifier: MIT
/*
 * Three figures are chosen as the program runs.
 *
 * The nursery: as large as it may be (fewer collections, and more of it dead by then),
 * but so small that a collection stays within half the budget, by what a moved KiB has
 * cost lately and by what share survived, of which half as much again is expected, and a
 * quarter at least.  So a program that begins to keep everything meets one pause that is
 * longer than the others, not longer than all of the largest nursery takes.
 *
 * The trigger of a cycle: when the old have grown by three quarters since the last one.
 *
 * The work of a step: as much of the marking as what became old has used of the room
 * that there was at its beginning, and a little always, so that a cycle ends.
 */
#include "clock.h"
#include "pace.h"

#define LEAST	((size_t)64 << 10)	/* of a nursery */
#define COST	1024			/* ns a KiB, before anything was measured */
#define GROWS	(1024 / 8 * 7)		/* share that a program keeps which builds something */
#define ALWAYS	1024			/* objects of a step */
#define FLOOR	((uint64_t)4 << 20)	/* bytes by which the old may grow in any case */

static void nursery_set(struct pinbuf_gc *gc)
{
	uint64_t expect = gc->share * 3 / 2, bytes;

	expect = expect < 256 ? 256 : expect > 1024 ? 1024 : expect;
	bytes = gc->budget / 2 * 1024 / gc->cost * 1024 / expect;
	bytes = bytes > gc->aged_bytes ? bytes - gc->aged_bytes : 0;
	if (bytes < LEAST)
		bytes = LEAST;
	if (bytes > gc->opts.nursery)
		bytes = gc->opts.nursery;
	gc->nursery_blocks = bytes / GC_BLOCK;
	gc->fig.nursery = gc->nursery_blocks * GC_BLOCK;
}

void pinbuf__gc_pace_open(struct pinbuf_gc *gc)
{
	gc->cost = COST;
	gc->share = 1024;
	nursery_set(gc);
	pinbuf__gc_pace_trigger(gc);
}

/* After a collection of @from bytes of the young that took @ns. */
void pinbuf__gc_pace(struct pinbuf_gc *gc, const struct gc_copy *c, uint64_t from, uint64_t ns)
{
	struct pinbuf_gc_record record = {
		.kind = PINBUF_GC_YOUNG, .live = gc_old(gc) + gc->aged_bytes,
		.freed = from - c->moved - c->stayed, .moved = c->moved, .pinned = c->pinned,
		.pause_ns = ns,
	};
	uint64_t share = from ? c->moved * 1024 / from : 0;

	if (ns && c->moved >= GC_BLOCK)
		gc->cost = (3 * gc->cost + ns * 1024 / c->moved) / 4;
	gc->grows = share > GROWS && from >= LEAST;
	gc->share = share > gc->share ? share : (gc->share * 7 + share) / 8;
	nursery_set(gc);
	gc->fig.moved_bytes += c->moved;
	gc->fig.promoted_bytes += c->promoted;
	pinbuf__gc_record(gc, &record);
}

/* After a cycle: when the next one begins. */
void pinbuf__gc_pace_trigger(struct pinbuf_gc *gc)
{
	uint64_t old = gc_old(gc), room = old / 4 * 3, used = gc_used(gc);

	if (room < FLOOR)
		room = FLOOR;
	if (gc->opts.hard && used + room * 2 > gc->opts.hard)
		room = gc->opts.hard > used ? (gc->opts.hard - used) / 2 : 0;
	gc->trigger = old + room;
}

/* Objects that the next step of marking should look at. */
uint64_t pinbuf__gc_pace_quota(const struct pinbuf_gc *gc)
{
	uint64_t grown = gc_old(gc) - gc->start_bytes, room = gc->start_bytes / 2 + FLOOR / 2;
	uint64_t due;

	if (gc_old(gc) < gc->start_bytes)
		return ALWAYS;
	due = (uint64_t)((double)gc->start_objects * (double)grown / (double)room);
	return due > gc->done + ALWAYS ? due - gc->done : ALWAYS;
}
