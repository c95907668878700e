// SPDX-License-Identifier: MIT
/*
 * Everything that the hot paths leave: empty and full bins, large blocks, threads
 * that are beginning or ending, wrong pointers, no memory.  When somebody looks
 * (check.h), no thread has a cache of its own and every block comes through here.
 */
#include <errno.h>
#include <string.h>

#include "../check.h"
#include "../probe.h"
#include "../refuse.h"
#include "block.h"
#include "core.h"
#include "runs.h"

/* This thread's cache, or the spare one, locked. */
static struct heap_cache *cache_use(struct pinbuf_heap *heap)
{
	struct heap_cache *cache = pinbuf__heap_cache;

	if (PINBUF_LOAD(&cache->heap) == heap)
		return cache;
	cache = pinbuf__heap_cache_of(heap);
	if (cache)
		return cache;
	heap_lock(&heap->spare_lock);
	return heap->spare;
}

static void cache_done(struct pinbuf_heap *heap, struct heap_cache *cache)
{
	if (cache == heap->spare)
		heap_unlock(&heap->spare_lock);
}

/* Who looks is told of each block of a buffer, which is the pool. */
static struct heap_buffer *pool_of(const struct pinbuf_heap *heap, const void *ptr)
{
	return heap_entry_span(heap_map_get(&heap->map, (uintptr_t)ptr))->run->buf;
}

static void *small_alloc(struct pinbuf_heap *heap, size_t size, bool grow)
{
	struct heap_cache *cache = cache_use(heap);
	bool done;
	void *ptr;

	done = heap_cache_pop(cache, size, &ptr);
	if (!done)
		pinbuf__heap_cache_tick(cache);
	if (!done && pinbuf__heap_cache_fill(cache, heap_class(size), grow))
		done = heap_cache_pop(cache, size, &ptr);
	cache_done(heap, cache);
	if (!done)
		return NULL;
	PROBE3(heap_alloc, heap->name, ptr, size);
	if (PINBUF_UNLIKELY(pinbuf__checked))
		pinbuf__check_give(pool_of(heap, ptr), ptr, heap_class_size(heap_class(size)));
	return ptr;
}

/*
 * What is at hand goes back to its pages, before a heap grows and before a block is
 * refused: a few idle blocks of a size can hold as many spans.
 */
void pinbuf__heap_reclaim(struct pinbuf_heap *heap)
{
	struct heap_cache *cache = cache_use(heap);
	unsigned int cls;

	pinbuf__heap_cache_empty(cache);
	cache_done(heap, cache);
	for (cls = 0; cls < HEAP_NR_CLASSES; cls++)
		pinbuf__heap_central_flush(heap, cls);
}

/**
 * pinbuf__heap_exhausted() - say that there is no memory
 * @heap: the heap
 * @size: bytes asked for
 * @align: as it was asked for
 *
 * The thread's error is that of whoever refused, and becomes the reason.
 *
 * Return: NULL, errno ENOMEM.
 */
void *pinbuf__heap_exhausted(struct pinbuf_heap *heap, size_t size, size_t align)
{
	struct pinbuf_error e = *pinbuf_error_last();
	struct heap_run *largest;
	size_t held;

	heap_lock(&heap->pages);
	largest = pinbuf__heap_run_largest(heap);
	e.largest_free = largest ? largest->nr * HEAP_PAGE : 0;
	e.available = heap->free_pages * HEAP_PAGE;
	if (heap->opts.max > heap->held)
		e.available += heap->opts.max - heap->held;
	held = heap->held;
	heap_unlock(&heap->pages);
	e.err = ENOMEM;
	e.requested = size;
	return pinbuf_region_refuse(&heap->region, &e, "is exhausted: %zu bytes asked (aligned to %zu), %zu held, %zu to be had, the largest block %zu: %s",
				    size, align, held, (size_t)e.available,
				    (size_t)e.largest_free, e.text);
}

void *pinbuf__heap_alloc(struct pinbuf_heap *heap, size_t size)
{
	void *ptr;

	if (size > HEAP_SMALL_MAX)
		return pinbuf__heap_aligned(heap, size, HEAP_GRANULE);
	ptr = small_alloc(heap, size, false);
	if (ptr)
		return ptr;
	pinbuf__heap_reclaim(heap);
	ptr = small_alloc(heap, size, true);
	return ptr ? ptr : pinbuf__heap_exhausted(heap, size, HEAP_GRANULE);
}

void *pinbuf__heap_aligned(struct pinbuf_heap *heap, size_t size, size_t align)
{
	if (pinbuf__layout_refused(&heap->region, (struct pinbuf_layout){ size, align }))
		return NULL;
	if (heap_is_small(size, align))
		return pinbuf__heap_alloc(heap, heap_rounded(size, align));
	return pinbuf__heap_large_alloc(heap, &(struct heap_large){ .size = size, .align = align });
}

void *pinbuf__heap_zeroed(struct pinbuf_heap *heap, size_t size, size_t align)
{
	void *ptr;

	if (PINBUF_LIKELY(size <= HEAP_SMALL_MAX && align <= HEAP_GRANULE && align &&
			  !(align & (align - 1)))) {
		ptr = heap_alloc(heap, size);
		return ptr ? memset(ptr, 0, size) : NULL;
	}
	if (pinbuf__layout_refused(&heap->region, (struct pinbuf_layout){ size, align }))
		return NULL;
	if (heap_is_small(size, align)) {
		ptr = pinbuf__heap_aligned(heap, size, align);
		return ptr ? memset(ptr, 0, size) : NULL;
	}
	return pinbuf__heap_large_alloc(heap, &(struct heap_large){ .size = size, .align = align,
								    .zeroed = true });
}

static void small_free(struct pinbuf_heap *heap, struct heap_span *span, void *ptr)
{
	uintptr_t addr = (uintptr_t)ptr;
	struct heap_cache *cache;
	uint8_t *state = heap_span_state(span, ptr);
	struct heap_bin *bin;

	if (!heap_span_has_live(span, ptr))
		pinbuf__heap_misuse(heap, ptr, NULL);
	if (PINBUF_UNLIKELY(pinbuf__checked))
		pinbuf__check_take(span->run->buf, ptr, span->size);
	PROBE2(heap_free, heap->name, ptr);
	cache = cache_use(heap);
	cache->chunk = addr >> HEAP_LEAF_SHIFT << (HEAP_LEAF_SHIFT - HEAP_CHUNK_SHIFT);
	cache->leaf = (uintptr_t)heap_map_leaf(&heap->map, addr) -
		      cache->chunk * sizeof(uintptr_t);
	bin = heap_cache_bin(cache, span->cls);
	if (!heap_bin_push(cache, bin, ptr, state)) {
		pinbuf__heap_cache_tick(cache);
		pinbuf__heap_cache_drain(cache, span->cls, heap_class_cap(span->cls) / 2);
		(void)heap_bin_push(cache, bin, ptr, state);
	}
	cache_done(heap, cache);
}

void pinbuf__heap_dealloc(struct pinbuf_heap *heap, void *ptr)
{
	uintptr_t entry;

	if (!ptr)
		return;
	entry = heap_map_get(&heap->map, (uintptr_t)ptr);
	if (heap_entry_is_span(entry))
		small_free(heap, heap_entry_span(entry), ptr);
	else if (entry)
		pinbuf__heap_large_free(heap, heap_entry_buffer(entry), ptr);
	else
		pinbuf__heap_misuse(heap, ptr, NULL);
}

/* The span of a live small block, NULL for a large one. */
static struct heap_span *span_of(struct pinbuf_heap *heap, const void *ptr,
				 struct heap_buffer **buf)
{
	uintptr_t entry = heap_map_get(&heap->map, (uintptr_t)ptr);
	struct heap_span *span;

	if (!heap_entry_is_span(entry)) {
		*buf = heap_entry_buffer(entry);
		if (!*buf)
			pinbuf__heap_misuse(heap, ptr, NULL);
		return NULL;
	}
	span = heap_entry_span(entry);
	if (!heap_span_has_live(span, ptr))
		pinbuf__heap_misuse(heap, ptr, NULL);
	return span;
}

size_t pinbuf__heap_usable(struct pinbuf_heap *heap, const void *ptr)
{
	struct heap_buffer *buf;
	struct heap_span *span = span_of(heap, ptr, &buf);

	return span ? span->size : pinbuf__heap_large_size(heap, buf, ptr);
}

/**
 * pinbuf__heap_realloc() - change a block's size
 * @heap: its heap
 * @ptr: a live block
 * @size: bytes, 0 too
 * @align: a power of two, for when it moves
 *
 * A large block that must move goes where it can grow further.
 *
 * Return: the block, or NULL with the error filled and @ptr unchanged.
 */
void *pinbuf__heap_realloc(struct pinbuf_heap *heap, void *ptr, size_t size, size_t align)
{
	struct heap_buffer *buf;
	struct heap_span *span = span_of(heap, ptr, &buf);
	bool small = heap_is_small(size, align);
	size_t old;
	void *to;

	if (pinbuf__layout_refused(&heap->region, (struct pinbuf_layout){ size, align }))
		return NULL;
	if (span) {
		old = span->size;
		if (small && heap_block_size(size, align) == old)
			return ptr;
	} else {
		bool stays = !small && !((uintptr_t)ptr & (align - 1));

		if (pinbuf__heap_large_resize(heap, buf, ptr, stays ? size : 0, &old))
			return ptr;
	}
	if (small)
		to = heap_alloc(heap, heap_rounded(size, align));
	else
		to = pinbuf__heap_large_alloc(heap, &(struct heap_large){ .size = size,
							.align = align, .roomy = size > old });
	if (!to)
		return NULL;
	memcpy(to, ptr, old < size ? old : size);
	pinbuf__heap_dealloc(heap, ptr);
	return to;
}
