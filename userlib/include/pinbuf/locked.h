/* SPDX-License-Identifier: MIT */
/* Any region made thread-safe. */
#ifndef PINBUF_LOCKED_H
#define PINBUF_LOCKED_H

#include <stddef.h>

#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/* a lock in front of a region; any thread may use it */
struct pinbuf_locked;

/**
 * pinbuf_locked_create() - put a lock in front of a region
 * @out: written on success; pinbuf_locked_destroy() ends it
 * @inner: the region, which outlives it and is used through it only
 * @window: bytes that pinbuf_locked_local() takes from @inner at a time; 0 for 65536
 *
 * Return: 0, or -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_locked_create(struct pinbuf_locked **out, struct pinbuf_region *inner, size_t window);

/**
 * pinbuf_locked_destroy() - take the lock away
 * @l: what pinbuf_locked_create() gave, or NULL
 *
 * Context: no other thread uses @l or one of its windows.  Blocks of @l stay, and are
 * @inner's; those of windows are gone.
 */
PINBUF_API void pinbuf_locked_destroy(struct pinbuf_locked *l);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(locked, pinbuf_locked_destroy)

/**
 * pinbuf_locked_region() - the locked region
 * @l: a locked region
 *
 * Every call takes the lock.
 *
 * Context: any thread.
 * Return: the region, which is @l's; @inner's name and capabilities, and THREADSAFE.
 */
PINBUF_API struct pinbuf_region *pinbuf_locked_region(struct pinbuf_locked *l);

/**
 * pinbuf_locked_local() - this thread's window
 * @l: a locked region
 *
 * An arena on @l: its blocks cost no lock, are this thread's to ask for, and are
 * dropped together when the thread ends.
 *
 * Context: any thread; each has its own.
 * Return: the region, or NULL, errno set: ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_region *pinbuf_locked_local(struct pinbuf_locked *l);

PINBUF_END_DECLS

#endif /* PINBUF_LOCKED_H */
