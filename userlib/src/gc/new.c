// SPDX-License-Identifier: MIT
/*
 * Allocation where the window is too small, closed, or not for such an object.  A window
 * is a block of the nursery; whoever needs another one does a step of the cycle that is
 * going on, and collects the young when the nursery is full.
 */
#include <errno.h>
#include <string.h>

#include "../probe.h"
#include "../refuse.h"
#include "big.h"
#include "block.h"
#include "collect.h"
#include "copy.h"
#include "old.h"
#include "world.h"

struct request {
	const struct gc_type *type;
	size_t nr;
	size_t bytes;		/* of the object */
	size_t cell;		/* with its header */
	bool direct;		/* not young */
};

static void *refuse_size(struct pinbuf_gc *gc, const struct gc_type *type, size_t nr)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_OVERFLOW, .err = ENOMEM, .requested = nr,
	};

	return pinbuf_region_refuse(&gc->region, &e, "was asked for a '%s' of %zu elements, which is more than one can have",
				    type->name, nr);
}

static void *refuse_limit(struct gc_mutator *t, const struct request *r)
{
	struct pinbuf_gc *gc = t->pub.gc;
	size_t used = gc_used(gc);
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LIMIT, .err = ENOMEM, .requested = r->bytes,
		.available = gc->opts.hard > used ? gc->opts.hard - used : 0,
		.limit = gc->opts.hard, .limit_name = "pinbuf_gc_opts.hard",
	};
	const char *why = t->pub.nogc ? "the thread is in a no-GC section, which keeps it from collecting: leave it, or raise the limit" :
			  "all of it is reachable: drop roots, or raise the limit";

	if (!gc->opts.hard) {
		e.kind = PINBUF_ERROR_MEMORY;
		return pinbuf_region_refuse(&gc->region, &e, "has %zu bytes in use, and the system has no memory or its address space (pinbuf_gc_opts.reserve) has no room for %zu more",
					    used, r->bytes);
	}
	return pinbuf_region_refuse(&gc->region, &e, "has %zu of pinbuf_gc_opts.hard = %zu bytes in use, and needs room to copy into; %zu were asked: %s",
				    used, gc->opts.hard, r->bytes, why);
}

/*
 * With what a collection of the young may need to copy them: of the limit, and of the
 * blocks that there are, or none could ever be freed again.
 */
static bool fits(const struct pinbuf_gc *gc, size_t bytes, size_t young)
{
	if (!pinbuf__gc_blocks_can(gc, 1 + gc->young.nr + young + GC_CLASSES + 1))
		return false;
	return !gc->opts.hard ||
	       gc_used(gc) + bytes + (gc->young.nr + young) * GC_BLOCK <= gc->opts.hard;
}

/* A heap below has said why, or nobody has. */
static void *refuse_direct(struct gc_mutator *t, const struct request *r)
{
	if (!r->type->leaf && r->cell <= GC_SMALL)
		return refuse_limit(t, r);
	__atomic_fetch_add(&t->pub.gc->region.failures, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *window_take(struct gc_mutator *t, const struct request *r)
{
	uintptr_t at = t->pub.cur;

	if (!t->block || r->cell > t->window_end - at)
		return NULL;
	PINBUF_STORE(&t->pub.cur, at + r->cell);
	PINBUF_STORE(&t->pub.end, t->pub.stop && !t->pub.nogc ? 0 : gc_inline_end(t));
	PINBUF_ADD(&t->pub.nr_allocs, 1);
	*(uint64_t *)at = (r->type->pub.header & 0xffffff00) | (uint64_t)r->nr << 32;
	return memset((void *)(at + 8), 0, r->cell - 8);
}

static bool window_open(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;
	uint32_t block;

	if (!fits(gc, GC_BLOCK, 1))
		return false;
	block = pinbuf__gc_block_take(gc, GC_NEW);
	if (!block)
		return false;
	pinbuf__gc_window_close(gc, t);
	gc_push(&gc->young, block);
	gc->nr_new++;
	t->block = block;
	PINBUF_STORE(&t->pub.cur, gc_block_start(gc, block));
	t->window_end = gc_block_start(gc, block) + GC_BLOCK;
	PROBE2(gc_refill, gc->name, GC_BLOCK);
	pinbuf__gc_block_prepare(gc);
	return true;
}

/* Before another window is opened. */
static void work_due(struct gc_mutator *t, bool *stepped)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (t->pub.nogc)
		return;
	if (gc->nr_new >= gc->nursery_blocks) {
		pinbuf__gc_run(t, PINBUF_GC_YOUNG);
		*stepped = true;
	} else if (gc->phase != GC_IDLE && !*stepped &&
		   !(gc->phase == GC_MARK && !gc->grey.nr)) {
		pinbuf__gc_run(t, PINBUF_GC_STEP);
		*stepped = true;
	}
	pinbuf__gc_after(t);
}

static void *young_new(struct gc_mutator *t, const struct request *r)
{
	unsigned int tries = 0;
	bool stepped = false;
	void *object;

	for (;;) {
		object = window_take(t, r);
		if (object)
			return object;
		if (!tries)
			work_due(t, &stepped);
		if (!window_open(t) && !pinbuf__gc_make_room(t, &tries))
			return refuse_limit(t, r);
	}
}

static void *direct_take(struct pinbuf_gc *gc, const struct request *r)
{
	struct gc_big *big;
	void *object;

	if (r->cell > GC_SMALL || r->type->leaf) {
		big = pinbuf__gc_big_new(gc, r->type, r->nr, r->bytes);
		return big ? big->object : NULL;
	}
	object = gc_old_take(gc, r->cell, GC_FIXED);
	if (object) {
		*gc_header(object) = (r->type->pub.header & 0xffffff00) | GC_AGED |
				     (uint64_t)r->nr << 32;
		memset(object, 0, r->cell - 8);
		gc->direct_bytes += gc->fixed[gc->class_of[r->cell / 8]].bytes;
	}
	return object;
}

static void *direct_new(struct gc_mutator *t, const struct request *r)
{
	struct pinbuf_gc *gc = t->pub.gc;
	unsigned int tries = 0;
	void *object;

	pinbuf__gc_direct_due(t, r->bytes);
	while (!fits(gc, r->bytes > GC_BLOCK ? r->bytes : GC_BLOCK, 0))
		if (!pinbuf__gc_make_room(t, &tries))
			return refuse_limit(t, r);
	for (tries = 0;;) {
		object = direct_take(gc, r);
		if (object)
			break;
		if (!pinbuf__gc_make_room(t, &tries))
			return refuse_direct(t, r);
	}
	gc->direct_allocs++;
	if (!gc_inside(gc, object))
		gc->direct_bytes += r->bytes;
	return object;
}

static void *object_new(struct gc_mutator *t, struct request *r)
{
	struct pinbuf_gc *gc = t->pub.gc;
	const struct gc_type *type = r->type;
	size_t elems;
	void *object;

	if (__builtin_mul_overflow(r->nr, (size_t)type->elem_bytes, &elems) ||
	    elems > PTRDIFF_MAX / 2 || (r->nr > UINT32_MAX && !type->leaf))
		return refuse_size(gc, type, r->nr);
	r->bytes = type->bytes + elems;
	if (!r->bytes)
		r->bytes = 8;
	r->cell = 8 + ((r->bytes + 7) & ~(size_t)7);
	r->direct = r->cell > GC_SMALL || type->flags & PINBUF_GC_PINNED || type->align > 8;
	pthread_mutex_lock(&gc->lock);
	pinbuf__gc_reach(t);
	object = r->direct ? direct_new(t, r) : young_new(t, r);
	pthread_mutex_unlock(&gc->lock);
	/* its fields may be set without a barrier, but for those of large arrays */
	if (object && r->direct && !type->leaf && (!r->nr || gc_inside(gc, object)))
		pinbuf__gc_log_new(t, object);
	return object;
}

void *pinbuf__gc_new(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_type *type, size_t bytes)
{
	struct request r = { .type = (const struct gc_type *)type };

	if (bytes != r.type->bytes)
		pinbuf__misuse(&m->gc->region, "an object of %zu bytes is made of the type '%s', which has %u",
			       bytes, r.type->name, r.type->bytes);
	return object_new(gc_mutator(m), &r);
}

void *pinbuf_gc_new_array(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_type *type,
			  size_t nr)
{
	struct request r = { .type = (const struct gc_type *)type, .nr = nr };

	return object_new(gc_mutator(m), &r);
}
