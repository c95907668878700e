// SPDX-License-Identifier: MIT
/*
 * /proc/slabinfo counts every object of a slab that a CPU holds as in use.
 * Shrinking a cache takes them from the CPUs.
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
#include "file.h"
#include "mem.h"
#include "slabs.h"

enum { MAX_CACHES = 512 };

static int shrinkers[MAX_CACHES];
static int nr_shrinkers;
static int slabinfo;

void slabs_open(void)
{
	struct dirent *entry;
	DIR *caches = opendir("/sys/kernel/slab");

	if (!caches)
		fail_errno(errno, "/sys/kernel/slab");
	slabinfo = file_open("/proc/slabinfo");
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

void slabs_shrink(void)
{
	for (int i = 0; i < nr_shrinkers; i++)
		if (pwrite(shrinkers[i], "1", 1, 0) != 1)
			fail_errno(errno, "/sys/kernel/slab/*/shrink");
}

uint64_t slabs_read(uint64_t *slabs)
{
	static char text[128 << 10];
	char *line, *rest = text;
	uint64_t bytes = 0;

	file_reread(slabinfo, text, sizeof(text));
	*slabs = 0;
	while ((line = strsep(&rest, "\n"))) {
		uint64_t active, size, pages_per_slab, nr_slabs;

		if (sscanf(line, "%*s %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64
			   " : tunables %*u %*u %*u : slabdata %*u %" SCNu64,
			   &active, &size, &pages_per_slab, &nr_slabs) != 4)
			continue;
		bytes += active * size;
		*slabs += nr_slabs * pages_per_slab * PAGE_BYTES;
	}
	if (!bytes)
		fail("/proc/slabinfo is not understood");
	return bytes;
}
