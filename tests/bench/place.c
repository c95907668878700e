// SPDX-License-Identifier: MIT
/*
 * Whether a small mapping lies beside others, in a page table that is there, or
 * alone, so that a table is made and freed for it, is 4000 instructions: chance
 * decides it where addresses are random.  Here it lies beside others, as most
 * do: the kernel puts the next mapping below the last, and the last ends at three
 * quarters of what a page table maps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"
#include "place.h"

#define ROOM	(HUGE_BYTES / 4 * 3)	/* for the mappings that lie in one table */

static void addresses_fix(char **argv)
{
	int now = personality(0xffffffff);

	if (now < 0)
		fail_errno(errno, "personality");
	if (now & ADDR_NO_RANDOMIZE)
		return;
	if (personality(now | ADDR_NO_RANDOMIZE) < 0)
		fail_errno(errno, "personality");
	execv("/proc/self/exe", argv);
	fail_errno(errno, "/proc/self/exe");
}

static char *map_readable(size_t len)
{
	char *addr = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		fail_errno(errno, "mmap of %zu bytes", len);
	return addr;
}

void place_fix(char **argv)
{
	char *probe, *filler;
	uintptr_t end, last;

	addresses_fix(argv);
	probe = map_readable(ROOM);
	munmap(probe, ROOM);
	end = (uintptr_t)probe + ROOM;
	last = ((end - PAGE_BYTES - ROOM) & ~(HUGE_BYTES - 1)) + ROOM;
	filler = map_readable(end - last);
	if ((uintptr_t)filler != last)
		fail("the kernel puts mappings elsewhere than is assumed here");
	/* the read makes the page table */
	(void)*(volatile char *)filler;
}
