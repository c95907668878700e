// SPDX-License-Identifier: MIT
/* What the laws are tried with: blocks that know what was written to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laws.h"

/* xorshift: the same sequence on every run */
uint64_t dice(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

bool frees(const struct pinbuf_region *r)
{
	return !(pinbuf_region_caps(r) & PINBUF_NOFREE) && r->ops->dealloc;
}

size_t at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

void block_fill(struct block *b, unsigned char fill)
{
	b->fill = fill;
	memset(b->ptr, fill, b->layout.size);
}

/* One comparison a block, of each byte with the next: a loop would take most of the time. */
void block_check(const struct block *b, size_t size)
{
	if (!size)
		return;
	assert_int_equal(b->ptr[0], b->fill);
	assert_int_equal(memcmp(b->ptr, b->ptr + 1, size - 1), 0);
}

/* Everything goes back, newest first. */
void blocks_drop(struct world *w, struct block *blocks, size_t nr)
{
	while (nr--) {
		block_check(&blocks[nr], blocks[nr].layout.size);
		pinbuf_dealloc(w->region, blocks[nr].ptr, blocks[nr].layout);
	}
	if (!frees(w->region) && w->subject->reset)
		w->subject->reset(w);
}

/* A random block of a subject; NULL when it is full. */
bool block_new(struct world *w, struct block *b, uint64_t *seed)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 16, 24, 100, 256, 1000, 3000, 20000 };
	struct pinbuf_layout l = {
		.size = at_most(sizes[dice(seed) % 11], w->subject->max_size),
		.align = at_most((size_t)1 << dice(seed) % 9, w->subject->max_align),
	};

	b->layout = l;
	b->ptr = dice(seed) % 4 ? pinbuf_alloc(w->region, l) : pinbuf_alloc_zeroed(w->region, l);
	if (!b->ptr)
		return false;
	assert_true(pinbuf_is_ptr_aligned(b->ptr, l.align));
	assert_true(pinbuf_usable_size(w->region, b->ptr, l) >= l.size);
	block_fill(b, (unsigned char)dice(seed));
	return true;
}
