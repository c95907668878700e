// SPDX-License-Identifier: MIT
/*
 * A collection of everything in one pause, that moves everything that is not pinned: the
 * old are close together again, and what nobody rooted is found in stress mode, where
 * there is one at each allocation.  The young become old.
 */
#include <string.h>

#include "clock.h"
#include "copy.h"
#include "cycle.h"
#include "figures.h"
#include "old.h"

static void begin(struct pinbuf_gc *gc)
{
	struct gc_big *big;
	uint32_t block;

	pinbuf__gc_cycle_abort(gc);
	pinbuf__gc_close_windows(gc);
	pinbuf__gc_old_close_runs(gc);
	pinbuf__gc_remembered_forget(gc);
	gc->asked = false;
	for (block = 1; block < gc->nr_blocks; block++) {
		if (gc->kind[block] == GC_FREE)
			continue;
		memset(gc->mark[block], 0, sizeof(gc_bits));
		gc->blocks[block].fresh = 0;
		if (gc->kind[block] == GC_FIXED)
			continue;
		gc->blocks[block].was = gc->kind[block];
		gc->kind[block] = GC_FROM;
	}
	for (big = gc->big.list; big; big = big->next)
		big->marked = false;
	gc->old_bytes = gc->old_objects = 0;
	gc->aged_cur = gc->aged_end = gc->aged_bytes = gc->aged_objects = 0;
	gc->young.nr = 0;
	gc->nr_new = 0;
}

static void end(struct pinbuf_gc *gc)
{
	uint32_t block, nr = gc->nr_blocks;
	bool more;

	for (block = 1; block < nr; block++) {
		struct gc_block *b = &gc->blocks[block];

		if (gc->kind[block] == GC_FROM) {
			pinbuf__gc_from_free(gc, block);
		} else if (gc->kind[block] == GC_FIXED) {
			gc->old_objects += b->nr_live;
			gc->old_bytes += pinbuf__gc_old_bytes_of(gc, block);
			pinbuf__gc_old_sweep(gc, block);
		}
	}
	gc->big.cursor = gc->big.list;
	pinbuf__gc_big_sweep(gc, SIZE_MAX, &more);
}

/* The world is stopped, and there are as many blocks again as are in use. */
void pinbuf__gc_moving(struct pinbuf_gc *gc)
{
	struct gc_copy c = {
		.t.visit = pinbuf__gc_copy_visit, .gc = gc, .moving = true, .tenure = true,
	};
	struct pinbuf_gc_record record = { .kind = PINBUF_GC_MOVING };
	uint64_t before, began = gc_now();

	before = pinbuf__gc_live_bytes(gc);
	begin(gc);
	pinbuf__gc_pins_visit(&c);
	pinbuf__gc_roots_visit(gc, &c.t);
	pinbuf__gc_copy_drain(&c);
	pinbuf__gc_weak_copy(&c);
	pinbuf__gc_final_copy(&c);
	end(gc);
	gc->fig.full_collections++;
	gc->fig.moved_bytes += c.moved;
	gc->fig.promoted_bytes += c.promoted;
	record.live = gc_old(gc);
	record.freed = before > record.live ? before - record.live : 0;
	record.moved = c.moved;
	record.pinned = c.pinned;
	record.pause_ns = gc_now() - began;
	pinbuf__gc_record(gc, &record);
}
