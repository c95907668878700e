/* SPDX-License-Identifier: MIT */
/* The arena for several threads: blocks of any size that share one life. */
#ifndef PINBUF_SHARED_ARENA_H
#define PINBUF_SHARED_ARENA_H

#include <pinbuf/arena.h>
#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/*
 * What runtimes with regions call a heap: it grows, any thread takes blocks from it,
 * none goes back by itself, and its end frees them all.
 */
struct pinbuf_shared_arena;

/**
 * pinbuf_shared_arena_create() - begin a life
 * @out: written on success; pinbuf_shared_arena_destroy() ends it
 * @opts: as pinbuf_arena_init(); the parent is used by one thread at a time
 *
 * Return: as pinbuf_arena_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_shared_arena_create(struct pinbuf_shared_arena **out,
			       const struct pinbuf_arena_opts *opts);

/**
 * pinbuf_shared_arena_destroy() - end it; all blocks are gone
 * @sa: what pinbuf_shared_arena_create() gave, or NULL
 *
 * Context: no other thread uses @sa or one of its blocks.
 */
PINBUF_API void pinbuf_shared_arena_destroy(struct pinbuf_shared_arena *sa);

/**
 * pinbuf_shared_arena_region() - the region to take blocks from
 * @sa: a shared arena
 *
 * Context: any thread.
 * Return: the region, which is @sa's: PINBUF_THREADSAFE, and PINBUF_NOFREE, so that
 * pinbuf_dealloc() does nothing.
 */
PINBUF_API struct pinbuf_region *pinbuf_shared_arena_region(struct pinbuf_shared_arena *sa);

PINBUF_END_DECLS

#endif /* PINBUF_SHARED_ARENA_H */
