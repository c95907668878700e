/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SIZE_H
#define BENCH_SIZE_H

#include <stddef.h>

#define KIB	((size_t)1 << 10)
#define MIB	((size_t)1 << 20)
#define GIB	((size_t)1 << 30)

/* a length, and how people write it */
struct size {
	size_t len;
	const char *text;
};

#endif
