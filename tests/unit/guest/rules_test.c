// SPDX-License-Identifier: MIT
/* What cannot be asked for, and the words that say so. */
#include "device.h"

static void broken_requests_are_told_their_rule(void **state)
{
	static const struct {
		size_t len;
		struct pinbuf_buf_opts opts;
		int err;
		enum pinbuf_error_kind kind;
		const char *words;
	} rows[] = {
		{ 0, PINBUF_BUF_OPTS_INIT, EINVAL, PINBUF_ERROR_MISUSE, "more than 0" },
		{ 1, { sizeof(rows[0].opts), 3000, 0, -1, 0, 0, NULL }, EINVAL,
		  PINBUF_ERROR_MISUSE, "alignment 3000 is not a power of two" },
		{ 1, { sizeof(rows[0].opts), 0, 1 << 9, -1, 0, 0, NULL }, EINVAL,
		  PINBUF_ERROR_MISUSE, "unknown bits 0x200" },
		{ 1, { sizeof(rows[0].opts), 0, 0, -2, 0, 0, NULL }, EINVAL,
		  PINBUF_ERROR_MISUSE, "NUMA node -2" },
		{ 1, { sizeof(rows[0].opts), 0, PINBUF_BUF_STRICT_NODE, -1, 0, 0, NULL }, EINVAL,
		  PINBUF_ERROR_MISUSE, "needs a node" },
		{ 1, { sizeof(rows[0].opts), 0, 0, -1, 0, 1, NULL }, EINVAL,
		  PINBUF_ERROR_MISUSE, "reserved is 1" },
		{ 1, { sizeof(rows[0].opts), 0, 0, -1, 0, 0, "12345678901234567890123456789012" },
		  EINVAL, PINBUF_ERROR_MISUSE, "has 32 characters, 31 are the most" },
		{ 1, { sizeof(rows[0].opts), 0, 0, -1, 0, 0, "tab\there" }, EINVAL,
		  PINBUF_ERROR_MISUSE, "the byte 0x9 at place 3" },
		{ 1, { sizeof(rows[0].opts), 0, 0, 77, 0, 0, NULL }, ENOENT,
		  PINBUF_ERROR_MISUSE, "no NUMA node 77" },
		{ 1, { sizeof(rows[0].opts), (size_t)1 << 40, 0, -1, 0, 0, NULL }, EOPNOTSUPP,
		  PINBUF_ERROR_ALIGN, "an alignment of 1 TiB" },
		{ SIZE_MAX, PINBUF_BUF_OPTS_INIT, EOVERFLOW, PINBUF_ERROR_OVERFLOW,
		  "cannot be rounded up" },
	};
	struct pinbuf_buf *buf = (void *)1;
	uint64_t before = live_bytes();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pinbuf_buf_create(&buf, dev, rows[i].len, &rows[i].opts),
				 -rows[i].err);
		assert_kind(rows[i].kind);
		assert_int_equal(pinbuf_error_last()->err, rows[i].err);
		assert_says(rows[i].words);
		assert_ptr_equal(buf, (void *)1);
	}
	assert_int_equal(live_bytes(), before);
}

static void broken_mappings_are_told_their_rule(void **state)
{
	static const struct {
		struct pinbuf_map_opts opts;
		const char *words;
	} rows[] = {
		{ { sizeof(rows[0].opts), 100, 0, 0, 0 }, "offset 100" },
		{ { sizeof(rows[0].opts), MIB, 0, 0, 0 }, "outside the buffer" },
		{ { sizeof(rows[0].opts), 4096, MIB, 0, 0 }, "outside the buffer" },
		{ { sizeof(rows[0].opts), 0, SIZE_MAX, 0, 0 }, "outside the buffer" },
		{ { sizeof(rows[0].opts), 0, 0, 4, 0 }, "access is 0x4" },
		{ { sizeof(rows[0].opts), 0, 0, 0, 7 }, "fork is 7" },
	};
	struct pinbuf_buf *buf = create(MIB);
	size_t i;
	void *p;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pinbuf_buf_map(buf, &p, &rows[i].opts), -EINVAL);
		assert_kind(PINBUF_ERROR_MISUSE);
		assert_says(rows[i].words);
	}
	pinbuf_buf_put(buf);
}

static void sync_takes_ranges_inside(void **state)
{
	struct pinbuf_buf *buf = create(MIB);

	(void)state;
	assert_int_equal(pinbuf_buf_sync_begin(buf, 0, MIB, PINBUF_READWRITE), 0);
	assert_int_equal(pinbuf_buf_sync_end(buf, 0, MIB, PINBUF_READWRITE), 0);
	assert_int_equal(pinbuf_buf_sync_begin(buf, 5, 7, PINBUF_READ), 0);
	assert_int_equal(pinbuf_buf_sync_end(buf, 5, 7, PINBUF_READ), 0);
	assert_int_equal(pinbuf_buf_sync_begin(buf, 0, 0, PINBUF_READ), -EINVAL);
	assert_int_equal(pinbuf_buf_sync_begin(buf, MIB, 1, PINBUF_READ), -EINVAL);
	assert_says("outside the buffer");
	assert_int_equal(pinbuf_buf_sync_begin(buf, 1, UINT64_MAX, PINBUF_READ), -EINVAL);
	assert_int_equal(pinbuf_buf_sync_begin(buf, 0, 1, 0), -EINVAL);
	assert_says("access of 0");
	pinbuf_buf_put(buf);
}

static void statistics_refuse_what_is_not(void **state)
{
	struct pinbuf_dev_stats s = { .size = sizeof(s) };

	(void)state;
	assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_NODE, 0, &s), 0);
	assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_NODE, 99, &s), -ENOENT);
	assert_says("no NUMA node 99");
	assert_int_equal(pinbuf_stats_device(dev, 9, 0, &s), -EINVAL);
	assert_says("scope 9");
	s.size = 8;
	assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_ALL, 0, &s), -EINVAL);
	assert_says("struct pinbuf_dev_stats.size is 8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_requests_are_told_their_rule),
		cmocka_unit_test(broken_mappings_are_told_their_rule),
		cmocka_unit_test(sync_takes_ranges_inside),
		cmocka_unit_test(statistics_refuse_what_is_not),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, dev_open, dev_close);
}
