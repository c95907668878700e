// SPDX-License-Identifier: MIT
/* SYNC: ranges and flags; what it does for devices is in import_test.c. */
#include "common.h"

static int buf = -1;
static const uint64_t len = 3 * PAGE;

static int sync_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	buf = buf_new(len);
	return 0;
}

static int sync_teardown(void **state)
{
	close(buf);
	return fixture_teardown(state);
}

#define SYNC(function) \
	cmocka_unit_test_setup_teardown(function, sync_setup, sync_teardown)

static int sync_errno(int fd, uint32_t flags, uint64_t offset, uint64_t bytes)
{
	struct pinbuf_ioc_sync sync = {
		.fd = fd, .flags = flags, .offset = offset, .len = bytes,
	};

	return errno_of(ioctl(dev, PINBUF_IOC_SYNC, &sync));
}

static void known_flags_are_one_of_two_and_a_direction(void **state)
{
	(void)state;
	for (uint32_t flags = 0; flags < 16; flags++) {
		bool start = flags & PINBUF_SYNC_START;
		bool end = flags & PINBUF_SYNC_END;
		bool direction = flags & (PINBUF_SYNC_READ | PINBUF_SYNC_WRITE);
		int expected = start != end && direction ? 0 : EINVAL;

		assert_int_equal(sync_errno(buf, flags, 0, len), expected);
	}
}

static void unknown_flags_are_einval(void **state)
{
	(void)state;
	for (int bit = 4; bit < 32; bit++)
		assert_int_equal(sync_errno(buf, PINBUF_SYNC_START |
					    PINBUF_SYNC_READ | 1U << bit,
					    0, len), EINVAL);
}

static void any_range_inside_is_fine(void **state)
{
	static const struct {
		uint64_t offset, len;
	} ranges[] = {
		{ 0, 1 }, { 0, 3 * PAGE }, { 1, 1 }, { 4095, 2 },
		{ 3 * PAGE - 1, 1 }, { PAGE, 2 * PAGE }, { 17, 4711 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		assert_int_equal(sync_errno(buf, PINBUF_SYNC_START |
					    PINBUF_SYNC_READ |
					    PINBUF_SYNC_WRITE,
					    ranges[i].offset, ranges[i].len), 0);
		assert_int_equal(sync_errno(buf, PINBUF_SYNC_END |
					    PINBUF_SYNC_READ |
					    PINBUF_SYNC_WRITE,
					    ranges[i].offset, ranges[i].len), 0);
	}
}

static void ranges_outside_are_einval(void **state)
{
	const uint32_t flags = PINBUF_SYNC_START | PINBUF_SYNC_WRITE;

	(void)state;
	assert_int_equal(sync_errno(buf, flags, 0, 0), EINVAL);
	assert_int_equal(sync_errno(buf, flags, PAGE, 0), EINVAL);
	assert_int_equal(sync_errno(buf, flags, 0, len + 1), EINVAL);
	assert_int_equal(sync_errno(buf, flags, 1, len), EINVAL);
	assert_int_equal(sync_errno(buf, flags, len, 1), EINVAL);
	assert_int_equal(sync_errno(buf, flags, len - 1, 2), EINVAL);
	assert_int_equal(sync_errno(buf, flags, 1ULL << 63, 1), EINVAL);
}

static void ranges_that_wrap_are_eoverflow(void **state)
{
	const uint32_t flags = PINBUF_SYNC_START | PINBUF_SYNC_WRITE;

	(void)state;
	assert_int_equal(sync_errno(buf, flags, 1, UINT64_MAX), EOVERFLOW);
	assert_int_equal(sync_errno(buf, flags, UINT64_MAX, 1), EOVERFLOW);
	assert_int_equal(sync_errno(buf, flags, -(uint64_t)PAGE, 2 * PAGE),
			 EOVERFLOW);
}

static void wrong_descriptors_are_told_apart(void **state)
{
	const uint32_t flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
	int memfd = memfd_create("foreign", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(sync_errno(-1, flags, 0, 1), EBADF);
	assert_int_equal(sync_errno(memfd, flags, 0, 1), EINVAL);
	assert_int_equal(sync_errno(dev, flags, 0, 1), EINVAL);
	close(memfd);
	assert_int_equal(sync_errno(memfd, flags, 0, 1), EBADF);
}

static void needs_no_mode_on_the_node(void **state)
{
	struct pinbuf_ioc_sync sync = {
		.fd = buf, .flags = PINBUF_SYNC_START | PINBUF_SYNC_READ,
		.len = len,
	};
	int ro = open(NODE_PATH, O_RDONLY);

	(void)state;
	assert_ok(ioctl(ro, PINBUF_IOC_SYNC, &sync));
	close(ro);
}

static void bytes_stay_as_they_are(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	fill(p, len, 7);
	assert_int_equal(sync_errno(buf, PINBUF_SYNC_START | PINBUF_SYNC_READ |
				    PINBUF_SYNC_WRITE, 0, len), 0);
	assert_int_equal(differs(p, len, 7), -1);
	assert_int_equal(sync_errno(buf, PINBUF_SYNC_END | PINBUF_SYNC_READ |
				    PINBUF_SYNC_WRITE, 0, len), 0);
	assert_int_equal(differs(p, len, 7), -1);
	munmap(p, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SYNC(known_flags_are_one_of_two_and_a_direction),
		SYNC(unknown_flags_are_einval),
		SYNC(any_range_inside_is_fine),
		SYNC(ranges_outside_are_einval),
		SYNC(ranges_that_wrap_are_eoverflow),
		SYNC(wrong_descriptors_are_told_apart),
		SYNC(needs_no_mode_on_the_node),
		SYNC(bytes_stay_as_they_are),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
