// SPDX-License-Identifier: MIT
/*
 * Buffers join and leave a heap.  A buffer's descriptor and its table of runs are
 * one mapping, of which only what is used becomes resident: 8 bytes a page.
 *
 * How much to get: an eighth of what the heap holds, so that a heap of any size
 * has a moderate number of buffers, at least opts.grow.  A block of half of that
 * or more gets a buffer of exactly its pages, or a heap of a few large blocks
 * would hold up to twice what was asked for.
 */
#include <errno.h>
#include <stdint.h>

#include "../check.h"
#include "../internal.h"
#include "../process.h"
#include "buffer.h"
#include "core.h"
#include "pagemap.h"

static size_t table_size(size_t nr_pages)
{
	return sizeof(struct heap_buffer) + nr_pages * sizeof(struct heap_run *);
}

static void pages_trim(struct heap_buffer *buf)
{
	uintptr_t start = (uintptr_t)buf->pages.addr;
	uintptr_t end = start + buf->pages.len;

	buf->base = (start + HEAP_CHUNK - 1) & -(uintptr_t)HEAP_CHUNK;
	buf->nr_pages = end > buf->base ? (end - buf->base) >> HEAP_PAGE_SHIFT : 0;
	buf->fresh = buf->pages.zeroed && !pinbuf__checked ? 0 : buf->nr_pages;
}

static struct heap_buffer *buffer_make(struct pinbuf_heap *heap,
				       const struct pinbuf_heap_pages *pages)
{
	size_t len = table_size(pages->len >> HEAP_PAGE_SHIFT);
	struct heap_buffer *buf = pinbuf__heap_meta_map(len);

	if (!buf)
		goto out_refuse;
	buf->heap = heap;
	buf->pages = *pages;
	buf->run = (struct heap_run **)(buf + 1);
	pages_trim(buf);
	if (!buf->nr_pages ||
	    pinbuf__heap_map_reserve(&heap->map, buf->base, buf->nr_pages * HEAP_PAGE))
		goto out_unmap;
	return buf;

out_unmap:
	pinbuf__heap_meta_unmap(buf, len);
out_refuse:
	pinbuf__error(&(struct pinbuf_error){ .kind = PINBUF_ERROR_MEMORY, .err = ENOMEM,
					      .requested = len },
		      "no memory for what a heap knows of a buffer of %zu bytes", pages->len);
	return NULL;
}

static int limit_refused(const struct pinbuf_heap *heap, size_t len)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_EXHAUSTED, .err = ENOMEM, .requested = len,
		.available = heap->opts.max - heap->held, .limit = heap->opts.max,
		.limit_name = "pinbuf_heap_opts.max",
	};

	return pinbuf__error(&e, "the heap holds %zu of at most %zu bytes, and needs %zu more",
			     heap->held, heap->opts.max, len);
}

static int pages_get(struct pinbuf_heap *heap, size_t len, struct pinbuf_heap_pages *pages)
{
	*pages = (struct pinbuf_heap_pages){ 0 };
	if (heap->opts.max && (len > heap->opts.max || heap->held > heap->opts.max - len))
		return limit_refused(heap, len);
	return heap->source.get(heap->opts.source_ctx, len, pages);
}

static size_t grow_size(const struct pinbuf_heap *heap, size_t need)
{
	size_t grow = heap->held / 8;

	if (grow < heap->opts.grow)
		grow = heap->opts.grow;
	grow = grow / heap->opts.grow * heap->opts.grow;
	if (need >= grow / 2)
		return need;
	if (heap->opts.max && heap->opts.max - heap->held < grow)
		grow = (heap->opts.max - heap->held) & -(size_t)HEAP_CHUNK;
	return grow > need ? grow : need;
}

static void buffer_join(struct pinbuf_heap *heap, struct heap_buffer *buf)
{
	pinbuf__heap_map_set(&heap->map, buf->base, buf->nr_pages * HEAP_PAGE,
			     heap_buffer_entry(buf));
	buf->prev = NULL;
	buf->next = heap->buffers;
	if (buf->next)
		buf->next->prev = buf;
	heap->buffers = buf;
	PINBUF_STORE(&heap->held, heap->held + buf->pages.len);
	if (!heap->opts.dev)
		pinbuf__process_grew(&heap->region, heap->opts.parent, buf->pages.len);
	heap->empty += buf->pages.len;
	pinbuf__check_open(buf, (void *)buf->base, buf->nr_pages * HEAP_PAGE);
}

/**
 * pinbuf__heap_buffer_get() - grow a heap
 * @heap: its pages lock is held
 * @nr_pages: pages that the buffer must have
 *
 * Return: the buffer, without runs; NULL with the thread's error filled.
 */
struct heap_buffer *pinbuf__heap_buffer_get(struct pinbuf_heap *heap, size_t nr_pages)
{
	size_t need = nr_pages * HEAP_PAGE, len = grow_size(heap, need);
	struct pinbuf_heap_pages pages;
	struct heap_buffer *buf;
	int ret;

	ret = pages_get(heap, len, &pages);
	if (ret && len > need)
		ret = pages_get(heap, need, &pages);
	if (ret)
		return NULL;
	buf = buffer_make(heap, &pages);
	if (!buf)
		goto out_put;
	buffer_join(heap, buf);
	return buf;

out_put:
	heap->source.put(heap->opts.source_ctx, &pages);
	return NULL;
}

/* Its runs are gone already. */
void pinbuf__heap_buffer_put(struct pinbuf_heap *heap, struct heap_buffer *buf)
{
	struct pinbuf_heap_pages pages = buf->pages;

	pinbuf__check_close(buf, (void *)buf->base, buf->nr_pages * HEAP_PAGE);
	pinbuf__heap_map_set(&heap->map, buf->base, buf->nr_pages * HEAP_PAGE, 0);
	if (buf->next)
		buf->next->prev = buf->prev;
	if (buf->prev)
		buf->prev->next = buf->next;
	else
		heap->buffers = buf->next;
	PINBUF_STORE(&heap->held, heap->held - pages.len);
	if (!heap->opts.dev)
		pinbuf__process_shrank(&heap->region, heap->opts.parent, pages.len);
	heap->empty -= pages.len;
	pinbuf__heap_meta_unmap(buf, table_size(pages.len >> HEAP_PAGE_SHIFT));
	heap->source.put(heap->opts.source_ctx, &pages);
}
