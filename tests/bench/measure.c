// SPDX-License-Identifier: MIT
/*
 * Is the clock what measure.h says?  A loop of a known number of instructions
 * answers that; without -icount it reads anything but their number.
 */
#include <inttypes.h>

#include "error.h"
#include "measure.h"

enum {
	CHECK_TURNS	= 100000,
	CHECK_PER_TURN	= 2,	/* dec, jnz */
	CHECK_SLACK	= 10,	/* the readings themselves */
};

void measure_check(void)
{
	const uint64_t expected = CHECK_TURNS * CHECK_PER_TURN;
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < MEASURE_ROUNDS; i++) {
		uint64_t turns = CHECK_TURNS;
		uint64_t start = measure_now();

		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(turns) : : "cc");
		measure_least(&least, measure_now() - start);
	}
	if (least < expected || least > expected + CHECK_SLACK)
		fail("a loop of %" PRIu64 " instructions took %" PRIu64
		     " ticks of the time stamp counter: is this guest run with --icount?",
		     expected, least);
}
