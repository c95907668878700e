// SPDX-License-Identifier: MIT
/*
 * Between a thread's cache and the centre.  A bin is filled by one block the first
 * time, by twice as many each time after, up to half of it: a thread that needs a
 * few blocks of a size does not hoard.  When it is full the older half goes.
 */
#include <string.h>

#include "../probe.h"
#include "cache.h"
#include "core.h"

/* What the thread did since it was last here joins the heap's account. */
void pinbuf__heap_cache_settle(struct heap_cache *cache)
{
	struct pinbuf_heap *heap = cache->heap;
	int64_t change = cache->top - cache->headroom, most, peak;

	if (!cache->top && !cache->headroom)
		return;
	most = __atomic_fetch_add(&heap->live, change, __ATOMIC_RELAXED) + cache->top;
	peak = PINBUF_LOAD(&heap->peak);
	PINBUF_STORE(&cache->top, 0);
	PINBUF_STORE(&cache->headroom, 0);
	while (most > peak &&
	       !__atomic_compare_exchange_n(&heap->peak, &peak, most, 1, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

/* Return: false if there is no memory, as pinbuf__heap_run_alloc(). */
bool pinbuf__heap_cache_fill(struct heap_cache *cache, unsigned int cls, bool grow)
{
	struct heap_bin *bin = heap_cache_bin(cache, cls);
	unsigned int nr = cache->batch[cls], most = heap_class_cap(cls) / 2;

	pinbuf__heap_cache_settle(cache);
	cache->batch[cls] = (uint16_t)(2 * nr < most ? 2 * nr : most);
	nr = pinbuf__heap_central_take(cache->heap, cls, bin->entry, nr, grow);
	PINBUF_STORE(&cache->nr_filled[cls], cache->nr_filled[cls] + nr);
	PINBUF_STORE(&bin->top, bin->entry + nr);
	PROBE3(heap_refill, cache->heap->name, heap_class_size(cls), nr);
	return nr;
}

static void drain(struct heap_cache *cache, unsigned int cls, unsigned int keep, bool store)
{
	struct heap_bin *bin = heap_cache_bin(cache, cls);
	unsigned int all = (unsigned int)heap_bin_nr(bin), nr = all > keep ? all - keep : 0;

	pinbuf__heap_cache_settle(cache);
	if (!nr)
		return;
	pinbuf__heap_central_give(cache->heap, cls, bin->entry, nr, store);
	memmove(bin->entry, bin->entry + nr, (all - nr) * sizeof(*bin->entry));
	PINBUF_STORE(&cache->nr_filled[cls], cache->nr_filled[cls] - nr);
	PINBUF_STORE(&bin->top, bin->top - nr);
}

/* All but the @keep newest blocks go to the centre. */
void pinbuf__heap_cache_drain(struct heap_cache *cache, unsigned int cls, unsigned int keep)
{
	drain(cache, cls, keep, true);
}

/*
 * Each time that the thread leaves its cache it visits one class, and lets go of
 * what it did not need since the last visit: idle blocks of a size that a program
 * is done with lie in as many spans, which cannot become empty.
 */
void pinbuf__heap_cache_tick(struct heap_cache *cache)
{
	unsigned int cls = cache->tick++ % HEAP_NR_CLASSES;
	const struct heap_bin *bin = heap_cache_bin(cache, cls);
	uint32_t given = (uint32_t)bin->nr_allocs, used = given - cache->seen[cls];

	cache->seen[cls] = given;
	if (used < heap_bin_nr(bin) / 4 + 1 && heap_bin_nr(bin)) {
		drain(cache, cls, 0, false);
		cache->batch[cls] = 1;
	}
	pinbuf__heap_central_tick(cache->heap, cls);
}

void pinbuf__heap_cache_empty(struct heap_cache *cache)
{
	unsigned int cls;

	for (cls = 0; cls < HEAP_NR_CLASSES; cls++)
		pinbuf__heap_cache_drain(cache, cls, 0);
}
