// SPDX-License-Identifier: MIT
/* ALLOC: every refusal of the errno table that needs no other user. */
#include "common.h"
#include "proc.h"

#include <limits.h>
#include <sys/resource.h>

static struct pinbuf_ioc_alloc base;

/* A refusal must cost nothing: no descriptor, no bytes, no count of a buffer. */
static void refused(int expected, struct pinbuf_ioc_alloc req, const char *why)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_ALL, 0);
	struct pinbuf_ioc_stats after;
	int fds = count_fds(), next = next_fd();

	check_errno(expected, alloc_errno(req), why, __FILE__, __LINE__);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(next_fd(), next);
	after = stats(PINBUF_STATS_ALL, 0);
	assert_int_equal(after.out_current_live, before.out_current_live);
	assert_int_equal(after.out_allocation_count,
			 before.out_allocation_count);
}

#define REFUSED(errno_wanted, why, ...) do {				\
		struct pinbuf_ioc_alloc req_ = base;			\
		struct pinbuf_ioc_alloc *r = &req_;			\
									\
		__VA_ARGS__;						\
		refused((errno_wanted), req_, (why));			\
	} while (0)

static int errors_setup(void **state)
{
	base = request(PAGE);
	return fixture_setup(state);
}

#define ERRORS(function) \
	cmocka_unit_test_setup_teardown(function, errors_setup, fixture_teardown)

static void zero_length_is_einval(void **state)
{
	(void)state;
	REFUSED(EINVAL, "len 0", r->len = 0);
}

static void length_that_wraps_is_eoverflow(void **state)
{
	(void)state;
	REFUSED(EOVERFLOW, "len 2^64-1", r->len = UINT64_MAX);
	REFUSED(EOVERFLOW, "len 2^64-4095", r->len = UINT64_MAX - 4094);
}

static void length_beyond_info_is_refused(void **state)
{
	uint64_t max = info().out_max_len;

	(void)state;
	REFUSED(EOVERFLOW, "max_len + 1", r->len = max + 1);
	REFUSED(EOVERFLOW, "2^63", r->len = 1ULL << 63);
	REFUSED(EOVERFLOW, "2^64 - a page", r->len = -(uint64_t)PAGE);
}

static void length_beyond_memory_is_enomem_or_a_limit(void **state)
{
	uint64_t max = info().out_max_len;
	long long ceiling = param_get("max_bytes");

	(void)state;
	REFUSED(EDQUOT, "max_len under the ceiling", r->len = max);
	assert_ok(param_set("max_bytes", 0));
	REFUSED(ENOMEM, "max_len without a ceiling", r->len = max);
	REFUSED(ENOMEM, "2^50 without a ceiling", r->len = 1ULL << 50);
	assert_ok(param_set("max_bytes", ceiling));
}

static void alignment_that_is_no_power_of_two_is_einval(void **state)
{
	static const uint64_t aligns[] = {
		3, 4097, 12288, 0x300000, UINT64_MAX, (1ULL << 63) + 1,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(aligns); i++)
		REFUSED(EINVAL, "align", r->align = aligns[i]);
}

static void alignment_above_the_largest_block_is_eopnotsupp(void **state)
{
	uint64_t block = info().out_max_block;

	(void)state;
	REFUSED(EOPNOTSUPP, "2 blocks", r->align = 2 * block);
	REFUSED(EOPNOTSUPP, "1 GiB", r->align = 1ULL << 30);
	REFUSED(EOPNOTSUPP, "2^63", r->align = 1ULL << 63);
}

static void unknown_flags_are_einval(void **state)
{
	(void)state;
	for (int bit = 3; bit < 32; bit++)
		REFUSED(EINVAL, "unknown flag", r->flags = 1U << bit);
	REFUSED(EINVAL, "known and unknown",
		r->flags = PINBUF_ALLOC_HUGE | 1U << 3);
}

static void bad_fd_flags_are_einval(void **state)
{
	static const unsigned int flags[] = {
		1, 2, O_RDWR, O_RDWR | O_CLOEXEC, O_NONBLOCK, O_APPEND, 1U << 31,
		~0U,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		REFUSED(EINVAL, "fd_flags", r->fd_flags = flags[i]);
}

static void reserved_field_is_einval(void **state)
{
	(void)state;
	for (int bit = 0; bit < 32; bit++)
		REFUSED(EINVAL, "reserved", r->reserved = 1U << bit);
}

static void labels_are_printable_ascii_filled_with_zeroes(void **state)
{
	static const uint8_t bad[] = { 1, '\t', '\n', 0x1b, 0x1f, 0x7f, 0x80,
				       0xe4, 0xff };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		REFUSED(EINVAL, "first byte", r->name[0] = bad[i]);
		REFUSED(EINVAL, "second byte",
			r->name[0] = 'a', r->name[1] = bad[i]);
	}
	REFUSED(EINVAL, "not terminated",
		memset(r->name, 'a', sizeof(r->name)));
	REFUSED(EINVAL, "byte after the end",
		r->name[0] = 'a', r->name[2] = 'b');
	REFUSED(EINVAL, "last byte after the end", r->name[31] = 'b');
}

static void strict_node_without_a_node_is_einval(void **state)
{
	(void)state;
	REFUSED(EINVAL, "strict, any", r->flags = PINBUF_ALLOC_STRICT_NODE);
}

static void node_that_is_not_there_is_enoent(void **state)
{
	int end = (int)info().out_node_end;
	const int nodes[] = { end, 63, 1023, 1024, 65536, INT_MAX, -2, INT_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		REFUSED(ENOENT, "node", r->node = nodes[i]);
		REFUSED(ENOENT, "strict node", r->node = nodes[i],
			r->flags = PINBUF_ALLOC_STRICT_NODE);
	}
}

static void read_only_node_is_eacces(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int fd = open(NODE_PATH, O_RDONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_errno(EACCES, ioctl(fd, PINBUF_IOC_ALLOC, &req));
	close(fd);
}

static void write_only_node_is_enough(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int fd = open(NODE_PATH, O_WRONLY);

	(void)state;
	assert_true(fd >= 0);
	assert_ok(ioctl(fd, PINBUF_IOC_ALLOC, &req));
	assert_int_equal(fcntl(req.out_fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(req.out_fd);
	close(fd);
}

static void path_descriptor_is_ebadf(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int fd = open(NODE_PATH, O_PATH);

	(void)state;
	assert_true(fd >= 0);
	assert_errno(EBADF, ioctl(fd, PINBUF_IOC_ALLOC, &req));
	close(fd);
	assert_errno(EBADF, ioctl(fd, PINBUF_IOC_ALLOC, &req));
}

static void full_descriptor_table_is_emfile(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	struct rlimit old, full;
	uint64_t live;
	int err, next;

	(void)state;
	next = dup(dev);
	close(next);
	live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	full = old;
	full.rlim_cur = (rlim_t)next;
	assert_ok(setrlimit(RLIMIT_NOFILE, &full));
	err = alloc_on(dev, &req);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(err, EMFILE);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
}

static void refusals_of_malformed_requests_are_not_failures(void **state)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_ALL, 0), after;

	(void)state;
	REFUSED(EINVAL, "len 0", r->len = 0);
	REFUSED(EINVAL, "unknown flag", r->flags = 1U << 9);
	after = stats(PINBUF_STATS_ALL, 0);
	assert_int_equal(after.out_failed_other, before.out_failed_other);
	assert_int_equal(after.out_failed_memory, before.out_failed_memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ERRORS(zero_length_is_einval),
		ERRORS(length_that_wraps_is_eoverflow),
		ERRORS(length_beyond_info_is_refused),
		ERRORS(length_beyond_memory_is_enomem_or_a_limit),
		ERRORS(alignment_that_is_no_power_of_two_is_einval),
		ERRORS(alignment_above_the_largest_block_is_eopnotsupp),
		ERRORS(unknown_flags_are_einval),
		ERRORS(bad_fd_flags_are_einval),
		ERRORS(reserved_field_is_einval),
		ERRORS(labels_are_printable_ascii_filled_with_zeroes),
		ERRORS(strict_node_without_a_node_is_einval),
		ERRORS(node_that_is_not_there_is_enoent),
		ERRORS(read_only_node_is_eacces),
		ERRORS(write_only_node_is_enough),
		ERRORS(path_descriptor_is_ebadf),
		ERRORS(full_descriptor_table_is_emfile),
		ERRORS(refusals_of_malformed_requests_are_not_failures),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
