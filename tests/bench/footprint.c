// SPDX-License-Identifier: MIT
/*
 * What the kernel keeps beside the pages of a buffer: pages that are no longer
 * free, less the buffer's own, where a slab counts with the objects in it that
 * are in use and not with its pages.
 */
#include <unistd.h>

#include "measure.h"
#include "mem.h"
#include "pages.h"
#include "size.h"
#include "slabs.h"
#include "works.h"

enum {
	ROUNDS		= 2,
	READINGS	= 6,
	GRACE_US	= 300000,	/* what was freed may wait for RCU and a worker */
};

static const int footprint_kinds[] = { KIND_PINBUF_ALLOC, KIND_HEAP, KIND_UDMABUF };

/* Up to a constant: differences have a meaning. */
static uint64_t used_read(void)
{
	uint64_t objects, slabs;

	usleep(GRACE_US);
	slabs_shrink();
	usleep(GRACE_US);
	pages_refresh();
	slabs_shrink();
	objects = slabs_read(&slabs);
	return objects - slabs - (pages_free() + pages_kept()) * PAGE_BYTES;
}

/* Whatever else the guest does takes memory for a moment: the least of several. */
static int64_t used_least(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		int64_t used = used_read();

		if (used < least)
			least = used;
	}
	return least;
}

static uint64_t overhead_measure(const struct kind *k, size_t len)
{
	uint64_t least = UINT64_MAX;

	/* the first of a kind also fills what stays, page cache for one */
	for (int i = 0; i < ROUNDS; i++) {
		int64_t before = used_least();
		struct mem m;

		mem_make(&m, k, len);
		measure_least(&least, used_least() - before - len);
		mem_free(&m, k);
	}
	return least;
}

void work_footprint(struct table *t)
{
	struct row *row;

	slabs_open();
	table_init_kinds(t, "the kernel's own memory for a buffer", "bytes");
	row = table_add(t, 0, "own memory of 1 GiB");
	for (unsigned int i = 0; i < sizeof(footprint_kinds) / sizeof(footprint_kinds[0]); i++) {
		int kind = footprint_kinds[i];

		if (kinds[kind].chosen)
			figure_set(&row->figures[kind], overhead_measure(&kinds[kind], 1 * GIB));
	}
}
