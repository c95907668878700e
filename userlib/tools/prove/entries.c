// SPDX-License-Identifier: MIT
/*
 * /proc/self/pagemap tells of every page whether it is mapped, smaps how many
 * bytes huge entries map.  Of mappings that are not ordinary memory pagemap tells
 * nothing; then the page tables themselves are weighed, whose every page is full
 * of entries but the outer two.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entries.h"
#include "frames.h"
#include "say.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

size_t tables_size(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t kib = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPTE: %zu kB", &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

/* Bytes that huge entries map, in the area that @mem lies in. */
static int huge_bytes(const void *mem, size_t *out)
{
	static const char *const fields[] = { "AnonHugePages", "ShmemPmdMapped", "FilePmdMapped" };
	FILE *f = fopen("/proc/self/smaps", "re");
	uintptr_t start, end;
	char line[512], key[64];
	bool inside = false;
	size_t kib, i;

	if (!f)
		return say_wrong("/proc/self/smaps: %s", strerror(errno));
	*out = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2) {
			inside = start <= (uintptr_t)mem && (uintptr_t)mem < end;
		} else if (inside && sscanf(line, "%63[^:]: %zu kB", key, &kib) == 2) {
			for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
				if (!strcmp(key, fields[i]))
					*out += kib * 1024;
		}
	}
	fclose(f);
	return 0;
}

/* 0 where the kernel has no huge entries; then huge_bytes() is 0 as well. */
static size_t huge_size(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "re");
	size_t size = 0;

	if (f) {
		if (fscanf(f, "%zu", &size) != 1)
			size = 0;
		fclose(f);
	}
	return size;
}

static size_t entries_weighed(size_t nr, size_t tables_before)
{
	size_t room = (tables_size() - tables_before) / sizeof(uint64_t);

	return room < nr ? room : nr;
}

int entries_count(const void *mem, size_t len, size_t tables_before, size_t *out)
{
	size_t nr = len / page_size(), present = 0, huge, size = huge_size(), i;
	uint64_t *entries = calloc(nr, sizeof(*entries));

	if (!entries || pagemap_read(mem, nr, entries) || huge_bytes(mem, &huge)) {
		free(entries);
		return -1;
	}
	for (i = 0; i < nr; i++)
		present += !!(entries[i] & PAGEMAP_PRESENT);
	free(entries);
	if (!present)
		*out = entries_weighed(nr, tables_before);
	else if (size)
		*out = present - huge / page_size() + huge / size;
	else
		*out = present;
	return 0;
}
