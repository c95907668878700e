// SPDX-License-Identifier: MIT
/* The size classes of the heap: waste, order, alignment, the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heap/cache.h"
#include "heap/classes.h"
#include "heap/span.h"

static void class_wastes_at_most_an_eighth(void **state)
{
	size_t size;

	(void)state;
	for (size = 1; size <= HEAP_SMALL_MAX; size++) {
		size_t got = heap_class_size(heap_class(size));

		assert_true(got >= size);
		assert_true(got - size <= 15 || (got - size) * 8 <= size);
		if (heap_class(size))
			assert_true(heap_class_size(heap_class(size) - 1) < size);
	}
	assert_int_equal(heap_class(0), 0);
	assert_int_equal(heap_class(HEAP_SMALL_MAX), HEAP_NR_CLASSES - 1);
}

static void bins_of_a_cache_do_not_touch(void **state)
{
	size_t cls;

	(void)state;
	for (cls = 0; cls < HEAP_NR_CLASSES; cls++) {
		size_t len = (heap_bin_line(cls + 1) - heap_bin_line(cls)) * HEAP_LINE;

		assert_true(heap_bin_line(cls) * HEAP_LINE >= sizeof(struct heap_cache));
		assert_true(len >= sizeof(struct heap_bin) +
			    heap_class_cap(cls) * sizeof(struct heap_entry));
		/* an entry of the page map has room for it */
		assert_true(heap_bin_line(cls) < 1 << (HEAP_ENTRY_SHIFT - HEAP_ENTRY_LINE));
	}
}

static void class_of_a_rounded_size_has_the_alignment(void **state)
{
	size_t align, size;

	(void)state;
	for (align = 1; align <= HEAP_PAGE; align *= 2)
		for (size = align; size <= HEAP_SMALL_MAX; size += align)
			assert_int_equal(heap_class_size(heap_class(size)) % align, 0);
}

static void every_block_of_a_span_is_found_and_nothing_else(void **state)
{
	unsigned int cls;

	(void)state;
	for (cls = 0; cls < HEAP_NR_CLASSES; cls++) {
		size_t size = heap_class_size(cls), offset;
		struct heap_span span = { .reciprocal = heap_class_reciprocal(cls) };

		for (offset = 0; offset < HEAP_CHUNK; offset++) {
			void *ptr = (void *)(HEAP_CHUNK + offset);

			assert_int_equal(heap_begins_block(ptr, span.reciprocal),
					 offset % size == 0);
			assert_int_equal(heap_span_block(&span, ptr), offset / size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_wastes_at_most_an_eighth),
		cmocka_unit_test(bins_of_a_cache_do_not_touch),
		cmocka_unit_test(class_of_a_rounded_size_has_the_alignment),
		cmocka_unit_test(every_block_of_a_span_is_found_and_nothing_else),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_classes", tests, NULL, NULL);
}
