/* SPDX-License-Identifier: MIT */
/* A lock of one word, that neither allocates nor calls out when it is free. */
#ifndef PINBUF_HEAP_LOCK_H
#define PINBUF_HEAP_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

#include <pinbuf/base.h>

struct heap_lock {
	atomic_uint word;	/* 0 free, 1 held, 2 held and somebody may sleep */
};

void pinbuf__heap_lock_wait(struct heap_lock *lock);
void pinbuf__heap_lock_wake(struct heap_lock *lock);

static inline void heap_lock(struct heap_lock *lock)
{
	unsigned int was = 0;

	if (PINBUF_UNLIKELY(!atomic_compare_exchange_strong_explicit(&lock->word, &was, 1,
								     memory_order_acquire,
								     memory_order_relaxed)))
		pinbuf__heap_lock_wait(lock);
}

static inline void heap_unlock(struct heap_lock *lock)
{
	if (PINBUF_UNLIKELY(atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2))
		pinbuf__heap_lock_wake(lock);
}

/* In a fork child: its holder may be a thread that the child does not have. */
static inline void heap_lock_reset(struct heap_lock *lock)
{
	atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
}

#endif /* PINBUF_HEAP_LOCK_H */
