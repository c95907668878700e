// SPDX-License-Identifier: MIT
/* The record of the last error. */
#include <pthread.h>

#include "internal.h"
#include "unit.h"

static void before_any_failure_there_is_a_text(void **state)
{
	(void)state;
	assert_kind(PINBUF_ERROR_NONE);
	assert_says("no call of this thread has failed");
}

static void failure_keeps_its_figures(void **state)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LIMIT, .err = EDQUOT, .requested = 10, .available = 7,
		.largest_free = 3, .limit = 8, .limit_name = "x", .name = "y",
	};
	const struct pinbuf_error *last;

	(void)state;
	assert_int_equal(pinbuf__error(&e, "%d words", 3), -EDQUOT);
	last = pinbuf_error_last();
	assert_int_equal(last->kind, PINBUF_ERROR_LIMIT);
	assert_int_equal(last->err, EDQUOT);
	assert_int_equal(last->requested, 10);
	assert_int_equal(last->available, 7);
	assert_int_equal(last->largest_free, 3);
	assert_int_equal(last->limit, 8);
	assert_string_equal(last->limit_name, "x");
	assert_string_equal(last->name, "y");
	assert_string_equal(pinbuf_error_text(), "3 words");
}

static void long_text_is_cut_and_ended(void **state)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_SYSTEM, .err = EIO };

	(void)state;
	assert_int_equal(pinbuf__error(&e, "%2000d", 1), -EIO);
	assert_int_equal(strlen(pinbuf_error_text()), sizeof(e.text) - 1);
}

static void *fail_elsewhere(void *unused)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MEMORY, .err = ENOMEM };

	pinbuf__error(&e, "of the other thread");
	return unused;
}

static void each_thread_has_its_own(void **state)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	pthread_t other;

	(void)state;
	pinbuf__error(&e, "mine");
	assert_int_equal(pthread_create(&other, NULL, fail_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(other, NULL), 0);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_string_equal(pinbuf_error_text(), "mine");
}

static void every_kind_has_a_name(void **state)
{
	int kind;

	(void)state;
	for (kind = PINBUF_ERROR_NONE; kind <= PINBUF_ERROR_SYSTEM; kind++)
		assert_string_not_equal(pinbuf_error_kind_name(kind), "unknown");
	assert_string_equal(pinbuf_error_kind_name(PINBUF_ERROR_LIMIT), "limit");
	assert_string_equal(pinbuf_error_kind_name(PINBUF_ERROR_SYSTEM + 1), "unknown");
	assert_string_equal(pinbuf_error_kind_name(-1), "unknown");
}

static void bytes_are_never_rounded(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 bytes" },
		{ 1, "1 byte" },
		{ 1023, "1023 bytes" },
		{ 1024, "1 KiB" },
		{ 1025, "1025 bytes" },
		{ 8 << 20, "8 MiB" },
		{ (8 << 20) + 4096, "8196 KiB" },
		{ 3ULL << 30, "3 GiB" },
		{ 1ULL << 62, "4194304 TiB" },
		{ UINT64_MAX, "18446744073709551615 bytes" },
	};
	char text[PINBUF__BYTES_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(pinbuf__bytes(text, rows[i].bytes), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_any_failure_there_is_a_text),
		cmocka_unit_test(failure_keeps_its_figures),
		cmocka_unit_test(long_text_is_cut_and_ended),
		cmocka_unit_test(each_thread_has_its_own),
		cmocka_unit_test(every_kind_has_a_name),
		cmocka_unit_test(bytes_are_never_rounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
