// SPDX-License-Identifier: MIT
/*
 * RLIMIT_MEMLOCK, compared with what the opener of the node has locked.  The
 * tests run as an unprivileged user in a child, who has nothing locked.
 */
#include "caps.h"
#include "common.h"
#include "proc.h"

#include <sys/resource.h>
#include <sys/socket.h>

static void set_limit(rlim_t bytes)
{
	struct rlimit rlim = { bytes, bytes };

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
}

static uint64_t locked(int node)
{
	struct pinbuf_ioc_info in = { 0 };

	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	return in.out_locked;
}

static int exact_byte(void *unused)
{
	int node, fd, more;

	(void)unused;
	set_limit(MIB(1));
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, MIB(1), &fd) == 0);
	CHECK(locked(node) == MIB(1));
	CHECK(alloc_len(node, 1, &more) == EDQUOT);
	close(fd);
	CHECK(locked(node) == 0);
	CHECK(alloc_len(node, MIB(1) + 1, &fd) == EDQUOT);
	CHECK(alloc_len(node, MIB(1) - PAGE, &fd) == 0);
	CHECK(alloc_len(node, PAGE, &more) == 0);
	return 0;
}

static void fits_to_the_byte_and_not_one_more(void **state)
{
	(void)state;
	in_child(exact_byte, NULL);
}

static int unaligned_limit(void *unused)
{
	int node, fd;

	(void)unused;
	/* no part of a page is worth anything */
	set_limit(2 * PAGE + PAGE - 1);
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, 2 * PAGE + 1, &fd) == EDQUOT);
	CHECK(alloc_len(node, 2 * PAGE, &fd) == 0);
	return 0;
}

static void limit_between_pages_counts_whole_ones(void **state)
{
	(void)state;
	in_child(unaligned_limit, NULL);
}

static int no_limit_left(void *unused)
{
	int node, fd;

	(void)unused;
	set_limit(0);
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, 1, &fd) == EDQUOT);
	CHECK(map_errno(node, PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	return 0;
}

static void limit_of_zero_allows_nothing(void **state)
{
	(void)state;
	in_child(no_limit_left, NULL);
}

static int unlimited(void *unused)
{
	int node, fd;

	(void)unused;
	set_limit(RLIM_INFINITY);
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, MIB(24), &fd) == 0);
	return 0;
}

static void infinite_limit_allows_what_there_is(void **state)
{
	(void)state;
	in_child(unlimited, NULL);
}

static int mmap_of_node(void *unused)
{
	int node;
	void *p;

	(void)unused;
	set_limit(MIB(1));
	become_user(USER_UID);
	node = open_node();
	CHECK(map_errno(node, MIB(1) + PAGE, PROT_READ, MAP_SHARED, 0) ==
	      EDQUOT);
	p = mmap(NULL, MIB(1), PROT_READ, MAP_SHARED, node, 0);
	CHECK(p != MAP_FAILED);
	CHECK(map_errno(node, PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	/* the charge is the buffer's: half of a mapping frees none of it */
	CHECK(!munmap(p, MIB(1) / 2));
	CHECK(map_errno(node, PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	CHECK(!munmap((char *)p + MIB(1) / 2, MIB(1) / 2));
	CHECK(map_errno(node, PAGE, PROT_READ, MAP_SHARED, 0) == 0);
	return 0;
}

static void mmap_of_the_node_is_held_to_it(void **state)
{
	(void)state;
	in_child(mmap_of_node, NULL);
}

static int second_process(void *unused)
{
	int node, fd;

	(void)unused;
	node = open_node();
	CHECK(locked(node) == MIB(1));
	CHECK(alloc_len(node, PAGE, &fd) == EDQUOT);
	return 0;
}

static int first_process(void *unused)
{
	int node, fd;

	(void)unused;
	set_limit(MIB(1));
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, MIB(1), &fd) == 0);
	CHECK(child_wait(child_start(second_process, NULL)) == 0);
	return 0;
}

static void one_limit_for_all_processes_of_a_user(void **state)
{
	(void)state;
	in_child(first_process, NULL);
}

static int passes_node_on(void *unused)
{
	int node, own, fd;

	(void)unused;
	/* opened by root, used by another: root pays */
	set_limit(MIB(1));
	become_user(OTHER_UID);
	node = open_node();
	CHECK(alloc_len(dev, PAGE, &fd) == 0);
	CHECK(locked(node) == 0);
	CHECK(locked(dev) >= PAGE);
	CHECK(alloc_len(node, MIB(1), &own) == 0);
	CHECK(locked(node) == MIB(1));
	return 0;
}

static void who_opened_pays_whoever_calls(void **state)
{
	uint64_t before = info().out_locked;

	(void)state;
	in_child(passes_node_on, NULL);
	assert_int_equal(info().out_locked, before);
}

static int calls_with_his_limit(void *unused)
{
	int fd;

	(void)unused;
	set_limit(MIB(2));
	become_user(OTHER_UID);
	/* root's locked bytes, this caller's limit */
	CHECK(alloc_len(dev, MIB(1), &fd) == EDQUOT);
	CHECK(alloc_len(dev, MIB(1) - PAGE, &fd) == 0);
	return 0;
}

static void callers_limit_is_the_one_compared(void **state)
{
	uint64_t already = info().out_locked;
	int fd;

	(void)state;
	if (already)
		skip_because("root has %llu bytes locked already",
			     (unsigned long long)already);
	fd = buf_new(MIB(1) + PAGE);
	in_child(calls_with_his_limit, NULL);
	close(fd);
}

static int sends_and_dies(void *argument)
{
	int node, fd;

	set_limit(MIB(1));
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, MIB(1), &fd) == 0);
	CHECK(!send_fd(*(int *)argument, fd));
	return 0;
}

static int is_still_charged(void *unused)
{
	int node, fd;

	(void)unused;
	set_limit(MIB(1));
	become_user(USER_UID);
	node = open_node();
	CHECK(locked(node) == MIB(1));
	CHECK(alloc_len(node, PAGE, &fd) == EDQUOT);
	return 0;
}

static void charge_stays_with_the_allocator_when_passed_on(void **state)
{
	uint64_t roots = info().out_locked;
	int socks[2], fd;
	pid_t pid;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = child_start(sends_and_dies, &socks[1]);
	fd = recv_fd(socks[0]);
	assert_true(fd >= 0);
	assert_int_equal(child_wait(pid), 0);
	assert_int_equal(info().out_locked, roots);
	assert_int_equal(buf_query(fd).uid, USER_UID);
	in_child(is_still_charged, NULL);
	close(fd);
	close(socks[0]);
	close(socks[1]);
}

static int has_ipc_lock(void *unused)
{
	struct pinbuf_ioc_info in = { 0 };
	int node, fd;

	(void)unused;
	set_limit(PAGE);
	become_user_with(CAP_BIT(CAP_IPC_LOCK));
	node = open_node();
	CHECK(alloc_len(node, MIB(1), &fd) == 0);
	/* the comparison is skipped, not the charge */
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == MIB(1));
	CHECK(in.out_limit == UINT64_MAX);
	return 0;
}

static void cap_ipc_lock_skips_the_comparison_not_the_charge(void **state)
{
	(void)state;
	in_child(has_ipc_lock, NULL);
}

static int has_another_capability(void *unused)
{
	int node, fd;

	(void)unused;
	set_limit(PAGE);
	become_user_with(CAP_BIT(CAP_SYS_RESOURCE));
	node = open_node();
	CHECK(alloc_len(node, 2 * PAGE, &fd) == EDQUOT);
	return 0;
}

static void other_capabilities_do_not(void **state)
{
	(void)state;
	in_child(has_another_capability, NULL);
}

static int counts_refusals(void *unused)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
	int node, fd;

	(void)unused;
	set_limit(PAGE);
	become_user(USER_UID);
	node = open_node();
	for (int i = 0; i < 5; i++)
		CHECK(alloc_len(node, MIB(1), &fd) == EDQUOT);
	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st));
	CHECK(st.out_failed_memlock == 5);
	CHECK(st.out_failed_ceiling == 0);
	CHECK(st.out_allocation_count == 0);
	return 0;
}

static void refusals_are_counted_for_the_user(void **state)
{
	(void)state;
	in_child(counts_refusals, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fits_to_the_byte_and_not_one_more),
		TEST(limit_between_pages_counts_whole_ones),
		TEST(limit_of_zero_allows_nothing),
		TEST(infinite_limit_allows_what_there_is),
		TEST(mmap_of_the_node_is_held_to_it),
		TEST(one_limit_for_all_processes_of_a_user),
		TEST(who_opened_pays_whoever_calls),
		TEST(callers_limit_is_the_one_compared),
		TEST(charge_stays_with_the_allocator_when_passed_on),
		TEST(cap_ipc_lock_skips_the_comparison_not_the_charge),
		TEST(other_capabilities_do_not),
		TEST(refusals_are_counted_for_the_user),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
