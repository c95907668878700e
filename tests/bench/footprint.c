// SPDX-License-Identifier: MIT
/*
 * What the kernel keeps beside the pages of a buffer: pages that are no longer
 * free, less the buffer's own, where a slab counts with the objects in it that
 * are in use and not with its pages.  The caches are shrunk before each reading:
 * that gives back the objects that a CPU holds, after which /proc/slabinfo is
 * exact.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "measure.h"
#include "mem.h"
#include "settle.h"
#include "size.h"
#include "works.h"

enum {
	MAX_CACHES	= 512,
	SETTLE_US	= 300000,
	SETTLE_TRIES	= 10,
	ROUNDS		= 3,
};

static const int footprint_kinds[] = { KIND_PINBUF_ALLOC, KIND_HEAP, KIND_UDMABUF };

/* open for the whole run: opening them would itself leave objects behind */
static int shrinkers[MAX_CACHES];
static int nr_shrinkers;

static void caches_open(void)
{
	struct dirent *entry;
	DIR *caches = opendir("/sys/kernel/slab");

	if (!caches)
		fail_errno(errno, "/sys/kernel/slab");
	while ((entry = readdir(caches))) {
		char path[sizeof(entry->d_name) + 8];
		int fd;

		if (entry->d_name[0] == '.' || entry->d_type == DT_LNK)
			continue;
		if (nr_shrinkers == MAX_CACHES)
			fail("more than %d slab caches", MAX_CACHES);
		snprintf(path, sizeof(path), "%s/shrink", entry->d_name);
		fd = openat(dirfd(caches), path, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			fail_errno(errno, "/sys/kernel/slab/%s", path);
		shrinkers[nr_shrinkers++] = fd;
	}
	closedir(caches);
}

static void caches_shrink(void)
{
	for (int i = 0; i < nr_shrinkers; i++)
		if (pwrite(shrinkers[i], "1", 1, 0) != 1)
			fail_errno(errno, "/sys/kernel/slab/*/shrink");
}

/* Bytes in objects; *@slabs: bytes of the slabs that hold them. */
static uint64_t objects_read(uint64_t *slabs)
{
	uint64_t bytes = 0;
	char line[512];
	FILE *f = fopen("/proc/slabinfo", "r");

	if (!f)
		fail_errno(errno, "/proc/slabinfo");
	*slabs = 0;
	while (fgets(line, sizeof(line), f)) {
		uint64_t active, size, pages_per_slab, nr_slabs;

		if (sscanf(line, "%*s %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64
			   " : tunables %*u %*u %*u : slabdata %*u %" SCNu64,
			   &active, &size, &pages_per_slab, &nr_slabs) != 4)
			continue;
		bytes += active * size;
		*slabs += nr_slabs * pages_per_slab * PAGE_BYTES;
	}
	fclose(f);
	if (!bytes)
		fail("/proc/slabinfo is not understood");
	return bytes;
}

/* Bytes of pages that are free, those that the CPUs hold included. */
static uint64_t free_read(void)
{
	uint64_t pages = 0, count;
	char line[256];
	FILE *f = fopen("/proc/zoneinfo", "r");

	if (!f)
		fail_errno(errno, "/proc/zoneinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " pages free %" SCNu64, &count) == 1 ||
		    sscanf(line, " count: %" SCNu64, &count) == 1)
			pages += count;
	fclose(f);
	if (!pages)
		fail("/proc/zoneinfo is not understood");
	return pages * PAGE_BYTES;
}

/* Bytes in use, up to a constant: differences have a meaning. */
static uint64_t used_read(void)
{
	uint64_t objects, slabs;

	/* what was freed may wait for an RCU grace period and a worker */
	usleep(SETTLE_US);
	caches_shrink();
	usleep(SETTLE_US);
	settle_counters();
	objects = objects_read(&slabs);
	return objects - slabs - free_read();
}

/* The same, read until nothing else in the guest takes or gives back any. */
static uint64_t used_read_settled(void)
{
	uint64_t used = used_read(), last;

	for (int i = 0; i < SETTLE_TRIES; i++) {
		last = used;
		used = used_read();
		if (used == last)
			return used;
	}
	fail("the guest's memory in use does not settle");
}

static uint64_t overhead_measure(const struct kind *k, size_t len)
{
	uint64_t least = UINT64_MAX;

	/* the first of a kind also fills what stays: radix trees, name caches */
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t before = used_read_settled();
		struct mem m;

		mem_make(&m, k, len);
		measure_least(&least, used_read_settled() - before - len);
		mem_free(&m, k);
	}
	return least;
}

void work_footprint(struct table *t)
{
	struct row *row;

	caches_open();
	table_init_kinds(t, "the kernel's own memory for a buffer", "bytes");
	row = table_add(t, 0, "own memory of 1 GiB");
	for (unsigned int i = 0; i < sizeof(footprint_kinds) / sizeof(footprint_kinds[0]); i++) {
		int kind = footprint_kinds[i];

		if (kinds[kind].chosen)
			figure_set(&row->figures[kind], overhead_measure(&kinds[kind], 1 * GIB));
	}
}
