// SPDX-License-Identifier: MIT
/* Laws of figures, of realloc, and of calls in any order. */
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

/*
 * Each counter against what was done.  What a block occupies is the region's to say; the
 * sums, the peak and the counts are not.
 */
void all_six_counters_balance(struct world *w)
{
	static struct block blocks[MOST_BLOCKS];
	struct pinbuf_stats start = stats_of(w->region), st;
	uint64_t seed = 77, live = start.current_live, peak = start.peak_usage, allocated, freed;
	size_t nr = 0, nr_allocs = 0, nr_deallocs = 0, step, i;

	allocated = start.total_allocated;
	freed = start.total_deallocated;
	for (step = 0; step < 3000; step++) {
		if (nr < 200 && dice(&seed) % 5 < 3) {
			if (!block_new(w, &blocks[nr], &seed))
				continue;
			st = stats_of(w->region);
			nr_allocs++;
			assert_true(st.total_allocated - allocated >= blocks[nr].layout.size);
			assert_true(st.total_allocated > allocated);
			assert_int_equal(st.total_deallocated, freed);
			nr++;
		} else if (nr && frees(w->region)) {
			i = w->subject->lifo ? nr - 1 : dice(&seed) % nr;
			block_check(&blocks[i], blocks[i].layout.size);
			pinbuf_dealloc(w->region, blocks[i].ptr, blocks[i].layout);
			blocks[i] = blocks[--nr];
			st = stats_of(w->region);
			nr_deallocs++;
			assert_int_equal(st.total_allocated, allocated);
			assert_true(st.total_deallocated > freed);
		} else if (w->subject->reset && dice(&seed) % 8 == 0) {
			w->subject->reset(w);
			st = stats_of(w->region);
			nr_deallocs += nr;
			nr = 0;
			assert_int_equal(st.current_live, start.current_live);
			assert_int_equal(st.total_allocated, allocated);
		} else {
			continue;
		}
		allocated = st.total_allocated;
		freed = st.total_deallocated;
		live = allocated - freed;
		if (live > peak)
			peak = live;
		assert_int_equal(st.current_live, live);
		assert_int_equal(st.allocation_count - start.allocation_count, nr_allocs);
		assert_int_equal(st.deallocation_count - start.deallocation_count, nr_deallocs);
		if (w->subject->peak_is_above)
			assert_true(st.peak_usage >= peak);
		else
			assert_int_equal(st.peak_usage, peak);
	}
	blocks_drop(w, blocks, nr);
	st = stats_of(w->region);
	if (frees(w->region) || w->subject->reset) {
		assert_int_equal(st.current_live, start.current_live);
		assert_int_equal(st.allocation_count - start.allocation_count,
				 st.deallocation_count - start.deallocation_count);
	}
}

/* a realloc keeps the bytes, and when it fails the old block too */
void realloc_keeps_the_bytes(struct world *w)
{
	static struct block blocks[64];
	uint64_t seed = 4242;
	size_t nr = 0, step, i, kept;
	struct pinbuf_layout to;
	struct pinbuf_stats before, after;
	unsigned char *ptr;

	while (nr < 40)
		nr += block_new(w, &blocks[nr], &seed);
	for (step = 0; step < 1500; step++) {
		i = w->subject->lifo ? nr - 1 : dice(&seed) % nr;
		to = blocks[i].layout;
		to.size = at_most(dice(&seed) % 5000, w->subject->max_size);
		if (dice(&seed) % 8 == 0)
			to.align = at_most(to.align * 2, at_most(512, w->subject->max_align));
		before = stats_of(w->region);
		ptr = pinbuf_realloc(w->region, blocks[i].ptr, blocks[i].layout, to);
		after = stats_of(w->region);
		if (!ptr) {
			block_check(&blocks[i], blocks[i].layout.size);
			assert_int_equal(after.current_live, before.current_live);
			continue;
		}
		assert_true(pinbuf_is_ptr_aligned(ptr, to.align));
		if (ptr == blocks[i].ptr) {
			assert_int_equal(after.allocation_count, before.allocation_count);
			assert_int_equal(after.deallocation_count, before.deallocation_count);
		}
		kept = at_most(to.size, blocks[i].layout.size);
		blocks[i].ptr = ptr;
		block_check(&blocks[i], kept);
		blocks[i].layout = to;
		block_fill(&blocks[i], (unsigned char)dice(&seed));
		if (!frees(w->region) && w->subject->reset && step % 100 == 99) {
			blocks_drop(w, blocks, nr);
			for (nr = 0; nr < 40;)
				nr += block_new(w, &blocks[nr], &seed);
		}
	}
	blocks_drop(w, blocks, nr);
}

void realloc_of_null_allocates(struct world *w)
{
	struct pinbuf_layout l = { at_most(64, w->subject->max_size), 8 };
	void *ptr = pinbuf_realloc(w->region, NULL, l, l);

	assert_non_null(ptr);
	memset(ptr, 3, l.size);
	assert_null(pinbuf_realloc(w->region, ptr, l, (struct pinbuf_layout){ SIZE_MAX, 8 }));
	assert_int_equal(*(unsigned char *)ptr, 3);
	pinbuf_dealloc(w->region, ptr, l);
	pinbuf_dealloc(w->region, NULL, l);
}

/* any order of calls: blocks keep what was written to them */
void any_order_of_calls_is_safe(struct world *w)
{
	static struct block blocks[MOST_BLOCKS];
	uint64_t seed = 99;
	size_t nr = 0, step, i;

	for (step = 0; step < 20000; step++) {
		switch (dice(&seed) % 4) {
		case 0:
		case 1:
			if (nr < 300 && block_new(w, &blocks[nr], &seed))
				nr++;
			break;
		case 2:
			if (!nr || !frees(w->region))
				break;
			i = w->subject->lifo ? nr - 1 : dice(&seed) % nr;
			block_check(&blocks[i], blocks[i].layout.size);
			pinbuf_dealloc(w->region, blocks[i].ptr, blocks[i].layout);
			blocks[i] = blocks[--nr];
			break;
		case 3:
			if (w->subject->reset && dice(&seed) % 200 == 0) {
				for (i = 0; i < nr; i++)
					block_check(&blocks[i], blocks[i].layout.size);
				w->subject->reset(w);
				nr = 0;
			}
			break;
		}
	}
	blocks_drop(w, blocks, nr);
}

/* typed macros and clean-up */
void typed_blocks_clean_up_after_themselves(struct world *w)
{
	struct pinbuf_stats before = stats_of(w->region), after;
	double *d;
	int *i;

	{
		PINBUF_AUTO(double, one, w->region);
		PINBUF_AUTO_ARRAY(uint32_t, many, w->region, 100, 32);

		assert_non_null(one);
		assert_non_null(many);
		assert_true(pinbuf_is_ptr_aligned(many, 32));
		*one = 1.5;
		memset(many, 1, 400);
	}
	d = pinbuf_new(w->region, double);
	i = pinbuf_new_array(w->region, int, 25);
	assert_non_null(d);
	assert_non_null(i);
	memset(i, 0, 100);
	pinbuf_delete_array(w->region, i, 25);
	pinbuf_delete(w->region, d);
	after = stats_of(w->region);
	assert_int_equal(after.allocation_count, before.allocation_count + 4);
	if (frees(w->region))
		assert_int_equal(after.current_live, before.current_live);
}

void nothing_leaks_on_close(struct world *w)
{
	static struct block blocks[MOST_BLOCKS];
	uint64_t seed = 5;
	size_t nr;

	for (nr = 0; nr < 100; nr++)
		assert_true(block_new(w, &blocks[nr], &seed));
	/* not given back: close must do it, which run() sees */
}
