// SPDX-License-Identifier: MIT
/*
 * Spans come and go with the pages lock held; their descriptors, whose size only
 * depends on the class, are kept for the next span of it.
 */
#include <string.h>

#include "cache.h"
#include "core.h"
#include "runs.h"
#include "span.h"

static size_t span_nr(unsigned int cls)
{
	return HEAP_CHUNK / heap_class_size(cls);
}

/* Of a size's largest power of two: no two blocks have the same state. */
static unsigned int state_shift(unsigned int cls)
{
	return 31 - (unsigned int)__builtin_clz((unsigned int)heap_class_size(cls));
}

static size_t books_offset(unsigned int cls)
{
	size_t states = HEAP_CHUNK >> state_shift(cls);

	return sizeof(struct heap_span) + (states + HEAP_LINE - 1) / HEAP_LINE * HEAP_LINE;
}

static struct heap_span *span_describe(struct pinbuf_heap *heap, unsigned int cls)
{
	size_t nr = span_nr(cls), words = (nr + 63) / 64;
	struct heap_span *span = heap->idle_spans[cls];

	if (span) {
		heap->idle_spans[cls] = span->books->next;
		return span;
	}
	span = pinbuf__heap_meta_alloc(&heap->meta, books_offset(cls) +
				       sizeof(struct heap_span_books) + words * sizeof(uint64_t));
	if (!span)
		return NULL;
	span->heap = heap;
	span->cls = (uint16_t)cls;
	span->nr = (uint16_t)nr;
	span->shift = (uint16_t)state_shift(cls);
	span->size = (uint16_t)heap_class_size(cls);
	span->reciprocal = heap_class_reciprocal(cls);
	span->books = (struct heap_span_books *)((char *)span + books_offset(cls));
	return span;
}

static void describe_undo(struct pinbuf_heap *heap, struct heap_span *span)
{
	span->books->next = heap->idle_spans[span->cls];
	heap->idle_spans[span->cls] = span;
}

static void books_open(struct heap_span_books *books, size_t nr)
{
	memset(books->free, 0, (nr + 63) / 64 * sizeof(uint64_t));
	books->prev = books->next = NULL;
	books->nr_fresh = (uint32_t)nr;
	books->nr_free = 0;
	books->hint = 0;
}

/* NULL as pinbuf__heap_run_alloc(). */
struct heap_span *pinbuf__heap_span_new(struct pinbuf_heap *heap, unsigned int cls, bool grow)
{
	struct heap_run_ask ask = {
		.nr = HEAP_CHUNK / HEAP_PAGE, .align = HEAP_CHUNK / HEAP_PAGE,
		.kind = HEAP_RUN_SPAN, .grow = grow,
	};
	struct heap_span *span;

	heap_lock(&heap->pages);
	span = span_describe(heap, cls);
	if (!span)
		goto out;
	span->run = pinbuf__heap_run_alloc(heap, &ask);
	if (!span->run) {
		describe_undo(heap, span);
		span = NULL;
		goto out;
	}
	span->base = heap_run_addr(span->run);
	books_open(span->books, span->nr);
	PINBUF_STORE(&heap->span_waste, heap->span_waste + HEAP_CHUNK % span->size);
	pinbuf__heap_map_set(&heap->map, span->base, HEAP_CHUNK,
			     heap_span_entry(span->state, heap_bin_line(cls), span->shift));
out:
	heap_unlock(&heap->pages);
	return span;
}

void pinbuf__heap_span_drop(struct pinbuf_heap *heap, struct heap_span *span)
{
	heap_lock(&heap->pages);
	pinbuf__heap_map_set(&heap->map, span->base, HEAP_CHUNK, heap_buffer_entry(span->run->buf));
	PINBUF_STORE(&heap->span_waste, heap->span_waste - HEAP_CHUNK % span->size);
	describe_undo(heap, span);
	pinbuf__heap_run_free(heap, span->run);
	heap_unlock(&heap->pages);
}

static void entry_set(struct heap_entry *entry, struct heap_span *span, unsigned int block)
{
	entry->ptr = (void *)(span->base + (uintptr_t)block * span->size);
	entry->state = heap_span_state(span, entry->ptr);
}

/**
 * pinbuf__heap_span_take() - blocks of a span
 * @span: its class's lock is held
 * @out: written; the first to be popped, which is the lowest block, comes last
 * @nr: how many at most
 *
 * Return: how many.
 */
unsigned int pinbuf__heap_span_take(struct heap_span *span, struct heap_entry *out,
				    unsigned int nr)
{
	struct heap_span_books *books = span->books;
	unsigned int taken = 0, first;

	if (nr > books->nr_free + books->nr_fresh)
		nr = books->nr_free + books->nr_fresh;
	while (taken < nr && books->nr_free) {
		uint64_t *word = &books->free[books->hint];

		if (!*word) {
			books->hint++;
			continue;
		}
		entry_set(&out[nr - ++taken], span,
			  books->hint * 64 + (unsigned int)__builtin_ctzll(*word));
		*word &= *word - 1;
		books->nr_free--;
	}
	for (first = span->nr - books->nr_fresh; taken < nr; first++) {
		entry_set(&out[nr - ++taken], span, first);
		books->nr_fresh--;
	}
	return nr;
}

/* Return: whether it was full before. */
bool pinbuf__heap_span_give(struct heap_span *span, const void *ptr)
{
	struct heap_span_books *books = span->books;
	bool was_full = !books->nr_free && !books->nr_fresh;
	size_t block = heap_span_block(span, ptr);

	books->free[block / 64] |= (uint64_t)1 << block % 64;
	books->nr_free++;
	if (block / 64 < books->hint)
		books->hint = (uint32_t)(block / 64);
	return was_full;
}
