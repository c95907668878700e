/* SPDX-License-Identifier: MIT */
/* The hot arena: blocks one behind the other, dropped together. */
#ifndef PINBUF_ARENA_H
#define PINBUF_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/layout.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/**
 * struct pinbuf_arena_chunk - the arena's own: one piece of memory
 * @prev: the one that was open before, or the next spare one
 * @start: its first byte
 * @size: bytes for blocks
 * @before: live bytes in the chunks below
 * @lost: bytes of the chunks below that no block can have
 * @extent: bytes that the parent gave; 0 for a caller's buffer
 * @align: alignment that the parent was asked for
 */
struct pinbuf_arena_chunk {
	struct pinbuf_arena_chunk *prev;
	uintptr_t start;
	size_t size;
	uint64_t before;
	uint64_t lost;
	size_t extent;
	size_t align;
};

/**
 * struct pinbuf_arena - an arena, in the caller's storage
 * @region: hand it to whoever takes a region
 *
 * The rest is the library's.  One thread owns it.  Not to be copied or moved.
 */
struct pinbuf_arena {
	struct pinbuf_region region;
	/* private: what the inline functions touch: one more cache line */
	struct pinbuf_arena_chunk *chunk;	/* the open one */
	uintptr_t floor;			/* its start; above all if checkers look */
	uintptr_t top;				/* highest that cur was in this chunk */
	uint64_t dropped;			/* bytes */
	uint64_t nr_dropped;			/* blocks */
	uintptr_t limit;			/* one past the open chunk */
	uint64_t peak;				/* before top is counted in */
	uint64_t fence;				/* nr_allocs when the last scope began */
	/* private: the slow paths' */
	struct pinbuf_arena_chunk *spare;
	struct pinbuf_region *parent;
	size_t grow;
	uint64_t held;
	size_t usual;				/* larger extents are given back early */
	struct pinbuf_arena_chunk own;		/* below all: a caller's buffer, or empty */
	uint64_t bias;				/* cur + bias are the live bytes */
	uint64_t lost;				/* the open chunk's */
	uint64_t reserved[2];
};

/**
 * struct pinbuf_arena_opts - what sort of arena
 * @size: sizeof(struct pinbuf_arena_opts), so that it can grow
 * @bytes: for blocks, in the first chunk; 0 for none before the first block is asked
 * @grow: bytes that the parent is asked for at a time, for a further chunk with the
 *	arena's own 56 bytes in it; 0 for an arena that does not grow
 * @parent: region that the chunks come from, which outlives the arena; NULL for
 *	pinbuf_global()
 * @name: for people, lives as long as the arena; NULL for "arena"
 */
struct pinbuf_arena_opts {
	size_t size;
	size_t bytes;
	size_t grow;
	struct pinbuf_region *parent;
	const char *name;
};

#define PINBUF_ARENA_OPTS_INIT	{ sizeof(struct pinbuf_arena_opts), 0, 65536, NULL, NULL }

/**
 * pinbuf_arena_init() - make an arena in the caller's storage
 * @a: written; pinbuf_arena_fini() ends it
 * @opts: what sort, or NULL for the defaults
 *
 * Return: 0; -EINVAL if it would neither have bytes nor grow; -ENOMEM, or what else
 * the parent refuses with.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_arena_init(struct pinbuf_arena *a, const struct pinbuf_arena_opts *opts);

/**
 * pinbuf_arena_init_buffer() - make an arena of a buffer
 * @a: written
 * @buffer: any address; stays the caller's, who keeps it for as long as @a
 * @len: bytes, all of which are for blocks; it does not grow
 * @name: as in struct pinbuf_arena_opts
 *
 * Return: 0; -EINVAL if @buffer is NULL or @len is 0.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_arena_init_buffer(struct pinbuf_arena *a, void *buffer, size_t len, const char *name);

/**
 * pinbuf_arena_fini() - give everything back to the parent
 * @a: an arena; its blocks are gone
 */
PINBUF_API void pinbuf_arena_fini(struct pinbuf_arena *a);

/* what PINBUF_AUTO_OBJ() calls */
PINBUF_AUTO_FINI(arena, obj->region.ops, pinbuf_arena_fini)

/**
 * pinbuf_arena_create() - allocate an arena
 * @out: written on success; pinbuf_arena_destroy() ends it
 * @opts: as pinbuf_arena_init()
 *
 * Return: as pinbuf_arena_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_arena_create(struct pinbuf_arena **out, const struct pinbuf_arena_opts *opts);

/**
 * pinbuf_arena_destroy() - the reverse of pinbuf_arena_create()
 * @a: an arena, or NULL
 */
PINBUF_API void pinbuf_arena_destroy(struct pinbuf_arena *a);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(arena, pinbuf_arena_destroy)

/**
 * pinbuf_arena_reset() - drop every block
 * @a: an arena
 *
 * Chunks are kept for the next blocks, except those that were made for one block
 * larger than the usual chunk: the parent gets them back.
 *
 * Context: the owner, with no scope open.
 */
PINBUF_API void pinbuf_arena_reset(struct pinbuf_arena *a);

/**
 * pinbuf_arena_alloc() - a block
 * @a: an arena
 * @size: bytes; 0 gives a unique pointer
 * @align: bytes, a power of two
 *
 * Context: the owner.
 * Return: as pinbuf_alloc().
 */
PINBUF_INLINE PINBUF_MALLOC __attribute__((alloc_size(2), alloc_align(3)))
void *pinbuf_arena_alloc(struct pinbuf_arena *a, size_t size, size_t align)
{
	struct pinbuf_layout layout;

	layout.size = size;
	layout.align = align;
	return pinbuf_alloc(&a->region, layout);
}

/**
 * struct pinbuf_arena_mark - a place in an arena
 * @cur: private
 * @nr_allocs: private
 */
struct pinbuf_arena_mark {
	uintptr_t cur;
	uint64_t nr_allocs;
};

/**
 * pinbuf_arena_mark() - remember what is live
 * @a: an arena
 *
 * Context: the owner.
 * Return: the place, for pinbuf_arena_release(); marks nest.
 */
PINBUF_INLINE struct pinbuf_arena_mark pinbuf_arena_mark(struct pinbuf_arena *a)
{
	struct pinbuf_arena_mark mark;

	mark.cur = a->region.cur;
	mark.nr_allocs = a->region.nr_allocs;
	a->fence = mark.nr_allocs;
	return mark;
}

/* what pinbuf_arena_release() does when chunks change, or the mark is not of now */
PINBUF_API void pinbuf__arena_release(struct pinbuf_arena *a, struct pinbuf_arena_mark mark);

/**
 * pinbuf_arena_release() - drop every block since a mark
 * @a: the arena
 * @mark: from pinbuf_arena_mark(); marks since then are void
 *
 * Context: the owner.  A void mark, or another arena's, ends the program with a
 * sentence on stderr.
 */
PINBUF_INLINE void pinbuf_arena_release(struct pinbuf_arena *a, struct pinbuf_arena_mark mark)
{
	uintptr_t cur = a->region.cur;

	if (PINBUF_LIKELY(mark.cur >= a->floor && mark.cur <= cur)) {
		if (cur > a->top)
			PINBUF_STORE(&a->top, cur);
		PINBUF_ADD(&a->dropped, cur - mark.cur);
		PINBUF_ADD(&a->nr_dropped, a->region.nr_allocs - mark.nr_allocs);
		PINBUF_STORE(&a->region.nr_allocs, mark.nr_allocs);
		PINBUF_STORE(&a->region.cur, mark.cur);
		return;
	}
	pinbuf__arena_release(a, mark);
}

/* a mark that is released at the end of the scope */
struct pinbuf_arena_scope {
	struct pinbuf_arena *arena;
	struct pinbuf_arena_mark mark;
};

/**
 * pinbuf_arena_scope_begin() - what PINBUF_SCOPE() begins with
 * @a: the arena
 *
 * Return: the arena and its mark.
 */
PINBUF_INLINE struct pinbuf_arena_scope pinbuf_arena_scope_begin(struct pinbuf_arena *a)
{
	struct pinbuf_arena_scope scope;

	scope.arena = a;
	scope.mark = pinbuf_arena_mark(a);
	return scope;
}

/**
 * pinbuf_arena_scope_end() - what PINBUF_SCOPE() ends with
 * @scope: from pinbuf_arena_scope_begin()
 */
PINBUF_INLINE void pinbuf_arena_scope_end(struct pinbuf_arena_scope *scope)
{
	pinbuf_arena_release(scope->arena, scope->mark);
}

#define PINBUF_SCOPE_NAME_(line)	pinbuf_scope_##line
#define PINBUF_SCOPE_NAME(line)		PINBUF_SCOPE_NAME_(line)

/**
 * PINBUF_SCOPE() - drop at the end of the scope what it allocates from here on
 * @a: the arena; scopes nest
 */
#define PINBUF_SCOPE(a)								\
	struct pinbuf_arena_scope PINBUF_SCOPE_NAME(__LINE__)			\
		__attribute__((cleanup(pinbuf_arena_scope_end), unused)) =	\
		pinbuf_arena_scope_begin(a)

/**
 * pinbuf_arena_remaining() - bytes left without another chunk
 * @a: an arena
 *
 * Context: the owner.
 * Return: bytes; alignment may take some of them.
 */
PINBUF_API size_t pinbuf_arena_remaining(const struct pinbuf_arena *a);

/**
 * pinbuf_arena_fits() - whether this much fits, before a kernel runs
 * @a: an arena
 * @layout: the block; pinbuf_layout_extend() and pinbuf_layout_array() add several up
 *
 * Context: the owner.
 * Return: whether pinbuf_arena_alloc() would succeed without asking the parent.
 */
PINBUF_API bool pinbuf_arena_fits(const struct pinbuf_arena *a, struct pinbuf_layout layout);

/**
 * pinbuf_with_arena() - run a function with an arena that ends with it
 * @opts: as pinbuf_arena_init()
 * @fn: gets the arena, whose blocks must not leave it, and @arg
 * @arg: anything
 *
 * Return: what @fn returned, or -errno as pinbuf_arena_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_with_arena(const struct pinbuf_arena_opts *opts,
		      int (*fn)(struct pinbuf_arena *a, void *arg), void *arg);

/**
 * pinbuf_scratch() - this thread's arena for what a function needs until it returns
 *
 * It grows, on pinbuf_global(), and ends with the thread.  Whoever uses it opens a
 * PINBUF_SCOPE() first.
 *
 * Context: any thread; each has its own.
 * Return: the arena, or NULL, errno set: ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_arena *pinbuf_scratch(void);

/* what PINBUF_STATIC_ARENA() calls before main() */
PINBUF_API void pinbuf__arena_static(struct pinbuf_arena *a, void *buffer, size_t len,
				     const char *name);

/**
 * PINBUF_STATIC_ARENA() - an arena without a heap
 * @name: declared: a struct pinbuf_arena of this file, ready before main()
 * @bytes: a constant; it does not grow
 */
#define PINBUF_STATIC_ARENA(name, bytes)					\
	static unsigned char name##_bytes[bytes] __attribute__((aligned(64)));	\
	static struct pinbuf_arena name;					\
	__attribute__((constructor)) static void name##_init(void)		\
	{									\
		pinbuf__arena_static(&name, name##_bytes, (bytes), #name);	\
	}									\
	struct pinbuf_arena

PINBUF_END_DECLS

#endif /* PINBUF_ARENA_H */
