// SPDX-License-Identifier: MIT
/*
 * The window stays closed, so every call comes here.  The lock is held around the inner
 * region's call and nothing else.  A thread's window is an arena whose parent is the
 * locked region; all windows are on a list, under a lock of its own that is taken first,
 * so that destroy can end those whose threads live on.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <pinbuf/arena.h>
#include <pinbuf/locked.h>

#include "process.h"
#include "refuse.h"

#define WINDOW	65536

struct window {
	struct pinbuf_arena arena;
	struct pinbuf_locked *locked;
	struct window *next, **at;	/* under windows_lock */
};

struct pinbuf_locked {
	struct pinbuf_region region;	/* its window is closed */
	struct pinbuf_region *inner;	/* under lock */
	pthread_mutex_t lock;
	pthread_mutex_t windows_lock;
	struct window *windows;
	pthread_key_t key;
	size_t window;
};

static struct pinbuf_locked *to_locked(const struct pinbuf_region *r)
{
	return (struct pinbuf_locked *)r;
}

static void *counted(struct pinbuf_locked *l, void *ptr)
{
	if (!ptr)
		__atomic_fetch_add(&l->region.failures, 1, __ATOMIC_RELAXED);
	return ptr;
}

static void *locked_alloc(struct pinbuf_region *r, struct pinbuf_layout layout)
{
	struct pinbuf_locked *l = to_locked(r);
	void *ptr;

	pthread_mutex_lock(&l->lock);
	ptr = pinbuf_alloc(l->inner, layout);
	pthread_mutex_unlock(&l->lock);
	return counted(l, ptr);
}

static void *locked_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout layout)
{
	struct pinbuf_locked *l = to_locked(r);
	void *ptr;

	pthread_mutex_lock(&l->lock);
	ptr = pinbuf_alloc_zeroed(l->inner, layout);
	pthread_mutex_unlock(&l->lock);
	return counted(l, ptr);
}

static void *locked_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			    struct pinbuf_layout new_)
{
	struct pinbuf_locked *l = to_locked(r);

	pthread_mutex_lock(&l->lock);
	ptr = pinbuf_realloc(l->inner, ptr, old, new_);
	pthread_mutex_unlock(&l->lock);
	return counted(l, ptr);
}

static void locked_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout layout)
{
	struct pinbuf_locked *l = to_locked(r);

	pthread_mutex_lock(&l->lock);
	pinbuf_dealloc(l->inner, ptr, layout);
	pthread_mutex_unlock(&l->lock);
}

static size_t locked_usable_size(const struct pinbuf_region *r, const void *ptr,
				 struct pinbuf_layout layout)
{
	struct pinbuf_locked *l = to_locked(r);
	size_t size;

	pthread_mutex_lock(&l->lock);
	size = pinbuf_usable_size(l->inner, ptr, layout);
	pthread_mutex_unlock(&l->lock);
	return size;
}

static void locked_stats(const struct pinbuf_region *r, struct pinbuf_stats *stats)
{
	struct pinbuf_locked *l = to_locked(r);

	pthread_mutex_lock(&l->lock);
	l->inner->ops->stats(l->inner, stats);
	pthread_mutex_unlock(&l->lock);
}

static const struct pinbuf_region_ops locked_ops = {
	.size = sizeof(locked_ops),
	.type = "locked",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = locked_alloc,
	.alloc_zeroed = locked_alloc_zeroed,
	.realloc = locked_realloc,
	.dealloc = locked_dealloc,
	.usable_size = locked_usable_size,
	.stats = locked_stats,
};

static void window_end(struct window *w)
{
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	pinbuf_arena_fini(&w->arena);
	free(w);
}

/* The thread ends. */
static void window_leave(void *window)
{
	struct window *w = window;
	struct pinbuf_locked *l = w->locked;

	pthread_mutex_lock(&l->windows_lock);
	window_end(w);
	pthread_mutex_unlock(&l->windows_lock);
}

int pinbuf_locked_create(struct pinbuf_locked **out, struct pinbuf_region *inner, size_t window)
{
	struct pinbuf_locked *l = calloc(1, sizeof(*l));

	if (!l)
		return pinbuf__refuse_own(sizeof(*l));
	if (pthread_key_create(&l->key, window_leave)) {
		free(l);
		return pinbuf__refuse_own(sizeof(l->key));
	}
	pinbuf_region_init(&l->region, &locked_ops, inner->name,
			   inner->caps | PINBUF_THREADSAFE);
	pinbuf__process_join_as(&l->region, inner);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->windows_lock, NULL);
	l->inner = inner;
	l->window = window ? window : WINDOW;
	*out = l;
	return 0;
}

void pinbuf_locked_destroy(struct pinbuf_locked *l)
{
	if (!l)
		return;
	pthread_key_delete(l->key);
	while (l->windows)
		window_end(l->windows);
	pthread_mutex_destroy(&l->windows_lock);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

struct pinbuf_region *pinbuf_locked_region(struct pinbuf_locked *l)
{
	return &l->region;
}

static struct pinbuf_region *window_make(struct pinbuf_locked *l)
{
	struct pinbuf_arena_opts opts = PINBUF_ARENA_OPTS_INIT;
	struct window *w = aligned_alloc(PINBUF_ALIGN_CACHE_LINE,
					 pinbuf_align_up(sizeof(*w), PINBUF_ALIGN_CACHE_LINE));
	int ret;

	opts.grow = l->window;
	opts.parent = &l->region;
	opts.name = l->region.name;
	ret = w ? pinbuf_arena_init(&w->arena, &opts) : pinbuf__refuse_own(sizeof(*w));
	if (!ret && pthread_setspecific(l->key, w)) {
		pinbuf_arena_fini(&w->arena);
		ret = pinbuf__refuse_own(sizeof(w));
	}
	if (ret) {
		free(w);
		errno = -ret;
		return NULL;
	}
	w->locked = l;
	pthread_mutex_lock(&l->windows_lock);
	w->next = l->windows;
	w->at = &l->windows;
	if (w->next)
		w->next->at = &w->next;
	l->windows = w;
	pthread_mutex_unlock(&l->windows_lock);
	return &w->arena.region;
}

struct pinbuf_region *pinbuf_locked_local(struct pinbuf_locked *l)
{
	struct window *w = pthread_getspecific(l->key);

	return w ? &w->arena.region : window_make(l);
}
