// SPDX-License-Identifier: MIT
/*
 * One pool under a lock, and in each thread a door: a struct pinbuf_pool whose stack is
 * a cache.  The inline get and put are the same as of any pool; an empty cache is filled
 * to half, and a full one emptied to half, in one go under the lock.
 *
 * Figures.  Each door counts its gets.  What is given is what left the pool less what
 * lies in caches.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/shared_pool.h>

#include "check.h"
#include "probe.h"
#include "refuse.h"
#include "shared_pool.h"

#define CACHE	128

struct door {
	struct pinbuf_pool pool;	/* first, so that one is the other */
	struct pinbuf_shared_pool *shared;
	struct door *next, **at;	/* under lock */
	void *slots[];
};

struct pinbuf_shared_pool {
	struct pinbuf_region region;	/* its window is closed */
	pthread_mutex_t lock;
	struct pinbuf_pool pool;	/* under lock */
	struct door *doors;		/* under lock */
	uint64_t nr_gets;		/* under lock: of doors that are gone */
	pthread_key_t key;
	size_t cache;
};

static struct pinbuf_shared_pool *to_shared(const struct pinbuf_region *r)
{
	return (struct pinbuf_shared_pool *)r;
}

static struct door *to_door(const struct pinbuf_pool *p)
{
	return (struct door *)p;
}

static size_t nr_cached(const struct door *d)
{
	return (size_t)(PINBUF_LOAD(&d->pool.top) - d->pool.base);
}

/* Under lock: half a cache, or what there is. */
static void door_fill(struct pinbuf_shared_pool *sp, struct door *d)
{
	size_t nr = pinbuf_pool_free_count(&sp->pool);

	if (nr > sp->cache / 2)
		nr = sp->cache / 2;
	if (!nr || pinbuf_pool_get_bulk(&sp->pool, d->pool.top, nr))
		return;
	PINBUF_SET(d->pool.top, d->pool.top + nr);
	PROBE2(shared_pool_refill, sp->region.name, nr);
}

/* Under lock: all but @keep, the oldest first. */
static void door_empty(struct pinbuf_shared_pool *sp, struct door *d, size_t keep)
{
	size_t nr = nr_cached(d);

	if (nr <= keep)
		return;
	nr -= keep;
	pinbuf_pool_put_bulk(&sp->pool, d->pool.base, nr);
	memmove(d->pool.base, d->pool.base + nr, keep * sizeof(void *));
	PINBUF_SET(d->pool.top, d->pool.base + keep);
}

void *pinbuf__shared_get(struct pinbuf_pool *p)
{
	struct door *d = to_door(p);
	struct pinbuf_shared_pool *sp = d->shared;
	void *block = NULL;

	pthread_mutex_lock(&sp->lock);
	if (!pinbuf__checked)
		door_fill(sp, d);
	if (d->pool.top != d->pool.base) {
		PINBUF_SET(d->pool.top, d->pool.top - 1);
		block = *d->pool.top;
	} else {
		block = pinbuf_pool_get(&sp->pool);
	}
	pthread_mutex_unlock(&sp->lock);
	if (block)
		PINBUF_ADD(&d->pool.nr_gets, 1);
	else
		__atomic_fetch_add(&sp->region.failures, 1, __ATOMIC_RELAXED);
	return block;
}

void pinbuf__shared_put(struct pinbuf_pool *p, void *block)
{
	struct door *d = to_door(p);
	struct pinbuf_shared_pool *sp = d->shared;

	pthread_mutex_lock(&sp->lock);
	if (pinbuf__checked) {
		pinbuf_pool_put(&sp->pool, block);
	} else {
		door_empty(sp, d, sp->cache / 2);
		*d->pool.top = block;
		PINBUF_SET(d->pool.top, d->pool.top + 1);
	}
	pthread_mutex_unlock(&sp->lock);
}

size_t pinbuf__shared_free_count(const struct pinbuf_pool *p)
{
	struct door *d = to_door(p), *each;
	struct pinbuf_shared_pool *sp = d->shared;
	size_t nr;

	pthread_mutex_lock(&sp->lock);
	nr = pinbuf_pool_free_count(&sp->pool);
	for (each = sp->doors; each; each = each->next)
		nr += nr_cached(each);
	pthread_mutex_unlock(&sp->lock);
	return nr;
}

/* Under lock. */
static void door_end(struct pinbuf_shared_pool *sp, struct door *d)
{
	sp->nr_gets += d->pool.nr_gets;
	door_empty(sp, d, 0);
	*d->at = d->next;
	if (d->next)
		d->next->at = d->at;
	free(d);
}

/* The thread ends. */
static void door_leave(void *door)
{
	struct pinbuf_shared_pool *sp = ((struct door *)door)->shared;

	pthread_mutex_lock(&sp->lock);
	door_end(sp, door);
	pthread_mutex_unlock(&sp->lock);
}

static void *shared_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_shared_pool *sp = to_shared(r);
	struct pinbuf_pool *p;

	if (pinbuf__layout_refused(r, l))
		return NULL;
	if (l.size > sp->pool.block_size)
		return pinbuf__refuse_size(r, l, sp->pool.block_size,
					   "set pinbuf_pool_opts.block_size");
	if (l.align > sp->pool.align)
		return pinbuf__refuse_align(r, l, sp->pool.align, "set pinbuf_pool_opts.align");
	p = pinbuf_shared_pool_local(sp);
	return p ? pinbuf_pool_get(p) : NULL;
}

/* Without memory for a door the block goes back all the same. */
static void shared_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	struct pinbuf_shared_pool *sp = to_shared(r);
	struct pinbuf_pool *p = pinbuf_shared_pool_local(sp);

	(void)l;
	if (p) {
		pinbuf_pool_put(p, ptr);
		return;
	}
	pthread_mutex_lock(&sp->lock);
	pinbuf_pool_put(&sp->pool, ptr);
	pthread_mutex_unlock(&sp->lock);
}

static void *shared_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			    struct pinbuf_layout new_)
{
	struct pinbuf_shared_pool *sp = to_shared(r);

	(void)old;
	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (new_.size > sp->pool.block_size)
		return pinbuf__refuse_size(r, new_, sp->pool.block_size,
					   "set pinbuf_pool_opts.block_size");
	if (new_.align > sp->pool.align)
		return pinbuf__refuse_align(r, new_, sp->pool.align,
					    "set pinbuf_pool_opts.align");
	return ptr;
}

static size_t shared_usable_size(const struct pinbuf_region *r, const void *ptr,
				 struct pinbuf_layout l)
{
	(void)ptr;
	(void)l;
	return to_shared(r)->pool.block_size;
}

static void shared_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	struct pinbuf_shared_pool *sp = to_shared(r);
	uint64_t used, stride = sp->pool.stride;
	struct door *d;

	pthread_mutex_lock(&sp->lock);
	sp->pool.region.ops->stats(&sp->pool.region, st);
	used = pinbuf_pool_used_count(&sp->pool);
	st->allocation_count = sp->nr_gets;
	for (d = sp->doors; d; d = d->next) {
		st->allocation_count += PINBUF_LOAD(&d->pool.nr_gets);
		used -= nr_cached(d);
	}
	pthread_mutex_unlock(&sp->lock);
	st->deallocation_count = st->allocation_count - used;
	st->total_allocated = st->allocation_count * stride;
	st->total_deallocated = st->deallocation_count * stride;
	st->wasted = used * (stride - sp->pool.block_size);
}

static const struct pinbuf_region_ops shared_ops = {
	.size = sizeof(shared_ops),
	.type = "shared pool",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = shared_alloc,
	.realloc = shared_realloc,
	.dealloc = shared_dealloc,
	.usable_size = shared_usable_size,
	.stats = shared_stats,
};

int pinbuf_shared_pool_create(struct pinbuf_shared_pool **out, const struct pinbuf_pool_opts *opts,
			      size_t cache)
{
	struct pinbuf_shared_pool *sp = aligned_alloc(PINBUF_ALIGN_CACHE_LINE,
		pinbuf_align_up(sizeof(*sp), PINBUF_ALIGN_CACHE_LINE));
	int ret;

	if (!sp)
		return pinbuf__refuse_own(sizeof(*sp));
	memset(sp, 0, sizeof(*sp));
	ret = pinbuf_pool_init(&sp->pool, opts);
	if (ret)
		goto out_free;
	if (pthread_key_create(&sp->key, door_leave)) {
		ret = pinbuf__refuse_own(sizeof(sp->key));
		goto out_pool;
	}
	pinbuf_region_init(&sp->region, &shared_ops, sp->pool.region.name,
			   sp->pool.region.caps | PINBUF_THREADSAFE);
	pthread_mutex_init(&sp->lock, NULL);
	sp->cache = cache ? cache : CACHE;
	if (sp->cache < 2)
		sp->cache = 2;
	*out = sp;
	return 0;

out_pool:
	pinbuf_pool_fini(&sp->pool);
out_free:
	free(sp);
	return ret;
}

void pinbuf_shared_pool_destroy(struct pinbuf_shared_pool *sp)
{
	if (!sp)
		return;
	pthread_key_delete(sp->key);
	while (sp->doors)
		door_end(sp, sp->doors);
	pinbuf_pool_fini(&sp->pool);
	pthread_mutex_destroy(&sp->lock);
	free(sp);
}

static struct pinbuf_pool *door_make(struct pinbuf_shared_pool *sp)
{
	size_t bytes = sizeof(struct door) + sp->cache * sizeof(void *);
	struct door *d = aligned_alloc(PINBUF_ALIGN_CACHE_LINE,
				       pinbuf_align_up(bytes, PINBUF_ALIGN_CACHE_LINE));
	struct pinbuf_pool *p;

	if (!d || pthread_setspecific(sp->key, d)) {
		free(d);
		errno = -pinbuf__refuse_own(bytes);
		return NULL;
	}
	p = &d->pool;
	pthread_mutex_lock(&sp->lock);
	*p = sp->pool;	/* for what never changes */
	d->shared = sp;
	p->shared = sp;
	p->region = sp->region;
	p->given = NULL;
	p->memory = NULL;
	p->slots = p->top = p->base = p->limit = d->slots;
	if (!pinbuf__checked)
		p->limit += sp->cache;
	p->nr_gets = 0;
	d->next = sp->doors;
	d->at = &sp->doors;
	if (d->next)
		d->next->at = &d->next;
	sp->doors = d;
	pthread_mutex_unlock(&sp->lock);
	return p;
}

struct pinbuf_pool *pinbuf_shared_pool_local(struct pinbuf_shared_pool *sp)
{
	struct pinbuf_pool *p = pthread_getspecific(sp->key);

	return p ? p : door_make(sp);
}

struct pinbuf_region *pinbuf_shared_pool_region(struct pinbuf_shared_pool *sp)
{
	return &sp->region;
}
