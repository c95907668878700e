// SPDX-License-Identifier: MIT
/* Names where there is no device: refused, with the reason. */
#include "unit.h"

static struct pinbuf_dev *dev;

static int open_locked(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;

	(void)state;
	opts.flags = PINBUF_OPEN_LOCKED;
	return pinbuf_open(&dev, &opts);
}

static int close_locked(void **state)
{
	(void)state;
	pinbuf_close(dev);
	return 0;
}

static void assert_no_names(int ret)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };

	assert_int_equal(ret, -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_int_equal(pinbuf_error_last()->err, EOPNOTSUPP);
	assert_string_equal(pinbuf_error_last()->name, "dataset");
	assert_says("locked memory has no names, for it ends with its process");
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	assert_int_equal(info.source, PINBUF_SOURCE_LOCKED);
}

static void locked_memory_cannot_be_published(void **state)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_buf *buf;

	(void)state;
	assert_int_equal(pinbuf_buf_create(&buf, dev, 4096, NULL), 0);
	assert_no_names(pinbuf_buf_publish(buf, "dataset", 0600));
	assert_int_equal(pinbuf_buf_query(buf, 0, &info), 0);
	assert_string_equal(info.name, "");
	pinbuf_buf_put(buf);
}

static void nothing_is_attached_or_unpublished(void **state)
{
	struct pinbuf_buf *buf = (void *)1;

	(void)state;
	assert_no_names(pinbuf_buf_attach(&buf, dev, PINBUF_UID_OWN, "dataset"));
	assert_ptr_equal(buf, (void *)1);
	assert_no_names(pinbuf_buf_unpublish(dev, 0, "dataset"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locked_memory_cannot_be_published),
		cmocka_unit_test(nothing_is_attached_or_unpublished),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, open_locked, close_locked);
}
