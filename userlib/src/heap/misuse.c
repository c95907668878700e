// SPDX-License-Identifier: MIT
/*
 * Frees that cannot be, in words.  What a pointer is is found out again here, so
 * that the hot path need not remember which of its tests failed.
 */
#include "../refuse.h"
#include "block.h"
#include "core.h"
#include "fork.h"
#include "runs.h"

__attribute__((noreturn, cold))
static void span_misuse(struct pinbuf_heap *heap, struct heap_span *span, uintptr_t addr)
{
	uintptr_t offset = addr - span->base;

	if (!heap_begins_block((void *)addr, span->reciprocal) ||
	    heap_span_block(span, (void *)addr) >= span->nr)
		pinbuf__misuse(&heap->region, "invalid pointer: %p lies %zu bytes into a block of %u",
			       (void *)addr, (size_t)(offset % span->size), span->size);
	pinbuf__misuse(&heap->region, "double free: %p, a block of %u bytes, is free already",
		       (void *)addr, span->size);
}

void pinbuf__heap_misuse(struct pinbuf_heap *heap, const void *ptr, const char *what)
{
	uintptr_t entry = heap_map_get(&heap->map, (uintptr_t)ptr);
	const struct pinbuf_heap *owner;

	if (what)
		pinbuf__misuse(&heap->region, "%p %s", ptr, what);
	owner = pinbuf__heap_list_owner(ptr);
	if (owner && owner != heap)
		pinbuf__misuse(&heap->region, "foreign pointer: %p belongs to heap '%s'", ptr,
			       owner->name);
	if (heap_entry_is_span(entry))
		span_misuse(heap, heap_entry_span(entry), (uintptr_t)ptr);
	if (!entry)
		pinbuf__misuse(&heap->region, "foreign pointer: %p is in no heap's memory", ptr);
	pinbuf__misuse(&heap->region, "double free or invalid pointer: no live block begins at %p",
		       ptr);
}
