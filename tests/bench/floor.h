/* SPDX-License-Identifier: MIT */
/*
 * The floor: what clearing pages takes, which no kind of memory can save.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

/* Measure what one page takes; ends the program if the kernel's own clearing disagrees. */
void floor_init(void);

uint64_t floor_page(void);		/* instructions a page */
uint64_t floor_of(size_t len);		/* instructions for @len bytes, whole pages */

#endif
