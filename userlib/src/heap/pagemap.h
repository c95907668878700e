/* SPDX-License-Identifier: MIT */
/*
 * From any address to what a heap has there, in two loads; in one where the leaf is
 * known, as each thread's cache knows the one it used last.  Each heap has a map of
 * its own, so that what is found is this heap's: a root of 2^12 leaves, a leaf of
 * 2^20 chunks of 64 KiB each.  The entry of a chunk is
 *
 *	0		not this heap's
 *	buffer << 16	runs of pages, or free
 *	states << 16	blocks of one class: where the bytes are that say which are live;
 *	+ line << 5	the line of a cache in which the class's bin begins;
 *	+ shift		a block at an offset has state number offset >> shift
 *
 * so that a free goes straight to the bin and the state, which are all that it needs.
 * A leaf is made when a heap first reaches its 64 GiB, and stays: readers need no lock.
 */
#ifndef PINBUF_HEAP_PAGEMAP_H
#define PINBUF_HEAP_PAGEMAP_H

#include <stdbool.h>
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
	HEAP_ENTRY_SHIFT = 16,		/* addresses have the upper 48 bits of an entry */
	HEAP_ENTRY_LINE = 5,
	HEAP_LINE = 64,
};

struct heap_map {
	uintptr_t *leaf[HEAP_ROOT_SIZE];
};

static inline uintptr_t heap_span_entry(const uint8_t *states, size_t line, unsigned int shift)
{
	return (uintptr_t)states << HEAP_ENTRY_SHIFT | line << HEAP_ENTRY_LINE | shift;
}

static inline bool heap_entry_is_span(uintptr_t entry)
{
	return entry % (1 << HEAP_ENTRY_SHIFT);
}

/* offset of the bin in a cache */
static inline size_t heap_entry_bin(uintptr_t entry)
{
	return (entry % (1 << HEAP_ENTRY_SHIFT) >> HEAP_ENTRY_LINE) * HEAP_LINE;
}

/* Of a block; of any other address of the span it is somebody's. */
static inline uint8_t *heap_entry_state(uintptr_t entry, const void *ptr)
{
	uint32_t offset = (uintptr_t)ptr % HEAP_CHUNK;

	return (uint8_t *)(entry >> HEAP_ENTRY_SHIFT) + (offset >> (entry & 31));
}

struct heap_buffer;

/* of an entry that is no span's; NULL if nothing of the heap is there */
static inline struct heap_buffer *heap_entry_buffer(uintptr_t entry)
{
	return (struct heap_buffer *)(entry >> HEAP_ENTRY_SHIFT);
}

static inline uintptr_t heap_buffer_entry(const struct heap_buffer *buf)
{
	return (uintptr_t)buf << HEAP_ENTRY_SHIFT;
}

/* The leaf of an address, or NULL if the heap never had memory there. */
static inline uintptr_t *heap_map_leaf(const struct heap_map *map, uintptr_t addr)
{
	uintptr_t root = addr >> HEAP_LEAF_SHIFT;

	if (PINBUF_UNLIKELY(root >= HEAP_ROOT_SIZE))
		return NULL;
	return __atomic_load_n(&map->leaf[root], __ATOMIC_CONSUME);
}

static inline uintptr_t heap_map_get(const struct heap_map *map, uintptr_t addr)
{
	uintptr_t *leaf = heap_map_leaf(map, addr);

	return leaf ? PINBUF_LOAD(&leaf[(addr >> HEAP_CHUNK_SHIFT) % HEAP_LEAF_SIZE]) : 0;
}

PINBUF_MUST_CHECK int pinbuf__heap_map_reserve(struct heap_map *map, uintptr_t addr, size_t len);
void pinbuf__heap_map_set(struct heap_map *map, uintptr_t addr, size_t len, uintptr_t entry);
void pinbuf__heap_map_fini(struct heap_map *map);

#endif /* PINBUF_HEAP_PAGEMAP_H */
