// SPDX-License-Identifier: MIT
/*
 * Frees that cannot be, in words.  What a pointer is is found out again here, so
 * that the hot path need not remember which of its tests failed.
 */
#include "../refuse.h"
#include "block.h"
#include "core.h"
#include "runs.h"

__attribute__((noreturn, cold))
static void span_misuse(struct pinbuf_heap *heap, struct heap_span *span, uintptr_t addr)
{
	uintptr_t offset = addr - span->base;
	size_t block;

	if (span->heap != heap)
		pinbuf__misuse(&heap->region, "foreign pointer: %p belongs to heap '%s'",
			       (void *)addr, span->heap->name);
	if (!heap_span_block(span, (void *)addr, &block) || block >= span->nr)
		pinbuf__misuse(&heap->region, "invalid pointer: %p lies %zu bytes into a block of %u",
			       (void *)addr, (size_t)(offset % span->size), span->size);
	pinbuf__misuse(&heap->region, "double free: %p, a block of %u bytes, is free already",
		       (void *)addr, span->size);
}

void pinbuf__heap_misuse(struct pinbuf_heap *heap, const void *ptr, const char *what)
{
	uintptr_t addr = (uintptr_t)ptr, entry = heap_map_get(addr);
	struct heap_buffer *buf = (struct heap_buffer *)entry;

	if (what)
		pinbuf__misuse(&heap->region, "%p %s", ptr, what);
	if (entry & HEAP_ENTRY_SPAN)
		span_misuse(heap, heap_entry_span(entry), addr);
	if (!entry)
		pinbuf__misuse(&heap->region, "foreign pointer: %p is in no heap's memory", ptr);
	if (buf->heap != heap)
		pinbuf__misuse(&heap->region, "foreign pointer: %p belongs to heap '%s'", ptr,
			       buf->heap->name);
	pinbuf__misuse(&heap->region, "double free or invalid pointer: no live block begins at %p",
		       ptr);
}
