// SPDX-License-Identifier: MIT
/*
 * What happens at a safe point.  Whoever needs a collection runs it in his own thread,
 * with the others stopped; finalizers and the pressure callback are called afterwards,
 * with the world running and no lock held.
 */
#include <errno.h>

#include "../internal.h"
#include "../probe.h"
#include "../refuse.h"
#include "clock.h"
#include "collect.h"
#include "copy.h"
#include "cycle.h"
#include "figures.h"
#include "verify.h"
#include "world.h"

#define DIRECT	((uint64_t)256 << 10)	/* bytes outside the nursery that are worth a step */

/* Whether a collection that copies finds blocks for all that may live. */
static bool can_copy(const struct pinbuf_gc *gc, enum pinbuf_gc_kind kind)
{
	size_t from = kind == PINBUF_GC_MOVING ? gc->nr_used : gc->young.nr;

	return pinbuf__gc_blocks_can(gc, from + GC_CLASSES + 1);
}

static void check(struct pinbuf_gc *gc)
{
	if (gc->opts.flags && pinbuf__gc_check(gc) == -EUCLEAN)
		pinbuf__misuse(&gc->region, "%s", pinbuf_error_text());
}

static void work(struct pinbuf_gc *gc, enum pinbuf_gc_kind kind)
{
	switch (kind) {
	case PINBUF_GC_YOUNG:
		pinbuf__gc_young(gc, gc_now());
		break;
	case PINBUF_GC_STEP:
		pinbuf__gc_cycle_step(gc, gc_now());
		break;
	case PINBUF_GC_FULL:
		pinbuf__gc_cycle_full(gc);
		gc->fig.full_collections++;
		break;
	case PINBUF_GC_MOVING:
		pinbuf__gc_moving(gc);
		break;
	}
}

static void full_record(struct pinbuf_gc *gc, uint64_t before, uint64_t ns)
{
	struct pinbuf_gc_record record = {
		.kind = PINBUF_GC_FULL, .live = pinbuf__gc_live_bytes(gc), .pause_ns = ns,
	};

	record.freed = before > record.live ? before - record.live : 0;
	pinbuf__gc_record(gc, &record);
}

/* Stop the world, collect, and let it run.  @t is at a safe point, in no section. */
void pinbuf__gc_run(struct gc_mutator *t, enum pinbuf_gc_kind kind)
{
	struct pinbuf_gc *gc = t->pub.gc;
	struct gc_pause pause;
	uint64_t before, ns;

	pinbuf__gc_stop(t);
	check(gc);
	if (can_copy(gc, kind)) {
		PROBE2(gc_begin, gc->name, kind);
		pause = pinbuf__gc_pause_begin();
		before = pinbuf__gc_live_bytes(gc);
		work(gc, kind);
		ns = pinbuf__gc_pause_end(gc, &pause);
		PROBE3(gc_end, gc->name, kind, ns);
		if (kind == PINBUF_GC_FULL)
			full_record(gc, before, ns);
		else if (kind != PINBUF_GC_STEP)
			gc->records[(gc->nr_records - 1) % GC_RECORDS].pause_ns = ns;
	}
	check(gc);
	pinbuf__gc_start(t);
}

static void tell(struct gc_mutator *t, size_t limit)
{
	struct pinbuf_gc *gc = t->pub.gc;
	size_t used = gc_used(gc);

	t->telling = true;
	pthread_mutex_unlock(&gc->lock);
	gc->opts.pressure(gc, used, limit, gc->opts.ctx);
	pthread_mutex_lock(&gc->lock);
	t->telling = false;
}

static void soft_limit(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (!gc->opts.soft || gc_used(gc) <= gc->opts.soft) {
		gc->told = false;
		return;
	}
	if (gc->told || t->telling)
		return;
	gc->told = true;
	gc->cycle_wanted = true;
	if (gc->opts.pressure)
		tell(t, gc->opts.soft);
}

/* What a collection left to do outside the pause. */
void pinbuf__gc_after(struct gc_mutator *t)
{
	pinbuf__gc_final_run(t);
	soft_limit(t);
}

/*
 * A safe point: what was asked for is done.  Finalizers that allocate come here again.
 */
void pinbuf__gc_reach(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (t->pub.nogc)
		return;
	pinbuf__gc_park(t);
	if (gc->opts.flags & PINBUF_GC_STRESS) {
		pinbuf__gc_run(t, PINBUF_GC_MOVING);
	} else if (gc->opts.flags & PINBUF_GC_STRESS_YOUNG) {
		gc->cycle_wanted = true;
		pinbuf__gc_run(t, PINBUF_GC_YOUNG);
		pinbuf__gc_run(t, PINBUF_GC_STEP);
	} else if (gc->asked) {
		pinbuf__gc_run(t, PINBUF_GC_YOUNG);
	}
	pinbuf__gc_after(t);
}

void pinbuf__gc_safepoint(struct pinbuf_gc_mutator *m)
{
	struct gc_mutator *t = gc_mutator(m);

	if (m->nogc)
		return;
	pthread_mutex_lock(&m->gc->lock);
	pinbuf__gc_reach(t);
	pthread_mutex_unlock(&m->gc->lock);
}

/*
 * Before an allocation fails, one thing after the other; false if nothing is left.  A
 * thread in a no-GC section cannot do any of it.
 */
bool pinbuf__gc_make_room(struct gc_mutator *t, unsigned int *tries)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (t->pub.nogc)
		return false;
	switch ((*tries)++) {
	case 0:
		if (gc->nr_new) {
			pinbuf__gc_run(t, PINBUF_GC_YOUNG);
			break;
		}
		(*tries)++;
		/* fallthrough */
	case 1:
		pinbuf__gc_run(t, PINBUF_GC_FULL);
		break;
	case 2:
		if (gc->opts.pressure && !t->telling) {
			tell(t, gc->opts.hard);
			pinbuf__gc_run(t, PINBUF_GC_FULL);
			break;
		}
		(*tries)++;
		/* fallthrough */
	case 3:
		pinbuf__gc_run(t, PINBUF_GC_MOVING);
		break;
	default:
		return false;
	}
	pinbuf__gc_final_run(t);
	return true;
}

/* Objects outside the nursery make it no fuller, and old memory grows by them. */
void pinbuf__gc_direct_due(struct gc_mutator *t, size_t bytes)
{
	struct pinbuf_gc *gc = t->pub.gc;

	gc->direct_due += bytes;
	if (t->pub.nogc || gc->direct_due < DIRECT)
		return;
	gc->direct_due = 0;
	if (gc->phase == GC_IDLE ? gc_old(gc) >= gc->trigger :
	    gc->phase == GC_MARK && !gc->grey.nr)
		pinbuf__gc_run(t, PINBUF_GC_YOUNG);
	else if (gc->phase != GC_IDLE)
		pinbuf__gc_run(t, PINBUF_GC_STEP);
	pinbuf__gc_after(t);
}

int pinbuf_gc_collect(struct pinbuf_gc_mutator *m, enum pinbuf_gc_kind kind)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EBUSY };
	struct gc_mutator *t = gc_mutator(m);
	struct pinbuf_gc *gc = m->gc;

	if (m->nogc)
		return pinbuf__error(&e, "gc '%s': a collection was asked for in a no-GC section",
				     gc->name);
	e.err = EINVAL;
	if ((unsigned int)kind > PINBUF_GC_MOVING)
		return pinbuf__error(&e, "gc '%s': there is no collection %d", gc->name,
				     (int)kind);
	pthread_mutex_lock(&gc->lock);
	pinbuf__gc_park(t);
	if (kind == PINBUF_GC_STEP && gc->phase == GC_IDLE)
		gc->cycle_wanted = true;
	/* marking begins, and may end, with a collection of the young */
	if (kind == PINBUF_GC_STEP &&
	    (gc->phase == GC_IDLE || (gc->phase == GC_MARK && !gc->grey.nr)))
		kind = PINBUF_GC_YOUNG;
	pinbuf__gc_run(t, kind);
	pinbuf__gc_after(t);
	pthread_mutex_unlock(&gc->lock);
	return 0;
}
