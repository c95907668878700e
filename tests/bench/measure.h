/* SPDX-License-Identifier: MIT */
/*
 * The clock.  In a guest under QEMU's -icount shift=0 the time stamp counter
 * advances by one for each instruction executed, the kernel's included, so a
 * difference of two readings is a count.  Only what disturbs a call adds to it
 * (a timer tick, a page-out of a per-CPU list), hence the minimum of several.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

enum {
	MEASURE_WARMUPS	= 2,
	MEASURE_ROUNDS	= 11,
};

static inline uint64_t measure_now(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void measure_least(uint64_t *least, uint64_t count)
{
	if (count < *least)
		*least = count;
}

/* End the program unless the time stamp counter counts instructions. */
void measure_check(void);

#endif
