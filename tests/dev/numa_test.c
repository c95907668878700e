// SPDX-License-Identifier: MIT
/* NUMA: the node that is asked for, the task's policy, and cpusets. */
#include "cgroup.h"
#include "common.h"
#include "numa.h"
#include "proc.h"

static void require_two_nodes(void)
{
	if (info().out_nr_nodes < 2)
		skip_because("needs two NUMA nodes with memory");
}

static int alloc_node(uint64_t len, int node, uint32_t flags,
		      struct pinbuf_ioc_alloc *out)
{
	struct pinbuf_ioc_alloc req = request(len);
	int err;

	req.node = node;
	req.flags = flags;
	err = alloc_on(dev, &req);
	*out = req;
	return err;
}

/* Every page, as move_pages sees it. */
static bool lies_on(int fd, size_t len, int node)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	size_t pages = len / PAGE;
	int *status = calloc(pages, sizeof(*status));
	bool all = true;

	memset(p, 1, len);
	if (pages_move(p, pages, -1, status))
		all = false;
	for (size_t i = 0; i < pages; i++)
		all = all && status[i] == node;
	munmap(p, len);
	free(status);
	return all;
}

static void node_asked_for_is_the_node_got(void **state)
{
	static const uint64_t lens[] = { PAGE, 7 * PAGE, MIB(1), MIB(5) };
	static const uint32_t flags[] = { 0, PINBUF_ALLOC_STRICT_NODE };
	struct pinbuf_ioc_alloc req;

	(void)state;
	require_two_nodes();
	for (int node = 0; node < 2; node++) {
		for (size_t i = 0; i < 2 * ARRAY_LEN(lens); i++) {
			uint64_t len = lens[i / 2];
			uint64_t live = stats(PINBUF_STATS_NODE, node)
				.out_current_live;

			assert_int_equal(alloc_node(len, node, flags[i % 2],
						    &req), 0);
			assert_int_equal(req.out_node, node);
			assert_true(req.out_flags & PINBUF_ALLOC_STRICT_NODE);
			assert_true(lies_on(req.out_fd, len, node));
			assert_int_equal(stats(PINBUF_STATS_NODE, node)
					 .out_current_live, live + len);
			close(req.out_fd);
		}
	}
}

static int policy_binds(void *argument)
{
	int node = *(int *)argument;
	struct pinbuf_ioc_alloc req;

	CHECK(!policy_set(MPOL_BIND, 1UL << node));
	CHECK(alloc_node(MIB(5), PINBUF_NODE_ANY, 0, &req) == 0);
	CHECK(req.out_node == node);
	CHECK(lies_on(req.out_fd, MIB(5), node));
	CHECK(!policy_set(MPOL_PREFERRED, 1UL << node));
	CHECK(alloc_node(MIB(1) - PAGE, PINBUF_NODE_ANY, 0, &req) == 0);
	CHECK(req.out_node == node);
	return 0;
}

static void tasks_policy_is_honoured(void **state)
{
	(void)state;
	require_two_nodes();
	for (int node = 0; node < 2; node++)
		in_child(policy_binds, &node);
}

static int policy_binds_mmap(void *argument)
{
	int node = *(int *)argument, where = -1;
	char *p;

	CHECK(!policy_set(MPOL_BIND, 1UL << node));
	p = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
	CHECK(p != MAP_FAILED);
	p[0] = 1;
	CHECK(!pages_move(p, 1, -1, &where));
	CHECK(where == node);
	return 0;
}

static void tasks_policy_is_honoured_by_mmap_of_the_node(void **state)
{
	(void)state;
	require_two_nodes();
	for (int node = 0; node < 2; node++)
		in_child(policy_binds_mmap, &node);
}

static int policy_interleaves(void *unused)
{
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_NODE };
	uint64_t live[2];
	struct pinbuf_ioc_alloc req;

	(void)unused;
	for (st.node = 0; st.node < 2; st.node++) {
		CHECK(!ioctl(dev, PINBUF_IOC_STATS, &st));
		live[st.node] = st.out_current_live;
	}
	CHECK(!policy_set(MPOL_INTERLEAVE, 3));
	CHECK(alloc_node(MIB(16), PINBUF_NODE_ANY, 0, &req) == 0);
	CHECK(req.out_node == -1);
	CHECK(!(req.out_flags & PINBUF_ALLOC_STRICT_NODE));
	for (st.node = 0; st.node < 2; st.node++) {
		CHECK(!ioctl(dev, PINBUF_IOC_STATS, &st));
		CHECK(st.out_current_live - live[st.node] >= MIB(4));
	}
	return 0;
}

static void interleaving_uses_both_and_is_told_as_no_node(void **state)
{
	(void)state;
	require_two_nodes();
	in_child(policy_interleaves, NULL);
}

static int asked_node_beats_policy(void *unused)
{
	struct pinbuf_ioc_alloc req;

	(void)unused;
	CHECK(!policy_set(MPOL_BIND, 1));
	CHECK(alloc_node(MIB(3), 1, PINBUF_ALLOC_STRICT_NODE, &req) == 0);
	CHECK(req.out_node == 1);
	return 0;
}

static void node_in_the_request_beats_the_policy(void **state)
{
	(void)state;
	require_two_nodes();
	in_child(asked_node_beats_policy, NULL);
}

/* "Node 1 MemTotal:  ... kB" */
static uint64_t node_bytes(int node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo",
		 node);
	return strtoull(strstr(file_text(path), "MemTotal:") + 9, NULL, 10)
	       << 10;
}

static void strict_node_that_is_full_is_enomem(void **state)
{
	long long ceiling = param_get("max_bytes");
	long long kills = file_number("/proc/vmstat", "oom_kill");
	struct pinbuf_ioc_alloc req;
	int err;

	(void)state;
	require_two_nodes();
	if (node_bytes(1) > MIB(1024))
		skip_because("node 1 takes too long to fill");
	assert_ok(param_set("max_bytes", 0));
	err = alloc_node(node_bytes(1), 1, PINBUF_ALLOC_STRICT_NODE, &req);
	assert_ok(param_set("max_bytes", ceiling));
	assert_int_equal(err, ENOMEM);
	assert_int_equal(file_number("/proc/vmstat", "oom_kill"), kills);
}

static struct cgroup cpuset;

static int fills_cpuset(void *unused)
{
	struct pinbuf_ioc_alloc req;

	(void)unused;
	CHECK(!cgroup_enter(&cpuset));
	CHECK(alloc_node(node_bytes(1), PINBUF_NODE_ANY, 0, &req) == ENOMEM);
	return 0;
}

static void full_cpuset_is_enomem_and_nothing_elsewhere(void **state)
{
	long long kills = file_number("/proc/vmstat", "oom_kill");
	long long ceiling = param_get("max_bytes");
	int status;

	(void)state;
	require_two_nodes();
	if (node_bytes(1) > MIB(1024))
		skip_because("node 1 takes too long to fill");
	cgroup_create(&cpuset, "cpuset");
	assert_ok(cgroup_write(&cpuset, "cpuset.mems", "1"));
	assert_ok(param_set("max_bytes", 0));
	status = child_wait(child_start(fills_cpuset, NULL));
	assert_ok(param_set("max_bytes", ceiling));
	cgroup_destroy(&cpuset);
	assert_int_equal(status, 0);
	assert_int_equal(file_number("/proc/vmstat", "oom_kill"), kills);
}

static int inside_cpuset(void *unused)
{
	struct pinbuf_ioc_alloc req;
	void *p;

	(void)unused;
	CHECK(!cgroup_enter(&cpuset));
	/* 0 is not allowed any more, asked for or not */
	CHECK(alloc_node(PAGE, 0, 0, &req) == EINVAL);
	CHECK(alloc_node(PAGE, 0, PINBUF_ALLOC_STRICT_NODE, &req) == EINVAL);
	CHECK(alloc_node(MIB(8) - PAGE, PINBUF_NODE_ANY, 0, &req) == 0);
	CHECK(req.out_node == 1);
	CHECK(lies_on(req.out_fd, MIB(8) - PAGE, 1));
	CHECK(alloc_node(MIB(4), 1, PINBUF_ALLOC_STRICT_NODE, &req) == 0);
	CHECK(req.out_node == 1);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
	CHECK(p != MAP_FAILED);
	return 0;
}

static void cpusets_bind(void **state)
{
	(void)state;
	require_two_nodes();
	cgroup_create(&cpuset, "cpuset");
	assert_ok(cgroup_write(&cpuset, "cpuset.mems", "1"));
	in_child(inside_cpuset, NULL);
	cgroup_destroy(&cpuset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_asked_for_is_the_node_got),
		TEST(tasks_policy_is_honoured),
		TEST(tasks_policy_is_honoured_by_mmap_of_the_node),
		TEST(interleaving_uses_both_and_is_told_as_no_node),
		TEST(node_in_the_request_beats_the_policy),
		TEST(strict_node_that_is_full_is_enomem),
		TEST(cpusets_bind),
		TEST(full_cpuset_is_enomem_and_nothing_elsewhere),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
