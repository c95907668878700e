// SPDX-License-Identifier: MIT
/*
 * The sum of all caches, of those that went, and of the large blocks.  A bin counts
 * only what it gives out; what it took back follows from how many blocks it has
 * and how many it got from the centre, so a free counts nothing.
 */
#include "account.h"
#include "cache.h"
#include "core.h"

/* Exact when no thread is using the heap. */
void pinbuf__heap_stats(struct pinbuf_heap *heap, struct pinbuf_stats *stats)
{
	int64_t peak, most = PINBUF_LOAD(&heap->live);
	const struct heap_cache *cache;
	struct heap_tally sum;

	pinbuf__heap_caches_lock();
	sum = heap->retired;
	for (cache = heap->caches; cache; cache = cache->next) {
		pinbuf__heap_cache_tally(cache, &sum);
		most += PINBUF_LOAD(&cache->top);
	}
	pinbuf__heap_caches_unlock();
	peak = PINBUF_LOAD(&heap->peak);
	stats->total_allocated = sum.alloc_bytes + PINBUF_LOAD(&heap->runs.alloc_bytes);
	stats->total_deallocated = sum.free_bytes + PINBUF_LOAD(&heap->runs.free_bytes);
	stats->current_live = stats->total_allocated - stats->total_deallocated;
	stats->peak_usage = (uint64_t)(most > peak ? most : peak);
	stats->allocation_count = sum.nr_allocs + PINBUF_LOAD(&heap->runs.nr_allocs);
	stats->deallocation_count = sum.nr_frees + PINBUF_LOAD(&heap->runs.nr_frees);
	stats->held = PINBUF_LOAD(&heap->held);
	stats->wasted = PINBUF_LOAD(&heap->span_waste);
	stats->failures = PINBUF_LOAD(&heap->region.failures);
}
