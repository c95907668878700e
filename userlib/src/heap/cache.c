// SPDX-License-Identifier: MIT
/*
 * Caches come and go with threads and heaps.  Their memory belongs to the process
 * and is never unmapped: a thread may find one in its ring whose heap is gone, and
 * takes it for the next.  What a thread leaves when it ends goes to the next one.
 *
 * A thread that frees while it ends, in a destructor that runs after ours, gets no
 * second cache, which nobody would take from it: it uses its heap's spare one.
 */
#include <pthread.h>
#include <string.h>

#include "../check.h"
#include "cache.h"
#include "core.h"

/* Of no heap: theirs is NULL.  They have no bins, and nobody writes to them. */
static struct heap_cache none = { .chunk = HEAP_NO_CHUNK };
static struct heap_cache ended = { .chunk = HEAP_NO_CHUNK };

_Thread_local struct heap_cache *pinbuf__heap_cache
	__attribute__((tls_model("initial-exec"))) = &none;

/* Protects what follows, and the list of caches of every heap. */
static struct heap_lock lock;
static struct heap_cache *idle;
static struct heap_meta meta;

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool key_works;

static void bins_init(struct heap_cache *cache)
{
	struct heap_bin *bin;
	unsigned int cls;
	size_t nr;

	for (nr = 0; nr <= HEAP_SMALL_MAX / HEAP_GRANULE; nr++)
		cache->place[nr] = (uint16_t)(heap_bin_line(heap_class(nr * HEAP_GRANULE)) *
					      HEAP_LINE / 8);
	for (cls = 0; cls < HEAP_NR_CLASSES; cls++) {
		bin = heap_cache_bin(cache, cls);
		bin->top = bin->entry;
		bin->limit = bin->entry + heap_class_cap(cls);
		bin->nr_allocs = 0;
		bin->reciprocal = heap_class_reciprocal(cls);
		bin->size = (uint32_t)heap_class_size(cls);
		cache->nr_filled[cls] = 0;
		cache->batch[cls] = 1;
		cache->seen[cls] = 0;
	}
}

static void cache_init(struct heap_cache *cache, struct pinbuf_heap *heap)
{
	bins_init(cache);
	cache->headroom = 0;
	cache->top = 0;
	cache->chunk = HEAP_NO_CHUNK;
	cache->prev = NULL;
	cache->next = heap->caches;
	if (cache->next)
		cache->next->prev = cache;
	heap->caches = cache;
	__atomic_store_n(&cache->heap, heap, __ATOMIC_RELAXED);
}

/* One that is in nobody's ring; NULL if there is no memory. */
struct heap_cache *pinbuf__heap_cache_new(struct pinbuf_heap *heap)
{
	struct heap_cache *cache;

	heap_lock(&lock);
	cache = idle;
	if (cache)
		idle = cache->next;
	else
		cache = pinbuf__heap_meta_alloc(&meta, heap_bin_line(HEAP_NR_CLASSES) * HEAP_LINE);
	if (cache)
		cache_init(cache, heap);
	heap_unlock(&lock);
	return cache;
}

/* The counters of a cache join a sum. */
void pinbuf__heap_cache_tally(const struct heap_cache *cache, struct heap_tally *sum)
{
	unsigned int cls;

	for (cls = 0; cls < HEAP_NR_CLASSES; cls++) {
		const struct heap_bin *bin = heap_cache_bin(cache, cls);
		uint64_t nr_allocs = PINBUF_LOAD(&bin->nr_allocs);
		uint64_t nr_frees = nr_allocs + heap_bin_nr(bin) -
				    (uint64_t)PINBUF_LOAD(&cache->nr_filled[cls]);

		sum->nr_allocs += nr_allocs;
		sum->nr_frees += nr_frees;
		sum->alloc_bytes += nr_allocs * heap_class_size(cls);
		sum->free_bytes += nr_frees * heap_class_size(cls);
	}
}

/* Its blocks have gone; its counters stay with the heap. */
void pinbuf__heap_cache_detach(struct heap_cache *cache)
{
	struct pinbuf_heap *heap = cache->heap;

	heap_lock(&lock);
	pinbuf__heap_cache_tally(cache, &heap->retired);
	if (cache->next)
		cache->next->prev = cache->prev;
	if (cache->prev)
		cache->prev->next = cache->next;
	else
		heap->caches = cache->next;
	__atomic_store_n(&cache->heap, NULL, __ATOMIC_RELAXED);
	cache->next = idle;
	idle = cache;
	heap_unlock(&lock);
}

/* The heap goes: its caches stay in the rings of their threads. */
void pinbuf__heap_cache_orphan_all(struct pinbuf_heap *heap)
{
	struct heap_cache *cache;

	heap_lock(&lock);
	for (cache = heap->caches; cache; cache = cache->next)
		__atomic_store_n(&cache->heap, NULL, __ATOMIC_RELEASE);
	heap->caches = NULL;
	heap_unlock(&lock);
}

/* One of no heap, and in nobody's ring. */
void pinbuf__heap_cache_recycle(struct heap_cache *cache)
{
	heap_lock(&lock);
	cache->next = idle;
	idle = cache;
	heap_unlock(&lock);
}

static void thread_ends(void *value)
{
	struct heap_cache *first = pinbuf__heap_cache, *cache = first, *next;

	(void)value;
	if (first == &none || first == &ended)
		return;
	pinbuf__heap_cache = &ended;
	do {
		next = cache->ring;
		if (__atomic_load_n(&cache->heap, __ATOMIC_ACQUIRE)) {
			pinbuf__heap_cache_empty(cache);
			pinbuf__heap_cache_detach(cache);
		} else {
			pinbuf__heap_cache_recycle(cache);
		}
		cache = next;
	} while (cache != first);
}

static void key_make(void)
{
	key_works = !pthread_key_create(&key, thread_ends);
}

/* An orphan of the ring for another heap. */
static struct heap_cache *ring_adopt(struct heap_cache *cache, struct pinbuf_heap *heap)
{
	heap_lock(&lock);
	cache_init(cache, heap);
	heap_unlock(&lock);
	return cache;
}

static struct heap_cache *ring_find(struct heap_cache *first, struct pinbuf_heap *heap)
{
	struct heap_cache *cache = first, *orphan = NULL;

	do {
		struct pinbuf_heap *of = __atomic_load_n(&cache->heap, __ATOMIC_ACQUIRE);

		if (of == heap)
			return cache;
		if (!of)
			orphan = cache;
		cache = cache->ring;
	} while (cache != first);
	return orphan ? ring_adopt(orphan, heap) : NULL;
}

/**
 * pinbuf__heap_cache_of() - this thread's cache of a heap, made if there is none
 * @heap: the heap
 *
 * Return: the cache, which the thread-local pointer is at now; NULL if the thread
 * is ending, there is no memory or somebody looks: then the spare one is used.
 */
struct heap_cache *pinbuf__heap_cache_of(struct pinbuf_heap *heap)
{
	struct heap_cache *first = pinbuf__heap_cache, *cache;

	if (first == &ended || pinbuf__checked)
		return NULL;
	cache = first == &none ? NULL : ring_find(first, heap);
	if (cache) {
		pinbuf__heap_cache = cache;
		return cache;
	}
	pthread_once(&key_once, key_make);
	if (!key_works)
		return NULL;
	cache = pinbuf__heap_cache_new(heap);
	if (!cache)
		return NULL;
	cache->ring = first == &none ? cache : first->ring;
	if (first != &none)
		first->ring = cache;
	pinbuf__heap_cache = cache;
	if (first == &none)
		pthread_setspecific(key, cache);	/* may allocate: we are ready */
	return cache;
}

void pinbuf__heap_caches_lock(void)
{
	heap_lock(&lock);
}

void pinbuf__heap_caches_unlock(void)
{
	heap_unlock(&lock);
}

void pinbuf__heap_caches_child(void)
{
	heap_lock_reset(&lock);
}
