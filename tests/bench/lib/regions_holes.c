// SPDX-License-Identifier: MIT
/* The free list, its limit and its peers. */
#include <stdint.h>
#include <stdlib.h>

#include <pinbuf.h>

#include "regions_work.h"

static struct pinbuf_freelist *holes;
static char nowhere[64];

/* 512 slots, each alloced and freed by turns, in random order and sizes */

static void *slots[512];

static uint64_t dice(void)
{
	static uint64_t seed = 88172645463325252u;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

#define SLOTS(alloc, free)							\
	do {									\
		uint64_t random;						\
		size_t size;							\
		void **slot;							\
		int i;								\
										\
		for (i = 0; i < OPS; i++) {					\
			random = dice();					\
			slot = &slots[random % 512];				\
			size = 16 + random / 512 % 1009;			\
			if (*slot) {						\
				free(*slot);					\
				*slot = NULL;					\
			} else {						\
				*slot = alloc(size);				\
				use(*slot, i);					\
			}							\
		}								\
		for (i = 0; i < 512; i++) {					\
			if (slots[i])						\
				free(slots[i]);					\
			slots[i] = NULL;					\
		}								\
	} while (0)

static inline void *nothing_alloc(size_t size)
{
	__asm__ volatile("" : : "r"(size));
	return nowhere;
}

static inline void nothing_free(void *ptr)
{
	__asm__ volatile("" : : "r"(ptr));
}

void limit_slots(void)
{
	SLOTS(nothing_alloc, nothing_free);
}

void our_slots(void)
{
#define ALLOC(size)	pinbuf_freelist_alloc(holes, size, 8)
#define FREE(ptr)	pinbuf_freelist_free(holes, ptr)
	SLOTS(ALLOC, FREE);
}

void peer_slots(void)
{
	SLOTS(malloc, free);
}

/* 1 KiB among separated holes of 1 KiB */

void our_holes(void)
{
	void *ptr;
	int i;

	for (i = 0; i < OPS; i++) {
		ptr = pinbuf_freelist_alloc(holes, 1024, 8);
		use(ptr, i);
		pinbuf_freelist_free(holes, ptr);
	}
}

static void holes_make(size_t bytes, size_t nr)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	void **blocks = calloc(2 * nr + 1, sizeof(*blocks));
	size_t i;

	pinbuf_freelist_destroy(holes);
	o.bytes = bytes;
	if (!blocks || pinbuf_freelist_create(&holes, &o))
		abort();
	for (i = 0; i < 2 * nr; i++)
		blocks[i] = pinbuf_freelist_alloc(holes, 1024, 8);
	for (i = 0; i < 2 * nr; i += 2)
		pinbuf_freelist_free(holes, blocks[i]);
	free(blocks);
}

/* as much as is live at most, twice */
void slots_start(void)
{
	holes_make((size_t)1 << 20, 0);
}

void holes_4096(void)
{
	holes_make((size_t)160 << 20, 4096);
}

void holes_65536(void)
{
	holes_make((size_t)160 << 20, 65536);
}

void holes_none(void)
{
	holes_make((size_t)160 << 20, 0);
}
