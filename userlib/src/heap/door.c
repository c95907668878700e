// SPDX-License-Identifier: MIT
/*
 * The heap's table of a region: the same paths as malloc's, with the layout that
 * a region's caller keeps, which shows a wrong one.
 */
#include "../refuse.h"
#include "account.h"
#include "block.h"
#include "core.h"
#include "door.h"

static struct pinbuf_heap *heap_of(const struct pinbuf_region *r)
{
	return (struct pinbuf_heap *)r;		/* its first member */
}

static void *heap_region_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	return heap_alloc_aligned(heap_of(r), l.size, l.align);
}

static void *heap_region_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout l)
{
	return pinbuf__heap_zeroed(heap_of(r), l.size, l.align);
}

static void layout_check(const struct pinbuf_region *r, const void *ptr, struct pinbuf_layout l)
{
	size_t size = pinbuf__heap_usable(heap_of(r), ptr);

	if (PINBUF_UNLIKELY(size != heap_block_size(l.size, l.align)))
		pinbuf__misuse(r, "wrong layout: %p, a block of %zu bytes, is said to have %zu aligned to %zu",
			       ptr, size, l.size, l.align);
}

static void heap_region_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	layout_check(r, ptr, l);
	heap_dealloc(heap_of(r), ptr);
}

static void *heap_region_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
				 struct pinbuf_layout new_)
{
	layout_check(r, ptr, old);
	return pinbuf__heap_realloc(heap_of(r), ptr, new_.size, new_.align);
}

static size_t heap_region_usable_size(const struct pinbuf_region *r, const void *ptr,
				      struct pinbuf_layout l)
{
	(void)l;
	return pinbuf__heap_usable(heap_of(r), ptr);
}

static void heap_region_stats(const struct pinbuf_region *r, struct pinbuf_stats *stats)
{
	pinbuf__heap_stats(heap_of(r), stats);
}

const struct pinbuf_region_ops pinbuf__heap_ops = {
	.size = sizeof(struct pinbuf_region_ops),
	.type = "heap",
	.klass = PINBUF_CLASS_PINNED,
	.alloc = heap_region_alloc,
	.alloc_zeroed = heap_region_alloc_zeroed,
	.realloc = heap_region_realloc,
	.dealloc = heap_region_dealloc,
	.usable_size = heap_region_usable_size,
	.stats = heap_region_stats,
};
