// SPDX-License-Identifier: MIT
/* What the kernel tells of a mapping, in /proc/self/smaps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "smaps.h"

/* What huge entries map: anonymous memory, tmpfs, files. */
static const char *const huge_fields[] = {
	"AnonHugePages: %" SCNu64 " kB",
	"ShmemPmdMapped: %" SCNu64 " kB",
	"FilePmdMapped: %" SCNu64 " kB",
};

static uint64_t huge_kib(const char *line)
{
	uint64_t kib;
	size_t i;

	for (i = 0; i < sizeof(huge_fields) / sizeof(huge_fields[0]); i++)
		if (sscanf(line, huge_fields[i], &kib) == 1)
			return kib;
	return 0;
}

/**
 * pinbuf__huge_bytes() - how much of a range lies in huge pages
 * @addr: its start
 * @len: bytes; the range consists of whole mappings
 *
 * Return: bytes; 0 also where the kernel does not say.
 */
uint64_t pinbuf__huge_bytes(const void *addr, size_t len)
{
	uintptr_t begin = (uintptr_t)addr, start, end;
	FILE *f = fopen("/proc/self/smaps", "re");
	int inside = 0;
	uint64_t sum = 0;
	char line[512];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2) {
			inside = start >= begin && end <= begin + len;
			if (start >= begin + len)
				break;
		} else if (inside) {
			sum += huge_kib(line) * 1024;
		}
	}
	fclose(f);
	return sum;
}
