/* SPDX-License-Identifier: MIT */
/*
 * The two paths that matter, for whoever builds a door to a heap.  A malloc reads the
 * first line of the thread's cache, two bytes of its table of bins, the line that the
 * bin begins with and the newest entry, and writes one state byte.  A free reads one
 * entry of the page map, the same line of the bin and one state byte, and writes that
 * byte and an entry.  Neither touches the block.
 */
#ifndef PINBUF_HEAP_HOT_H
#define PINBUF_HEAP_HOT_H

#include "cache.h"
#include "classes.h"

struct pinbuf_heap;

/* All in slow.c; they do every case, the usual one too. */
PINBUF_COLD void *pinbuf__heap_alloc(struct pinbuf_heap *heap, size_t size);
PINBUF_COLD void pinbuf__heap_dealloc(struct pinbuf_heap *heap, void *ptr);

__attribute__((always_inline))
static inline void *heap_alloc(struct pinbuf_heap *heap, size_t size)
{
	struct heap_cache *cache = pinbuf__heap_cache;
	void *ptr;

	if (PINBUF_LIKELY(HEAP_PEEK(&cache->heap) == heap && size <= HEAP_SMALL_MAX &&
			  heap_cache_pop(cache, size, &ptr)))
		return ptr;
	return pinbuf__heap_alloc(heap, size);
}

__attribute__((always_inline))
static inline void heap_dealloc(struct pinbuf_heap *heap, void *ptr)
{
	struct heap_cache *cache = pinbuf__heap_cache;

	if (PINBUF_LIKELY(HEAP_PEEK(&cache->heap) == heap && heap_cache_take(cache, ptr)))
		return;
	pinbuf__heap_dealloc(heap, ptr);
}

#endif /* PINBUF_HEAP_HOT_H */
