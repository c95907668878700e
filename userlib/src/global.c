// SPDX-License-Identifier: MIT
/*
 * malloc knows how large its blocks are, so the counters are right whatever layout
 * the caller gives back.  They are shared by all threads: exact, at a few ns a call.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/global.h>

#include "probe.h"
#include "refuse.h"

#define MALLOC_ALIGN	PINBUF_ALIGNOF(max_align_t)

static struct {
	uint64_t allocated, deallocated, live, peak, nr_allocs, nr_deallocs;
} counters;

static uint64_t add(uint64_t *counter, uint64_t by)
{
	return __atomic_add_fetch(counter, by, __ATOMIC_RELAXED);
}

/* Live rises before total: a reader of the difference computes it himself. */
static void count_bytes(size_t bytes)
{
	uint64_t live = add(&counters.live, bytes), peak = PINBUF_LOAD(&counters.peak);

	add(&counters.allocated, bytes);
	while (live > peak &&
	       !__atomic_compare_exchange_n(&counters.peak, &peak, live, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void uncount_bytes(size_t bytes)
{
	add(&counters.live, -(uint64_t)bytes);
	add(&counters.deallocated, bytes);
}

static void *give(struct pinbuf_region *r, struct pinbuf_layout l, void *ptr)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = l.size,
	};

	if (!ptr)
		return pinbuf_region_refuse(r, &e, "has no memory for %zu bytes aligned to %zu: malloc refused; see RLIMIT_AS and the memory cgroup",
					    l.size, l.align);
	count_bytes(malloc_usable_size(ptr));
	add(&counters.nr_allocs, 1);
	PROBE3(global_alloc, r->name, ptr, l.size);
	return ptr;
}

static void *aligned(struct pinbuf_layout l)
{
	void *ptr;

	return posix_memalign(&ptr, l.align, l.size) ? NULL : ptr;
}

static void *global_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	if (pinbuf__layout_refused(r, l))
		return NULL;
	l.size += !l.size;
	return give(r, l, l.align <= MALLOC_ALIGN ? malloc(l.size) : aligned(l));
}

static void *global_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout l)
{
	void *ptr;

	if (l.align <= MALLOC_ALIGN && !pinbuf__layout_refused(r, l))
		return give(r, l, calloc(1, l.size + !l.size));
	ptr = global_alloc(r, l);
	if (ptr)
		memset(ptr, 0, l.size);
	return ptr;
}

static void global_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	(void)l;
	PROBE2(global_free, r->name, ptr);
	uncount_bytes(malloc_usable_size(ptr));
	add(&counters.nr_deallocs, 1);
	free(ptr);
}

static void *global_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			    struct pinbuf_layout new_)
{
	size_t had = malloc_usable_size(ptr);
	void *to;

	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (new_.align > MALLOC_ALIGN) {
		to = global_alloc(r, new_);
		if (!to)
			return NULL;
		memcpy(to, ptr, old.size < new_.size ? old.size : new_.size);
		global_dealloc(r, ptr, old);
		return to;
	}
	to = realloc(ptr, new_.size + !new_.size);
	if (!to)
		return give(r, new_, NULL);
	uncount_bytes(had);
	count_bytes(malloc_usable_size(to));
	return to;
}

static size_t global_usable_size(const struct pinbuf_region *r, const void *ptr,
				 struct pinbuf_layout l)
{
	(void)r;
	(void)l;
	return malloc_usable_size((void *)ptr);
}

static void global_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	(void)r;
	st->total_deallocated = PINBUF_LOAD(&counters.deallocated);
	st->total_allocated = PINBUF_LOAD(&counters.allocated);
	st->peak_usage = PINBUF_LOAD(&counters.peak);
	st->deallocation_count = PINBUF_LOAD(&counters.nr_deallocs);
	st->allocation_count = PINBUF_LOAD(&counters.nr_allocs);
	st->held = st->total_allocated - st->total_deallocated;
}

static const struct pinbuf_region_ops global_ops = {
	.size = sizeof(global_ops),
	.type = "malloc",
	.klass = PINBUF_CLASS_GENERAL,
	.alloc = global_alloc,
	.alloc_zeroed = global_alloc_zeroed,
	.realloc = global_realloc,
	.dealloc = global_dealloc,
	.usable_size = global_usable_size,
	.stats = global_stats,
};

static struct pinbuf_region global = {
	.ops = &global_ops,
	.name = "global",
	.caps = PINBUF_THREADSAFE,
	.reserved = { 1 + PINBUF_CLASS_GENERAL },	/* as pinbuf__process_join() */
};

struct pinbuf_region *pinbuf_global(void)
{
	return &global;
}
