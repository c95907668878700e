// SPDX-License-Identifier: MIT
/*
 * The region in front.  A record goes before its block does and comes after it, so an
 * address that the inner region has given to another thread meanwhile is never taken
 * for the old one.  The lock is held for the table only, never around the inner region.
 */
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../internal.h"
#include "../process.h"
#include "../refuse.h"
#include "track.h"

static struct pinbuf_track *to_track(const struct pinbuf_region *r)
{
	return (struct pinbuf_track *)r;
}

uint64_t pinbuf__track_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool room_make(struct pinbuf_track *t)
{
	bool made;

	pthread_mutex_lock(&t->lock);
	made = pinbuf__track_promise(&t->table);
	pthread_mutex_unlock(&t->lock);
	if (!made) {
		errno = -pinbuf__refuse_own(t->table.stride);
		__atomic_fetch_add(&t->region.failures, 1, __ATOMIC_RELAXED);
	}
	return made;
}

static void room_drop(struct pinbuf_track *t)
{
	pthread_mutex_lock(&t->lock);
	t->table.nr_promised--;
	pthread_mutex_unlock(&t->lock);
	__atomic_fetch_add(&t->region.failures, 1, __ATOMIC_RELAXED);
}

static void came(struct pinbuf_track *t, const struct track_record *r)
{
	pthread_mutex_lock(&t->lock);
	pinbuf__track_put(&t->table, r);
	pthread_mutex_unlock(&t->lock);
	if (t->opts.trace)
		fprintf(t->opts.trace, "+ %s %p %zu %s\n", t->region.name, r->ptr, r->bytes,
			r->site.label ? r->site.label : "-");
	if (t->opts.hooks.alloc)
		t->opts.hooks.alloc(t->opts.hooks.arg, r->ptr, r->bytes, r->site.label);
}

static void goes(struct pinbuf_track *t, void *ptr, struct track_record *r)
{
	bool known;

	pthread_mutex_lock(&t->lock);
	known = pinbuf__track_take(&t->table, ptr, r);
	pthread_mutex_unlock(&t->lock);
	if (!known)
		pinbuf__misuse(&t->region, "%p goes, which is not live here: it went before, or came from elsewhere",
			       ptr);
	if (t->opts.trace)
		fprintf(t->opts.trace, "- %s %p %zu %s\n", t->region.name, ptr, r->bytes,
			r->site.label ? r->site.label : "-");
	if (t->opts.hooks.free)
		t->opts.hooks.free(t->opts.hooks.arg, ptr, r->bytes);
}

/* Who called, from the one that called us on. */
static void frames_take(struct track_record *r, unsigned int most)
{
	void *frames[PINBUF_TRACK_FRAMES + 4];	/* some are ours */
	int nr = backtrace(frames, PINBUF_TRACK_FRAMES + 4), i = 0;

	while (i < nr && frames[i] != r->caller)
		i++;
	while (i < nr && r->nr_frames < most)
		r->frames[r->nr_frames++] = frames[i++];
}

/* A new block, of this thread's label, from @caller. */
static void *remember(struct pinbuf_track *t, void *ptr, size_t bytes, void *caller)
{
	union track_full f;
	struct track_record *r = &f.record;

	if (!ptr) {
		room_drop(t);
		return NULL;
	}
	memset(&f, 0, sizeof(f));
	r->ptr = ptr;
	r->bytes = bytes;
	r->site = pinbuf__track_site();
	r->caller = caller;
	r->born = pinbuf__track_now();
	if (t->opts.frames)
		frames_take(r, t->opts.frames);
	came(t, r);
	return ptr;
}

static void *track_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_track *t = to_track(r);

	if (!room_make(t))
		return NULL;
	return remember(t, pinbuf_alloc(t->inner, l), l.size, __builtin_return_address(0));
}

static void *track_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_track *t = to_track(r);

	if (!room_make(t))
		return NULL;
	return remember(t, pinbuf_alloc_zeroed(t->inner, l), l.size, __builtin_return_address(0));
}

/* Keeps the label and site of its birth. */
static void *track_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			   struct pinbuf_layout new_)
{
	struct pinbuf_track *t = to_track(r);
	union track_full f;
	void *to;

	if (!room_make(t))
		return NULL;
	goes(t, ptr, &f.record);
	to = pinbuf_realloc(t->inner, ptr, old, new_);
	if (to) {
		f.record.ptr = to;
		f.record.bytes = new_.size;
	} else {
		__atomic_fetch_add(&t->region.failures, 1, __ATOMIC_RELAXED);
	}
	came(t, &f.record);
	return to;
}

static void track_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	struct pinbuf_track *t = to_track(r);
	union track_full f;

	goes(t, ptr, &f.record);
	pinbuf_dealloc(t->inner, ptr, l);
}

static size_t track_usable_size(const struct pinbuf_region *r, const void *ptr,
				struct pinbuf_layout l)
{
	return pinbuf_usable_size(to_track(r)->inner, ptr, l);
}

static void track_stats(const struct pinbuf_region *r, struct pinbuf_stats *stats)
{
	const struct pinbuf_region *inner = to_track(r)->inner;

	inner->ops->stats(inner, stats);
}

static const struct pinbuf_region_ops track_ops = {
	.size = sizeof(track_ops),
	.type = "tracked",
	.klass = PINBUF_CLASS_GENERAL,
	.alloc = track_alloc,
	.alloc_zeroed = track_alloc_zeroed,
	.realloc = track_realloc,
	.dealloc = track_dealloc,
	.usable_size = track_usable_size,
	.stats = track_stats,
};

static int opts_check(const struct pinbuf_track_opts *o)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = o->frames,
		.limit = PINBUF_TRACK_FRAMES,
	};

	if (o->frames > PINBUF_TRACK_FRAMES)
		return pinbuf__error(&e, "a backtrace of %u frames cannot be kept: %d are the most",
				     o->frames, PINBUF_TRACK_FRAMES);
	if (o->reserved)
		return pinbuf__error(&e, "pinbuf_track_opts.reserved is %u and must be 0",
				     o->reserved);
	return 0;
}

int pinbuf_track_create(struct pinbuf_track **out, struct pinbuf_region *inner,
			const struct pinbuf_track_opts *user)
{
	struct pinbuf_track_opts o = PINBUF_TRACK_OPTS_INIT;
	struct pinbuf_track *t;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_track_opts");

	if (!ret)
		ret = opts_check(&o);
	if (ret)
		return ret;
	t = calloc(1, sizeof(*t));
	if (!t)
		return pinbuf__refuse_own(sizeof(*t));
	pinbuf_region_init(&t->region, &track_ops, o.name ? o.name : inner->name, inner->caps);
	pinbuf__process_join_as(&t->region, inner);
	pthread_mutex_init(&t->lock, NULL);
	t->inner = inner;
	t->opts = o;
	t->table.stride = sizeof(struct track_record) + o.frames * sizeof(void *);
	pinbuf__track_join(t);
	*out = t;
	return 0;
}

void pinbuf_track_destroy(struct pinbuf_track *t)
{
	if (!t)
		return;
	pinbuf__track_leave(t);
	pthread_mutex_destroy(&t->lock);
	free(t->table.records);
	free(t);
}

struct pinbuf_region *pinbuf_track_region(struct pinbuf_track *t)
{
	return &t->region;
}

void pinbuf_track_forget(struct pinbuf_track *t)
{
	pthread_mutex_lock(&t->lock);
	pinbuf__track_clear(&t->table);
	pthread_mutex_unlock(&t->lock);
}
