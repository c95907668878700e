/* SPDX-License-Identifier: MIT */
/* What the files of the free list share. */
#ifndef PINBUF_FREELIST_PRIVATE_H
#define PINBUF_FREELIST_PRIVATE_H

#include <pinbuf/freelist.h>

#include "holes.h"

#define UNIT		((size_t)PINBUF_FREELIST_UNIT)

/*
 * In the low bits of a tag.  Above them are, of a hole, its length in units; of a block,
 * the same in its first tag, and the bytes that nobody asked for in its last.  A block
 * of one unit has the latter.
 */
#define TAG_FIRST	1U
#define TAG_LAST	2U
#define TAG_USED	4U
#define TAG_SHIFT	3

struct pinbuf_freelist {
	struct pinbuf_region region;	/* its window is closed */
	uint32_t *tags;			/* before the first and behind the last: in use */
	uintptr_t start;
	size_t units;
	size_t largest;			/* place of the largest hole, or HOLES_NONE */
	size_t tail;			/* place of the hole at the end, or f->units */
	size_t tail_class;
	uint64_t allocated, deallocated, peak, nr_allocs, nr_deallocs;
	uint64_t slack;			/* bytes of live blocks that nobody asked for */
	struct holes holes;
	struct pinbuf_region *parent;
	void *memory;			/* the parent's, or NULL for the caller's */
	size_t bytes;
};

_Static_assert(PINBUF_FREELIST_MAX / PINBUF_FREELIST_UNIT <= 1ULL << (32 - TAG_SHIFT - 1),
	       "a length fits a tag");

/* of a hole, from either tag */
static inline size_t length(uint32_t tag)
{
	return tag >> TAG_SHIFT;
}

static inline size_t block_length(uint32_t first)
{
	return first & TAG_LAST ? 1 : length(first);
}

extern const struct pinbuf_region_ops pinbuf__freelist_ops;

void pinbuf__freelist_hole(struct pinbuf_freelist *f, size_t place, size_t units);
size_t pinbuf__freelist_largest(struct pinbuf_freelist *f);

#endif /* PINBUF_FREELIST_PRIVATE_H */
