// SPDX-License-Identifier: MIT
/*
 * A CPU keeps tens of thousands of free pages to itself after a large work, and
 * gives 2016 of them back whenever a few frees follow each other: another work
 * would pay hundreds of thousands of instructions for it, at each turn, or not,
 * by chance.  Each refresh of the counters lets the kernel lower the number of
 * pages that a CPU may keep by an eighth, to its least, and give back the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"
#include "settle.h"

enum {
	GRACE_US	= 50000,	/* what was freed may wait for RCU and a worker */
	CALM_TURNS	= 40,		/* (7/8)^40 is a two-hundredth */
};

/* Pages that the CPUs keep. */
static uint64_t kept_read(void)
{
	uint64_t pages = 0, count;
	char line[256];
	FILE *f = fopen("/proc/zoneinfo", "r");

	if (!f)
		fail_errno(errno, "/proc/zoneinfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %" SCNu64, &count) == 1)
			pages += count;
	fclose(f);
	return pages;
}

void settle_counters(void)
{
	char buf[16];
	int fd = open("/proc/sys/vm/stat_refresh", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buf, sizeof(buf)) < 0)
		fail_errno(errno, "/proc/sys/vm/stat_refresh");
	close(fd);
}

void settle(void)
{
	uint64_t last, kept;
	int calm = 0;

	usleep(GRACE_US);
	for (last = kept_read(); calm < CALM_TURNS; last = kept) {
		settle_counters();
		kept = kept_read();
		calm = kept < last ? 0 : calm + 1;
	}
}
