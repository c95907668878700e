// SPDX-License-Identifier: MIT
/*
 * Big buffers are got and cleared by several CPUs, and are as if the caller had
 * done it all: his cgroup, his policy, his cpuset, his signals.  The tracepoint
 * pinbuf_share tells what each CPU did.
 */
#include "cgroup.h"
#include "cpus.h"
#include "extents.h"
#include "moves.h"
#include "numa.h"
#include "proc.h"
#include "tracing.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>

#define BIG_MOST MIB(128)

/* A node of the debug kernel has room for half of it. */
static uint64_t big = BIG_MOST;

/* What the caller gets before the others come: the piece whose alignment counts. */
#define FIRST MIB(2)

struct shares {
	unsigned int cpus;
	uint64_t least;
	uint64_t sum;
};

static struct shares shares_read(const char *trace, uint64_t len)
{
	struct shares shares = { .least = UINT64_MAX };
	char key[64];

	snprintf(key, sizeof(key), " pinbuf_share: len=%llu share=", (unsigned long long)len);
	for (const char *at = trace; (at = strstr(at, key)); shares.cpus++) {
		uint64_t share;

		at += strlen(key);
		share = strtoull(at, NULL, 10);
		shares.sum += share;
		if (share < shares.least)
			shares.least = share;
	}
	return shares;
}

static struct pinbuf_ioc_alloc traced_alloc(int node, struct shares *shares)
{
	struct pinbuf_ioc_alloc req = request(big);

	req.node = node;
	tracing_start();
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	*shares = shares_read(tracing_stop(), big);
	return req;
}

/* The host may keep one of the guest's CPUs waiting, or take the caller elsewhere. */
static struct pinbuf_ioc_alloc shared_alloc(int node, uint64_t least, struct shares *shares)
{
	struct pinbuf_ioc_alloc req;

	for (int tries = 0; ; tries++) {
		if (node != PINBUF_NODE_ANY)
			cpus_start_on(!node);
		req = traced_alloc(node, shares);
		if ((shares->cpus > 1 && shares->least >= least) || tries == 8)
			return req;
		close(req.out_fd);
	}
}

static void every_cpu_does_its_share(void **state)
{
	struct pinbuf_ioc_alloc req;
	struct shares shares;
	uint8_t *p;

	(void)state;
	if (info().out_nr_nodes > 1 || cpus_of(-1) < 2)
		skip_because("needs one node with two CPUs");
	req = shared_alloc(PINBUF_NODE_ANY, big / 16, &shares);
	print_message("# %u CPUs, the least did %llu of %llu MiB; %llu extents\n", shares.cpus,
		      (unsigned long long)shares.least >> 20,
		      (unsigned long long)shares.sum >> 20,
		      (unsigned long long)req.out_extents);
	assert_int_equal(shares.cpus, cpus_of(-1) < 8 ? cpus_of(-1) : 8);
	assert_int_equal(shares.sum, big - FIRST);
	assert_true(shares.least >= big / 16);
	assert_int_equal(buf_query(req.out_fd).huge_bytes, big);
	p = map_shared(req.out_fd, big);
	assert_true(is_zero(p, big));
	munmap(p, big);
	close(req.out_fd);
}

/* From a CPU of the other node: its own CPUs do most of it, and the caller helps. */
static void cpus_of_the_memorys_node_work(void **state)
{
	struct shares shares;

	(void)state;
	require_two_nodes();
	for (int node = 0; node < 2; node++) {
		struct pinbuf_ioc_alloc req = shared_alloc(node, 1, &shares);

		assert_int_equal(req.out_node, node);
		assert_in_range(shares.cpus, 2, cpus_of(node) + 1);
		assert_int_equal(shares.sum, big - FIRST);
		assert_int_not_equal(shares.least, 0);
		close(req.out_fd);
	}
}

static int is_bound_to_a_cpu(void *unused)
{
	struct shares shares;

	(void)unused;
	cpus_bind(0);
	tracing_start();
	CHECK(alloc_errno(request(big)) == 0);
	shares = shares_read(tracing_stop(), big);
	CHECK(shares.cpus == 0);
	return 0;
}

static void callers_cpus_are_the_limit(void **state)
{
	(void)state;
	tracing_start();
	tracing_stop();
	in_child(is_bound_to_a_cpu, NULL);
}

static int is_an_idler(void *unused)
{
	struct sched_param param = { 0 };
	struct shares shares;

	(void)unused;
	CHECK(!sched_setscheduler(0, SCHED_IDLE, &param));
	tracing_start();
	CHECK(alloc_errno(request(big)) == 0);
	shares = shares_read(tracing_stop(), big);
	CHECK(shares.cpus == 0);
	return 0;
}

static void caller_of_another_class_works_alone(void **state)
{
	(void)state;
	tracing_start();
	tracing_stop();
	in_child(is_an_idler, NULL);
}

/* The node of each huge piece. */
static void nodes_of(int fd, int *nodes, size_t count)
{
	char *p = mmap(NULL, count * MIB(2), PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < count; i++) {
		CHECK(((volatile char *)p)[i * MIB(2)] == 0);
		CHECK(!pages_move(p + i * MIB(2), 1, -1, &nodes[i]));
	}
	munmap(p, count * MIB(2));
}

static int interleaves(void *unused)
{
	int nodes[BIG_MOST / MIB(2)];
	size_t count = big / MIB(2);
	struct pinbuf_ioc_alloc req = request(big);
	struct pinbuf_ioc_alloc next = request(MIB(2));

	(void)unused;
	CHECK(!policy_set(MPOL_INTERLEAVE, 3));
	CHECK(alloc_on(dev, &req) == 0 && alloc_on(dev, &next) == 0);
	nodes_of(req.out_fd, nodes, count);
	for (size_t i = 1; i < count; i++)
		CHECK(nodes[i] == !nodes[i - 1]);
	/* and the turns go on */
	CHECK(next.out_node == !nodes[count - 1]);
	return 0;
}

static void pieces_are_interleaved_in_their_order(void **state)
{
	(void)state;
	require_two_nodes();
	in_child(interleaves, NULL);
}

static int is_bound(void *argument)
{
	int node = *(int *)argument;
	struct pinbuf_ioc_alloc req = request(big);

	CHECK(!policy_set(MPOL_BIND, 1UL << node));
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == node);
	close(req.out_fd);
	CHECK(!policy_set(MPOL_PREFERRED, 1UL << node));
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == node);
	return 0;
}

static void policy_binds(void **state)
{
	(void)state;
	require_two_nodes();
	for (int node = 0; node < 2; node++)
		in_child(is_bound, &node);
}

static struct cgroup cg;

static int is_in_a_cpuset(void *unused)
{
	struct pinbuf_ioc_alloc req = request(big);

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 1);
	close(req.out_fd);
	/* a policy of both is cut down to the one */
	CHECK(!policy_set(MPOL_INTERLEAVE, 2));
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 1);
	close(req.out_fd);
	req.flags = PINBUF_ALLOC_HUGE;
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 1);
	return 0;
}

static void cpusets_bind(void **state)
{
	(void)state;
	require_two_nodes();
	cgroup_create(&cg, "cpuset");
	assert_ok(cgroup_write(&cg, "cpuset.mems", "1"));
	in_child(is_in_a_cpuset, NULL);
	cgroup_destroy(&cg);
}

static long long current(void)
{
	return cgroup_number(&cg, "memory.current", NULL);
}

/* Charged in advance by CPUs; and tables, files. */
#define STOCK ((long long)MIB(1))
#define SLACK ((long long)MIB(2))

static int is_in_a_cgroup(void *unused)
{
	struct pinbuf_ioc_alloc req = request(big - MIB(32));
	long long before;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = current();
	for (int i = 0; i < 4; i++)
		CHECK(alloc_errno(request(big)) == ENOMEM);
	CHECK(current() - before <= SLACK);
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(current() - before >= (long long)req.len - STOCK);
	CHECK(current() - before <= (long long)req.len + SLACK);
	close(req.out_fd);
	CHECK(current() - before <= SLACK);
	return 0;
}

static void callers_cgroup_pays_and_its_limit_holds(void **state)
{
	char limit[32];

	(void)state;
	snprintf(limit, sizeof(limit), "%llu", (unsigned long long)(big - MIB(16)));
	cgroup_create(&cg, "memory");
	assert_ok(cgroup_write(&cg, "memory.max", limit));
	in_child(is_in_a_cgroup, NULL);
	assert_int_equal(cgroup_number(&cg, "memory.events", "oom_kill"), 0);
	cgroup_destroy(&cg);
}

static int allocates_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		CHECK(alloc_errno(request(big)) == 0);
	return 0;
}

#define PF_EXITING 0x4	/* the kernel's */

/* One that only has its own end before it does nothing any more. */
static bool is_helper(const char *pid)
{
	unsigned long flags = 0;
	const char *text, *end;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	text = pid[0] >= '0' && pid[0] <= '9' ? file_text(path) : NULL;
	end = text ? strrchr(text, ')') : NULL;
	if (!end || !strstr(text, "(pinbuf/"))
		return false;
	assert_int_equal(sscanf(end, ") %*c %*d %*d %*d %*d %*d %lu", &flags), 1);
	return !(flags & PF_EXITING);
}

static bool has_helpers(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool any = false;

	assert_non_null(proc);
	while (!any && (entry = readdir(proc)))
		any = is_helper(entry->d_name);
	closedir(proc);
	return any;
}

static void a_killed_caller_leaves_no_helper(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		pid_t pid = child_start(allocates_for_ever, NULL);

		usleep(30000 + 11000 * (unsigned int)i);
		assert_ok(kill(pid, SIGKILL));
		assert_int_equal(child_wait(pid), SIGKILL);
		assert_false(has_helpers());
	}
}

/* Files in the page cache would leave a node too little: nothing is reclaimed for one node. */
static int make_room(void **state)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	ssize_t done = write(fd, "3", 1);

	(void)state;
	close(fd);
	if (kernel_is("debug"))
		big /= 2;
	return done == 1 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_cpu_does_its_share),
		TEST(cpus_of_the_memorys_node_work),
		TEST(callers_cpus_are_the_limit),
		TEST(caller_of_another_class_works_alone),
		TEST(pieces_are_interleaved_in_their_order),
		TEST(policy_binds),
		TEST(cpusets_bind),
		TEST(callers_cgroup_pays_and_its_limit_holds),
		TEST(a_killed_caller_leaves_no_helper),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, make_room, NULL);
}
