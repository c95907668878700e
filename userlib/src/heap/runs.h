/* SPDX-License-Identifier: MIT */
/*
 * Runs of pages: the free ones of a heap in a tree by (length, address), so that
 * the smallest that is long enough is found, and the lowest of those; each
 * buffer's by their first and last page, so that neighbours are found.
 */
#ifndef PINBUF_HEAP_RUNS_H
#define PINBUF_HEAP_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

struct pinbuf_heap;

enum heap_run_kind {
	HEAP_RUN_FREE,
	HEAP_RUN_BLOCK,		/* one block, above a page or aligned above one */
	HEAP_RUN_SPAN,		/* cut up */
};

struct heap_run {
	struct heap_buffer *buf;
	size_t page;			/* the first, of @buf */
	size_t nr;
	struct heap_run *left, *right;	/* of the tree, when free */
	uint32_t prio;
	enum heap_run_kind kind;
};

/* what a run must be */
struct heap_run_ask {
	size_t nr;			/* pages */
	size_t align;			/* pages, a power of two */
	enum heap_run_kind kind;
	bool roomy;			/* where it can grow */
	bool grow;			/* by a new buffer, if there is no free run */
	bool was_zero;			/* written: all its bytes are 0 already */
};

static inline uintptr_t heap_run_addr(const struct heap_run *run)
{
	return run->buf->base + run->page * HEAP_PAGE;
}

/* All with heap->pages held. */
struct heap_run *pinbuf__heap_run_alloc(struct pinbuf_heap *heap, struct heap_run_ask *ask);
void pinbuf__heap_run_free(struct pinbuf_heap *heap, struct heap_run *run);
bool pinbuf__heap_run_resize(struct pinbuf_heap *heap, struct heap_run *run, size_t nr);
struct heap_run *pinbuf__heap_run_largest(struct pinbuf_heap *heap);
void pinbuf__heap_runs_trim(struct pinbuf_heap *heap);
struct heap_run *pinbuf__heap_run_new(struct pinbuf_heap *heap, struct heap_buffer *buf,
				      size_t page, size_t nr);
void pinbuf__heap_run_drop(struct pinbuf_heap *heap, struct heap_run *run);

/* tree.c */
void pinbuf__heap_tree_add(struct heap_run **root, struct heap_run *run);
void pinbuf__heap_tree_del(struct heap_run **root, struct heap_run *run);
struct heap_run *pinbuf__heap_tree_find(struct heap_run *root, size_t nr, uintptr_t addr);
struct heap_run *pinbuf__heap_tree_last(struct heap_run *root);

#endif /* PINBUF_HEAP_RUNS_H */
