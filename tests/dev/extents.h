/* SPDX-License-Identifier: MIT */
/* EXTENTS: the physical runs of a buffer. */
#ifndef TESTS_DEV_EXTENTS_H
#define TESTS_DEV_EXTENTS_H

#include "common.h"

struct extents {
	struct pinbuf_extent *runs;
	size_t count;
};

/* All runs of @fd, read in one call by root; for extents_free(). */
struct extents extents_of(int fd);
void extents_free(struct extents *e);

/* One past the highest physical address of @fd. */
uint64_t extents_end(int fd);

#endif
