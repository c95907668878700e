// SPDX-License-Identifier: MIT
/* What the laws' regions stand on: malloc with a budget, which fails when it is told to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "laws.h"

static void *flaky_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct flaky *f = (struct flaky *)r;
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = l.size,
		.available = f->budget,
	};
	void *ptr;

	if (!pinbuf_layout_is_valid(l)) {
		e.kind = PINBUF_ERROR_LAYOUT;
		e.err = EINVAL;
		return pinbuf_region_refuse(r, &e, "was asked for what cannot be");
	}
	if (++f->nr_calls == f->fail_at || l.size + 1 > f->budget ||
	    posix_memalign(&ptr, l.align < 8 ? 8 : l.align, l.size + !l.size))
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
	free(ptr);
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
	pinbuf_region_init(&f->region, &flaky_ops, "ground", 0);
	f->budget = LAWS_BYTES * 2;
}
