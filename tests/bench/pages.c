// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "file.h"
#include "pages.h"

static int zoneinfo, stat_refresh;

void pages_open(void)
{
	zoneinfo = file_open("/proc/zoneinfo");
	stat_refresh = file_open("/proc/sys/vm/stat_refresh");
}

/* The sum of a number that each zone or CPU of it has. */
static uint64_t zones_sum(const char *format)
{
	static char text[128 << 10];
	char *line, *rest = text;
	uint64_t sum = 0, count;
	int nr = 0;

	file_reread(zoneinfo, text, sizeof(text));
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, format, &count) != 1)
			continue;
		sum += count;
		nr++;
	}
	if (!nr)
		fail("/proc/zoneinfo is not understood");
	return sum;
}

uint64_t pages_free(void)
{
	return zones_sum(" pages free %" SCNu64);
}

uint64_t pages_kept(void)
{
	return zones_sum(" count: %" SCNu64);
}

void pages_refresh(void)
{
	char text[16];

	file_reread(stat_refresh, text, sizeof(text));
}
