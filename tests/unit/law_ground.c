// SPDX-License-Identifier: MIT
/*
 * What the laws' regions stand on: malloc with a budget, or a heap over ground.h's
 * memory, which fails when it is told to.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ground.h"
#include "laws.h"

/* Threads may come here at once: locked.c's have one parent. */
static struct pinbuf_heap *heap;

__attribute__((constructor))
static void heap_make(void)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;

	opts.dev = ground_dev();
	opts.name = "ground";
	opts.keep = 8 * LAWS_BYTES;
	if (opts.dev && pinbuf_heap_create(&heap, &opts))
		abort();
}

static void *memory_get(struct pinbuf_layout l)
{
	void *ptr;

	if (heap)
		return pinbuf_heap_aligned_alloc(heap, l.align, l.size + !l.size);
	return posix_memalign(&ptr, l.align < 8 ? 8 : l.align, l.size + !l.size) ? NULL : ptr;
}

static void memory_put(void *ptr)
{
	if (heap)
		pinbuf_heap_free(heap, ptr);
	else
		free(ptr);
}

static void *flaky_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct flaky *f = (struct flaky *)r;
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = l.size,
		.available = f->budget,
	};
	void *ptr = NULL;

	if (!pinbuf_layout_is_valid(l)) {
		e.kind = PINBUF_ERROR_LAYOUT;
		e.err = EINVAL;
		return pinbuf_region_refuse(r, &e, "was asked for what cannot be");
	}
	if (++f->nr_calls != f->fail_at && l.size + 1 <= f->budget)
		ptr = memory_get(l);
	if (!ptr)
		return pinbuf_region_refuse(r, &e, "fails, as it was told to");
	l.size += !l.size;
	f->budget -= l.size;
	f->stats.allocation_count++;
	f->stats.total_allocated += l.size;
	if (f->stats.total_allocated - f->stats.total_deallocated > f->stats.peak_usage)
		f->stats.peak_usage = f->stats.total_allocated - f->stats.total_deallocated;
	return ptr;
}

static void flaky_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	struct flaky *f = (struct flaky *)r;

	l.size += !l.size;
	f->budget += l.size;
	f->stats.deallocation_count++;
	f->stats.total_deallocated += l.size;
	memory_put(ptr);
}

static void flaky_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	*st = ((const struct flaky *)r)->stats;
}

static const struct pinbuf_region_ops flaky_ops = {
	.size = sizeof(flaky_ops),
	.type = "test region",
	.klass = PINBUF_CLASS_GENERAL,
	.alloc = flaky_alloc,
	.dealloc = flaky_dealloc,
	.stats = flaky_stats,
};

void flaky_init(struct flaky *f)
{
	memset(f, 0, sizeof(*f));
	pinbuf_region_init(&f->region, &flaky_ops, "ground",
			   heap ? pinbuf_region_caps(pinbuf_heap_region(heap)) &
			   (PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA) : 0);
	f->budget = LAWS_BYTES * 2;
}
