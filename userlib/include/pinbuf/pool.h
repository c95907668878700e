/* SPDX-License-Identifier: MIT */
/* The pool: blocks of one size. */
#ifndef PINBUF_POOL_H
#define PINBUF_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

struct pinbuf_shared_pool;

/**
 * struct pinbuf_pool - a pool, in the caller's storage
 * @region: hand it to whoever takes a region; it refuses what is larger than a block
 *
 * The rest is the library's.  One thread owns it: struct pinbuf_shared_pool is for
 * several.  Not to be copied or moved.  No byte of a block is the library's, free or
 * not.
 */
struct pinbuf_pool {
	struct pinbuf_region region;	/* its window is closed */
	/* private: what the inline functions touch: one cache line */
	void **top;		/* behind the newest of the blocks that came back */
	void **base;		/* the oldest */
	void **limit;		/* base + blocks that were ever given: no more can come */
	uint64_t nr_gets;
	void **stack;		/* top of those that came back, if checkers look */
	uintptr_t fresh;	/* blocks from here on were never given */
	uintptr_t end;
	size_t stride;
	/* private: the slow paths' */
	uintptr_t start;
	size_t block_size;
	size_t align;
	void **slots;		/* malloc's: room for every block */
	unsigned char *given;	/* a bit a block, if checkers look */
	struct pinbuf_region *parent;
	void *memory;		/* the parent's, or NULL for the caller's */
	uint64_t peak;		/* blocks, before the last reset */
	struct pinbuf_shared_pool *shared;	/* the pool that this is a thread's door to */
	uint64_t reserved[3];
};

/**
 * struct pinbuf_pool_opts - what sort of pool
 * @size: sizeof(struct pinbuf_pool_opts), so that it can grow
 * @block_size: bytes of a block, 1 or more
 * @align: bytes, a power of two: of every block; 0 for 8
 * @nr_blocks: how many
 * @buffer: @nr_blocks times @block_size, rounded up to @align, bytes of the caller's,
 *	aligned, who keeps them; NULL to ask @parent
 * @parent: region that outlives the pool; NULL for pinbuf_global()
 * @name: for people, lives as long as the pool; NULL for "pool"
 */
struct pinbuf_pool_opts {
	size_t size;
	size_t block_size;
	size_t align;
	size_t nr_blocks;
	void *buffer;
	struct pinbuf_region *parent;
	const char *name;
};

#define PINBUF_POOL_OPTS_INIT	{ sizeof(struct pinbuf_pool_opts), 0, 0, 0, NULL, NULL, NULL }

/**
 * pinbuf_pool_init() - make a pool in the caller's storage
 * @p: written; pinbuf_pool_fini() ends it
 * @opts: what sort
 *
 * Memory is touched when blocks are first given, not here.
 *
 * Return: 0; -EINVAL for a size, number or alignment that cannot be, or a buffer that
 * is not aligned; -EOVERFLOW if there are not so many bytes; -ENOMEM, or what else the
 * parent refuses with.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_pool_init(struct pinbuf_pool *p, const struct pinbuf_pool_opts *opts);

/**
 * pinbuf_pool_fini() - give the memory back
 * @p: a pool; its blocks are gone
 */
PINBUF_API void pinbuf_pool_fini(struct pinbuf_pool *p);

/* what PINBUF_AUTO_OBJ() calls */
PINBUF_AUTO_FINI(pool, obj->region.ops, pinbuf_pool_fini)

/* the slow paths of what is inline */
PINBUF_API PINBUF_MALLOC void *pinbuf__pool_get(struct pinbuf_pool *p);
PINBUF_API void pinbuf__pool_put(struct pinbuf_pool *p, void *block);

/**
 * pinbuf_pool_get() - a block
 * @p: a pool
 *
 * The one that came back last, or else one that was never given.
 *
 * Context: the owner.
 * Return: the block, the caller's until pinbuf_pool_put(); or NULL, errno set and
 * pinbuf_error_last() filled: ENOMEM if all are given.
 */
PINBUF_INLINE PINBUF_MALLOC
void *pinbuf_pool_get(struct pinbuf_pool *p)
{
	void **top = p->top;

	if (PINBUF_LIKELY(top != p->base)) {
		void *block = *--top;

		PINBUF_SET(p->top, top);
		PINBUF_ADD(&p->nr_gets, 1);
		return block;
	}
	return pinbuf__pool_get(p);
}

/**
 * pinbuf_pool_put() - a block goes back
 * @p: the pool that gave it
 * @block: the block, which is not NULL
 *
 * Context: the owner.  More blocks than were given, and in checked builds a block that
 * is free or foreign, end the program with a sentence on stderr.
 */
PINBUF_INLINE void pinbuf_pool_put(struct pinbuf_pool *p, void *block)
{
	void **top = p->top;

	if (PINBUF_LIKELY(top != p->limit)) {
		*top = block;
		PINBUF_SET(p->top, top + 1);
		return;
	}
	pinbuf__pool_put(p, block);
}

/**
 * pinbuf_pool_get_bulk() - several blocks, or none
 * @p: a pool
 * @blocks: @nr are written on success
 * @nr: how many
 *
 * Context: the owner.
 * Return: 0, or -ENOMEM if fewer are free.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_pool_get_bulk(struct pinbuf_pool *p, void **blocks, size_t nr);

/**
 * pinbuf_pool_put_bulk() - several blocks go back
 * @p: the pool that gave them
 * @blocks: @nr of them
 * @nr: how many
 *
 * Context: as pinbuf_pool_put().
 */
PINBUF_API void pinbuf_pool_put_bulk(struct pinbuf_pool *p, void *const *blocks, size_t nr);

/**
 * pinbuf_pool_reset() - take every block back
 * @p: a pool
 *
 * Context: the owner.
 */
PINBUF_API void pinbuf_pool_reset(struct pinbuf_pool *p);

/**
 * pinbuf_pool_free_count() - blocks that can be had
 * @p: a pool
 *
 * Context: any thread.
 * Return: how many.
 */
PINBUF_API size_t pinbuf_pool_free_count(const struct pinbuf_pool *p);

/**
 * pinbuf_pool_used_count() - blocks that are given
 * @p: a pool
 *
 * Context: any thread.
 * Return: how many.
 */
PINBUF_API size_t pinbuf_pool_used_count(const struct pinbuf_pool *p);

PINBUF_END_DECLS

#endif /* PINBUF_POOL_H */
