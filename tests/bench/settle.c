// SPDX-License-Identifier: MIT
/*
 * A CPU keeps tens of thousands of free pages to itself after a large work, and
 * gives 2016 of them back whenever a few frees follow each other: another work
 * would pay hundreds of thousands of instructions for it, at each turn, or not,
 * by chance.
 */
#include <stdint.h>
#include <unistd.h>

#include "pages.h"
#include "settle.h"

enum {
	GRACE_US	= 50000,	/* what was freed may wait for RCU and a worker */
	CALM_TURNS	= 40,		/* (7/8)^40 is a two-hundredth */
};

void settle(void)
{
	uint64_t last, kept;
	int calm = 0;

	usleep(GRACE_US);
	for (last = pages_kept(); calm < CALM_TURNS; last = kept) {
		pages_refresh();
		kept = pages_kept();
		calm = kept < last ? 0 : calm + 1;
	}
}
