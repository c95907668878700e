/* SPDX-License-Identifier: MIT */
/*
 * The two paths that matter, for whoever builds a door to a heap.  A malloc reads
 * the thread's cache (one line for the head, half a line for the bin), one byte of
 * the table of classes and one entry, and writes one state byte.  A free reads one
 * entry of the page map and one line of the span, which nobody writes; it reads and
 * writes one state byte and one entry.  Neither touches the block.
 */
#ifndef PINBUF_HEAP_HOT_H
#define PINBUF_HEAP_HOT_H

#include "cache.h"
#include "classes.h"
#include "pagemap.h"
#include "span.h"

struct pinbuf_heap;

/* All in slow.c; they do every case, the usual one too. */
PINBUF_COLD void *pinbuf__heap_alloc(struct pinbuf_heap *heap, size_t size);
PINBUF_COLD void pinbuf__heap_dealloc(struct pinbuf_heap *heap, void *ptr);

__attribute__((always_inline))
static inline void *heap_alloc(struct pinbuf_heap *heap, size_t size)
{
	struct heap_cache *cache = pinbuf__heap_cache;
	void *ptr;

	if (PINBUF_LIKELY(PINBUF_LOAD(&cache->heap) == heap && size <= HEAP_SMALL_MAX &&
			  heap_cache_pop(cache, size, &ptr)))
		return ptr;
	return pinbuf__heap_alloc(heap, size);
}

__attribute__((always_inline))
static inline void heap_dealloc(struct pinbuf_heap *heap, void *ptr)
{
	struct heap_cache *cache = pinbuf__heap_cache;
	uintptr_t entry = heap_cache_entry(cache, (uintptr_t)ptr);
	struct heap_span *span;
	size_t block;

	if (PINBUF_UNLIKELY(!(entry & HEAP_ENTRY_SPAN)))
		goto slow;
	span = heap_entry_span(entry);
	if (PINBUF_UNLIKELY(span->heap != heap || PINBUF_LOAD(&cache->heap) != heap ||
			    !heap_span_block(span, ptr, &block) ||
			    PINBUF_LOAD(&span->state[block]) != HEAP_LIVE ||
			    !heap_cache_push(cache, heap_entry_bin(entry), span->size,
					     (struct heap_entry){ ptr, &span->state[block] })))
		goto slow;
	return;
slow:
	pinbuf__heap_dealloc(heap, ptr);
}

#endif /* PINBUF_HEAP_HOT_H */
