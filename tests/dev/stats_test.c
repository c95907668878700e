// SPDX-License-Identifier: MIT
/* STATS: figures that add up, per user, per node and in all. */
#include "common.h"

#include <limits.h>
#include <sys/resource.h>

static struct pinbuf_ioc_stats all(void)
{
	return stats(PINBUF_STATS_ALL, 0);
}

static int stats_errno(uint32_t scope, int node)
{
	struct pinbuf_ioc_stats st = { .scope = scope, .node = node };

	return errno_of(ioctl(dev, PINBUF_IOC_STATS, &st));
}

static void live_is_allocated_less_deallocated(void **state)
{
	struct pinbuf_ioc_stats before = all(), now;
	int fd = buf_new(MIB(3));

	(void)state;
	now = all();
	assert_int_equal(now.out_total_allocated,
			 before.out_total_allocated + MIB(3));
	assert_int_equal(now.out_total_deallocated,
			 before.out_total_deallocated);
	assert_int_equal(now.out_current_live, before.out_current_live + MIB(3));
	assert_int_equal(now.out_current_live, now.out_total_allocated -
			 now.out_total_deallocated);
	assert_int_equal(now.out_allocation_count,
			 before.out_allocation_count + 1);
	assert_int_equal(now.out_live_buffers, before.out_live_buffers + 1);
	assert_true(now.out_peak_usage >= now.out_current_live);
	close(fd);

	now = all();
	assert_int_equal(now.out_total_deallocated,
			 before.out_total_deallocated + MIB(3));
	assert_int_equal(now.out_deallocation_count,
			 before.out_deallocation_count + 1);
	assert_int_equal(now.out_current_live, before.out_current_live);
	assert_int_equal(now.out_live_buffers, now.out_allocation_count -
			 now.out_deallocation_count);
}

static void bytes_are_in_huge_or_small_folios(void **state)
{
	static const uint64_t lens[] = { PAGE, 5 * PAGE, MIB(2), MIB(7) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_stats before = all(), now;
		int fd = buf_new(lens[i]);
		uint64_t huge = buf_query(fd).huge_bytes;

		now = all();
		assert_int_equal(now.out_huge_bytes,
				 before.out_huge_bytes + huge);
		assert_int_equal(now.out_small_bytes,
				 before.out_small_bytes + lens[i] - huge);
		assert_int_equal(now.out_huge_folios, before.out_huge_folios +
				 huge / info().out_huge_size);
		assert_true(now.out_small_folios - before.out_small_folios <=
			    (lens[i] - huge) / PAGE);
		assert_int_equal(now.out_huge_bytes + now.out_small_bytes,
				 now.out_current_live);
		close(fd);
	}
}

static void mappings_are_counted(void **state)
{
	uint64_t before = all().out_mappings;
	int fd = buf_new(3 * PAGE);
	char *p = map_shared(fd, 3 * PAGE);

	(void)state;
	assert_int_equal(all().out_mappings, before + 1);
	munmap(p + PAGE, PAGE);
	assert_int_equal(all().out_mappings, before + 2);
	munmap(p, 3 * PAGE);
	assert_int_equal(all().out_mappings, before);
	close(fd);
}

static void nodes_add_up_to_everything(void **state)
{
	int fd = buf_new(MIB(5));
	struct pinbuf_ioc_stats sum = { 0 }, now = all();

	(void)state;
	for (uint32_t node = 0; node < info().out_node_end; node++) {
		struct pinbuf_ioc_stats st = stats(PINBUF_STATS_NODE,
						   (int)node);

		sum.out_current_live += st.out_current_live;
		sum.out_huge_bytes += st.out_huge_bytes;
		sum.out_small_bytes += st.out_small_bytes;
		sum.out_huge_folios += st.out_huge_folios;
		sum.out_small_folios += st.out_small_folios;
		assert_int_equal(st.out_current_live, st.out_huge_bytes +
				 st.out_small_bytes);
	}
	assert_int_equal(sum.out_current_live, now.out_current_live);
	assert_int_equal(sum.out_huge_bytes, now.out_huge_bytes);
	assert_int_equal(sum.out_small_bytes, now.out_small_bytes);
	assert_int_equal(sum.out_huge_folios, now.out_huge_folios);
	assert_int_equal(sum.out_small_folios, now.out_small_folios);
	close(fd);
}

static void a_node_tells_bytes_and_folios_only(void **state)
{
	struct pinbuf_ioc_alloc req = request(MIB(2));
	struct pinbuf_ioc_stats st;

	(void)state;
	req.node = 0;
	req.flags = PINBUF_ALLOC_STRICT_NODE;
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	st = stats(PINBUF_STATS_NODE, 0);
	assert_true(st.out_current_live >= MIB(2));
	assert_true(is_zero(&st.out_total_allocated, 2 * sizeof(uint64_t)));
	/* peak_usage to published */
	assert_true(is_zero(&st.out_peak_usage,
			    offsetof(struct pinbuf_ioc_stats, out_huge_bytes) -
			    offsetof(struct pinbuf_ioc_stats, out_peak_usage)));
	close(req.out_fd);
}

static void needs_no_mode(void **state)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_ALL };
	int ro = open(NODE_PATH, O_RDONLY);

	(void)state;
	assert_ok(ioctl(ro, PINBUF_IOC_STATS, &st));
	close(ro);
}

static void unknown_scopes_and_nodes_are_refused(void **state)
{
	int end = (int)info().out_node_end;

	(void)state;
	assert_int_equal(stats_errno(3, 0), EINVAL);
	assert_int_equal(stats_errno(UINT32_MAX, 0), EINVAL);
	assert_int_equal(stats_errno(PINBUF_STATS_NODE, end), ENOENT);
	assert_int_equal(stats_errno(PINBUF_STATS_NODE, 100000), ENOENT);
	assert_int_equal(stats_errno(PINBUF_STATS_NODE, INT_MAX), ENOENT);
	assert_int_equal(stats_errno(PINBUF_STATS_NODE, -1), ENOENT);
	assert_int_equal(stats_errno(PINBUF_STATS_USER, -1), EINVAL);
	assert_int_equal(stats_errno(PINBUF_STATS_ALL, 1), EINVAL);
}

static void failures_are_told_by_cause(void **state)
{
	struct pinbuf_ioc_stats before = all(), now;
	struct rlimit old, full;
	int next = dup(dev);

	(void)state;
	close(next);
	assert_int_equal(alloc_errno(request(info().out_max_len)), EDQUOT);
	now = all();
	assert_int_equal(now.out_failed_ceiling, before.out_failed_ceiling + 1);
	assert_int_equal(now.out_failed_memlock, before.out_failed_memlock);
	assert_int_equal(now.out_failed_memory, before.out_failed_memory);

	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	full = (struct rlimit){ (rlim_t)next, old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &full));
	assert_int_equal(alloc_errno(request(PAGE)), EMFILE);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(all().out_failed_other, before.out_failed_other + 1);
}

static struct pinbuf_ioc_stats user_stats(int node)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };

	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st));
	return st;
}

static int user_peaks(void *unused)
{
	struct pinbuf_ioc_alloc large = request(MIB(1)), small = request(PAGE);
	int node;

	(void)unused;
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	CHECK(user_stats(node).out_peak_usage == 0);
	CHECK(!ioctl(node, PINBUF_IOC_ALLOC, &small));
	CHECK(!ioctl(node, PINBUF_IOC_ALLOC, &large));
	CHECK(user_stats(node).out_peak_usage == MIB(1) + PAGE);
	close(large.out_fd);
	CHECK(user_stats(node).out_peak_usage == MIB(1) + PAGE);
	CHECK(!ioctl(node, PINBUF_IOC_ALLOC, &small));
	CHECK(user_stats(node).out_peak_usage == MIB(1) + PAGE);
	CHECK(user_stats(node).out_current_live == 2 * PAGE);
	return 0;
}

static void peak_is_the_most_at_one_time(void **state)
{
	(void)state;
	in_child(user_peaks, NULL);
}

static int user_makes_some(void *unused)
{
	struct pinbuf_ioc_alloc req = request(3 * PAGE);
	struct pinbuf_ioc_stats st;
	int node;

	(void)unused;
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	st = user_stats(node);
	CHECK(!st.out_total_allocated && !st.out_live_buffers);
	CHECK(!ioctl(node, PINBUF_IOC_ALLOC, &req));
	st = user_stats(node);
	CHECK(st.out_current_live == 3 * PAGE);
	CHECK(st.out_live_buffers == 1);
	CHECK(st.out_allocation_count == 1);
	/* the node he did not open is somebody else's */
	st = user_stats(dev);
	CHECK(st.out_current_live == 0);
	return 0;
}

static void a_users_figures_are_his_own(void **state)
{
	(void)state;
	in_child(user_makes_some, NULL);
}

static int user_comes_and_goes(void *unused)
{
	struct pinbuf_ioc_alloc req = request(2 * PAGE);
	int node;

	(void)unused;
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	CHECK(!ioctl(node, PINBUF_IOC_ALLOC, &req));
	close(node);
	/* the buffer keeps the figures */
	node = open(NODE_PATH, O_RDWR);
	CHECK(user_stats(node).out_total_allocated == 2 * PAGE);
	close(req.out_fd);
	/* and so does the open node */
	CHECK(user_stats(node).out_total_allocated == 2 * PAGE);
	CHECK(user_stats(node).out_current_live == 0);
	close(node);
	/* neither is left */
	node = open(NODE_PATH, O_RDWR);
	CHECK(user_stats(node).out_total_allocated == 0);
	return 0;
}

static void a_users_figures_live_with_his_node_or_buffer(void **state)
{
	(void)state;
	in_child(user_comes_and_goes, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(live_is_allocated_less_deallocated),
		TEST(peak_is_the_most_at_one_time),
		TEST(bytes_are_in_huge_or_small_folios),
		TEST(mappings_are_counted),
		TEST(nodes_add_up_to_everything),
		TEST(a_node_tells_bytes_and_folios_only),
		TEST(needs_no_mode),
		TEST(unknown_scopes_and_nodes_are_refused),
		TEST(failures_are_told_by_cause),
		TEST(a_users_figures_are_his_own),
		TEST(a_users_figures_live_with_his_node_or_buffer),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
