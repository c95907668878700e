/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

#include <stdint.h>

void pages_open(void);

/* Free pages: those in the zones, and those that the CPUs keep. */
uint64_t pages_free(void);
uint64_t pages_kept(void);

/*
 * Make what the CPUs count for themselves join the sums; each time the kernel
 * also lowers the number of pages that a CPU may keep by an eighth, down to its
 * least, and takes back those above it.
 */
void pages_refresh(void);

#endif
