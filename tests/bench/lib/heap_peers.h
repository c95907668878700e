/* SPDX-License-Identifier: MIT */
/* Allocators side by side in one program. */
#ifndef BENCH_HEAP_PEERS_H
#define BENCH_HEAP_PEERS_H

#include <stddef.h>

struct pinbuf_heap;

struct peer {
	const char *name;
	const char *library;		/* for dlopen(); NULL: this program's */
	const char *prefix;		/* of its functions */
	const char *skipped;		/* why it is not here */
	struct pinbuf_heap *heap;	/* ours, called with it as first argument */
	void *(*malloc)(size_t size);
	void (*free)(void *ptr);
	void *(*realloc)(void *ptr, size_t size);
	int (*posix_memalign)(void **out, size_t align, size_t size);
	void *(*heap_malloc)(struct pinbuf_heap *heap, size_t size);
	void (*heap_free)(struct pinbuf_heap *heap, void *ptr);
	void *(*heap_realloc)(struct pinbuf_heap *heap, void *ptr, size_t size);
	void *(*heap_aligned)(struct pinbuf_heap *heap, size_t align, size_t size);
};

enum { PEER_PINBUF, PEER_NOTHING, PEER_OTHERS };

extern struct peer peers[];
extern const size_t nr_peers;

void peers_open(const char *front);

static inline void *peer_alloc(const struct peer *p, size_t size)
{
	return p->heap ? p->heap_malloc(p->heap, size) : p->malloc(size);
}

static inline void peer_free(const struct peer *p, void *ptr)
{
	if (p->heap)
		p->heap_free(p->heap, ptr);
	else
		p->free(ptr);
}

static inline void *peer_realloc(const struct peer *p, void *ptr, size_t size)
{
	return p->heap ? p->heap_realloc(p->heap, ptr, size) : p->realloc(ptr, size);
}

static inline void *peer_aligned(const struct peer *p, size_t align, size_t size)
{
	void *ptr;

	if (p->heap)
		return p->heap_aligned(p->heap, align, size);
	return p->posix_memalign(&ptr, align, size) ? NULL : ptr;
}

#endif /* BENCH_HEAP_PEERS_H */
