// SPDX-License-Identifier: MIT
/*
 * The memory cgroup: buffers are charged to it, its limit answers with ENOMEM,
 * and nobody is killed.
 */
#include "cgroup.h"
#include "common.h"
#include "proc.h"

#include <sys/resource.h>
#include <sys/socket.h>

/* Stacks, tables and files. */
#define SLACK ((long long)MIB(2))

/* What CPUs have charged in advance: in the figure before, and used up then. */
#define STOCK ((long long)MIB(1))

static struct cgroup cg;

static long long current(void)
{
	return cgroup_number(&cg, "memory.current", NULL);
}

static long long event(const char *name)
{
	return cgroup_number(&cg, "memory.events", name);
}

static int charges(void *unused)
{
	long long before;
	int fds[3];

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = current();
	CHECK(alloc_len(dev, MIB(8), &fds[0]) == 0);
	CHECK(current() - before >= (long long)MIB(8) - STOCK);
	CHECK(current() - before <= (long long)MIB(8) + SLACK);
	CHECK(alloc_len(dev, MIB(3) - PAGE, &fds[1]) == 0);
	CHECK(alloc_len(dev, MIB(1), &fds[2]) == 0);
	CHECK(current() - before >= (long long)(MIB(12) - PAGE) - STOCK);
	CHECK(current() - before <= (long long)MIB(12) + SLACK);
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
	CHECK(current() - before <= SLACK);
	return 0;
}

static void buffers_are_charged_and_given_back(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	in_child(charges, NULL);
	cgroup_destroy(&cg);
}

static int charges_mapping(void *unused)
{
	long long before;
	void *p;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = current();
	p = mmap(NULL, MIB(8), PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 1, MIB(8));
	CHECK(current() - before >= (long long)MIB(8) - STOCK);
	CHECK(current() - before <= (long long)MIB(8) + SLACK);
	CHECK(!munmap(p, MIB(8)));
	CHECK(current() - before <= SLACK);
	return 0;
}

static void mmap_of_the_node_is_charged(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	in_child(charges_mapping, NULL);
	cgroup_destroy(&cg);
}

static int charges_odd_sizes(void *unused)
{
	const uint64_t odd = MIB(1) + PAGE;
	long long before;
	int fd;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = current();
	for (int i = 0; i < 16; i++)
		CHECK(alloc_len(dev, odd, &fd) == 0);
	/* rounding up to a power of two would double it */
	CHECK(current() - before >= (long long)(16 * odd) - STOCK);
	CHECK(current() - before <= (long long)(16 * odd) + SLACK);
	return 0;
}

static void odd_sizes_cost_their_size(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	in_child(charges_odd_sizes, NULL);
	cgroup_destroy(&cg);
}

static const uint64_t too_long[] = { MIB(32), MIB(17), MIB(64) - PAGE };

static int hits_the_limit(void *argument)
{
	const uid_t *uid = argument;
	struct rlimit rlim = { RLIM_INFINITY, RLIM_INFINITY };
	long long before;
	int fd;

	CHECK(!cgroup_enter(&cg));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	if (*uid)
		become_user(*uid);
	before = current();
	for (size_t i = 0; i < ARRAY_LEN(too_long); i++) {
		CHECK(alloc_len(dev, too_long[i], &fd) == ENOMEM);
		/* nothing half-allocated stays */
		CHECK(current() - before <= SLACK);
	}
	CHECK(map_errno(dev, MIB(32), PROT_READ, MAP_SHARED, 0) == ENOMEM);
	CHECK(current() - before <= SLACK);
	/* what fits still fits */
	CHECK(alloc_len(dev, MIB(8), &fd) == 0);
	return 0;
}

static void limit_answers_with_enomem(uid_t uid)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_ALL, 0), now;

	cgroup_create(&cg, "memory");
	assert_ok(cgroup_write(&cg, "memory.max", "16M"));
	in_child(hits_the_limit, &uid);
	assert_int_equal(event("oom_kill"), 0);
	now = stats(PINBUF_STATS_ALL, 0);
	assert_int_equal(now.out_failed_memory, before.out_failed_memory + 4);
	cgroup_destroy(&cg);
}

static void limit_is_enomem_and_kills_nobody(void **state)
{
	(void)state;
	limit_answers_with_enomem(0);
}

static void limit_is_enomem_for_a_user_too(void **state)
{
	(void)state;
	limit_answers_with_enomem(USER_UID);
}

static int fills_to_the_brim(void *unused)
{
	int fds[256];
	int count = 0;
	long long filled;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	while (count < 256 && alloc_len(dev, KIB(256), &fds[count]) == 0)
		count++;
	CHECK(count > 0 && count < 256);
	filled = current();
	CHECK(filled <= (long long)MIB(16));
	for (int i = 0; i < count; i++)
		close(fds[i]);
	CHECK(current() < (long long)MIB(4));
	return 0;
}

static void many_small_ones_fill_it_and_kill_nobody(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	assert_ok(cgroup_write(&cg, "memory.max", "16M"));
	in_child(fills_to_the_brim, NULL);
	assert_int_equal(event("oom_kill"), 0);
	cgroup_destroy(&cg);
}

/* What a container looks like that has read files: its limit is full of page cache. */
static int allocates_beside_page_cache(void *unused)
{
	char *block = malloc(MIB(1));
	int disk = open("/dev/nvme0n1", O_RDONLY), fd;

	(void)unused;
	CHECK(block && disk >= 0);
	CHECK(!cgroup_enter(&cg));
	for (size_t i = 0; i < 64; i++)
		CHECK(pread(disk, block, MIB(1), MIB(i)) == (ssize_t)MIB(1));
	CHECK(current() > (long long)MIB(28));
	CHECK(alloc_len(dev, MIB(16), &fd) == 0);
	CHECK(buf_query(fd).huge_bytes == MIB(16));
	return 0;
}

static void page_cache_gives_way_to_huge_folios(void **state)
{
	(void)state;
	if (access("/dev/nvme0n1", R_OK))
		skip_because("there is no disk (--nvme)");
	cgroup_create(&cg, "memory");
	assert_ok(cgroup_write(&cg, "memory.max", "32M"));
	in_child(allocates_beside_page_cache, NULL);
	assert_int_equal(event("oom_kill"), 0);
	cgroup_destroy(&cg);
}

static int allocates_and_sends(void *argument)
{
	int fd;

	CHECK(!cgroup_enter(&cg));
	CHECK(alloc_len(dev, MIB(8), &fd) == 0);
	CHECK(!send_fd(*(int *)argument, fd));
	return 0;
}

static void charge_stays_where_it_was_made(void **state)
{
	int socks[2], fd;
	pid_t pid;

	(void)state;
	cgroup_create(&cg, "memory");
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = child_start(allocates_and_sends, &socks[1]);
	fd = recv_fd(socks[0]);
	assert_true(fd >= 0);
	assert_int_equal(child_wait(pid), 0);
	assert_true(current() >= (long long)MIB(8) - STOCK);
	close(fd);
	assert_true(current() <= SLACK);
	close(socks[0]);
	close(socks[1]);
	cgroup_destroy(&cg);
}

static int takes_until_memory_ends(void *unused)
{
	int fds[512];
	int count = 0, err = 0;

	(void)unused;
	while (count < 512 && !(err = alloc_len(dev, MIB(8), &fds[count])))
		count++;
	CHECK(count > 0);
	CHECK(err == ENOMEM);
	return 0;
}

static void machine_without_memory_answers_enomem_and_kills_nobody(void **state)
{
	long long ceiling = param_get("max_bytes");
	long long before = file_number("/proc/vmstat", "oom_kill");

	(void)state;
	if (meminfo("MemTotal") > MIB(1536))
		skip_because("%zu MiB of RAM take too long to fill",
			     meminfo("MemTotal") >> 20);
	assert_ok(param_set("max_bytes", 0));
	in_child(takes_until_memory_ends, NULL);
	assert_ok(param_set("max_bytes", ceiling));
	assert_int_equal(file_number("/proc/vmstat", "oom_kill"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(buffers_are_charged_and_given_back),
		TEST(mmap_of_the_node_is_charged),
		TEST(odd_sizes_cost_their_size),
		TEST(limit_is_enomem_and_kills_nobody),
		TEST(limit_is_enomem_for_a_user_too),
		TEST(many_small_ones_fill_it_and_kill_nobody),
		TEST(page_cache_gives_way_to_huge_folios),
		TEST(charge_stays_where_it_was_made),
		TEST(machine_without_memory_answers_enomem_and_kills_nobody),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
