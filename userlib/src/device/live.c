// SPDX-License-Identifier: MIT
/*
 * A bit for every 4 KiB of addresses, in leaves of a GiB below two tables: three
 * loads answer for any pointer.  A table and a leaf are made by whoever needs them
 * first, one compare-and-swap each, and stay; so neither readers nor writers take a
 * lock, and a fork meanwhile harms nobody.
 *
 * A leaf has three maps.  What a child does not inherit is in the first, which the
 * kernel empties in the child together with the mappings; what it does inherit is in
 * the second.  The third is a copy of the first that the child keeps: what it has
 * inherited of books still speaks of those addresses, so nothing else may come to lie
 * there.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include <pinbuf/buf.h>

#include "live.h"

enum {
	PAGE_SHIFT = 12,
	LEAF_SHIFT = 30,
	TABLE_SHIFT = 39,
	TOP_SHIFT = 48,
	LEAF_WORDS = 1 << (LEAF_SHIFT - PAGE_SHIFT - 6),
	TABLE_SIZE = 1 << (TABLE_SHIFT - LEAF_SHIFT),
	ROOT_SIZE = 1 << (TOP_SHIFT - TABLE_SHIFT),
};

struct leaf {
	uint64_t own[LEAF_WORDS];
	uint64_t inherited[LEAF_WORDS];
	uint64_t taken[LEAF_WORDS];
};

struct table {
	void *leaf[TABLE_SIZE];		/* struct leaf */
};

static void *root[ROOT_SIZE];		/* struct table */

/* Return: what *@slot has, or @len bytes of zeroes that are put there; NULL for none. */
static void *slot_fill(void **slot, size_t len, size_t wiped)
{
	void *old = __atomic_load_n(slot, __ATOMIC_ACQUIRE), *new_;

	if (old)
		return old;
	new_ = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (new_ == MAP_FAILED)
		return NULL;
	/* kernels before 4.14 cannot: there a child is told what its parent has */
	if (wiped)
		madvise(new_, wiped, MADV_WIPEONFORK);
	if (__atomic_compare_exchange_n(slot, &old, new_, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return new_;
	munmap(new_, len);
	return old;
}

static struct leaf *leaf_make(uintptr_t addr)
{
	struct table *table = slot_fill(&root[addr >> TABLE_SHIFT], sizeof(*table), 0);

	if (!table)
		return NULL;
	return slot_fill(&table->leaf[(addr >> LEAF_SHIFT) % TABLE_SIZE],
			 sizeof(struct leaf), sizeof(((struct leaf *)0)->own));
}

static const struct leaf *leaf_get(uintptr_t addr)
{
	const struct table *table;

	if (addr >> TOP_SHIFT)
		return NULL;
	table = __atomic_load_n(&root[addr >> TABLE_SHIFT], __ATOMIC_ACQUIRE);
	if (!table)
		return NULL;
	return __atomic_load_n(&table->leaf[(addr >> LEAF_SHIFT) % TABLE_SIZE], __ATOMIC_ACQUIRE);
}

/* Bits [page, end) of one leaf's map. */
static void bits_write(uint64_t *map, size_t page, size_t end, bool value)
{
	while (page < end) {
		size_t first = page % 64, nr = 64 - first;
		uint64_t mask;

		if (nr > end - page)
			nr = end - page;
		mask = (nr == 64 ? UINT64_MAX : (UINT64_C(1) << nr) - 1) << first;
		if (value)
			__atomic_fetch_or(&map[page / 64], mask, __ATOMIC_RELEASE);
		else
			__atomic_fetch_and(&map[page / 64], ~mask, __ATOMIC_RELEASE);
		page += nr;
	}
}

/* The first bit from @page on that is @value; the number of bits for none. */
static size_t bit_find(const uint64_t *map, size_t page, bool value)
{
	while (page < LEAF_WORDS * 64) {
		uint64_t word = __atomic_load_n(&map[page / 64], __ATOMIC_RELAXED);

		word = (value ? word : ~word) >> page % 64;
		if (word)
			return page + (size_t)__builtin_ctzll(word);
		page = (page / 64 + 1) * 64;
	}
	return page;
}

static void range_write(uintptr_t addr, size_t len, bool inherited, bool value)
{
	uintptr_t end = addr + len;

	while (addr < end) {
		uintptr_t next = ((addr >> LEAF_SHIFT) + 1) << LEAF_SHIFT;
		uintptr_t last = next < end ? next : end;
		struct leaf *leaf = (struct leaf *)leaf_get(addr);
		size_t page = (addr >> PAGE_SHIFT) % (LEAF_WORDS * 64);
		size_t behind = page + ((last - addr) >> PAGE_SHIFT);

		bits_write(inherited ? leaf->inherited : leaf->own, page, behind, value);
		if (!inherited)
			bits_write(leaf->taken, page, behind, value);
		addr = last;
	}
}

/*
 * Nothing is overwritten: a child's handler that ran before, or a sanitizer, may have
 * mapped a part of it.  The rest is taken nevertheless.
 */
static void reserve(uintptr_t addr, size_t nr)
{
	void *p = mmap((void *)addr, nr << PAGE_SHIFT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != MAP_FAILED || errno != EEXIST || nr == 1)
		return;
	reserve(addr, nr / 2);
	reserve(addr + (nr / 2 << PAGE_SHIFT), nr - nr / 2);
}

static void leaf_reserve(const struct leaf *leaf, uintptr_t base)
{
	size_t page = 0, end;

	while ((page = bit_find(leaf->taken, page, true)) < LEAF_WORDS * 64) {
		end = bit_find(leaf->taken, page, false);
		reserve(base + (page << PAGE_SHIFT), end - page);
		page = end;
	}
}

static void fork_child(void)
{
	int err = errno;
	uintptr_t i, j;

	for (i = 0; i < ROOT_SIZE; i++) {
		const struct table *table = root[i];

		for (j = 0; table && j < TABLE_SIZE; j++)
			if (table->leaf[j])
				leaf_reserve(table->leaf[j], i << TABLE_SHIFT | j << LEAF_SHIFT);
	}
	errno = err;
}

static void fork_register(void)
{
	pthread_atfork(NULL, NULL, fork_child);
}

/**
 * pinbuf__live_add() - a mapping is there
 * @addr: its start
 * @len: bytes, a multiple of 4096
 * @inherited: whether a child of fork has it too
 *
 * Return: 0, or -ENOMEM with nothing changed.
 */
int pinbuf__live_add(const void *addr, size_t len, bool inherited)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uintptr_t start = (uintptr_t)addr, at;

	pthread_once(&once, fork_register);
	if ((start + len - 1) >> TOP_SHIFT)
		return -ENOMEM;
	for (at = start >> LEAF_SHIFT; at <= (start + len - 1) >> LEAF_SHIFT; at++)
		if (!leaf_make(at << LEAF_SHIFT))
			return -ENOMEM;
	range_write(start, len, inherited, true);
	return 0;
}

/**
 * pinbuf__live_remove() - a mapping is about to go
 * @addr: as pinbuf__live_add()
 * @len: as there
 * @inherited: as there
 */
void pinbuf__live_remove(const void *addr, size_t len, bool inherited)
{
	range_write((uintptr_t)addr, len, inherited, false);
}

bool pinbuf_is_pinned(const void *ptr)
{
	uintptr_t addr = (uintptr_t)ptr;
	const struct leaf *leaf = leaf_get(addr);
	size_t page = (addr >> PAGE_SHIFT) % (LEAF_WORDS * 64);
	uint64_t bits;

	if (!leaf)
		return false;
	bits = __atomic_load_n(&leaf->own[page / 64], __ATOMIC_ACQUIRE) |
	       __atomic_load_n(&leaf->inherited[page / 64], __ATOMIC_ACQUIRE);
	return bits >> page % 64 & 1;
}
