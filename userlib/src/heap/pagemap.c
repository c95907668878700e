// SPDX-License-Identifier: MIT
/*
 * Leaves of the page map.  They are reserved before a buffer joins its heap, which
 * may fail; writing entries afterwards cannot.
 */
#include <errno.h>
#include <sys/mman.h>

#include "pagemap.h"

uintptr_t *pinbuf__heap_map[HEAP_ROOT_SIZE];

static int leaf_make(uintptr_t root)
{
	size_t len = HEAP_LEAF_SIZE * sizeof(uintptr_t);
	uintptr_t *leaf, *other = NULL;

	if (__atomic_load_n(&pinbuf__heap_map[root], __ATOMIC_ACQUIRE))
		return 0;
	leaf = mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (leaf == MAP_FAILED)
		return -ENOMEM;
	if (!__atomic_compare_exchange_n(&pinbuf__heap_map[root], &other, leaf, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		munmap(leaf, len);
	return 0;
}

/**
 * pinbuf__heap_map_reserve() - make the entries of a range writable
 * @addr: its start
 * @len: bytes, more than 0
 *
 * Return: 0; -ENOMEM; -EFAULT if the addresses are beyond the map.
 */
int pinbuf__heap_map_reserve(uintptr_t addr, size_t len)
{
	uintptr_t root, last = (addr + len - 1) >> HEAP_LEAF_SHIFT;

	if (last >= HEAP_ROOT_SIZE || addr + len < addr)
		return -EFAULT;
	for (root = addr >> HEAP_LEAF_SHIFT; root <= last; root++)
		if (leaf_make(root))
			return -ENOMEM;
	return 0;
}

/**
 * pinbuf__heap_map_set() - say what a range is
 * @addr: its start, a multiple of a chunk; reserved
 * @len: bytes; a part of a chunk counts as all of it
 * @entry: the value of all its chunks
 */
void pinbuf__heap_map_set(uintptr_t addr, size_t len, uintptr_t entry)
{
	uintptr_t at;

	for (at = addr; at < addr + len; at += HEAP_CHUNK) {
		uintptr_t *leaf = __atomic_load_n(&pinbuf__heap_map[at >> HEAP_LEAF_SHIFT],
						  __ATOMIC_ACQUIRE);

		__atomic_store_n(&leaf[(at >> HEAP_CHUNK_SHIFT) % HEAP_LEAF_SIZE], entry,
				 __ATOMIC_RELEASE);
	}
}
