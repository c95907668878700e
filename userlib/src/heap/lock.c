// SPDX-License-Identifier: MIT
/*
 * The contended half of the lock.  It spins for about as long as a batch of
 * blocks takes to move, then sleeps in the kernel.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lock.h"

enum { SPINS = 100 };

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

void pinbuf__heap_lock_wait(struct heap_lock *lock)
{
	int i;

	for (i = 0; i < SPINS; i++) {
		unsigned int was = 0;

		if (!atomic_load_explicit(&lock->word, memory_order_relaxed) &&
		    atomic_compare_exchange_weak_explicit(&lock->word, &was, 1,
							  memory_order_acquire,
							  memory_order_relaxed))
			return;
		pause_a_little();
	}
	while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire))
		syscall(SYS_futex, &lock->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void pinbuf__heap_lock_wake(struct heap_lock *lock)
{
	syscall(SYS_futex, &lock->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
