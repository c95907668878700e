/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SLABS_H
#define BENCH_SLABS_H

#include <stdint.h>

void slabs_open(void);

/* Give back what the CPUs hold of each cache: slabs_read() is exact right after it. */
void slabs_shrink(void);

/* Bytes in objects that are in use; *@slabs: bytes of the slabs that hold them. */
uint64_t slabs_read(uint64_t *slabs);

#endif
