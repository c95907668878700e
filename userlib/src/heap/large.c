// SPDX-License-Identifier: MIT
/*
 * Blocks above a page, and those aligned above one: a run of pages each, exact in
 * length.  They are counted with the pages lock held; the thread's own account is
 * settled first, so that the peak of a program with one thread is exact.
 */
#include <string.h>

#include "../check.h"
#include "../probe.h"
#include "block.h"
#include "core.h"
#include "runs.h"

static size_t pages_of(size_t size)
{
	return ((size | !size) + HEAP_PAGE - 1) >> HEAP_PAGE_SHIFT;
}

static void account(struct pinbuf_heap *heap, int64_t change)
{
	int64_t live = __atomic_add_fetch(&heap->live, change, __ATOMIC_RELAXED);
	int64_t peak = PINBUF_LOAD(&heap->peak);

	while (live > peak && !__atomic_compare_exchange_n(&heap->peak, &peak, live, 1,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

/* This thread's account, and what else is done when it leaves its cache. */
static void settle_own(struct pinbuf_heap *heap)
{
	if (PINBUF_LIKELY(PINBUF_LOAD(&pinbuf__heap_cache->heap) == heap)) {
		pinbuf__heap_cache_settle(pinbuf__heap_cache);
		pinbuf__heap_cache_tick(pinbuf__heap_cache);
		return;
	}
	heap_lock(&heap->spare_lock);
	pinbuf__heap_cache_settle(heap->spare);
	heap_unlock(&heap->spare_lock);
}

static struct heap_run *run_get(struct pinbuf_heap *heap, struct heap_run_ask *ask)
{
	struct heap_tally *tally = &heap->runs;
	struct heap_run *run;

	heap_lock(&heap->pages);
	run = pinbuf__heap_run_alloc(heap, ask);
	if (run) {
		PINBUF_STORE(&tally->nr_allocs, tally->nr_allocs + 1);
		PINBUF_STORE(&tally->alloc_bytes, tally->alloc_bytes + run->nr * HEAP_PAGE);
	}
	heap_unlock(&heap->pages);
	return run;
}

void *pinbuf__heap_large_alloc(struct pinbuf_heap *heap, const struct heap_large *large)
{
	struct heap_run_ask ask = {
		.nr = pages_of(large->size), .kind = HEAP_RUN_BLOCK, .roomy = large->roomy,
		.align = large->align > HEAP_PAGE ? large->align >> HEAP_PAGE_SHIFT : 1,
		.grow = large->size >= heap->opts.grow / 2,	/* a buffer of its own */
	};
	struct heap_run *run = run_get(heap, &ask);
	void *ptr;

	if (!run) {
		pinbuf__heap_reclaim(heap);
		ask.grow = true;
		run = run_get(heap, &ask);
	}
	if (!run)
		return pinbuf__heap_exhausted(heap, large->size, large->align);
	settle_own(heap);
	account(heap, (int64_t)(ask.nr * HEAP_PAGE));
	ptr = (void *)heap_run_addr(run);
	PROBE3(heap_alloc, heap->name, ptr, large->size);
	pinbuf__check_give(run->buf, ptr, ask.nr * HEAP_PAGE);
	if (large->zeroed && !ask.was_zero)
		memset(ptr, 0, large->size);
	return ptr;
}

/* With heap->pages held; ends the program if there is no such block. */
static struct heap_run *run_of(struct pinbuf_heap *heap, struct heap_buffer *buf, const void *ptr)
{
	uintptr_t offset = (uintptr_t)ptr - buf->base;
	size_t page = offset >> HEAP_PAGE_SHIFT;
	struct heap_run *run = page < buf->nr_pages ? buf->run[page] : NULL;

	if (PINBUF_UNLIKELY(!run || run->kind != HEAP_RUN_BLOCK ||
			    run->page != page || offset % HEAP_PAGE)) {
		heap_unlock(&heap->pages);
		pinbuf__heap_misuse(heap, ptr, NULL);
	}
	return run;
}

void pinbuf__heap_large_free(struct pinbuf_heap *heap, struct heap_buffer *buf, void *ptr)
{
	struct heap_tally *tally = &heap->runs;
	struct heap_run *run;
	size_t len;

	heap_lock(&heap->pages);
	run = run_of(heap, buf, ptr);
	len = run->nr * HEAP_PAGE;
	PROBE2(heap_free, heap->name, ptr);
	pinbuf__check_take(buf, ptr, len);
	PINBUF_STORE(&tally->nr_frees, tally->nr_frees + 1);
	PINBUF_STORE(&tally->free_bytes, tally->free_bytes + len);
	pinbuf__heap_run_free(heap, run);
	heap_unlock(&heap->pages);
	settle_own(heap);
	account(heap, -(int64_t)len);
}

size_t pinbuf__heap_large_size(struct pinbuf_heap *heap, struct heap_buffer *buf, const void *ptr)
{
	size_t len;

	heap_lock(&heap->pages);
	len = run_of(heap, buf, ptr)->nr * HEAP_PAGE;
	heap_unlock(&heap->pages);
	return len;
}

/**
 * pinbuf__heap_large_resize() - change a large block's size in place
 * @heap: its heap
 * @buf: where it lies
 * @ptr: the block
 * @size: bytes, more than a page; 0 to ask for its length only
 * @old: written: its length, in bytes
 *
 * Return: whether it could; else nothing has changed.
 */
bool pinbuf__heap_large_resize(struct pinbuf_heap *heap, struct heap_buffer *buf, void *ptr,
			       size_t size, size_t *old)
{
	struct heap_tally *tally = &heap->runs;
	struct heap_run *run;
	int64_t change;
	bool done;

	heap_lock(&heap->pages);
	run = run_of(heap, buf, ptr);
	*old = run->nr * HEAP_PAGE;
	change = ((int64_t)pages_of(size) - (int64_t)run->nr) * HEAP_PAGE;
	done = size && pinbuf__heap_run_resize(heap, run, pages_of(size));
	if (done && PINBUF_UNLIKELY(pinbuf__checked))
		pinbuf__check_resize(buf, ptr, *old, run->nr * HEAP_PAGE);
	if (done && change > 0)
		PINBUF_STORE(&tally->alloc_bytes, tally->alloc_bytes + (uint64_t)change);
	else if (done)
		PINBUF_STORE(&tally->free_bytes, tally->free_bytes + (uint64_t)-change);
	heap_unlock(&heap->pages);
	if (done && change) {
		settle_own(heap);
		account(heap, change);
	}
	return done;
}
