// SPDX-License-Identifier: MIT
/* Laws of memory: where blocks lie, what is refused, what is zero, and the end of it. */
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

/* alignment: every power of two up to 2 MiB is honoured, or refused with its kind */
void alignment_is_honoured_or_refused(struct world *w)
{
	struct pinbuf_layout l = { .size = at_most(100, w->subject->max_size) };
	void *ptr;

	for (l.align = 1; l.align <= (size_t)2 << 20; l.align *= 2) {
		ptr = pinbuf_alloc(w->region, l);
		if (l.align <= w->subject->max_align) {
			assert_non_null(ptr);
			assert_true(pinbuf_is_ptr_aligned(ptr, l.align));
			memset(ptr, 1, l.size);
			pinbuf_dealloc(w->region, ptr, l);
			continue;
		}
		if (!ptr) {
			assert_int_equal(errno, pinbuf_error_last()->err);
			assert_true(pinbuf_error_last()->kind == PINBUF_ERROR_ALIGN ||
				    pinbuf_error_last()->kind == PINBUF_ERROR_UNSUPPORTED);
			assert_int_equal(errno, pinbuf_error_last()->kind == PINBUF_ERROR_ALIGN ?
					 EINVAL : EOPNOTSUPP);
		} else {
			assert_true(pinbuf_is_ptr_aligned(ptr, l.align));
			pinbuf_dealloc(w->region, ptr, l);
		}
	}
}

void layouts_that_cannot_be_are_refused(struct world *w)
{
	static const struct {
		struct pinbuf_layout layout;
		enum pinbuf_error_kind kind;
		int err;
	} rows[] = {
		{ { 8, 0 }, PINBUF_ERROR_LAYOUT, EINVAL },
		{ { 8, 3 }, PINBUF_ERROR_LAYOUT, EINVAL },
		{ { 0, 24 }, PINBUF_ERROR_LAYOUT, EINVAL },
		{ { SIZE_MAX, 1 }, PINBUF_ERROR_OVERFLOW, ENOMEM },
		{ { SIZE_MAX - 6, 8 }, PINBUF_ERROR_OVERFLOW, ENOMEM },
		{ { PTRDIFF_MAX, 8 }, PINBUF_ERROR_OVERFLOW, ENOMEM },
		{ { (size_t)PTRDIFF_MAX + 1, 1 }, PINBUF_ERROR_OVERFLOW, ENOMEM },
	};
	struct pinbuf_stats before = stats_of(w->region);
	volatile struct pinbuf_layout l;
	volatile size_t many = SIZE_MAX / 8;	/* hidden from the compiler, which warns */
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		l.size = rows[i].layout.size;
		l.align = rows[i].layout.align;
		errno = 0;
		assert_null(pinbuf_alloc(w->region, (struct pinbuf_layout){ l.size, l.align }));
		if (w->region != &w->ground.region) {
			assert_int_equal(pinbuf_error_last()->kind, rows[i].kind);
			assert_int_equal(errno, rows[i].err);
		}
		assert_true(strlen(pinbuf_error_text()) > 20);
		assert_null(pinbuf_alloc_zeroed(w->region, (struct pinbuf_layout){ l.size, l.align }));
	}
	assert_null(pinbuf_alloc_array(w->region, 16, many, 8));
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_OVERFLOW);
	assert_int_equal(stats_of(w->region).allocation_count, before.allocation_count);
	assert_true(stats_of(w->region).failures > before.failures);
}

void size_zero_gives_a_unique_pointer(struct world *w)
{
	struct pinbuf_layout l = { 0, 8 };
	void *a = pinbuf_alloc(w->region, l), *b = pinbuf_alloc(w->region, l);

	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	pinbuf_dealloc(w->region, b, l);
	pinbuf_dealloc(w->region, a, l);
}

void blocks_are_disjoint(struct world *w)
{
	static struct block blocks[MOST_BLOCKS];
	uint64_t seed = 0x1234567;
	size_t nr;

	for (nr = 0; nr < 500; nr++)
		assert_true(block_new(w, &blocks[nr], &seed));
	blocks_drop(w, blocks, nr);
}

void zeroed_is_zero_after_dirty_reuse(struct world *w)
{
	struct pinbuf_layout l = { at_most(3000, w->subject->max_size), 8 };
	unsigned char *ptr, zero[3000] = { 0 };
	unsigned int round;

	for (round = 0; round < 20; round++) {
		ptr = pinbuf_alloc(w->region, l);
		assert_non_null(ptr);
		memset(ptr, 0xa5, l.size);
		pinbuf_dealloc(w->region, ptr, l);
		if (!frees(w->region) && w->subject->reset)
			w->subject->reset(w);
		ptr = pinbuf_alloc_zeroed(w->region, l);
		assert_non_null(ptr);
		assert_memory_equal(ptr, zero, l.size);
		memset(ptr, 0x5a, l.size);
		pinbuf_dealloc(w->region, ptr, l);
	}
}

/* As many blocks as there are; how many. */
static size_t exhaust(struct world *w, struct block *blocks, size_t size)
{
	size_t nr = 0;

	while (nr < MOST_BLOCKS) {
		blocks[nr].layout = (struct pinbuf_layout){ size, 8 };
		blocks[nr].ptr = pinbuf_alloc(w->region, blocks[nr].layout);
		if (!blocks[nr].ptr)
			break;
		block_fill(&blocks[nr], (unsigned char)nr);
		nr++;
	}
	assert_true(nr < MOST_BLOCKS);
	return nr;
}

void exhaustion_returns_null_and_the_region_still_works(struct world *w)
{
	static struct block blocks[MOST_BLOCKS];
	size_t size = at_most(32768, w->subject->max_size), nr, again;
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_stats before = stats_of(w->region), after;

	errno = 0;
	nr = exhaust(w, blocks, size);
	assert_true(nr > 3);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(e->err, ENOMEM);
	assert_true(e->kind == PINBUF_ERROR_EXHAUSTED || e->kind == PINBUF_ERROR_MEMORY);
	assert_true(e->requested >= size);
	assert_true(e->available < size || e->largest_free < size || e->kind == PINBUF_ERROR_MEMORY);
	assert_true(strlen(e->name) > 0);
	assert_non_null(strstr(e->text, e->name));
	after = stats_of(w->region);
	assert_int_equal(after.allocation_count - before.allocation_count, nr);
	assert_int_equal(after.failures, before.failures + 1);

	if (frees(w->region)) {
		nr--;
		block_check(&blocks[nr], size);
		pinbuf_dealloc(w->region, blocks[nr].ptr, blocks[nr].layout);
		blocks[nr].ptr = pinbuf_alloc(w->region, blocks[nr].layout);
		assert_non_null(blocks[nr].ptr);
		block_fill(&blocks[nr], 0x77);
		nr++;
	}
	blocks_drop(w, blocks, nr);
	if (!frees(w->region) && !w->subject->reset)
		return;
	again = exhaust(w, blocks, size);
	assert_int_equal(again, nr);
	blocks_drop(w, blocks, nr);
}
