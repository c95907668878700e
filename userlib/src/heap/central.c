// SPDX-License-Identifier: MIT
/*
 * The spans of a class with free blocks are kept in four lists by how full they
 * are, and the fullest give first, so that the others become empty and go.
 */
#include <string.h>

#include "central.h"
#include "core.h"

/* 0 for the emptiest quarter */
static unsigned int span_fill(const struct heap_span *span)
{
	unsigned int live = span->nr - span->books->nr_free - span->books->nr_fresh;

	return live * HEAP_FILLS / (span->nr + 1u);
}

static void span_link(struct heap_central *central, struct heap_span *span)
{
	struct heap_span **list = &central->spans[span_fill(span)];

	span->books->prev = NULL;
	span->books->next = *list;
	if (*list)
		(*list)->books->prev = span;
	*list = span;
}

/* @fill: as it was when it was linked */
static void span_unlink(struct heap_central *central, struct heap_span *span, unsigned int fill)
{
	struct heap_span_books *books = span->books;

	if (books->next)
		books->next->books->prev = books->prev;
	if (books->prev)
		books->prev->books->next = books->next;
	else
		central->spans[fill] = books->next;
}

static struct heap_span *fullest(struct heap_central *central)
{
	int i;

	for (i = HEAP_FILLS - 1; i >= 0; i--)
		if (central->spans[i])
			return central->spans[i];
	return NULL;
}

/**
 * pinbuf__heap_central_take() - blocks for a thread's cache
 * @heap: the heap
 * @cls: the class
 * @out: written
 * @nr: how many at most, more than 0
 * @grow: by a new buffer, if there is no free run
 *
 * Return: how many; 0 if there is no memory, as pinbuf__heap_run_alloc().
 */
unsigned int pinbuf__heap_central_take(struct pinbuf_heap *heap, unsigned int cls,
				       struct heap_entry *out, unsigned int nr, bool grow)
{
	struct heap_central *central = &heap->central[cls];
	struct heap_span *span;

	heap_lock(&central->lock);
	if (central->nr) {
		if (nr > central->nr)
			nr = central->nr;
		PINBUF_STORE(&central->nr, central->nr - nr);
		central->used = true;
		memcpy(out, &central->store[central->nr], nr * sizeof(*out));
		goto out;
	}
	span = fullest(central);
	if (span)
		span_unlink(central, span, span_fill(span));
	else
		span = pinbuf__heap_span_new(heap, cls, grow);
	nr = span ? pinbuf__heap_span_take(span, out, nr) : 0;
	if (span && heap_span_has_free(span))
		span_link(central, span);
out:
	heap_unlock(&central->lock);
	return nr;
}

static void span_return(struct pinbuf_heap *heap, struct heap_central *central, void *ptr)
{
	struct heap_span *span = heap_entry_span(heap_map_get(&heap->map, (uintptr_t)ptr));
	unsigned int fill = span_fill(span);
	bool was_full = pinbuf__heap_span_give(span, ptr);

	if (heap_span_is_empty(span)) {
		if (!was_full)
			span_unlink(central, span, fill);
		pinbuf__heap_span_drop(heap, span);
	} else if (was_full) {
		span_link(central, span);
	} else if (fill != span_fill(span)) {
		span_unlink(central, span, fill);
		span_link(central, span);
	}
}

/**
 * pinbuf__heap_central_give() - blocks that a thread has too many of
 * @heap: the heap
 * @cls: their class
 * @in: the blocks
 * @nr: how many
 * @store: whether another thread may want them as they are; else all of them go back
 *	to their spans
 */
void pinbuf__heap_central_give(struct pinbuf_heap *heap, unsigned int cls,
			       const struct heap_entry *in, unsigned int nr, bool store)
{
	struct heap_central *central = &heap->central[cls];
	unsigned int stored;

	heap_lock(&central->lock);
	stored = store ? central->cap - central->nr : 0;
	if (stored > nr)
		stored = nr;
	memcpy(&central->store[central->nr], in, stored * sizeof(*in));
	PINBUF_STORE(&central->nr, central->nr + stored);
	for (; stored < nr; stored++)
		span_return(heap, central, in[stored].ptr);
	heap_unlock(&central->lock);
}

static void store_empty(struct pinbuf_heap *heap, struct heap_central *central)
{
	while (central->nr) {
		PINBUF_STORE(&central->nr, central->nr - 1);
		span_return(heap, central, central->store[central->nr].ptr);
	}
}

/* The store's blocks go back to their spans. */
void pinbuf__heap_central_flush(struct pinbuf_heap *heap, unsigned int cls)
{
	struct heap_central *central = &heap->central[cls];

	heap_lock(&central->lock);
	store_empty(heap, central);
	heap_unlock(&central->lock);
}

/* From time to time: a store that nobody took from is emptied. */
void pinbuf__heap_central_tick(struct pinbuf_heap *heap, unsigned int cls)
{
	struct heap_central *central = &heap->central[cls];

	if (!PINBUF_LOAD(&central->nr))
		return;
	heap_lock(&central->lock);
	if (!central->used)
		store_empty(heap, central);
	central->used = false;
	heap_unlock(&central->lock);
}
