// SPDX-License-Identifier: MIT
/*
 * A cycle begins with a collection of the young, when the old have grown enough: from
 * then on what becomes old is black, and every such collection greys what the roots and
 * the young name.  It goes through these phases in steps, one each time that a thread
 * needs another window of the nursery:
 *
 *   mark    until nothing is grey right after a collection of the young
 *   weak    weak handles of what is white are cleared
 *   final   white objects with finalizers are greyed, and what they reach is marked
 *   sweep   blocks lose their white objects, and give their cells out again
 *
 * Until the sweep begins dead objects are still looked at by who remembers them, so that
 * a finalizer finds all that its object reaches.
 */
#include "clock.h"
#include "cycle.h"
#include "old.h"
#include "pace.h"

#define NODES	1024	/* weak handles or finalizers of a step */
#define BLOCKS	128	/* swept in a step */
#define BIGS	64

void pinbuf__gc_cycle_begin(struct pinbuf_gc *gc)
{
	if (gc->phase != GC_IDLE || (gc_old(gc) < gc->trigger && !gc->cycle_wanted))
		return;
	gc->cycle_wanted = false;
	gc->phase = GC_MARK;
	gc->black = true;
	gc->start_bytes = gc_old(gc);
	gc->start_objects = gc->old_objects;
	gc->done = 0;
	gc->swept = 0;
}

static void sweep_begin(struct pinbuf_gc *gc)
{
	pinbuf__gc_remembered_drop_dead(gc);
	pinbuf__gc_old_close_runs(gc);
	gc->phase = GC_SWEEP;
	gc->black = false;
	gc->sweep_at = 1;
	gc->big.cursor = gc->big.list;
}

static void sweep_end(struct pinbuf_gc *gc)
{
	struct pinbuf_gc_record record = {
		.kind = PINBUF_GC_STEP, .live = gc_old(gc) + gc->aged_bytes, .freed = gc->swept,
	};

	gc->phase = GC_IDLE;
	gc->fig.cycles++;
	pinbuf__gc_pace_trigger(gc);
	pinbuf__gc_blocks_release(gc, BLOCKS / 2);
	pinbuf__gc_record(gc, &record);
}

static void block_sweep(struct pinbuf_gc *gc, uint32_t block)
{
	if (!gc_is_old_kind(gc->kind[block]))
		return;
	if (gc->blocks[block].fresh)
		gc->blocks[block].fresh = 0;
	else
		gc->swept += pinbuf__gc_old_sweep(gc, block);
}

static bool sweep_step(struct pinbuf_gc *gc)
{
	unsigned int nr = BLOCKS;
	bool more;

	for (; nr && gc->sweep_at < gc->nr_blocks; nr--)
		block_sweep(gc, gc->sweep_at++);
	gc->swept += pinbuf__gc_big_sweep(gc, BIGS, &more);
	return gc->sweep_at == gc->nr_blocks && !more;
}

static uint64_t deadline(const struct pinbuf_gc *gc, uint64_t began)
{
	return began == UINT64_MAX ? began : began + gc->budget / 2;
}

static void mark_end(struct pinbuf_gc *gc)
{
	gc->phase = GC_WEAK;
	gc->weak_cursor = gc->weak_old.first;
}

/* Right behind a collection of the young: if nothing is grey now, all is marked. */
void pinbuf__gc_cycle_after_young(struct pinbuf_gc *gc, uint64_t began)
{
	if (gc->phase == GC_MARK && pinbuf__gc_drain(gc, deadline(gc, began), UINT64_MAX))
		mark_end(gc);
}

static void mark_step(struct pinbuf_gc *gc, uint64_t began)
{
	uint64_t quota = began == UINT64_MAX ? began : pinbuf__gc_pace_quota(gc);

	if (!pinbuf__gc_drain(gc, deadline(gc, began), quota) && quota > 2 * 1024 &&
	    gc_now() > deadline(gc, began))
		gc->fig.behind++;
	gc->done += quota;
}

static void final_step(struct pinbuf_gc *gc, uint64_t began)
{
	uint64_t most = began == UINT64_MAX ? began : NODES;

	if (pinbuf__gc_final_step(gc, most) &&
	    pinbuf__gc_drain(gc, deadline(gc, began), UINT64_MAX) &&
	    pinbuf__gc_final_ready(gc, most))
		sweep_begin(gc);
}

/**
 * pinbuf__gc_cycle_step() - some work for a cycle that is going on
 * @gc: the heap, the world stopped
 * @began: gc_now() when the pause began; UINT64_MAX for one without a budget
 */
void pinbuf__gc_cycle_step(struct pinbuf_gc *gc, uint64_t began)
{
	switch (gc->phase) {
	case GC_IDLE:
		break;
	case GC_MARK:
		mark_step(gc, began);
		break;
	case GC_WEAK:
		if (pinbuf__gc_weak_step(gc, began == UINT64_MAX ? began : NODES)) {
			gc->phase = GC_FINAL;
			gc->final_cursor = gc->final_old.first;
		}
		break;
	case GC_FINAL:
		final_step(gc, began);
		break;
	case GC_SWEEP:
		if (sweep_step(gc))
			sweep_end(gc);
		break;
	}
	gc->fig.steps++;
}

static void run_to_end(struct pinbuf_gc *gc)
{
	while (gc->phase != GC_IDLE) {
		if (gc->phase == GC_MARK)
			pinbuf__gc_young(gc, UINT64_MAX);
		else
			pinbuf__gc_cycle_step(gc, UINT64_MAX);
	}
}

/* What has been going on is ended, and another cycle is run: nothing dead is left. */
void pinbuf__gc_cycle_full(struct pinbuf_gc *gc)
{
	run_to_end(gc);
	gc->cycle_wanted = true;
	pinbuf__gc_young(gc, UINT64_MAX);
	run_to_end(gc);
	while (pinbuf__gc_blocks_release(gc, BLOCKS))
		;
}

/* A collection of everything comes between: what was found out is void. */
void pinbuf__gc_cycle_abort(struct pinbuf_gc *gc)
{
	gc->phase = GC_IDLE;
	gc->black = false;
	gc->grey.nr = 0;
	gc->weak_cursor = gc->final_cursor = NULL;
	pinbuf__gc_final_ready(gc, SIZE_MAX);
	gc->big.cursor = NULL;
}
