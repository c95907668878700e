// SPDX-License-Identifier: MIT
/* What the stack has beyond the laws: order, and how its places are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "child.h"

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

static void stack_make(struct pinbuf_stack *s, size_t bytes)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;

	o.bytes = bytes;
	o.name = "calls";
	assert_int_equal(pinbuf_stack_init(s, &o), 0);
}

static void a_stack_lies_in_a_buffer_wherever_it_begins(void **state)
{
	static char buffer[4096] __attribute__((aligned(64)));
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_stack s;
	size_t shift;
	char *p;

	(void)state;
	for (shift = 0; shift < 16; shift++) {
		o.buffer = buffer + shift;
		o.bytes = sizeof(buffer) - 16;
		assert_int_equal(pinbuf_stack_init(&s, &o), 0);
		assert_true(pinbuf_stack_remaining(&s) > o.bytes - 16);
		while ((p = pinbuf_stack_push(&s, 100, 8))) {
			assert_true(p >= buffer + shift && p + 100 <= buffer + shift + o.bytes);
			memset(p, 1, 100);
		}
		pinbuf_stack_fini(&s);
	}
}

static void alignment_is_given_back_with_its_block(void **state)
{
	struct pinbuf_stack s;
	size_t left, align;
	void *p;

	(void)state;
	stack_make(&s, 1 << 20);
	for (align = 8; align <= 65536; align *= 2) {
		left = pinbuf_stack_remaining(&s);
		p = pinbuf_stack_push(&s, 24, align);
		assert_true(pinbuf_is_ptr_aligned(p, align));
		pinbuf_stack_pop(&s, p);
		assert_int_equal(pinbuf_stack_remaining(&s), left);
	}
	pinbuf_stack_fini(&s);
}

/* the word that counts pushes overflows after 32 GiB: half a million of 64 KiB */
static void figures_survive_the_overflow_of_their_word(void **state)
{
	enum { BYTES = 65536 - 8, TIMES = 1100000 };
	struct pinbuf_stack s;
	struct pinbuf_stats st;
	size_t i;

	(void)state;
	stack_make(&s, 1 << 20);
	for (i = 0; i < TIMES; i++)
		pinbuf_stack_pop(&s, pinbuf_stack_push(&s, BYTES, 8));
	st = stats_of(&s.region);
	assert_int_equal(st.total_allocated, (uint64_t)TIMES * 65536);
	assert_int_equal(st.total_deallocated, st.total_allocated);
	assert_int_equal(st.allocation_count, TIMES);
	assert_int_equal(st.deallocation_count, TIMES);
	assert_int_equal(st.peak_usage, 65536);
	pinbuf_stack_fini(&s);
}

static void init_refuses_sizes_that_cannot_be(void **state)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_stack s;

	(void)state;
	assert_int_equal(pinbuf_stack_init(&s, &o), -EINVAL);
	o.bytes = 15;
	assert_int_equal(pinbuf_stack_init(&s, &o), -EINVAL);
	o.bytes = PINBUF_STACK_MAX + 1;
	assert_int_equal(pinbuf_stack_init(&s, &o), -EINVAL);
	assert_non_null(strstr(pinbuf_error_text(), "PINBUF_STACK_MAX"));
}

static void the_newest_block_grows_in_place(void **state)
{
	struct pinbuf_layout small = { 10, 8 }, large = { 1000, 8 };
	struct pinbuf_stack s;
	void *a, *b;

	(void)state;
	stack_make(&s, 4096);
	a = pinbuf_alloc(&s.region, small);
	b = pinbuf_alloc(&s.region, small);
	assert_ptr_equal(pinbuf_realloc(&s.region, b, small, large), b);
	assert_null(pinbuf_realloc(&s.region, a, small, large));
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_UNSUPPORTED);
	assert_int_equal(stats_of(&s.region).current_live, 24 + 1008);
	pinbuf_stack_pop(&s, b);
	assert_ptr_equal(pinbuf_realloc(&s.region, a, small, large), a);
	pinbuf_stack_pop(&s, a);
	assert_int_equal(stats_of(&s.region).current_live, 0);
	assert_int_equal(stats_of(&s.region).peak_usage, 24 + 1008);
	pinbuf_stack_fini(&s);
}

static void pop_out_of_order(void)
{
	struct pinbuf_stack s;
	void *a;

	stack_make(&s, 4096);
	a = pinbuf_stack_push(&s, 8, 8);
	assert_non_null(pinbuf_stack_push(&s, 8, 8));
	pinbuf_stack_pop(&s, a);
}

static void pop_twice(void)
{
	struct pinbuf_stack s;
	void *a;

	stack_make(&s, 4096);
	assert_non_null(pinbuf_stack_push(&s, 8, 8));
	a = pinbuf_stack_push(&s, 8, 8);
	pinbuf_stack_pop(&s, a);
	pinbuf_stack_pop(&s, a);
}

static void pop_of_another_stack(void)
{
	struct pinbuf_stack s, other;
	void *a;

	stack_make(&s, 4096);
	stack_make(&other, 4096);
	assert_non_null(pinbuf_stack_push(&s, 8, 8));
	a = pinbuf_stack_push(&other, 8, 8);
	pinbuf_stack_pop(&s, a);
}

static void write_past_a_block(void)
{
	struct pinbuf_stack s;
	volatile char *a;
	size_t i;
	void *b;

	stack_make(&s, 4096);
	a = pinbuf_stack_push(&s, 8, 8);
	b = pinbuf_stack_push(&s, 8, 8);
#ifndef __SANITIZE_ADDRESS__
	for (i = 0; i < 16; i++)
		a[i] = -1;
#else
	(void)a;
	(void)i;
	fputs("the header of 0 was written over\n", stderr);
	abort();
#endif
	pinbuf_stack_pop(&s, b);
}

static void misuse_is_caught(void **state)
{
	(void)state;
	dies_saying(pop_out_of_order, "stack 'calls': 0x");
	dies_saying(pop_out_of_order, "is not the newest block: blocks go back newest first");
	dies_saying(pop_twice, DEAD_MEMORY_IS_USED ?: "is popped a second time");
	dies_saying(pop_of_another_stack, "is no block of the stack");
	dies_saying(write_past_a_block, "was written over");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_lies_in_a_buffer_wherever_it_begins),
		cmocka_unit_test(alignment_is_given_back_with_its_block),
		cmocka_unit_test(figures_survive_the_overflow_of_their_word),
		cmocka_unit_test(init_refuses_sizes_that_cannot_be),
		cmocka_unit_test(the_newest_block_grows_in_place),
		cmocka_unit_test(misuse_is_caught),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("stack", tests, NULL, NULL);
}
