// SPDX-License-Identifier: MIT
/* mmap of /dev/pinbuf itself: it allocates. */
#include "common.h"
#include "proc.h"

#include <sys/resource.h>

#define RW (PROT_READ | PROT_WRITE)

static uint64_t live(void)
{
	return stats(PINBUF_STATS_ALL, 0).out_current_live;
}

static void every_call_makes_another_buffer(void **state)
{
	uint64_t before = live();
	uint64_t *a = map_shared(dev, 3 * PAGE);
	uint64_t *b = map_shared(dev, PAGE);

	(void)state;
	assert_int_equal(live(), before + 4 * PAGE);
	assert_int_equal(info().out_locked, live());
	assert_true(is_zero(a, 3 * PAGE));
	a[0] = 1;
	assert_int_equal(b[0], 0);
	assert_int_not_equal(frame_of(a), frame_of(b));
	munmap(a, 3 * PAGE);
	assert_int_equal(live(), before + PAGE);
	munmap(b, PAGE);
	assert_int_equal(live(), before);
}

static void length_is_rounded_to_pages(void **state)
{
	uint64_t before = live();
	void *p = map_shared(dev, PAGE + 1);

	(void)state;
	assert_int_equal(live(), before + 2 * PAGE);
	munmap(p, PAGE + 1);
}

static void node_may_be_closed_at_once(void **state)
{
	int node = open(NODE_PATH, O_RDWR);
	void *p = map_shared(node, MIB(3));

	(void)state;
	close(node);
	fill(p, MIB(3), 1);
	assert_int_equal(differs(p, MIB(3), 1), -1);
	munmap(p, MIB(3));
}

static void offset_is_einval(void **state)
{
	(void)state;
	assert_int_equal(map_errno(dev, PAGE, RW, MAP_SHARED, (off_t)PAGE),
			 EINVAL);
	assert_int_equal(map_errno(dev, PAGE, RW, MAP_SHARED, (off_t)MIB(2)),
			 EINVAL);
	assert_int_equal(map_errno(dev, PAGE, RW, MAP_SHARED, 1), EINVAL);
}

static void private_is_einval(void **state)
{
	(void)state;
	assert_int_equal(map_errno(dev, PAGE, RW, MAP_PRIVATE, 0), EINVAL);
	assert_int_equal(map_errno(dev, PAGE, PROT_READ, MAP_PRIVATE, 0),
			 EINVAL);
}

static void executable_is_eperm(void **state)
{
	void *p = map_shared(dev, PAGE);

	(void)state;
	assert_errno(EACCES, mprotect(p, PAGE, RW | PROT_EXEC));
	munmap(p, PAGE);
	assert_int_equal(map_errno(dev, PAGE, RW | PROT_EXEC, MAP_SHARED, 0),
			 EPERM);
	assert_int_equal(map_errno(dev, PAGE, PROT_EXEC, MAP_SHARED, 0), EPERM);
}

static void node_must_be_open_for_writing(void **state)
{
	int ro = open(NODE_PATH, O_RDONLY), wo = open(NODE_PATH, O_WRONLY);

	(void)state;
	assert_int_equal(map_errno(ro, PAGE, PROT_READ, MAP_SHARED, 0), EACCES);
	assert_int_equal(map_errno(ro, PAGE, PROT_NONE, MAP_SHARED, 0), EACCES);
	assert_int_equal(map_errno(ro, PAGE, RW, MAP_SHARED, 0), EACCES);
	/* the core wants any mapped file to be readable */
	assert_int_equal(map_errno(wo, PAGE, RW, MAP_SHARED, 0), EACCES);
	close(ro);
	close(wo);
}

static void read_only_mapping_is_zero_and_may_become_writable(void **state)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, dev, 0);

	(void)state;
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_true(is_zero(p, 2 * PAGE));
	assert_ok(mprotect(p, PAGE, RW));
	p[0] = 1;
	munmap(p, 2 * PAGE);
}

static void length_beyond_memory_is_refused(void **state)
{
	long long ceiling = param_get("max_bytes");
	size_t too_much = meminfo("MemTotal") + MIB(64);

	(void)state;
	assert_int_equal(map_errno(dev, too_much, RW, MAP_SHARED, 0), EDQUOT);
	assert_ok(param_set("max_bytes", 0));
	assert_int_equal(map_errno(dev, too_much, RW, MAP_SHARED, 0), ENOMEM);
	assert_ok(param_set("max_bytes", ceiling));
}

static int child_reads_and_writes(void *argument)
{
	uint64_t *p = argument;

	CHECK(p[0] == 7);
	p[1] = 8;
	return 0;
}

static void fork_shares_it(void **state)
{
	uint64_t *p = map_shared(dev, PAGE);

	(void)state;
	p[0] = 7;
	in_child(child_reads_and_writes, p);
	assert_int_equal(p[1], 8);
	munmap(p, PAGE);
}

static int unmaps_late(void *argument)
{
	char byte;

	CHECK(read(((int *)argument)[0], &byte, 1) == 1);
	return 0;
}

static void lives_as_long_as_its_last_mapping(void **state)
{
	uint64_t before = live();
	void *p = map_shared(dev, PAGE);
	int gate[2];
	pid_t pid;

	(void)state;
	assert_ok(pipe(gate));
	pid = child_start(unmaps_late, gate);
	munmap(p, PAGE);
	assert_int_equal(live(), before + PAGE);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(child_wait(pid), 0);
	assert_int_equal(live(), before);
	close(gate[0]);
	close(gate[1]);
}

static void fixed_address_is_honoured(void **state)
{
	void *place = reserve_aligned(MIB(1), PAGE);
	void *p = mmap(place, MIB(1), RW, MAP_SHARED | MAP_FIXED, dev, 0);

	(void)state;
	assert_ptr_equal(p, place);
	memset(p, 1, MIB(1));
	munmap(p, MIB(1));
}

static void locked_populate_flags_are_accepted(void **state)
{
	void *p = mmap(NULL, MIB(3), RW, MAP_SHARED | MAP_POPULATE | MAP_LOCKED,
		       dev, 0);
	long faults;

	(void)state;
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_ok(madvise(p, MIB(3), MADV_POPULATE_WRITE));
	faults = minor_faults();
	memset(p, 1, MIB(3));
	assert_int_equal(minor_faults() - faults, 0);
	munmap(p, MIB(3));
}

static void needs_no_descriptor(void **state)
{
	struct rlimit old, full;
	int next = dup(dev), err;

	(void)state;
	close(next);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	full = (struct rlimit){ (rlim_t)next, old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &full));
	err = map_errno(dev, PAGE, RW, MAP_SHARED, 0);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(err, 0);
}

static void node_does_not_read_or_write(void **state)
{
	char byte = 0;

	(void)state;
	assert_int_equal(read(dev, &byte, 1), -1);
	assert_int_equal(write(dev, &byte, 1), -1);
	assert_int_equal(ftruncate(dev, PAGE), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_call_makes_another_buffer),
		TEST(length_is_rounded_to_pages),
		TEST(node_may_be_closed_at_once),
		TEST(offset_is_einval),
		TEST(private_is_einval),
		TEST(executable_is_eperm),
		TEST(node_must_be_open_for_writing),
		TEST(read_only_mapping_is_zero_and_may_become_writable),
		TEST(length_beyond_memory_is_refused),
		TEST(fork_shares_it),
		TEST(lives_as_long_as_its_last_mapping),
		TEST(fixed_address_is_honoured),
		TEST(locked_populate_flags_are_accepted),
		TEST(needs_no_descriptor),
		TEST(node_does_not_read_or_write),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
