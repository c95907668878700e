// SPDX-License-Identifier: MIT
/* The pinned heap, one thread: sizes, alignment, realloc, figures, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pinbuf.h>
#include <pinbuf/heap.h>

#include "heap_fixture.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

static volatile size_t huge = SIZE_MAX;	/* the compiler would warn */

static void block_of_size_0_is_unique(void **state)
{
	void *a = pinbuf_heap_malloc(heap, 0), *b = pinbuf_heap_malloc(heap, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	pinbuf_heap_free(heap, a);
	pinbuf_heap_free(heap, b);
	pinbuf_heap_free(heap, NULL);
}

static void waste_keeps_its_bounds(void **state)
{
	size_t size;

	(void)state;
	for (size = 1; size < 70000; size += 1 + size / 37) {
		void *ptr = pinbuf_heap_malloc(heap, size);
		size_t usable = pinbuf_heap_usable_size(heap, ptr);

		assert_non_null(ptr);
		assert_true(usable >= size);
		if (size <= 4096)
			assert_true(usable - size <= 15 || (usable - size) * 8 <= size);
		else
			assert_true(usable - size < 4096);
		memset(ptr, 1, usable);
		pinbuf_heap_free(heap, ptr);
	}
}

static void large_blocks_hold_at_most_a_page_more(void **state)
{
	size_t mib;

	(void)state;
	for (mib = 1; mib <= 64; mib += 7) {
		size_t size = mib * MIB + 12345;
		void *ptr = pinbuf_heap_malloc(heap, size);

		assert_non_null(ptr);
		assert_true(source.bytes - size < 4096);
		pinbuf_heap_free(heap, ptr);
		assert_int_equal(source.bytes, 0);
	}
}

static void every_alignment_is_honoured(void **state)
{
	static const size_t sizes[] = { 0, 1, 16, 100, 1000, 4096, 5000, 100000 };
	size_t align, i;
	void *ptr[8];

	(void)state;
	for (align = 1; align <= 4 * MIB; align *= 2) {
		for (i = 0; i < 8; i++) {
			ptr[i] = pinbuf_heap_aligned_alloc(heap, align, sizes[i]);
			assert_non_null(ptr[i]);
			assert_int_equal((uintptr_t)ptr[i] % align, 0);
			memset(ptr[i], 0xa5, sizes[i]);
		}
		for (i = 0; i < 8; i++)
			pinbuf_heap_free(heap, ptr[i]);
	}
	assert_null(pinbuf_heap_aligned_alloc(heap, 48, 10));
	assert_int_equal(errno, EINVAL);
	assert_null(pinbuf_heap_aligned_alloc(heap, 0, 10));
	assert_int_equal(errno, EINVAL);
}

static void calloc_zeroes_what_was_dirty(void **state)
{
	static const size_t sizes[] = { 24, 4096, 8192, 300000 };
	size_t i, k;

	(void)state;
	for (i = 0; i < 4; i++) {
		unsigned char *ptr = pinbuf_heap_malloc(heap, sizes[i]);

		memset(ptr, 0xff, sizes[i]);
		pinbuf_heap_free(heap, ptr);
		ptr = pinbuf_heap_calloc(heap, sizes[i] / 8, 8);
		for (k = 0; k < sizes[i]; k++)
			assert_int_equal(ptr[k], 0);
		pinbuf_heap_free(heap, ptr);
	}
	assert_null(pinbuf_heap_calloc(heap, huge / 2, 3));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_OVERFLOW);
}

static void realloc_keeps_the_bytes(void **state)
{
	unsigned char *ptr = NULL;
	size_t size, k, old = 0;

	(void)state;
	for (size = 1; size < 300000; size = size * 3 / 2 + 1) {
		ptr = pinbuf_heap_realloc(heap, ptr, size);
		assert_non_null(ptr);
		for (k = 0; k < old; k++)
			assert_int_equal(ptr[k], (unsigned char)(k * 7));
		for (k = 0; k < size; k++)
			ptr[k] = (unsigned char)(k * 7);
		old = size;
	}
	for (; size > 1; size = size / 2) {
		ptr = pinbuf_heap_realloc(heap, ptr, size);
		assert_non_null(ptr);
		for (k = 0; k < size && k < old; k++)
			assert_int_equal(ptr[k], (unsigned char)(k * 7));
		for (; k < size; k++)
			ptr[k] = (unsigned char)(k * 7);
		old = size;
	}
	assert_null(pinbuf_heap_realloc(heap, ptr, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(pinbuf_heap_realloc(heap, ptr, huge));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(ptr[0], 0);
	pinbuf_heap_free(heap, ptr);
}

static void large_realloc_is_in_place_where_pages_are_free(void **state)
{
	char *ptr = pinbuf_heap_malloc(heap, 8 * KIB), *behind;
	struct pinbuf_stats before = heap_stats(heap), after;

	(void)state;
	assert_ptr_equal(pinbuf_heap_realloc(heap, ptr, 200 * KIB), ptr);
	assert_int_equal(pinbuf_heap_usable_size(heap, ptr), 200 * KIB);
	assert_ptr_equal(pinbuf_heap_realloc(heap, ptr, 12 * KIB), ptr);
	after = heap_stats(heap);
	assert_int_equal(after.allocation_count, before.allocation_count);
	assert_int_equal(after.deallocation_count, before.deallocation_count);
	assert_int_equal(after.current_live, 12 * KIB);
	assert_int_equal(after.total_allocated, 200 * KIB);
	assert_int_equal(after.total_deallocated, 188 * KIB);
	assert_int_equal(after.peak_usage, 200 * KIB);
	behind = pinbuf_heap_malloc(heap, 5000);
	assert_ptr_equal(behind, ptr + 12 * KIB);
	assert_ptr_not_equal(pinbuf_heap_realloc(heap, ptr, 16 * KIB), ptr);
}

static void counters_are_exact(void **state)
{
	void *ptr[300];
	struct pinbuf_stats s;
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		ptr[i] = pinbuf_heap_malloc(heap, 100);		/* 112 each */
	for (i = 0; i < 200; i++)
		pinbuf_heap_free(heap, ptr[i]);
	ptr[0] = pinbuf_heap_malloc(heap, 5000);
	s = heap_stats(heap);
	assert_int_equal(s.allocation_count, 301);
	assert_int_equal(s.deallocation_count, 200);
	assert_int_equal(s.total_allocated, 300 * 112 + 8192);
	assert_int_equal(s.total_deallocated, 200 * 112);
	assert_int_equal(s.current_live, 100 * 112 + 8192);
	assert_int_equal(s.peak_usage, 300 * 112);
	assert_int_equal(s.held, source.bytes);
	assert_int_equal(s.failures, 0);
	for (i = 200; i < 300; i++)
		pinbuf_heap_free(heap, ptr[i]);
	pinbuf_heap_free(heap, ptr[0]);
	s = heap_stats(heap);
	assert_int_equal(s.current_live, 0);
	assert_int_equal(s.allocation_count, s.deallocation_count);
	assert_int_equal(s.peak_usage, 300 * 112);
}

static void batch_gives_and_takes_many(void **state)
{
	void *ptr[1000];

	(void)state;
	assert_int_equal(pinbuf_heap_malloc_batch(heap, 200, 1000, ptr), 1000);
	assert_int_equal(heap_stats(heap).allocation_count, 1000);
	pinbuf_heap_free_batch(heap, 1000, ptr);
	assert_int_equal(heap_stats(heap).deallocation_count, 1000);
}

static void impossible_sizes_are_refused(void **state)
{
	(void)state;
	assert_null(pinbuf_heap_malloc(heap, huge));
	assert_int_equal(errno, ENOMEM);
	assert_null(pinbuf_heap_malloc(heap, huge / 2 + 1));
	assert_null(pinbuf_heap_malloc(heap, huge / 2));
	assert_int_equal(errno, ENOMEM);
	assert_null(pinbuf_heap_aligned_alloc(heap, (size_t)1 << 62, 1));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(heap_stats(heap).held, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, heap_open, heap_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(block_of_size_0_is_unique),
		T(waste_keeps_its_bounds),
		T(large_blocks_hold_at_most_a_page_more),
		T(every_alignment_is_honoured),
		T(calloc_zeroes_what_was_dirty),
		T(realloc_keeps_the_bytes),
		T(large_realloc_is_in_place_where_pages_are_free),
		T(counters_are_exact),
		T(batch_gives_and_takes_many),
		T(impossible_sizes_are_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
