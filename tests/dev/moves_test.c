// SPDX-License-Identifier: MIT
/*
 * Promise 1: it never moves.  The kernel is asked in every way it has to move
 * the pages of a pinned buffer and, beside it and by the same call, those of an
 * mlock()ed one: the control, which must move, or the test has shown nothing.
 */
#include "common.h"
#include "moves.h"
#include "numa.h"
#include "proc.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24	/* Linux 5.18 */
#endif

static int node_of(const void *p)
{
	int status = -1;

	assert_ok(pages_move((void *)p, 1, -1, &status));
	return status;
}

/* Every eighth page of a mapping that was all there and locked: holes between. */
struct sieve {
	char *start;
	size_t pages;		/* that are left */
	uint64_t *before;
};

static uint64_t *sieve_frames(const struct sieve *sieve)
{
	uint64_t *all = calloc(sieve->pages * 8, sizeof(*all));
	uint64_t *left = calloc(sieve->pages, sizeof(*left));

	frames_read(sieve->start, sieve->pages * 8, all);
	for (size_t i = 0; i < sieve->pages; i++)
		left[i] = all[8 * i];
	free(all);
	return left;
}

static void sieve_make(struct sieve *sieve, size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	madvise(p, len, MADV_NOHUGEPAGE);
	assert_ok(mlock(p, len));
	for (size_t at = 0; at < len; at += 8 * PAGE)
		assert_ok(madvise(p + at + PAGE, 7 * PAGE,
				  MADV_DONTNEED_LOCKED));
	sieve->start = p;
	sieve->pages = len / PAGE / 8;
	sieve->before = sieve_frames(sieve);
}

static size_t sieve_moved(const struct sieve *sieve)
{
	uint64_t *now = sieve_frames(sieve);
	size_t moved = frames_moved(sieve->before, now, sieve->pages);

	free(now);
	return moved;
}

static void compaction_moves_the_control_only(void **state)
{
	size_t len = meminfo("MemFree") / 2 & ~(MIB(2) - 1), moved;
	uint64_t before[256], after[256];
	struct sieve sieve;
	char *singles[256];

	(void)state;
	if (len > MIB(160))
		len = MIB(160);
	sieve_make(&sieve, len);
	/* single pinned pages, taken while there are holes */
	for (size_t i = 0; i < ARRAY_LEN(singles); i++) {
		singles[i] = map_shared(dev, PAGE);
		before[i] = frame_of(singles[i]);
	}
	assert_ok(file_write("/proc/sys/vm/compact_memory", "1"));
	moved = sieve_moved(&sieve);
	print_message("# compaction moved %zu of %zu locked pages\n", moved,
		      sieve.pages);
	for (size_t i = 0; i < ARRAY_LEN(singles); i++) {
		after[i] = frame_of(singles[i]);
		munmap(singles[i], PAGE);
	}
	assert_int_equal(frames_moved(before, after, ARRAY_LEN(singles)), 0);
	assert_int_equal(pinned_moved(), 0);
	assert_int_not_equal(moved, 0);
	assert_pinned_bytes();
	munmap(sieve.start, len);
	free(sieve.before);
}

static void move_pages_moves_the_control_only(void **state)
{
	static int status[PAGES];
	int to;

	(void)state;
	require_two_nodes();
	to = !node_of(pinned);
	pages_move(pinned, PAGES, to, status);
	assert_int_equal(pinned_moved(), 0);
	to = !node_of(control);
	assert_ok(pages_move(control, PAGES, to, status));
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(status[i], to);
	assert_int_not_equal(control_moved(), 0);
	assert_pinned_bytes();
}

static void migrate_pages_moves_the_control_only(void **state)
{
	(void)state;
	require_two_nodes();
	for (int from = 0; from < 2; from++)
		process_move(1UL << from, 1UL << !from);
	assert_int_equal(pinned_moved(), 0);
	assert_int_not_equal(control_moved(), 0);
	assert_pinned_bytes();
}

static void mbind_moves_the_control_only(void **state)
{
	int to;

	(void)state;
	require_two_nodes();
	to = !node_of(control);
	assert_ok(policy_bind_range(control, LEN, MPOL_BIND, 1UL << to,
				    MPOL_MF_MOVE_ALL));
	assert_int_not_equal(control_moved(), 0);
	to = !node_of(pinned);
	policy_bind_range(pinned, LEN, MPOL_BIND, 1UL << to, MPOL_MF_MOVE_ALL);
	assert_int_equal(pinned_moved(), 0);
	assert_int_equal(policy_bind_range(pinned, LEN, MPOL_BIND, 1UL << to,
					   MPOL_MF_STRICT | MPOL_MF_MOVE_ALL),
			 -1);
	assert_int_equal(pinned_moved(), 0);
	assert_pinned_bytes();
}

static int sleeps(void *argument)
{
	char byte;

	return read(*(int *)argument, &byte, 1) != 1;
}

static void fork_and_write_moves_the_control_only(void **state)
{
	int gate[2];
	pid_t pid;

	(void)state;
	assert_ok(pipe(gate));
	pid = child_start(sleeps, &gate[0]);
	for (size_t at = 0; at < LEN; at += PAGE) {
		((volatile char *)pinned)[at] = pinned[at];
		((volatile char *)control)[at] = control[at];
	}
	/* while the child still has the old ones */
	assert_int_equal(pinned_moved(), 0);
	assert_int_equal(control_moved(), PAGES);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(child_wait(pid), 0);
	close(gate[0]);
	close(gate[1]);
	assert_pinned_bytes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOVES(compaction_moves_the_control_only),
		MOVES(move_pages_moves_the_control_only),
		MOVES(migrate_pages_moves_the_control_only),
		MOVES(mbind_moves_the_control_only),
		MOVES(fork_and_write_moves_the_control_only),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
