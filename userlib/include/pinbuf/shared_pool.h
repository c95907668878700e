/* SPDX-License-Identifier: MIT */
/* The pool for several threads. */
#ifndef PINBUF_SHARED_POOL_H
#define PINBUF_SHARED_POOL_H

#include <stddef.h>

#include <pinbuf/base.h>
#include <pinbuf/pool.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/* a pool with a cache in each thread; any thread may use it, and put what another got */
struct pinbuf_shared_pool;

/**
 * pinbuf_shared_pool_create() - allocate a pool for several threads
 * @out: written on success; pinbuf_shared_pool_destroy() ends it
 * @opts: as pinbuf_pool_init()
 * @cache: blocks that a thread keeps to itself at most; 0 for 128
 *
 * Return: as pinbuf_pool_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_shared_pool_create(struct pinbuf_shared_pool **out, const struct pinbuf_pool_opts *opts,
			      size_t cache);

/**
 * pinbuf_shared_pool_destroy() - give the memory back
 * @sp: what pinbuf_shared_pool_create() gave, or NULL; its blocks are gone
 *
 * Context: no other thread uses @sp.
 */
PINBUF_API void pinbuf_shared_pool_destroy(struct pinbuf_shared_pool *sp);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(shared_pool, pinbuf_shared_pool_destroy)

/**
 * pinbuf_shared_pool_local() - this thread's door to the pool
 * @sp: a shared pool
 *
 * It is used as any pool, with pinbuf_pool_get(), pinbuf_pool_put() and their bulk
 * forms, by this thread only; blocks may be put through any thread's.  What it caches
 * goes back when the thread ends.
 *
 * Context: any thread; each has its own.
 * Return: the pool, or NULL, errno set: ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_pool *pinbuf_shared_pool_local(struct pinbuf_shared_pool *sp);

/**
 * pinbuf_shared_pool_region() - the pool as a region
 * @sp: a shared pool
 *
 * Each call looks for the thread's door first.  Its peak counts what threads cached.
 *
 * Context: any thread.
 * Return: the region, which is @sp's and THREADSAFE.
 */
PINBUF_API struct pinbuf_region *pinbuf_shared_pool_region(struct pinbuf_shared_pool *sp);

PINBUF_END_DECLS

#endif /* PINBUF_SHARED_POOL_H */
