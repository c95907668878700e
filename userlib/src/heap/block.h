/* SPDX-License-Identifier: MIT */
/* Any block of a heap, small or large: what the doors to a heap are made of. */
#ifndef PINBUF_HEAP_BLOCK_H
#define PINBUF_HEAP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/layout.h>

#include "classes.h"
#include "hot.h"

struct heap_buffer;
struct heap_run;

/* what a large block must be */
struct heap_large {
	size_t size;
	size_t align;
	bool roomy;
	bool zeroed;
};

/* large.c */
PINBUF_COLD void *pinbuf__heap_large_alloc(struct pinbuf_heap *heap, const struct heap_large *ask);
PINBUF_COLD void pinbuf__heap_large_free(struct pinbuf_heap *heap, struct heap_buffer *buf,
					 void *ptr);
size_t pinbuf__heap_large_size(struct pinbuf_heap *heap, struct heap_buffer *buf, const void *ptr);
bool pinbuf__heap_large_resize(struct pinbuf_heap *heap, struct heap_buffer *buf, void *ptr,
			       size_t size, size_t *old);

/* slow.c */
void *pinbuf__heap_exhausted(struct pinbuf_heap *heap, size_t size, size_t align);
void pinbuf__heap_reclaim(struct pinbuf_heap *heap);
void *pinbuf__heap_aligned(struct pinbuf_heap *heap, size_t size, size_t align);
void *pinbuf__heap_zeroed(struct pinbuf_heap *heap, size_t size, size_t align);
void *pinbuf__heap_realloc(struct pinbuf_heap *heap, void *ptr, size_t size, size_t align);
size_t pinbuf__heap_usable(struct pinbuf_heap *heap, const void *ptr);

/* misuse.c */
__attribute__((noreturn, cold))
void pinbuf__heap_misuse(struct pinbuf_heap *heap, const void *ptr, const char *what);

/* A size whose class has an alignment, if it is not above HEAP_SMALL_MAX. */
static inline size_t heap_rounded(size_t size, size_t align)
{
	return ((size | !size) + align - 1) & -align;
}

static inline bool heap_is_small(size_t size, size_t align)
{
	return align <= HEAP_PAGE && size <= HEAP_SMALL_MAX &&
	       heap_rounded(size, align) <= HEAP_SMALL_MAX;
}

/* bytes that a block of @size aligned at @align takes */
static inline size_t heap_block_size(size_t size, size_t align)
{
	if (heap_is_small(size, align))
		return heap_class_size(heap_class(heap_rounded(size, align)));
	return ((size | !size) + HEAP_PAGE - 1) & -(size_t)HEAP_PAGE;
}

__attribute__((always_inline))
static inline void *heap_alloc_aligned(struct pinbuf_heap *heap, size_t size, size_t align)
{
	size_t last = size - 1;		/* of no bytes: far above all that are small */

	if (PINBUF_LIKELY(pinbuf_is_pow2(align) && align <= HEAP_PAGE && last < HEAP_SMALL_MAX))
		return heap_alloc(heap, (last | (align - 1)) + 1);
	return pinbuf__heap_aligned(heap, size, align);
}

#endif /* PINBUF_HEAP_BLOCK_H */
