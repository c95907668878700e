/* SPDX-License-Identifier: MIT */
/*
 * From any address to what lies there, in two loads; in one where the leaf is known,
 * as each thread's cache knows the one it used last.  The process has one map for
 * all its heaps: a root of 2^12 leaves, a leaf of 2^20 chunks of 64 KiB each.  The
 * entry of a chunk is
 *
 *	0		no heap's
 *	span + 1	blocks of one class: the chunk is the span
 *	buffer		runs of pages, or free
 *
 * so that one test of the lowest bit sends the usual free on its way.  The upper 16
 * bits of a span's entry are the offset of its class's bin in a cache: what a free
 * stores there it stores early, and the next malloc need not wait to know that it
 * concerns another class.  A leaf is made when a heap first reaches
 * its 64 GiB, and stays: readers need no lock.
 */
#ifndef PINBUF_HEAP_PAGEMAP_H
#define PINBUF_HEAP_PAGEMAP_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>

_Static_assert(sizeof(void *) == 8, "the page map is laid out for 64-bit addresses");

enum {
	HEAP_CHUNK_SHIFT = 16,
	HEAP_CHUNK = 1 << HEAP_CHUNK_SHIFT,
	HEAP_LEAF_SHIFT = 36,
	HEAP_ROOT_SIZE = 1 << 12,	/* 48-bit addresses */
	HEAP_LEAF_SIZE = 1 << (HEAP_LEAF_SHIFT - HEAP_CHUNK_SHIFT),
	HEAP_ENTRY_SPAN = 1,
};

extern uintptr_t *pinbuf__heap_map[HEAP_ROOT_SIZE] __attribute__((visibility("hidden")));

static inline uintptr_t heap_leaf_get(const uintptr_t *leaf, uintptr_t addr)
{
	return __atomic_load_n(&leaf[(addr >> HEAP_CHUNK_SHIFT) % HEAP_LEAF_SIZE],
			       __ATOMIC_RELAXED);
}

/* The leaf of an address, or NULL if no heap ever had memory there. */
static inline uintptr_t *heap_map_leaf(uintptr_t addr)
{
	uintptr_t root = addr >> HEAP_LEAF_SHIFT;

	if (PINBUF_UNLIKELY(root >= HEAP_ROOT_SIZE))
		return NULL;
	return __atomic_load_n(&pinbuf__heap_map[root], __ATOMIC_CONSUME);
}

static inline uintptr_t heap_map_get(uintptr_t addr)
{
	uintptr_t *leaf = heap_map_leaf(addr);

	return leaf ? heap_leaf_get(leaf, addr) : 0;
}

PINBUF_MUST_CHECK int pinbuf__heap_map_reserve(uintptr_t addr, size_t len);
void pinbuf__heap_map_set(uintptr_t addr, size_t len, uintptr_t entry);

#endif /* PINBUF_HEAP_PAGEMAP_H */
