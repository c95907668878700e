// SPDX-License-Identifier: MIT
/* Faults of a mapping: which there are, and what they bring. */
#include "common.h"
#include "proc.h"

static void small_buffers_need_no_fault(void **state)
{
	static const size_t lens[] = { PAGE, KIB(64), MIB(1), MIB(2) - PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		volatile char *p = map_shared(fd, lens[i]);
		long faults = minor_faults();

		for (size_t at = 0; at < lens[i]; at += PAGE)
			p[at] = 1;
		assert_int_equal(minor_faults() - faults, 0);
		munmap((void *)p, lens[i]);
		close(fd);
	}
}

static void nothing_is_left_to_fault_after_populate_write(void **state)
{
	static const size_t lens[] = { PAGE, MIB(1) + PAGE, MIB(5) - PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		volatile char *p = map_shared(fd, lens[i]);
		long faults;

		assert_ok(madvise((void *)p, lens[i], MADV_POPULATE_WRITE));
		faults = minor_faults();
		for (size_t at = 0; at < lens[i]; at += PAGE)
			p[at] = 1;
		assert_int_equal(minor_faults() - faults, 0);
		munmap((void *)p, lens[i]);
		close(fd);
	}
}

static void dontneed_gives_the_same_bytes_back(void **state)
{
	static const size_t lens[] = { PAGE, MIB(1), MIB(4), MIB(5) - PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		void *p = map_shared(fd, lens[i]);

		fill(p, lens[i], i);
		assert_ok(madvise(p, lens[i], MADV_DONTNEED));
		assert_int_equal(differs(p, lens[i], i), -1);
		munmap(p, lens[i]);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(small_buffers_need_no_fault),
		TEST(nothing_is_left_to_fault_after_populate_write),
		TEST(dontneed_gives_the_same_bytes_back),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
