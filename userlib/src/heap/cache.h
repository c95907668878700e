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

/* Two a cache line; all that a malloc or free touches of its class. */
struct heap_bin {
	struct heap_entry *top;		/* one past the newest */
	struct heap_entry *base;
	struct heap_entry *limit;
	uint64_t nr_allocs;		/* blocks given out */
};
_Static_assert(sizeof(struct heap_bin) == HEAP_BIN && HEAP_SMALL_MAX <= UINT16_MAX &&
	       HEAP_BIN * HEAP_NR_CLASSES <= UINT16_MAX, "the table of classes");

struct heap_cache {
	struct pinbuf_heap *heap;	/* NULL: of no heap any more */
	/*
	 * Live bytes since the thread was last below its cache are top - headroom,
	 * and top is the most that they were: one subtraction a block keeps both.
	 */
	int64_t headroom;
	int64_t top;
	/* of the page map, as this thread last used it */
	uintptr_t leaf_nr;
	uintptr_t *leaf;
	struct heap_bin bin[HEAP_NR_CLASSES] __attribute__((aligned(64)));

	int64_t nr_filled[HEAP_NR_CLASSES];	/* blocks from the centre, less those to it */
	uint16_t batch[HEAP_NR_CLASSES];	/* entries to fetch next time */
	uint32_t seen[HEAP_NR_CLASSES];		/* nr_allocs at the last visit */
	unsigned int tick;			/* class to visit next */
	struct heap_cache *ring;		/* the thread's next */
	struct heap_cache *prev, *next;		/* of the heap's; or next idle one */
};

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
static inline void heap_count(uint64_t *counter, uint64_t nr)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	__asm__("addq %1, %0" : "+m"(*counter) : "er"(nr) : "cc");
#else
	PINBUF_STORE(counter, *counter + nr);
#endif
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

/*
 * The page map's entry of an address, in one load that depends on it; 0 if it is of
 * another leaf than the last one, which the slow path makes the known one.
 */
static inline uintptr_t heap_cache_entry(const struct heap_cache *cache, uintptr_t addr)
{
	if (PINBUF_UNLIKELY(addr >> HEAP_LEAF_SHIFT != cache->leaf_nr))
		return 0;
	return heap_leaf_get(cache->leaf, addr);
}

static inline struct heap_bin *heap_cache_bin(struct heap_cache *cache, size_t offset)
{
	struct heap_bin *bin = (struct heap_bin *)((char *)cache->bin + offset);

	__asm__("" : "+r"(bin));	/* computed once, not for each field */
	return bin;
}

static inline size_t heap_bin_nr(const struct heap_bin *bin)
{
	return (size_t)(PINBUF_LOAD(&bin->top) - bin->base);
}

/* A block of a class, or false if none is at hand. */
__attribute__((always_inline))
static inline bool heap_cache_pop(struct heap_cache *cache, size_t size, void **ptr)
{
	struct heap_class cls = pinbuf__heap_classes[(size + HEAP_GRANULE - 1) / HEAP_GRANULE];
	struct heap_bin *bin = heap_cache_bin(cache, cls.bin);
	struct heap_entry *top = bin->top;

	if (PINBUF_UNLIKELY(top == bin->base))
		return false;
	top--;
	PINBUF_STORE(&bin->top, top);
	PINBUF_STORE(top->state, HEAP_LIVE);
	heap_count(&bin->nr_allocs, 1);
	if (PINBUF_UNLIKELY(heap_count_down(&cache->headroom, cls.size)))
		heap_cache_rose(cache);
	*ptr = top->ptr;
	return true;
}

/* Takes a live block of @size bytes; false if there is no room in the bin at @offset. */
__attribute__((always_inline))
static inline bool heap_cache_push(struct heap_cache *cache, size_t offset, size_t size,
				   struct heap_entry entry)
{
	struct heap_bin *bin = heap_cache_bin(cache, offset);
	struct heap_entry *top = bin->top;

	if (PINBUF_UNLIKELY(top == bin->limit))
		return false;
	*top = entry;
	PINBUF_STORE(entry.state, HEAP_IDLE);
	PINBUF_STORE(&bin->top, top + 1);
	heap_count((uint64_t *)&cache->headroom, size);
	return true;
}

#endif /* PINBUF_HEAP_CACHE_H */
