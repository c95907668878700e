/* SPDX-License-Identifier: MIT */
/* One piece of memory of a heap, as it came from the source. */
#ifndef PINBUF_HEAP_BUFFER_H
#define PINBUF_HEAP_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/heap.h>

#include "classes.h"

struct heap_run;

struct heap_buffer {
	struct pinbuf_heap *heap;
	uintptr_t base;			/* a multiple of a chunk */
	size_t nr_pages;
	size_t fresh;			/* pages from here on were never given out */
	struct heap_run **run;		/* of first and last pages; else NULL */
	struct heap_buffer *prev, *next;
	struct pinbuf_heap_pages pages;
};

/* Both with heap->pages held. */
struct heap_buffer *pinbuf__heap_buffer_get(struct pinbuf_heap *heap, size_t nr_pages);
void pinbuf__heap_buffer_put(struct pinbuf_heap *heap, struct heap_buffer *buf);

#endif /* PINBUF_HEAP_BUFFER_H */
