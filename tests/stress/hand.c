// SPDX-License-Identifier: MIT
#include "fuzz.h"

#include <setjmp.h>
#include <signal.h>

/*
 * From the slot that chance has chosen to the first that is not empty.  The
 * number may have been closed, or be another's, since.
 */
int hand_fd(struct hand *hand)
{
	uint32_t at = dice_below(&hand->dice, NR_SLOTS);
	int fd = -1;

	for (uint32_t i = 0; i < NR_SLOTS && fd < 0; i++)
		fd = hand->desk->slots[(at + i) % NR_SLOTS];
	return fd;
}

void hand_put_fd(struct hand *hand, int fd)
{
	int old = atomic_exchange(&hand->desk->slots[dice_below(&hand->dice, NR_SLOTS)], fd);

	if (old >= 0)
		close(old);
}

char *hand_place(struct hand *hand)
{
	return hand->desk->places + dice_below(&hand->dice, NR_PLACES) * ROOM;
}

/* Volatile, or the compiler finds that nobody reads it between two writes. */
static __thread sigjmp_buf *volatile guard;

static void on_fault(int number)
{
	if (guard)
		siglongjmp(*guard, 1);
	/* the fuzzer's own mistake: die of it */
	signal(number, SIG_DFL);
}

void hand_guard_signals(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool hand_touch(volatile char *p, size_t len, bool write)
{
	sigjmp_buf here;

	if (sigsetjmp(here, 0)) {
		guard = NULL;
		return false;
	}
	guard = &here;
	for (size_t at = 0; at < len; at += PAGE) {
		if (write)
			p[at] = 1;
		else
			(void)p[at];
	}
	guard = NULL;
	return true;
}
