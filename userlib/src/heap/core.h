/* SPDX-License-Identifier: MIT */
/*
 * A heap, and how its parts lie on top of each other:
 *
 *	cache	blocks that a thread has at hand, by class	no lock
 *	central	blocks on their way between threads		a lock a class
 *	span	64 KiB cut into blocks of one class		its class's lock
 *	runs	free and live pages of the buffers		heap->pages
 *	source	gets and puts buffers				heap->pages
 *
 * Lock order: heap->spare, a class, heap->pages, the list of caches.
 */
#ifndef PINBUF_HEAP_CORE_H
#define PINBUF_HEAP_CORE_H

#include <pinbuf/heap.h>
#include <pinbuf/region.h>

#include "central.h"
#include "classes.h"
#include "lock.h"
#include "meta.h"
#include "pagemap.h"

enum { HEAP_NAME = 32 };

struct heap_buffer;
struct heap_cache;
struct heap_run;
struct heap_span;

/* counters of what is not in a living cache */
struct heap_tally {
	uint64_t nr_allocs, nr_frees;
	uint64_t alloc_bytes, free_bytes;
};

struct pinbuf_heap {
	struct pinbuf_region region;
	char name[HEAP_NAME];
	struct pinbuf_heap_opts opts;
	struct pinbuf_heap_source source;
	struct pinbuf_heap *prev, *next;	/* of all heaps, for fork */

	/* live bytes as of each thread's last visit below its cache, and the most */
	int64_t live;
	int64_t peak;

	struct heap_lock pages __attribute__((aligned(64)));
	struct heap_run *free_runs;		/* tree, by (pages, address) */
	struct heap_run *recent;		/* the run that was freed last, or NULL */
	struct heap_run *idle_runs;		/* descriptors, by left */
	struct heap_buffer *buffers;
	struct heap_span *idle_spans[HEAP_NR_CLASSES];
	struct heap_meta meta;
	uint32_t seed;
	size_t held;				/* bytes of buffers */
	size_t empty;				/* of them, bytes of empty ones */
	size_t free_pages;
	size_t span_waste;			/* tails of spans, bytes */
	struct heap_tally runs;			/* blocks above a page */

	struct heap_lock spare_lock __attribute__((aligned(64)));
	struct heap_cache *spare;		/* for threads that are ending */
	struct heap_cache *caches;		/* all; under the global list's lock */
	struct heap_tally retired;		/* of caches that went */

	struct heap_central central[HEAP_NR_CLASSES];
	struct heap_map map;			/* written with pages held */
};

#endif /* PINBUF_HEAP_CORE_H */
