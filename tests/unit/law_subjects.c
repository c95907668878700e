// SPDX-License-Identifier: MIT
/* One row per allocator, and per stack of allocators. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "law_gc.h"
#include "law_heap.h"
#include "law_shared.h"
#include "laws.h"

/* the ground itself */

static int flaky_open(struct world *w)
{
	w->region = &w->ground.region;
	return 0;
}

static void nothing_close(struct world *w)
{
	(void)w;
}

/* arena */

static int arena_over(struct pinbuf_arena *a, struct pinbuf_region *parent, size_t bytes,
		      size_t grow)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;

	o.bytes = bytes;
	o.grow = grow;
	o.parent = parent;
	return pinbuf_arena_init(a, &o);
}

static int fixed_open(struct world *w)
{
	w->region = &w->top.arena.region;
	return arena_over(&w->top.arena, &w->ground.region, LAWS_BYTES, 0);
}

static int growing_open(struct world *w)
{
	w->region = &w->top.arena.region;
	return arena_over(&w->top.arena, &w->ground.region, 4096, 16384);
}

static int buffer_open(struct world *w)
{
	w->buffer = malloc(LAWS_BYTES);
	w->region = &w->top.arena.region;
	return w->buffer ? pinbuf_arena_init_buffer(&w->top.arena, w->buffer, LAWS_BYTES, NULL) :
			   -ENOMEM;
}

static void arena_close(struct world *w)
{
	pinbuf_arena_fini(&w->top.arena);
	free(w->buffer);
	w->buffer = NULL;
}

static void arena_reset(struct world *w)
{
	pinbuf_arena_reset(&w->top.arena);
}

static int malloc_arena_open(struct world *w)
{
	w->region = &w->top.arena.region;
	return arena_over(&w->top.arena, NULL, LAWS_BYTES, 0);
}

/* stack */

static int stack_over(struct pinbuf_stack *s, struct pinbuf_region *parent)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;

	o.bytes = LAWS_BYTES;
	o.parent = parent;
	return pinbuf_stack_init(s, &o);
}

static int stack_open(struct world *w)
{
	w->region = &w->top.stack.region;
	return stack_over(&w->top.stack, &w->ground.region);
}

static void stack_close(struct world *w)
{
	pinbuf_stack_fini(&w->top.stack);
}

static void stack_reset(struct world *w)
{
	pinbuf_stack_reset(&w->top.stack);
}

/* pool */

#define POOL_BLOCK	4000	/* rounded up to POOL_ALIGN */
#define POOL_ALIGN	64
#define POOL_BLOCKS	2048

static const struct pinbuf_pool_opts pool_opts = {
	.size = sizeof(pool_opts),
	.block_size = POOL_BLOCK,
	.align = POOL_ALIGN,
	.nr_blocks = POOL_BLOCKS,
};

static int pool_over(struct pinbuf_pool *p, struct pinbuf_region *parent)
{
	struct pinbuf_pool_opts o = pool_opts;

	o.parent = parent;
	return pinbuf_pool_init(p, &o);
}

static int pool_open(struct world *w)
{
	w->region = &w->top.pool.region;
	return pool_over(&w->top.pool, &w->ground.region);
}

static void pool_close(struct world *w)
{
	pinbuf_pool_fini(&w->top.pool);
}

static void pool_reset(struct world *w)
{
	pinbuf_pool_reset(&w->top.pool);
}

static int shared_open(struct world *w)
{
	struct pinbuf_pool_opts o = pool_opts;
	int ret;

	o.parent = &w->ground.region;
	ret = pinbuf_shared_pool_create(&w->shared, &o, 16);
	if (!ret)
		w->region = pinbuf_shared_pool_region(w->shared);
	return ret;
}

static void shared_close(struct world *w)
{
	pinbuf_shared_pool_destroy(w->shared);
}

/* free list */

static int list_over(struct world *w, struct pinbuf_region *parent, size_t bytes)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	int ret;

	o.bytes = bytes;
	o.parent = parent;
	ret = pinbuf_freelist_create(&w->list, &o);
	if (!ret)
		w->region = pinbuf_freelist_region(w->list);
	return ret;
}

static int list_open(struct world *w)
{
	return list_over(w, &w->ground.region, LAWS_BYTES);
}

static void list_close(struct world *w)
{
	pinbuf_freelist_destroy(w->list);
}

static void list_reset(struct world *w)
{
	pinbuf_freelist_reset(w->list);
}

/* global */

static int global_open(struct world *w)
{
	w->region = pinbuf_global();
	return 0;
}

/* stacks of regions */

/* An arena over the region that @below makes. */
static int arena_on(struct world *w, size_t grow, int (*below)(struct world *w),
		    void (*close)(struct world *w))
{
	int ret = below(w);

	if (ret)
		return ret;
	ret = arena_over(&w->top.arena, w->region, 0, grow);
	w->region = &w->top.arena.region;
	if (ret)
		close(w);
	return ret;
}

#define ARENA_ON(what, below, grow, close)			\
static int arena_on_##what##_open(struct world *w)		\
{								\
	return arena_on(w, grow, below, close);			\
}								\
								\
static void arena_on_##what##_close(struct world *w)		\
{								\
	pinbuf_arena_fini(&w->top.arena);			\
	close(w);						\
}

static int lower_pool_open(struct world *w)
{
	w->region = &w->below.pool.region;
	return pool_over(&w->below.pool, &w->ground.region);
}

static void lower_pool_close(struct world *w)
{
	pinbuf_pool_fini(&w->below.pool);
}

ARENA_ON(list, list_open, 65536, list_close)
ARENA_ON(pool, lower_pool_open, POOL_BLOCK, lower_pool_close)
ARENA_ON(heap, heap_open, 65536, heap_close)
ARENA_ON(gc, gc_region_open, 65536, gc_region_close)

static int stack_on_arena_open(struct world *w)
{
	int ret = arena_over(&w->below.arena, &w->ground.region, 0, 65536);

	if (ret)
		return ret;
	ret = stack_over(&w->top.stack, &w->below.arena.region);
	w->region = &w->top.stack.region;
	if (ret)
		pinbuf_arena_fini(&w->below.arena);
	return ret;
}

static void stack_on_arena_close(struct world *w)
{
	pinbuf_stack_fini(&w->top.stack);
	pinbuf_arena_fini(&w->below.arena);
}

static int pool_on_list_open(struct world *w)
{
	int ret = list_open(w);

	if (ret)
		return ret;
	ret = pool_over(&w->top.pool, w->region);
	w->region = &w->top.pool.region;
	if (ret)
		list_close(w);
	return ret;
}

static void pool_on_list_close(struct world *w)
{
	pinbuf_pool_fini(&w->top.pool);
	list_close(w);
}

static int locked_over(struct world *w, struct pinbuf_region *inner)
{
	int ret = pinbuf_locked_create(&w->locked, inner, 0);

	if (!ret)
		w->region = pinbuf_locked_region(w->locked);
	return ret;
}

static int locked_list_open(struct world *w)
{
	int ret = list_open(w);

	if (ret)
		return ret;
	ret = locked_over(w, w->region);
	if (ret)
		list_close(w);
	return ret;
}

static void locked_list_close(struct world *w)
{
	pinbuf_locked_destroy(w->locked);
	list_close(w);
}

static int locked_arena_open(struct world *w)
{
	int ret = growing_open(w);

	if (ret)
		return ret;
	ret = locked_over(w, w->region);
	if (ret)
		arena_close(w);
	return ret;
}

static void locked_arena_close(struct world *w)
{
	pinbuf_locked_destroy(w->locked);
	arena_close(w);
}

static int window_open(struct world *w)
{
	int ret = locked_list_open(w);

	if (ret)
		return ret;
	w->region = pinbuf_locked_local(w->locked);
	if (!w->region) {
		ret = -errno;
		locked_list_close(w);
	}
	return ret;
}

#define ANY	SIZE_MAX

const struct law_subject law_subjects[] = {
	{ "arena",		  fixed_open,	      arena_close,	    arena_reset, ANY, ANY, 0, 0 },
	{ "growing arena",	  growing_open,	      arena_close,	    arena_reset, ANY, ANY, 0, 0 },
	{ "arena in a buffer",	  buffer_open,	      arena_close,	    arena_reset, ANY, ANY, 0, 0 },
	{ "arena on malloc",	  malloc_arena_open,  arena_close,	    arena_reset, ANY, ANY, 0, 0 },
	{ "stack",		  stack_open,	      stack_close,	    stack_reset, ANY, ANY, 1, 0 },
	{ "pool",		  pool_open,	      pool_close,	    pool_reset,
	  POOL_BLOCK, POOL_ALIGN, 0, 0 },
	{ "shared pool",	  shared_open,	      shared_close,	    NULL,
	  POOL_BLOCK, POOL_ALIGN, 0, 1 },
	{ "free list",		  list_open,	      list_close,	    list_reset,	 ANY, ANY, 0, 0 },
	LAW_HEAP_ROWS,
	LAW_GC_ROWS,
	LAW_SHARED_ROWS,
	{ "global",		  global_open,	      nothing_close,	    NULL,	 ANY, ANY, 0, 0 },
	{ "a caller's own",	  flaky_open,	      nothing_close,	    NULL,	 ANY, ANY, 0, 0 },
	{ "locked free list",	  locked_list_open,   locked_list_close,    list_reset,	 ANY, ANY, 0, 0 },
	{ "locked arena",	  locked_arena_open,  locked_arena_close,   arena_reset, ANY, ANY, 0, 0 },
	{ "window of a locked free list", window_open, locked_list_close,   NULL,	 ANY, ANY, 0, 0 },
	{ "arena on a free list", arena_on_list_open, arena_on_list_close,  arena_reset, ANY, ANY, 0, 0 },
	{ "arena on a heap",	  arena_on_heap_open, arena_on_heap_close,  NULL, ANY, ANY, 0, 0 },
	{ "arena on a gc",	  arena_on_gc_open,   arena_on_gc_close,    NULL, ANY, ANY, 0, 0 },
	{ "arena on a pool",	  arena_on_pool_open, arena_on_pool_close,  arena_reset,
	  POOL_BLOCK - 128, POOL_ALIGN, 0, 0 },
	{ "stack on an arena",	  stack_on_arena_open, stack_on_arena_close, stack_reset, ANY, ANY, 1, 0 },
	{ "pool on a free list",  pool_on_list_open,  pool_on_list_close,   pool_reset,
	  POOL_BLOCK, POOL_ALIGN, 0, 0 },
};
const size_t nr_law_subjects = sizeof(law_subjects) / sizeof(law_subjects[0]);
