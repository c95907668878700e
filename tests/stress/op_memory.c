// SPDX-License-Identifier: MIT
/*
 * Memory that is mapped: advised, locked, moved, pinned, under pressure; and one
 * buffer that only its thread has, whose bytes must be what was written.
 */
#include "fuzz.h"
#include "numa.h"

#include <sched.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static bool op_advise(struct hand *hand)
{
	/* none that poisons memory, or would be lost on the next user of it */
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_POPULATE_READ, MADV_POPULATE_WRITE,
		MADV_COLLAPSE, MADV_COLD, MADV_PAGEOUT,
	};
	char *place = hand_place(hand);
	size_t at = dice_below(&hand->dice, ROOM / PAGE / 2) * PAGE;
	size_t len = PAGE << dice_below(&hand->dice, 11);
	int advice = advices[dice_below(&hand->dice, ARRAY_LEN(advices))];

	/*
	 * Of a part of a folio that a cgroup is charged for, the core asks without
	 * the RCU lock which one it is, and lockdep says so; it then leaves it alone.
	 */
	if (kernel_is("debug") && (advice == MADV_COLD || advice == MADV_PAGEOUT))
		return false;
	return !madvise(place + at, len, advice);
}

static bool op_lock(struct hand *hand)
{
	char *place = hand_place(hand);
	size_t len = PAGE << dice_below(&hand->dice, 8);

	if (dice_one_in(&hand->dice, 2))
		return !munlock(place, len);
	return !mlock2(place, len, dice_below(&hand->dice, 2));
}

static bool op_move(struct hand *hand)
{
	char *place = hand_place(hand);
	void *pages[8];
	int nodes[8], status[8];
	unsigned long mask = 1;

	for (int i = 0; i < 8; i++) {
		pages[i] = place + dice_below(&hand->dice, ROOM / PAGE) * PAGE;
		nodes[i] = (int)dice_below(&hand->dice, 2);
	}
	if (dice_one_in(&hand->dice, 2))
		return !syscall(SYS_mbind, place, MIB(2), MPOL_BIND, &mask, 8 * sizeof(mask),
				dice_below(&hand->dice, 2) ? MPOL_MF_MOVE : 0);
	return syscall(SYS_move_pages, 0, 8, pages, nodes, status, MPOL_MF_MOVE) >= 0;
}

static bool op_copy(struct hand *hand)
{
	struct iovec from = { hand_place(hand), PAGE << dice_below(&hand->dice, 6) };
	struct iovec to = { hand_place(hand), from.iov_len };

	if (dice_one_in(&hand->dice, 2))
		return process_vm_readv(getpid(), &to, 1, &from, 1, 0) > 0;
	return process_vm_writev(getpid(), &from, 1, &to, 1, 0) > 0;
}

/* A pipe holds the pages, maybe longer than anything else does. */
static bool op_splice(struct hand *hand)
{
	struct iovec iov = { hand_place(hand), PAGE << dice_below(&hand->dice, 3) };
	char drain[4 * PAGE];

	if (dice_one_in(&hand->dice, 2))
		return read(hand->pipe[0], drain, sizeof(drain)) > 0;
	return vmsplice(hand->pipe[1], &iov, 1, SPLICE_F_NONBLOCK) > 0;
}

/* One at a time: the machine must not run out of memory for others. */
static bool op_pressure(struct hand *hand)
{
	static char block[KIB(64)];
	uint32_t mib = 1 + dice_below(&hand->dice, 12);
	int fd;

	if (flock(hand->desk->lock, LOCK_EX | LOCK_NB))
		return false;
	fd = memfd_create("pressure", MFD_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < MIB(mib) / sizeof(block); i++)
		(void)!write(fd, block, sizeof(block));
	close(fd);
	flock(hand->desk->lock, LOCK_UN);
	return fd >= 0;
}

static void check_zeroed(struct hand *hand, const char *own, size_t len)
{
	if (!is_zero(own, len))
		hand_die(hand, "a new buffer of %zu bytes is not zero", len);
}

static void check_kept(struct hand *hand, const char *own, size_t len, uint64_t pattern,
		       const char *through)
{
	ssize_t at = differs(own, len, pattern);

	if (at >= 0)
		hand_die(hand, "byte %zd of %zu has changed: %s", at, len, through);
}

/* What must not change a byte. */
static const char *disturb(struct hand *hand, char *own, size_t len)
{
	pid_t pid;

	switch (dice_below(&hand->dice, 6)) {
	case 0:
		madvise(own, len, MADV_DONTNEED);
		return "MADV_DONTNEED";
	case 1:
		if (!kernel_is("debug"))
			madvise(own, len, MADV_PAGEOUT);
		return "MADV_PAGEOUT";
	case 2:
		mprotect(own, PAGE, PROT_READ);
		mprotect(own, PAGE, PROT_READ | PROT_WRITE);
		return "mprotect";
	case 3:
		mlock(own, len);
		munlock(own, len);
		return "mlock";
	case 4:
		pid = fork();
		if (!pid)
			_exit(own[len - 1] != 1);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		return "fork";
	default:
		sched_yield();
		return "waiting";
	}
}

static bool op_own(struct hand *hand)
{
	size_t len = PAGE << dice_below(&hand->dice, 11);
	uint64_t pattern = dice_next(&hand->dice);
	char *own = mmap(hand->own, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 hand->desk->node, 0);

	if (own == MAP_FAILED)
		return false;
	check_zeroed(hand, own, len);
	fill(own, len, pattern);
	for (int i = 0; i < 3; i++)
		check_kept(hand, own, len, pattern, disturb(hand, own, len));
	/* never a hole that another thread's mapping could fall into */
	return mmap(hand->own, len, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

const struct op memory_ops[] = {
	{ "advise", 20, 0, op_advise },
	{ "lock", 4, MAY_MOST, op_lock },
	{ "move", 4, MAY_MOST, op_move },
	{ "copy", 8, MAY_MOST, op_copy },
	{ "splice", 8, MAY_MOST, op_splice },
	{ "pressure", 1, MAY_MOST, op_pressure },
	{ "a buffer of one's own", 12, 0, op_own },
};
const size_t nr_memory_ops = ARRAY_LEN(memory_ops);
