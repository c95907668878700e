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
	HEAP_BIN = 32,			/* bytes of a bin, below */
};

/* what a malloc needs to know of a class, in one load */
struct heap_class {
	uint16_t bin;			/* offset of its bin in a cache, bytes */
	uint16_t size;			/* bytes of a block */
};

/* by the number of granules that a size takes */
extern const struct heap_class pinbuf__heap_classes[HEAP_SMALL_MAX / HEAP_GRANULE + 1]
	__attribute__((visibility("hidden")));

static inline size_t heap_class(size_t size)
{
	return pinbuf__heap_classes[(size + HEAP_GRANULE - 1) / HEAP_GRANULE].bin / HEAP_BIN;
}

/* bytes of a block of a class */
static inline size_t heap_class_size(size_t cls)
{
	size_t above = cls - 16;

	if (cls < 16)
		return (cls + 1) * (size_t)HEAP_GRANULE;
	return ((size_t)256 << above / 8) + (above % 8 + 1) * ((size_t)32 << above / 8);
}

/* blocks of a class that one thread keeps: at most 64 KiB, and 16 to 256 */
static inline unsigned int heap_class_cap(size_t cls)
{
	size_t nr = 65536 / heap_class_size(cls);

	return (unsigned int)(nr > 256 ? 256 : nr < 16 ? 16 : nr);
}

#endif /* PINBUF_HEAP_CLASSES_H */
