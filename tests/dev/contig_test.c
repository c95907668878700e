// SPDX-License-Identifier: MIT
/* CONTIG: one physical run of any length, or nothing. */
#include "cgroup.h"
#include "extents.h"
#include "moves.h"
#include "numa.h"
#include "proc.h"

#include <signal.h>

static struct pinbuf_ioc_alloc contig(uint64_t len)
{
	struct pinbuf_ioc_alloc req = request(len);

	req.flags = PINBUF_ALLOC_CONTIG;
	return req;
}

/* The only run of @fd. */
static struct pinbuf_extent run_of(int fd)
{
	struct extents e = extents_of(fd);
	struct pinbuf_extent run = e.runs[0];

	assert_int_equal(e.count, 1);
	extents_free(&e);
	return run;
}

/* One run of the length, zeroed, with what was asked for; the caller closes it. */
static int had(struct pinbuf_ioc_alloc req)
{
	size_t huge = info().out_huge_size;
	struct pinbuf_extent run;
	uint8_t *p;
	int err = alloc_on(dev, &req);

	if (err)
		print_error("# %llu bytes, flags %#x, align %llu, %u bits, node %d: %s\n",
			    (unsigned long long)req.len, req.flags,
			    (unsigned long long)req.align, req.addr_bits, req.node,
			    strerrorname_np(err));
	assert_int_equal(err, 0);
	assert_int_equal(req.out_len, req.len);
	assert_int_equal(req.out_extents, 1);
	assert_int_equal(req.out_flags & req.flags, req.flags);
	run = run_of(req.out_fd);
	assert_int_equal(run.len, req.len);
	if (req.align)
		assert_int_equal(run.addr % req.align, 0);
	if (req.addr_bits)
		assert_true(run.addr + run.len <= 1ULL << req.addr_bits);
	assert_int_equal(buf_query(req.out_fd).huge_bytes, req.len / huge * huge);
	p = map_shared(req.out_fd, req.len);
	assert_true(is_zero(p, req.len));
	fill(p, req.len, req.len);
	assert_int_equal(differs(p, req.len, req.len), -1);
	munmap(p, req.len);
	return req.out_fd;
}

static const uint64_t lens[] = {
	PAGE, 2 * PAGE, 3 * PAGE, 7 * PAGE, MIB(1) - PAGE, MIB(1), MIB(1) + PAGE,
	MIB(2) - PAGE, MIB(2), MIB(2) + PAGE, MIB(4) - PAGE, MIB(4), MIB(7) + PAGE,
};

static void any_length_is_one_run(void **state)
{
	(void)state;
	/* the second time of memory that is dirty */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < ARRAY_LEN(lens); i++)
			close(had(contig(lens[i])));
}

static void many_live_side_by_side(void **state)
{
	int fds[ARRAY_LEN(lens)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++)
		fds[i] = had(contig(lens[i]));
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		uint8_t *p = map_shared(fds[i], lens[i]);

		assert_int_equal(differs(p, lens[i], lens[i]), -1);
		munmap(p, lens[i]);
		close(fds[i]);
	}
}

static void other_demands_hold_too(void **state)
{
	static const uint64_t some[] = { 3 * PAGE, MIB(2) + PAGE };
	uint64_t block = info().out_max_block;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		struct pinbuf_ioc_alloc req = contig(some[i]);

		req.flags |= PINBUF_ALLOC_HUGE;
		close(had(req));
		req.align = block;
		close(had(req));
		req.flags |= PINBUF_ALLOC_STRICT_NODE;
		req.node = 0;
		close(had(req));
		req.addr_bits = 32;
		close(had(req));
	}
}

static void is_mapped_by_huge_entries(void **state)
{
	size_t huge = info().out_huge_size, len = MIB(64);
	int fd = had(contig(len));
	char *place = reserve_aligned(len, huge), *p;

	(void)state;
	p = mmap(place, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_equal(p, place);
	for (size_t at = 0; at < len; at += PAGE)
		assert_int_not_equal(((volatile uint64_t *)(p + at))[1], 0);
	assert_int_equal(smaps_bytes(p, len, "FilePmdMapped"), len);
	munmap(p, len);
	close(fd);
}

/* Blocks of at least a huge page that are free. */
static size_t huge_blocks_free(void)
{
	const char *at = file_text("/proc/buddyinfo");
	size_t blocks = 0;

	assert_non_null(at);
	for (; (at = strstr(at, "zone")); at++) {
		size_t nr[11] = { 0 };

		assert_int_equal(sscanf(at, "zone %*s %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu %zu",
					&nr[0], &nr[1], &nr[2], &nr[3], &nr[4], &nr[5], &nr[6],
					&nr[7], &nr[8], &nr[9], &nr[10]), 11);
		blocks += nr[9] + 2 * nr[10];
	}
	return blocks;
}

/*
 * The page behind the last huge one breaks a block when it goes, for as long as it waits
 * in a list of its CPU's.  A program that allocates and frees must neither run out nor
 * break them all.
 */
static void what_was_freed_is_whole_again(void **state)
{
	size_t rounds = 64, before = huge_blocks_free(), after;

	(void)state;
	for (size_t i = 0; i < rounds; i++) {
		struct pinbuf_ioc_alloc req = contig(MIB(8) + PAGE);

		assert_int_equal(alloc_on(dev, &req), 0);
		close(req.out_fd);
	}
	after = huge_blocks_free();
	print_message("# %zu huge blocks were free, %zu are\n", before, after);
	/* KASAN keeps what was freed back, and with it the pages that it lies in */
	if (!kernel_is("debug"))
		assert_true(after + rounds / 2 >= before);
}

/* Memory of which every eighth page stays: no huge block is free in what goes. */
static char *sieve_make(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	madvise(p, len, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < len; at += PAGE)
		p[at] = 1;
	for (size_t at = 0; at < len; at += 8 * PAGE)
		assert_ok(madvise(p + at + PAGE, 7 * PAGE, MADV_DONTNEED));
	return p;
}

static void is_had_of_fragmented_memory(void **state)
{
	size_t most = kernel_is("debug") ? MIB(256) : MIB(1024);
	size_t len = (meminfo("MemFree") - MIB(128)) & ~(MIB(2) - 1);
	char *sieve;

	(void)state;
	if (len > most)
		len = most;
	sieve = sieve_make(len);
	for (int i = 0; i < 2; i++)
		close(had(contig(MIB(64))));
	close(had(contig(MIB(7) + PAGE)));
	munmap(sieve, len);
}

static void what_is_not_there_is_enomem(void **state)
{
	long long kills = file_number("/proc/vmstat", "oom_kill");
	long long ceiling = param_get("max_bytes");
	uint64_t len = (meminfo("MemFree") / 10 * 9) & ~(PAGE - 1);
	size_t before = meminfo("MemFree");

	(void)state;
	assert_ok(param_set("max_bytes", 0));
	assert_int_equal(alloc_errno(contig(len)), ENOMEM);
	assert_int_equal(alloc_errno(contig(1ULL << 40)), ENOMEM);
	assert_int_equal(alloc_errno(contig(info().out_max_len)), ENOMEM);
	assert_ok(param_set("max_bytes", ceiling));
	assert_true(meminfo("MemFree") + MIB(32) > before);
	assert_int_equal(file_number("/proc/vmstat", "oom_kill"), kills);
}

static struct cgroup cg;

static long long current(void)
{
	return cgroup_number(&cg, "memory.current", NULL);
}

/* Charged in advance by CPUs; and tables, files. */
#define STOCK ((long long)MIB(1))
#define SLACK ((long long)MIB(2))

static int is_in_a_cgroup(void *unused)
{
	long long before;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = current();
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_alloc req = contig(lens[i]);

		if (lens[i] > MIB(16))
			continue;
		CHECK(alloc_on(dev, &req) == 0);
		CHECK(current() - before >= (long long)lens[i] - STOCK);
		CHECK(current() - before <= (long long)lens[i] + SLACK);
		close(req.out_fd);
	}
	CHECK(alloc_errno(contig(MIB(65))) == ENOMEM);
	CHECK(current() - before <= SLACK);
	return 0;
}

static void is_charged_and_the_limit_holds(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	/* four times the longest that must succeed */
	assert_ok(cgroup_write(&cg, "memory.max", "64M"));
	in_child(is_in_a_cgroup, NULL);
	assert_int_equal(cgroup_number(&cg, "memory.events", "oom_kill"), 0);
	cgroup_destroy(&cg);
}

static int is_in_a_cpuset(void *unused)
{
	struct pinbuf_ioc_alloc req = contig(MIB(16) + PAGE);

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	for (int i = 0; i < 2; i++) {
		CHECK(alloc_on(dev, &req) == 0);
		CHECK(req.out_node == 1);
		close(req.out_fd);
	}
	req.node = 1;
	req.flags |= PINBUF_ALLOC_STRICT_NODE;
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 1);
	req.node = 0;
	CHECK(alloc_errno(req) == EINVAL);
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

static int takes_runs(void *unused)
{
	(void)unused;
	for (;;)
		CHECK(alloc_errno(contig(MIB(16) + PAGE)) == 0);
	return 0;
}

static void a_killed_caller_leaves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		pid_t pid = child_start(takes_runs, NULL);

		usleep(20000 + 17000 * (unsigned int)i);
		assert_ok(kill(pid, SIGKILL));
		assert_int_equal(child_wait(pid), SIGKILL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_length_is_one_run),
		TEST(many_live_side_by_side),
		TEST(other_demands_hold_too),
		TEST(is_mapped_by_huge_entries),
		TEST(what_was_freed_is_whole_again),
		TEST(is_had_of_fragmented_memory),
		TEST(what_is_not_there_is_enomem),
		TEST(is_charged_and_the_limit_holds),
		TEST(cpusets_bind),
		TEST(a_killed_caller_leaves_nothing),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
