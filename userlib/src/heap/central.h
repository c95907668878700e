/* SPDX-License-Identifier: MIT */
/*
 * What lies between the threads' caches and the spans, for each class: a store of
 * blocks that one thread freed and another may want as they are, a batch at a
 * time, and the spans that have free blocks.
 */
#ifndef PINBUF_HEAP_CENTRAL_H
#define PINBUF_HEAP_CENTRAL_H

#include "lock.h"
#include "span.h"

struct pinbuf_heap;

enum { HEAP_FILLS = 4 };	/* lists of spans, by how full they are */

/* All protected by lock. */
struct heap_central {
	struct heap_lock lock;
	unsigned int nr;		/* entries of the store */
	unsigned int cap;
	bool used;			/* the store, since pinbuf__heap_central_tick() */
	struct heap_entry *store;
	struct heap_span *spans[HEAP_FILLS];
} __attribute__((aligned(64)));

unsigned int pinbuf__heap_central_take(struct pinbuf_heap *heap, unsigned int cls,
				       struct heap_entry *out, unsigned int nr, bool grow);
void pinbuf__heap_central_give(struct pinbuf_heap *heap, unsigned int cls,
			       const struct heap_entry *in, unsigned int nr, bool store);
void pinbuf__heap_central_tick(struct pinbuf_heap *heap, unsigned int cls);
void pinbuf__heap_central_flush(struct pinbuf_heap *heap, unsigned int cls);

#endif /* PINBUF_HEAP_CENTRAL_H */
