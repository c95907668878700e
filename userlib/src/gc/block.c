// SPDX-License-Identifier: MIT
/*
 * Objects lie in blocks of 32 KiB, and blocks in one range of the address space, so that
 * a subtraction tells whether a pointer leads into it and a shift which block it means.
 * Everything known of a block is elsewhere: its kind in a table of bytes that stays in
 * the cache, and a bit for each place where an object can begin, once for "is one", once
 * for "is marked".
 *
 * Block 0 is never used: 0 ends lists.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../check.h"
#include "../process.h"
#include "block.h"

#define MIN_RESERVE	((size_t)64 << 20)
#define STEP		64U	/* blocks that become usable at one time */

/* As much as can be had of what was asked. */
static int range_open(struct pinbuf_gc *gc)
{
	char *range;

	for (; gc->reserve >= MIN_RESERVE; gc->reserve /= 2) {
		range = pinbuf__gc_map(gc->reserve + GC_BLOCK, false);
		if (range) {
			gc->base = ((uintptr_t)range + GC_BLOCK - 1) & ~(GC_BLOCK - 1);
			/* whoever wants to unmap it needs it whole again */
			if (gc->base != (uintptr_t)range)
				munmap(range, gc->base - (uintptr_t)range);
			munmap((void *)(gc->base + gc->reserve),
			       (uintptr_t)range + GC_BLOCK - gc->base);
			return 0;
		}
	}
	return -ENOMEM;
}

int pinbuf__gc_blocks_open(struct pinbuf_gc *gc)
{
	int ret = range_open(gc);

	if (ret)
		return ret;
	gc->max_blocks = (uint32_t)(gc->reserve >> GC_SHIFT);
	gc->nr_blocks = 1;
	gc->kind = pinbuf__gc_map(gc->max_blocks, true);
	gc->blocks = pinbuf__gc_map(gc->max_blocks * sizeof(*gc->blocks), true);
	gc->live = pinbuf__gc_map(gc->max_blocks * sizeof(gc_bits), true);
	gc->mark = pinbuf__gc_map(gc->max_blocks * sizeof(gc_bits), true);
	if (!gc->kind || !gc->blocks || !gc->live || !gc->mark)
		return -ENOMEM;
	ret = pinbuf__gc_stack_open(&gc->free, gc->max_blocks);
	if (!ret)
		ret = pinbuf__gc_stack_open(&gc->young, gc->max_blocks);
	return ret;
}

static void unmap(void *addr, size_t len)
{
	if (addr)
		munmap(addr, len);
}

void pinbuf__gc_blocks_close(struct pinbuf_gc *gc)
{
	if (!gc->base)
		return;
	pinbuf__check_revive((void *)gc->base, (size_t)gc->committed << GC_SHIFT);
	pinbuf__process_shrank(&gc->region, NULL, (size_t)gc->committed << GC_SHIFT);
	munmap((void *)gc->base, gc->reserve);
	unmap(gc->kind, gc->max_blocks);
	unmap(gc->blocks, gc->max_blocks * sizeof(*gc->blocks));
	unmap(gc->live, gc->max_blocks * sizeof(gc_bits));
	unmap(gc->mark, gc->max_blocks * sizeof(gc_bits));
	pinbuf__gc_stack_close(&gc->free);
	pinbuf__gc_stack_close(&gc->young);
}

/* Whether @nr more blocks are there: to be asked before a collection needs them. */
bool pinbuf__gc_blocks_can(const struct pinbuf_gc *gc, size_t nr)
{
	return gc->free.nr + (gc->max_blocks - gc->nr_blocks) >= nr;
}

static bool commit(struct pinbuf_gc *gc)
{
	uint32_t more = gc->max_blocks - gc->committed < STEP ?
			gc->max_blocks - gc->committed : STEP;

	if (!more || pinbuf__gc_commit((void *)gc_block_start(gc, gc->committed),
				       (size_t)more << GC_SHIFT))
		return false;
	gc->committed += more;
	pinbuf__process_grew(&gc->region, NULL, (size_t)more << GC_SHIFT);
	return true;
}

/* Stress: one of those that are free for longest, at another address each time. */
static uint32_t free_pick_old(struct pinbuf_gc *gc)
{
	size_t i;
	uint32_t block;

	gc->seed = gc->seed * 6364136223846793005u + 1442695040888963407u;
	i = (gc->seed >> 33) % (gc->free.nr / 2 + 1);
	block = (uint32_t)gc->free.base[i];
	gc->free.nr--;
	memmove(gc->free.base + i, gc->free.base + i + 1,
		(gc->free.nr - i) * sizeof(*gc->free.base));
	return block;
}

static uint32_t free_pick(struct pinbuf_gc *gc)
{
	if (gc->opts.flags & PINBUF_GC_STRESS)
		return free_pick_old(gc);
	if (gc->nr_released == gc->free.nr)
		gc->nr_released--;
	return (uint32_t)gc_pop(&gc->free);
}

/* A block that was never used; 0 if there is none, or the system has no memory. */
static uint32_t block_fresh(struct pinbuf_gc *gc)
{
	if (gc->nr_blocks == gc->max_blocks ||
	    (gc->nr_blocks >= gc->committed && !commit(gc)))
		return 0;
	return gc->nr_blocks++;
}

/*
 * What a collection of the young may need has been touched before: zeroing pages takes
 * the system longer than copying into them.  A block at a time, as windows are opened.
 */
void pinbuf__gc_block_prepare(struct pinbuf_gc *gc)
{
	char *start;
	uint32_t block;
	size_t i;

	if (gc->free.nr - gc->nr_released > gc->young.nr)
		return;
	block = block_fresh(gc);
	if (!block)
		return;
	start = (char *)gc_block_start(gc, block);
	for (i = 0; i < GC_BLOCK; i += 4096)
		*(volatile char *)(start + i) = 0;
	*(volatile uint64_t *)gc->live[block] = 0;
	*(volatile uint64_t *)gc->mark[block] = 0;
	pinbuf__check_dead(start, GC_BLOCK);
	gc_push(&gc->free, block);
}

/* 0 if there is none, or the system has no memory. */
uint32_t pinbuf__gc_block_take(struct pinbuf_gc *gc, enum gc_kind kind)
{
	uint32_t block;

	/* the longer what moved away stays poisoned, the more is seen */
	block = gc->free.nr > (gc->opts.flags & PINBUF_GC_STRESS ? 64 : 0) ? free_pick(gc) :
									     block_fresh(gc);
	if (!block && gc->free.nr)
		block = free_pick(gc);
	if (!block)
		return 0;
	pinbuf__check_revive((void *)gc_block_start(gc, block), GC_BLOCK);
	memset(&gc->blocks[block], 0, sizeof(gc->blocks[block]));
	gc->kind[block] = (uint8_t)kind;
	gc->nr_used++;
	return block;
}

void pinbuf__gc_block_free(struct pinbuf_gc *gc, uint32_t block)
{
	memset(gc->live[block], 0, sizeof(gc_bits));
	memset(gc->mark[block], 0, sizeof(gc_bits));
	gc->kind[block] = GC_FREE;
	gc->nr_used--;
	if (gc->opts.flags & PINBUF_GC_STRESS)
		memset((void *)gc_block_start(gc, block), 0xdb, GC_BLOCK);
	pinbuf__check_dead((void *)gc_block_start(gc, block), GC_BLOCK);
	gc_push(&gc->free, block);
}

/*
 * Give the memory of free blocks back to the system, @most of them at one time; whether
 * there may be more.  Some are kept: a nursery and what it leaves.
 */
bool pinbuf__gc_blocks_release(struct pinbuf_gc *gc, size_t most)
{
	size_t keep = 2 * gc->nursery_blocks + gc->nr_used / 4, i;

	if (gc->opts.flags & PINBUF_GC_STRESS)
		return false;	/* the order is none */

	/* those taken last are at the end: the first are idle for longest */
	for (i = 0; i < most && gc->nr_released + keep < gc->free.nr; i++) {
		madvise((void *)gc_block_start(gc, (uint32_t)gc->free.base[gc->nr_released]),
			GC_BLOCK, MADV_DONTNEED);
		gc->nr_released++;
	}
	return i == most && most;
}
