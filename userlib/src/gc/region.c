// SPDX-License-Identifier: MIT
/*
 * The heap as a region: blocks of the pinned heap that count against the limits of the
 * collected one.  They are no objects: no collection looks at them.
 */
#include <errno.h>

#include "../process.h"
#include "../refuse.h"
#include "region.h"

static struct pinbuf_gc *to_gc(const struct pinbuf_region *r)
{
	return (struct pinbuf_gc *)r;
}

static struct pinbuf_region *below(const struct pinbuf_gc *gc)
{
	return pinbuf_heap_region(gc->pinned);
}

static void add(uint64_t *counter, uint64_t value)
{
	__atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

/* Bytes that a block occupies now count, or did. */
static void count(struct pinbuf_gc *gc, size_t come, size_t go)
{
	struct pinbuf_stats *st = &gc->region_stats;
	uint64_t live, peak;

	live = __atomic_add_fetch(&gc->region_bytes, come - go, __ATOMIC_RELAXED);
	if (come > go)
		pinbuf__process_grew(&gc->region, below(gc), come - go);
	else
		pinbuf__process_shrank(&gc->region, below(gc), go - come);
	add(&st->total_allocated, come);
	add(&st->total_deallocated, go);
	peak = PINBUF_LOAD(&st->peak_usage);
	while (live > peak &&
	       !__atomic_compare_exchange_n(&st->peak_usage, &peak, live, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* Other threads may be at the same question: the limit is kept to their blocks. */
static bool fits(struct pinbuf_gc *gc, size_t bytes)
{
	size_t used;

	if (!gc->opts.hard)
		return true;
	pthread_mutex_lock(&gc->lock);
	used = gc_used(gc);
	pthread_mutex_unlock(&gc->lock);
	return used <= gc->opts.hard && bytes <= gc->opts.hard - used;
}

static void *refuse(struct pinbuf_gc *gc, struct pinbuf_layout l)
{
	size_t used = gc_used(gc);
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LIMIT, .err = ENOMEM, .requested = l.size,
		.available = gc->opts.hard > used ? gc->opts.hard - used : 0,
		.limit = gc->opts.hard, .limit_name = "pinbuf_gc_opts.hard",
	};

	return pinbuf_region_refuse(&gc->region, &e, "has %zu of pinbuf_gc_opts.hard = %zu bytes in use, and %zu were asked: collect, or raise the limit",
				    used, gc->opts.hard, l.size);
}

static void *counted(struct pinbuf_gc *gc, void *ptr)
{
	if (!ptr) {
		add(&gc->region.failures, 1);	/* the heap below has said why */
		return NULL;
	}
	add(&gc->region_stats.allocation_count, 1);
	count(gc, pinbuf_heap_usable_size(gc->pinned, ptr), 0);
	return ptr;
}

static void *gc_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_gc *gc = to_gc(r);

	if (pinbuf__layout_refused(r, l))
		return NULL;
	return fits(gc, l.size) ? counted(gc, pinbuf_alloc(below(gc), l)) : refuse(gc, l);
}

static void *gc_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_gc *gc = to_gc(r);

	if (pinbuf__layout_refused(r, l))
		return NULL;
	return fits(gc, l.size) ? counted(gc, pinbuf_alloc_zeroed(below(gc), l)) : refuse(gc, l);
}

static void *gc_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			struct pinbuf_layout new_)
{
	struct pinbuf_gc *gc = to_gc(r);
	size_t before = pinbuf_heap_usable_size(gc->pinned, ptr);
	void *to;

	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (!fits(gc, new_.size > before ? new_.size - before : 0))
		return refuse(gc, new_);
	to = pinbuf_realloc(below(gc), ptr, old, new_);
	if (to)
		count(gc, pinbuf_heap_usable_size(gc->pinned, to), before);
	else
		add(&gc->region.failures, 1);
	return to;
}

static void gc_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	struct pinbuf_gc *gc = to_gc(r);
	size_t bytes = pinbuf_heap_usable_size(gc->pinned, ptr);

	pinbuf_dealloc(below(gc), ptr, l);
	add(&gc->region_stats.deallocation_count, 1);
	count(gc, 0, bytes);
}

static size_t gc_usable_size(const struct pinbuf_region *r, const void *ptr,
			     struct pinbuf_layout l)
{
	(void)l;
	return pinbuf_heap_usable_size(to_gc(r)->pinned, ptr);
}

void pinbuf__gc_region_sum(const struct pinbuf_gc *gc, struct pinbuf_stats *st)
{
	const struct pinbuf_stats *own = &gc->region_stats;

	st->total_allocated = PINBUF_LOAD(&own->total_allocated);
	st->total_deallocated = PINBUF_LOAD(&own->total_deallocated);
	st->allocation_count = PINBUF_LOAD(&own->allocation_count);
	st->deallocation_count = PINBUF_LOAD(&own->deallocation_count);
	st->peak_usage = PINBUF_LOAD(&own->peak_usage);
	st->held = PINBUF_LOAD(&gc->region_bytes);
}

static void gc_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	pinbuf__gc_region_sum(to_gc(r), st);
}

static const struct pinbuf_region_ops gc_ops = {
	.size = sizeof(gc_ops),
	.type = "gc",
	.klass = PINBUF_CLASS_GENERAL,
	.alloc = gc_alloc,
	.alloc_zeroed = gc_alloc_zeroed,
	.realloc = gc_realloc,
	.dealloc = gc_dealloc,
	.usable_size = gc_usable_size,
	.stats = gc_stats,
};

void pinbuf__gc_region_open(struct pinbuf_gc *gc)
{
	pinbuf_region_init(&gc->region, &gc_ops, gc->name,
			   pinbuf_region_caps(below(gc)) | PINBUF_THREADSAFE);
	pinbuf__process_join(&gc->region);
}

/* What was not given back is the heap's below, if that lives on. */
void pinbuf__gc_region_close(struct pinbuf_gc *gc)
{
	uint64_t left = PINBUF_LOAD(&gc->region_bytes);

	if (left)
		pinbuf__process_shrank(&gc->region, below(gc), left);
}

struct pinbuf_region *pinbuf_gc_region(struct pinbuf_gc *gc)
{
	return &gc->region;
}
