// SPDX-License-Identifier: MIT
/* INFO: what the kernel can do and what the caller may. */
#include "common.h"
#include "proc.h"

#include <sys/resource.h>

static void versions_and_sizes_are_told(void **state)
{
	struct pinbuf_ioc_info in = info();

	(void)state;
	assert_int_equal(in.out_abi_version, PINBUF_ABI_VERSION);
	assert_int_equal(in.out_page_size, sysconf(_SC_PAGESIZE));
	assert_int_equal(in.out_max_block & (in.out_max_block - 1), 0);
	assert_true(in.out_max_block >= in.out_page_size);
	assert_true(in.out_max_len >= MIB(1024));
	assert_int_equal(in.out_max_len % in.out_page_size, 0);
	assert_int_equal(in.reserved, 0);
}

static void huge_size_is_that_of_one_page_table_entry(void **state)
{
	long long pmd = file_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
				    NULL);
	struct pinbuf_ioc_info in = info();

	(void)state;
	if (pmd < 0)
		skip_because("this kernel has no transparent huge pages");
	assert_int_equal(in.out_huge_size, pmd);
	assert_true(in.out_caps & PINBUF_CAP_HUGE);
	assert_true(in.out_max_block >= in.out_huge_size);
}

static void capabilities_are_those_that_work(void **state)
{
	struct pinbuf_ioc_info in = info();

	(void)state;
	assert_true(in.out_caps & PINBUF_CAP_MEMCG);
	assert_true(in.out_caps & PINBUF_CAP_MEMLOCK);
	assert_true(in.out_caps & PINBUF_CAP_CONTIG);
	assert_true(in.out_caps & PINBUF_CAP_ADDR_BITS);
	assert_true(in.out_caps & PINBUF_CAP_EXTENTS);
	assert_true(in.out_caps & PINBUF_CAP_NAMES);
	assert_true(in.out_caps & PINBUF_CAP_HEAP);
	/* commands and flags of a later release are not announced */
	assert_int_equal(in.out_caps & ~(PINBUF_CAP_HUGE | PINBUF_CAP_MEMCG |
					 PINBUF_CAP_MEMLOCK |
					 PINBUF_CAP_CONTIG | PINBUF_CAP_ADDR_BITS |
					 PINBUF_CAP_EXTENTS |
					 PINBUF_CAP_NAMES |
					 PINBUF_CAP_HEAP), 0);
}

static void nodes_are_those_with_memory(void **state)
{
	struct pinbuf_ioc_info in = info();
	const char *text = file_text("/sys/devices/system/node/has_memory");
	unsigned int first = 0, last = 0;

	(void)state;
	if (!text)
		skip_because("this kernel knows no NUMA nodes");
	if (sscanf(text, "%u-%u", &first, &last) == 1)
		last = first;
	assert_int_equal(in.out_node_end, last + 1);
	assert_int_equal(in.out_nr_nodes, last - first + 1);
}

static void root_has_no_limit(void **state)
{
	(void)state;
	assert_true(info().out_limit == UINT64_MAX);
}

static int user_sees_limit(void *argument)
{
	const rlim_t *limit = argument;
	struct rlimit rlim = { *limit, *limit };
	struct pinbuf_ioc_info in = { 0 };
	int node;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDONLY);
	CHECK(node >= 0);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_limit == (*limit == RLIM_INFINITY ? UINT64_MAX : *limit));
	return 0;
}

static void a_users_limit_is_told_exactly(void **state)
{
	rlim_t limits[] = { 0, 4096, 12345, MIB(8), RLIM_INFINITY };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		in_child(user_sees_limit, &limits[i]);
}

static void locked_bytes_follow_the_buffers(void **state)
{
	uint64_t before = info().out_locked;
	int fd = buf_new(5 * PAGE);

	(void)state;
	assert_int_equal(info().out_locked, before + 5 * PAGE);
	close(fd);
	assert_int_equal(info().out_locked, before);
}

static void needs_no_mode(void **state)
{
	struct pinbuf_ioc_info in = { 0 };
	int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		int fd = open(NODE_PATH, modes[i]);

		assert_true(fd >= 0);
		assert_ok(ioctl(fd, PINBUF_IOC_INFO, &in));
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(versions_and_sizes_are_told),
		TEST(huge_size_is_that_of_one_page_table_entry),
		TEST(capabilities_are_those_that_work),
		TEST(nodes_are_those_with_memory),
		TEST(root_has_no_limit),
		TEST(a_users_limit_is_told_exactly),
		TEST(locked_bytes_follow_the_buffers),
		TEST(needs_no_mode),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
