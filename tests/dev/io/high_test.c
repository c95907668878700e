// SPDX-License-Identifier: MIT
/*
 * addr_bits on a machine with memory above the bound: a bound of 32 bits, which
 * is a zone's end, and one of 33, which is not.
 */
#include "extents.h"
#include "proc.h"

static int buf_below(uint64_t len, uint32_t bits)
{
	struct pinbuf_ioc_alloc req = request(len);

	req.addr_bits = bits;
	assert_int_equal(alloc_on(dev, &req), 0);
	return req.out_fd;
}

/* Takes and keeps memory until the allocator gives what lies above the bound. */
static size_t take_until_above(uint64_t bound, int *fds, size_t room)
{
	size_t count = 0;

	while (count < room) {
		fds[count] = buf_below(MIB(64), 0);
		if (extents_end(fds[count++]) > bound)
			return count;
	}
	fail_msg("the allocator gives nothing above %#llx", (unsigned long long)bound);
	return count;
}

static void bound_is_honoured(uint32_t bits)
{
	static const uint64_t lens[] = { PAGE, 3 * PAGE, MIB(1), MIB(2), MIB(64) - PAGE };
	uint64_t bound = 1ULL << bits;
	int fds[64];
	size_t taken;

	if (ram_end() <= bound)
		skip_because("there is no memory above 2^%u", bits);
	taken = take_until_above(bound, fds, ARRAY_LEN(fds));
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_below(lens[i], bits);

		assert_true(extents_end(fd) <= bound);
		close(fd);
	}
	while (taken--)
		close(fds[taken]);
}

static void bound_at_the_end_of_a_zone(void **state)
{
	(void)state;
	bound_is_honoured(32);
}

static void bound_inside_the_highest_zone(void **state)
{
	(void)state;
	bound_is_honoured(33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bound_at_the_end_of_a_zone),
		TEST(bound_inside_the_highest_zone),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
