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
	/* blocks given out, times 2^16, plus the entries at hand, in bytes: of the newest
	 * that is its place in the bin */
	uint64_t word;
	uint32_t reciprocal;		/* of a block's size */
	uint16_t size;			/* bytes of a block */
	uint16_t full;			/* entries at hand, in bytes, when there is no room */
	struct heap_entry entry[];
} __attribute__((aligned(64)));

enum {
	HEAP_BIN_GIVEN = 1 << 16,	/* one block in a bin's word */
	HEAP_BIN_UNIT = 8,		/* of places of bins in a cache, bytes */
};
_Static_assert(offsetof(struct heap_bin, entry) == sizeof(struct heap_entry),
	       "the newest entry is where the word says");

struct heap_cache {
	uint64_t nothing;		/* 0, for a cache of no heap: an empty bin's word */
	struct pinbuf_heap *heap;	/* NULL: of no heap any more */
	/*
	 * Live bytes since the thread was last below its cache are top - headroom,
	 * and top is the most that they were: one subtraction a block keeps both.
	 */
	int64_t headroom;
	int64_t top;
	/* of the page map, as this thread last used it */
	uintptr_t chunk;		/* the leaf's first; HEAP_NO_CHUNK */
	uintptr_t *leaf;
	/* by the number of granules that a size takes: its bin's place */
	uint16_t place[HEAP_SMALL_MAX / HEAP_GRANULE + 1] __attribute__((aligned(64)));

	int64_t nr_filled[HEAP_NR_CLASSES];	/* blocks from the centre, less those to it */
	uint16_t batch[HEAP_NR_CLASSES];	/* entries to fetch next time */
	uint32_t seen[HEAP_NR_CLASSES];		/* blocks given out at the last visit */
	unsigned int tick;			/* class to visit next */
	struct heap_cache *ring;		/* the thread's next */
	struct heap_cache *prev, *next;		/* of the heap's; or next idle one */
	/* bins follow */
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
 * A counter with one writer.  One instruction where the compiler makes three of a
 * load, an addition and a relaxed store.
 */
static inline void heap_count_up(int64_t *counter, int64_t nr)
{
	PINBUF_ADD(counter, nr);
}

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

/* bytes that a bin takes */
static inline size_t heap_bin_len(size_t cls)
{
	size_t len = sizeof(struct heap_entry) * (1 + heap_class_cap(cls));

	return (len + 63) & -(size_t)64;
}

/* Where every cache has the bin of a class, in HEAP_BIN_UNIT; never 0. */
static inline size_t heap_bin_place(size_t cls)
{
	size_t len = sizeof(struct heap_cache), at;

	for (at = 0; at < cls; at++)
		len += heap_bin_len(at);
	return len / HEAP_BIN_UNIT;
}

static inline struct heap_bin *heap_cache_bin_at(struct heap_cache *cache, size_t place)
{
	struct heap_bin *bin = (struct heap_bin *)((char *)cache + place * HEAP_BIN_UNIT);

	__asm__("" : "+r"(bin));	/* computed once, not for each field */
	return bin;
}

static inline struct heap_bin *heap_cache_bin(const struct heap_cache *cache, size_t cls)
{
	size_t place = cache->place[heap_class_size(cls) / HEAP_GRANULE];

	return heap_cache_bin_at((struct heap_cache *)cache, place);
}

static inline size_t heap_bin_nr(const struct heap_bin *bin)
{
	return (uint16_t)PINBUF_LOAD(&bin->word) / sizeof(struct heap_entry);
}

/* blocks given out; the number wraps after 2^48 */
static inline uint64_t heap_bin_nr_given(const struct heap_bin *bin)
{
	return PINBUF_LOAD(&bin->word) / HEAP_BIN_GIVEN;
}

/* @nr entries more are at hand, or less. */
static inline void heap_bin_grow(struct heap_bin *bin, long nr)
{
	PINBUF_STORE(&bin->word, bin->word + (uint64_t)nr * sizeof(struct heap_entry));
}

static inline struct heap_entry *heap_bin_entry(struct heap_bin *bin, uint16_t place)
{
	return (struct heap_entry *)((char *)bin + place);
}

/* A block of a class, or false if none is at hand. */
__attribute__((always_inline))
static inline bool heap_cache_pop(struct heap_cache *cache, size_t size, void **ptr)
{
	size_t place = cache->place[(size + HEAP_GRANULE - 1) / HEAP_GRANULE];
	struct heap_bin *bin = heap_cache_bin_at(cache, place);
	uint64_t word = bin->word;
	struct heap_entry *newest = heap_bin_entry(bin, (uint16_t)word);

	if (PINBUF_UNLIKELY(!(uint16_t)word))
		return false;
	PINBUF_STORE(&bin->word, word + HEAP_BIN_GIVEN - sizeof(*newest));
	PINBUF_STORE(newest->state, HEAP_LIVE);
	if (PINBUF_UNLIKELY(heap_count_down(&cache->headroom, bin->size)))
		heap_cache_rose(cache);
	*ptr = newest->ptr;
	return true;
}

/* A live block comes back; false if there is no room in its bin. */
__attribute__((always_inline))
static inline bool heap_bin_push(struct heap_cache *cache, struct heap_bin *bin, void *ptr,
				 uint8_t *state)
{
	uint64_t word = bin->word;

	if (PINBUF_UNLIKELY((uint16_t)word == bin->full))
		return false;
	heap_bin_entry(bin, (uint16_t)word)[1] = (struct heap_entry){ ptr, state };
	PINBUF_STORE(&bin->word, word + sizeof(struct heap_entry));
	PINBUF_STORE(state, HEAP_IDLE);
	heap_count_up(&cache->headroom, bin->size);
	return true;
}

/*
 * Takes a block of the cache's heap back; false if it is none that is live, its bin is
 * full, or it is of another leaf than the last one: the slow path finds out.
 */
__attribute__((always_inline))
static inline bool heap_cache_take(struct heap_cache *cache, void *ptr)
{
	uintptr_t chunk = ((uintptr_t)ptr >> HEAP_CHUNK_SHIFT) - cache->chunk, entry;
	struct heap_bin *bin;
	uint8_t *state;
	size_t block;

	if (PINBUF_UNLIKELY(chunk >= HEAP_LEAF_SIZE))
		return false;
	entry = PINBUF_LOAD(&cache->leaf[chunk]);
	if (PINBUF_UNLIKELY(!heap_entry_is_span(entry)))
		return false;
	bin = heap_cache_bin_at(cache, heap_entry_bin(entry));
	if (PINBUF_UNLIKELY(!heap_block_at(ptr, bin->reciprocal, &block)))
		return false;
	state = (uint8_t *)(entry >> HEAP_ENTRY_SHIFT) + block;
	return PINBUF_LIKELY(PINBUF_LOAD(state) == HEAP_LIVE) &&
	       heap_bin_push(cache, bin, ptr, state);
}

#endif /* PINBUF_HEAP_CACHE_H */
