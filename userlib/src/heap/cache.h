/* SPDX-License-Identifier: MIT */
/*
 * A thread's cache: for each class an array of blocks at hand.  The arrays hold
 * pointers, so a block that is not live is never read or written.
 *
 * A thread has one cache for each heap that it uses, in a ring; the thread-local
 * pointer is at the one used last.  Only the owner touches bins and ring; others
 * read the counters.
 */
#ifndef PINBUF_HEAP_CACHE_H
#define PINBUF_HEAP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include <pinbuf/base.h>

#include "classes.h"
#include "span.h"

struct pinbuf_heap;

/*
 * A bin begins on a cache line of its own, with all that a malloc or a free needs to
 * know of its class; the entries that are used most share the line with it.
 */
struct heap_bin {
	struct heap_entry *top;		/* one past the newest */
	struct heap_entry *limit;	/* top, when there is no room */
	uint64_t nr_allocs;		/* blocks given out */
	uint32_t reciprocal;		/* of a block's size */
	uint32_t size;			/* bytes of a block */
	struct heap_entry entry[];
};

struct heap_cache {
	struct pinbuf_heap *heap;	/* NULL: of no heap any more */
	/*
	 * Live bytes since the thread was last below its cache are top - headroom,
	 * and top is the most that they were: one subtraction a block keeps both.
	 */
	int64_t headroom;
	int64_t top;
	/* of the page map, as this thread last used it */
	uintptr_t chunk;		/* the leaf's first; HEAP_NO_CHUNK */
	uintptr_t leaf;			/* where the entry of chunk 0 would be */
	/* by the number of granules that a size takes: its bin's offset, in eighths */
	uint16_t place[HEAP_SMALL_MAX / HEAP_GRANULE + 1] __attribute__((aligned(64)));

	int64_t nr_filled[HEAP_NR_CLASSES];	/* blocks from the centre, less those to it */
	uint16_t batch[HEAP_NR_CLASSES];	/* entries to fetch next time */
	uint32_t seen[HEAP_NR_CLASSES];		/* blocks given out at the last visit */
	unsigned int tick;			/* class to visit next */
	struct heap_cache *ring;		/* the thread's next */
	struct heap_cache *prev, *next;		/* of the heap's; or next idle one */
	/* bins follow, which begin where the next line does */
};

#define HEAP_NO_CHUNK	((uintptr_t)1 << 63)	/* far above any leaf */

/* Never NULL: a thread without a cache has one of no heap. */
extern _Thread_local struct heap_cache *pinbuf__heap_cache
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

struct heap_cache *pinbuf__heap_cache_of(struct pinbuf_heap *heap);
struct heap_cache *pinbuf__heap_cache_new(struct pinbuf_heap *heap);
void pinbuf__heap_cache_detach(struct heap_cache *cache);
void pinbuf__heap_cache_recycle(struct heap_cache *cache);
void pinbuf__heap_cache_orphan_all(struct pinbuf_heap *heap);

struct heap_tally;
void pinbuf__heap_cache_tally(const struct heap_cache *cache, struct heap_tally *sum);

/* fill.c */
bool pinbuf__heap_cache_fill(struct heap_cache *cache, unsigned int cls, bool grow);
void pinbuf__heap_cache_drain(struct heap_cache *cache, unsigned int cls, unsigned int keep);
void pinbuf__heap_cache_tick(struct heap_cache *cache);
void pinbuf__heap_cache_empty(struct heap_cache *cache);
void pinbuf__heap_cache_settle(struct heap_cache *cache);

/* fork */
void pinbuf__heap_caches_lock(void);
void pinbuf__heap_caches_unlock(void);
void pinbuf__heap_caches_child(void);

/*
 * A load of what others may write that is part of a comparison: compilers make two
 * instructions of an atomic one.
 */
#ifdef __SANITIZE_THREAD__
#define HEAP_PEEK(p)	PINBUF_LOAD(p)
#else
#define HEAP_PEEK(p)	(*(p))
#endif

/* Return: whether it is below 0 now. */
static inline bool heap_count_down(int64_t *counter, int64_t nr)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	bool below;

	__asm__("subq %2, %0" : "+m"(*counter), "=@ccs"(below) : "er"(nr));
	return below;
#else
	PINBUF_STORE(counter, *counter - nr);
	return *counter < 0;
#endif
}

static inline void heap_cache_rose(struct heap_cache *cache)
{
	PINBUF_STORE(&cache->top, cache->top - cache->headroom);
	PINBUF_STORE(&cache->headroom, 0);
}

/* The line of a cache in which the bin of a class begins. */
static inline size_t heap_bin_line(size_t cls)
{
	size_t len, line = (sizeof(struct heap_cache) + HEAP_LINE - 1) / HEAP_LINE, at;

	for (at = 0; at < cls; at++) {
		len = sizeof(struct heap_bin) + heap_class_cap(at) * sizeof(struct heap_entry);
		line += (len + HEAP_LINE - 1) / HEAP_LINE;
	}
	return line;
}

static inline struct heap_bin *heap_cache_bin_at(struct heap_cache *cache, size_t offset)
{
	struct heap_bin *bin = (struct heap_bin *)((char *)cache + offset);

	__asm__("" : "+r"(bin));	/* computed once, not for each field */
	return bin;
}

static inline struct heap_bin *heap_cache_bin(const struct heap_cache *cache, size_t cls)
{
	size_t place = cache->place[heap_class_size(cls) / HEAP_GRANULE];

	return heap_cache_bin_at((struct heap_cache *)cache, place * 8);
}

static inline size_t heap_bin_nr(const struct heap_bin *bin)
{
	return (size_t)(PINBUF_LOAD(&bin->top) - bin->entry);
}

/* A block of a class, or false if none is at hand. */
__attribute__((always_inline))
static inline bool heap_cache_pop(struct heap_cache *cache, size_t size, void **ptr)
{
	size_t place = cache->place[(size + HEAP_GRANULE - 1) / HEAP_GRANULE];
	struct heap_bin *bin = heap_cache_bin_at(cache, place * 8);
	struct heap_entry *top = bin->top;

	if (PINBUF_UNLIKELY(top == bin->entry))
		return false;
	top--;
	PINBUF_STORE(&bin->top, top);
	PINBUF_ADD(&bin->nr_allocs, 1);
	PINBUF_STORE(top->state, HEAP_LIVE);
	if (PINBUF_UNLIKELY(heap_count_down(&cache->headroom, bin->size)))
		heap_cache_rose(cache);
	*ptr = top->ptr;
	return true;
}

/* A live block comes back; false if there is no room in its bin. */
__attribute__((always_inline))
static inline bool heap_bin_push(struct heap_cache *cache, struct heap_bin *bin, void *ptr,
				 uint8_t *state)
{
	struct heap_entry *top = bin->top;

	if (PINBUF_UNLIKELY(top == bin->limit))
		return false;
	*top = (struct heap_entry){ ptr, state };
	PINBUF_STORE(&bin->top, top + 1);
	PINBUF_STORE(state, HEAP_IDLE);
	PINBUF_ADD(&cache->headroom, bin->size);
	return true;
}

/*
 * Takes a block of the cache's heap back; false if it is none that is live, its bin is
 * full, or it is of another leaf than the last one: the slow path finds out.
 *
 * Where it stores follows from the pointer in as few steps as can be: a processor holds
 * later loads back until it knows.  So the state is found by a shift that the entry
 * has; whether a block begins there is a product that only a branch waits for.
 */
__attribute__((always_inline))
static inline bool heap_cache_take(struct heap_cache *cache, void *ptr)
{
	uintptr_t chunk = (uintptr_t)ptr >> HEAP_CHUNK_SHIFT, entry;
	struct heap_bin *bin;
	uint8_t *state;

	if (PINBUF_UNLIKELY(chunk - cache->chunk >= HEAP_LEAF_SIZE))
		return false;
	entry = PINBUF_LOAD((uintptr_t *)(cache->leaf + chunk * sizeof(entry)));
	if (PINBUF_UNLIKELY(!heap_entry_is_span(entry)))
		return false;
	bin = heap_cache_bin_at(cache, heap_entry_bin(entry));
	state = heap_entry_state(entry, ptr);
	return PINBUF_LIKELY(heap_begins_block(ptr, bin->reciprocal) &&
			     HEAP_PEEK(state) == HEAP_LIVE) &&
	       heap_bin_push(cache, bin, ptr, state);
}

#endif /* PINBUF_HEAP_CACHE_H */
