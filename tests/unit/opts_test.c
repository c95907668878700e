// SPDX-License-Identifier: MIT
/* Structs that start with their size, between programs and libraries of any age. */
#include "internal.h"
#include "unit.h"

struct first { size_t size; int a; int b; };
struct later { size_t size; int a; int b; int c; int d; };

static const struct first defaults = { sizeof(struct first), 1, 2 };

static int take(struct first *out, const void *user)
{
	*out = defaults;
	return pinbuf__opts_copy(out, sizeof(*out), sizeof(*out), user, "struct first");
}

static void null_is_the_defaults(void **state)
{
	struct first got;

	(void)state;
	assert_int_equal(take(&got, NULL), 0);
	assert_memory_equal(&got, &defaults, sizeof(got));
}

static void same_size_is_taken(void **state)
{
	struct first mine = { sizeof(mine), 5, 6 }, got;

	(void)state;
	assert_int_equal(take(&got, &mine), 0);
	assert_int_equal(got.a, 5);
	assert_int_equal(got.b, 6);
}

static void too_short_is_refused_in_words(void **state)
{
	static const size_t sizes[] = { 0, 1, sizeof(size_t), sizeof(struct first) - 1 };
	struct first mine = { 0, 5, 6 }, got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		mine.size = sizes[i];
		assert_int_equal(take(&got, &mine), -EINVAL);
		assert_kind(PINBUF_ERROR_MISUSE);
		assert_says("struct first.size");
		assert_says("sizeof(struct first)");
	}
}

static void newer_program_may_leave_the_new_at_zero(void **state)
{
	struct later newer = { sizeof(newer), 5, 6, 0, 0 };
	struct first got;

	(void)state;
	assert_int_equal(take(&got, &newer), 0);
	assert_int_equal(got.b, 6);
}

static void newer_program_that_asks_for_more_is_refused(void **state)
{
	struct later newer = { sizeof(newer), 5, 6, 0, 7 };
	struct first got;

	(void)state;
	assert_int_equal(take(&got, &newer), -E2BIG);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("newer libpinbuf");
}

static void older_program_keeps_the_defaults_of_the_new(void **state)
{
	struct first old = { sizeof(old), 5, 6 };
	struct later got = { sizeof(got), 0, 0, 8, 9 };

	(void)state;
	assert_int_equal(pinbuf__opts_copy(&got, sizeof(got), sizeof(old), &old, "struct later"), 0);
	assert_int_equal(got.a, 5);
	assert_int_equal(got.c, 8);
	assert_int_equal(got.d, 9);
}

static void given_is_cut_to_the_callers_size(void **state)
{
	struct later known = { sizeof(known), 1, 2, 3, 4 };
	struct { struct first f; int guard; } old = { { sizeof(old.f), 0, 0 }, 77 };

	(void)state;
	assert_int_equal(pinbuf__info_copy(&old.f, sizeof(old.f), &known, sizeof(known),
					   "struct later"), 0);
	assert_int_equal(old.f.size, sizeof(old.f));
	assert_int_equal(old.f.b, 2);
	assert_int_equal(old.guard, 77);
}

static void given_is_zero_past_what_is_known(void **state)
{
	struct first known = { sizeof(known), 1, 2 };
	struct later newer = { sizeof(newer), 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(pinbuf__info_copy(&newer, sizeof(known), &known, sizeof(known),
					   "struct first"), 0);
	assert_int_equal(newer.size, sizeof(newer));
	assert_int_equal(newer.b, 2);
	assert_int_equal(newer.c, 0);
	assert_int_equal(newer.d, 0);
}

static void given_to_none_is_refused(void **state)
{
	struct first known = { sizeof(known), 1, 2 }, mine = { 0, 9, 9 };

	(void)state;
	assert_int_equal(pinbuf__info_copy(&mine, sizeof(known), &known, sizeof(known),
					   "struct first"), -EINVAL);
	assert_int_equal(mine.a, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_is_the_defaults),
		cmocka_unit_test(same_size_is_taken),
		cmocka_unit_test(too_short_is_refused_in_words),
		cmocka_unit_test(newer_program_may_leave_the_new_at_zero),
		cmocka_unit_test(newer_program_that_asks_for_more_is_refused),
		cmocka_unit_test(older_program_keeps_the_defaults_of_the_new),
		cmocka_unit_test(given_is_cut_to_the_callers_size),
		cmocka_unit_test(given_is_zero_past_what_is_known),
		cmocka_unit_test(given_to_none_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
