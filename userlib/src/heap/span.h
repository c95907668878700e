/* SPDX-License-Identifier: MIT */
/*
 * A span: a chunk of 64 KiB cut into blocks of one class.
 *
 * Its descriptor lies apart from it, in three parts on cache lines of their own:
 * what never changes; a byte a block, that says whether the block is live, written
 * by whoever allocates and frees it, which is all that they touch; what is changed
 * with the class's lock held.
 */
#ifndef PINBUF_HEAP_SPAN_H
#define PINBUF_HEAP_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pagemap.h"

struct heap_run;
struct pinbuf_heap;

enum { HEAP_IDLE, HEAP_LIVE };		/* a block's state */

struct heap_span_books {
	struct heap_span *prev, *next;	/* of the spans of its class with free blocks */
	uint32_t nr_fresh;		/* blocks never given out: the last ones */
	uint32_t nr_free;		/* set bits */
	uint32_t hint;			/* words below it are 0 */
	uint64_t free[];		/* a bit a block */
};

struct heap_span {
	struct pinbuf_heap *heap;
	uintptr_t base;
	uint32_t reciprocal;		/* 2^32 / size of a block, rounded up */
	uint16_t size;			/* bytes of a block */
	uint16_t cls;
	uint16_t nr;			/* blocks */
	uint16_t shift;			/* from a block's offset to its state */
	struct heap_run *run;
	struct heap_span_books *books;
	uint8_t state[] __attribute__((aligned(64)));
};

/* a block on its way, and the byte that says whether it is live */
struct heap_entry {
	void *ptr;
	uint8_t *state;
};

static inline struct heap_span *heap_entry_span(uintptr_t entry)
{
	return (struct heap_span *)((entry >> HEAP_ENTRY_SHIFT) - offsetof(struct heap_span, state));
}

/*
 * Whether a block begins at an address of a span.  Spans are aligned at their size.  The
 * product's upper half is the quotient; its lower half is below the reciprocal just when
 * nothing remains, as offsets and sizes are below 2^16.
 */
static inline bool heap_begins_block(const void *ptr, uint32_t reciprocal)
{
	return (uint32_t)((uintptr_t)ptr % HEAP_CHUNK) * reciprocal < reciprocal;
}

/* The number of the block that begins at an address. */
static inline size_t heap_span_block(const struct heap_span *span, const void *ptr)
{
	return (uint64_t)((uintptr_t)ptr % HEAP_CHUNK) * span->reciprocal >> 32;
}

static inline uint8_t *heap_span_state(struct heap_span *span, const void *ptr)
{
	return &span->state[(uintptr_t)ptr % HEAP_CHUNK >> span->shift];
}

static inline bool heap_span_has_live(struct heap_span *span, const void *ptr)
{
	return heap_begins_block(ptr, span->reciprocal) &&
	       PINBUF_LOAD(heap_span_state(span, ptr)) == HEAP_LIVE;
}

/* With the class's lock held, which all but the first need. */
struct heap_span *pinbuf__heap_span_new(struct pinbuf_heap *heap, unsigned int cls, bool grow);
void pinbuf__heap_span_drop(struct pinbuf_heap *heap, struct heap_span *span);
unsigned int pinbuf__heap_span_take(struct heap_span *span, struct heap_entry *out,
				    unsigned int nr);
bool pinbuf__heap_span_give(struct heap_span *span, const void *ptr);

static inline bool heap_span_has_free(const struct heap_span *span)
{
	return span->books->nr_free || span->books->nr_fresh;
}

static inline bool heap_span_is_empty(const struct heap_span *span)
{
	return span->books->nr_free + span->books->nr_fresh == span->nr;
}

#endif /* PINBUF_HEAP_SPAN_H */
