// SPDX-License-Identifier: MIT
/*
 * Mappings in places that all threads of a worker share: made over one another,
 * cut, moved and forbidden while others touch them.
 */
#include "fuzz.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static size_t some_pages(struct hand *hand, size_t end)
{
	return dice_below(&hand->dice, (uint32_t)(end / PAGE)) * PAGE;
}

static int some_prot(struct hand *hand)
{
	return dice_one_in(&hand->dice, 8) ? (int)dice_below(&hand->dice, 8) :
	       PROT_READ | PROT_WRITE;
}

static int some_sharing(struct hand *hand)
{
	static const int flags[] = {
		MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_SHARED | MAP_POPULATE,
		MAP_SHARED | MAP_LOCKED, MAP_PRIVATE, MAP_SHARED_VALIDATE,
	};

	return flags[dice_below(&hand->dice, ARRAY_LEN(flags))];
}

/* Mostly of what there is of the buffer. */
static bool op_map(struct hand *hand)
{
	int fd = hand_fd(hand);
	size_t at = dice_one_in(&hand->dice, 2) ? 0 : some_pages(hand, ROOM / 2);
	size_t len = PAGE + some_pages(hand, ROOM / 2);
	off_t offset = dice_one_in(&hand->dice, 4) ? (off_t)some_pages(hand, MIB(2)) : 0;
	off_t end = lseek(fd, 0, SEEK_END);

	if (end > offset && !dice_one_in(&hand->dice, 8) && len > (size_t)(end - offset))
		len = (size_t)(end - offset);
	return mmap(hand_place(hand) + at, len, some_prot(hand), some_sharing(hand) | MAP_FIXED,
		    fd, offset) != MAP_FAILED;
}

static bool op_map_node(struct hand *hand)
{
	size_t len = PAGE + some_pages(hand, MIB(4));
	int node = dice_one_in(&hand->dice, 16) ? hand->desk->node_ro : hand->desk->node;

	return mmap(hand_place(hand), len, some_prot(hand), some_sharing(hand) | MAP_FIXED, node,
		    dice_one_in(&hand->dice, 16) ? (off_t)PAGE : 0) != MAP_FAILED;
}

/* Where the kernel likes, and away again. */
static bool op_map_anywhere(struct hand *hand)
{
	size_t len = PAGE + some_pages(hand, MIB(4));
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, hand->desk->node, 0);

	if (p == MAP_FAILED)
		return false;
	hand_touch(p, len, true);
	return !munmap(p, len);
}

static bool op_unmap(struct hand *hand)
{
	size_t at = some_pages(hand, ROOM), len = PAGE + some_pages(hand, ROOM - at);

	return !munmap(hand_place(hand) + at, len);
}

/* Back to addresses without memory; munmap would leave them to anyone. */
static bool op_clear(struct hand *hand)
{
	return mmap(hand_place(hand), ROOM, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static bool op_remap(struct hand *hand)
{
	char *from = hand_place(hand), *to = hand_place(hand);
	size_t len = PAGE + some_pages(hand, MIB(4));
	size_t new_len = dice_one_in(&hand->dice, 4) ? PAGE + some_pages(hand, MIB(4)) : len;
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (dice_one_in(&hand->dice, 8))
		flags |= MREMAP_DONTUNMAP;
	return mremap(from, len, new_len, flags, to) != MAP_FAILED;
}

static bool op_protect(struct hand *hand)
{
	size_t at = some_pages(hand, ROOM), len = PAGE + some_pages(hand, ROOM - at);

	return !mprotect(hand_place(hand) + at, len, some_prot(hand));
}

static bool op_touch(struct hand *hand)
{
	size_t at = dice_one_in(&hand->dice, 2) ? 0 : some_pages(hand, MIB(2));
	size_t len = PAGE << dice_below(&hand->dice, 9);

	return hand_touch(hand_place(hand) + at, len, dice_one_in(&hand->dice, 2));
}

/* A child that has all mappings and descriptors, for a moment. */
static bool op_fork(struct hand *hand)
{
	char *place = hand_place(hand);
	uint32_t us = dice_below(&hand->dice, 3000);
	bool killed = dice_one_in(&hand->dice, 2), unshares = dice_one_in(&hand->dice, 4);
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return false;
	if (!pid) {
		struct pinbuf_ioc_alloc req = request(PAGE);

		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
			_exit(1);
		if (unshares)
			(void)!unshare(CLONE_NEWUSER);
		(void)!ioctl(hand->desk->node, PINBUF_IOC_ALLOC, &req);
		hand_touch(place, MIB(1), true);
		while (killed)
			pause();
		_exit(0);
	}
	if (killed) {
		usleep(us);
		kill(pid, SIGKILL);
	}
	return waitpid(pid, NULL, 0) == pid;
}

const struct op vma_ops[] = {
	{ "map a buffer", 40, 0, op_map },
	{ "map the node", 16, 0, op_map_node },
	{ "map the node anywhere", 8, 0, op_map_anywhere },
	{ "unmap", 12, 0, op_unmap },
	{ "clear a place", 8, 0, op_clear },
	{ "remap", 10, 0, op_remap },
	{ "protect", 10, 0, op_protect },
	{ "touch", 30, 0, op_touch },
	{ "fork", 2, MAY_MOST, op_fork },
};
const size_t nr_vma_ops = ARRAY_LEN(vma_ops);
