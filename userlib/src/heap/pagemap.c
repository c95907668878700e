// SPDX-License-Identifier: MIT
/*
 * Leaves of the page map.  They are reserved before a buffer joins its heap, which
 * may fail; writing entries afterwards cannot.
 */
#include <errno.h>
#include <sys/mman.h>

#include "pagemap.h"

static const size_t leaf_len = HEAP_LEAF_SIZE * sizeof(uintptr_t);

static int leaf_make(struct heap_map *map, uintptr_t root)
{
	uintptr_t *leaf;

	if (map->leaf[root])
		return 0;
	leaf = mmap(NULL, leaf_len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (leaf == MAP_FAILED)
		return -ENOMEM;
	__atomic_store_n(&map->leaf[root], leaf, __ATOMIC_RELEASE);
	return 0;
}

/**
 * pinbuf__heap_map_reserve() - make the entries of a range writable
 * @map: its heap's pages lock is held
 * @addr: its start
 * @len: bytes, more than 0
 *
 * Return: 0; -ENOMEM; -EFAULT if the addresses are beyond the map.
 */
int pinbuf__heap_map_reserve(struct heap_map *map, uintptr_t addr, size_t len)
{
	uintptr_t root, last = (addr + len - 1) >> HEAP_LEAF_SHIFT;

	if (last >= HEAP_ROOT_SIZE || addr + len < addr)
		return -EFAULT;
	for (root = addr >> HEAP_LEAF_SHIFT; root <= last; root++)
		if (leaf_make(map, root))
			return -ENOMEM;
	return 0;
}

/**
 * pinbuf__heap_map_set() - say what a range is
 * @map: its heap's pages lock is held
 * @addr: its start, a multiple of a chunk; reserved
 * @len: bytes; a part of a chunk counts as all of it
 * @entry: the value of all its chunks
 */
void pinbuf__heap_map_set(struct heap_map *map, uintptr_t addr, size_t len, uintptr_t entry)
{
	uintptr_t at;

	for (at = addr; at < addr + len; at += HEAP_CHUNK)
		__atomic_store_n(&heap_map_leaf(map, at)[(at >> HEAP_CHUNK_SHIFT) % HEAP_LEAF_SIZE],
				 entry, __ATOMIC_RELEASE);
}

void pinbuf__heap_map_fini(struct heap_map *map)
{
	uintptr_t root;

	for (root = 0; root < HEAP_ROOT_SIZE; root++)
		if (map->leaf[root])
			munmap(map->leaf[root], leaf_len);
}
