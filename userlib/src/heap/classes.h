/* SPDX-License-Identifier: MIT */
/*
 * Sizes of the blocks up to a page: steps of 16 bytes up to 256, then eight steps
 * to each doubling, so that a block is at most 15 bytes or 12.5 % too large.
 *
 * Every class is a multiple of each power of two that a size of it, rounded up to
 * that power, can have: a block aligned at A up to a page is a block of the class
 * of its size rounded up to A.
 */
#ifndef PINBUF_HEAP_CLASSES_H
#define PINBUF_HEAP_CLASSES_H

#include <stddef.h>
#include <stdint.h>

enum {
	HEAP_PAGE = 4096,
	HEAP_PAGE_SHIFT = 12,
	HEAP_GRANULE = 16,		/* of sizes and alignments */
	HEAP_SMALL_MAX = HEAP_PAGE,	/* above come runs of pages */
	HEAP_NR_CLASSES = 48,
};

/* The class of a size up to HEAP_SMALL_MAX. */
static inline unsigned int heap_class(size_t size)
{
	unsigned int last = (unsigned int)size - 1, row;

	if (size <= 256)
		return size ? last / HEAP_GRANULE : 0;
	row = 31 - (unsigned int)__builtin_clz(last);
	return (row - 6) * 8 + (last >> (row - 3)) % 8;
}

/* bytes of a block of a class */
static inline size_t heap_class_size(size_t cls)
{
	size_t above = cls - 16;

	if (cls < 16)
		return (cls + 1) * (size_t)HEAP_GRANULE;
	return ((size_t)256 << above / 8) + (above % 8 + 1) * ((size_t)32 << above / 8);
}

/* 2^32 / size, rounded up */
static inline uint32_t heap_class_reciprocal(size_t cls)
{
	size_t size = heap_class_size(cls);

	return (uint32_t)((((uint64_t)1 << 32) + size - 1) / size);
}

/* blocks of a class that one thread keeps: 256 to 16, 64 KiB of the larger ones */
static inline unsigned int heap_class_cap(size_t cls)
{
	return cls < 16 ? 256 : 128u >> (cls - 16) / 8;
}

#endif /* PINBUF_HEAP_CLASSES_H */
