// SPDX-License-Identifier: MIT
/*
 * Free blocks are of two sorts.  Those that came back lie on a stack of pointers that
 * is malloc's, so no byte of a block is read or written here.  Those that were never
 * given are what is behind fresh; they are taken only when nothing came back, which
 * makes the number ever given the most that were given at one time: the peak costs
 * nothing, and memory is touched as late as can be.
 *
 * The stack has room for what was ever given: another block cannot come back, and the
 * inline put sees that as a full stack.
 *
 * When checkers look, the inline stack is empty and full at once; the true one ends at
 * p->stack.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/global.h>
#include <pinbuf/pool.h>

#include "check.h"
#include "internal.h"
#include "probe.h"
#include "process.h"
#include "refuse.h"
#include "shared_pool.h"

#define INHERITED	(PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA | PINBUF_MOVES)

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct pinbuf_pool, top) == 64 &&
	       offsetof(struct pinbuf_pool, base) == 72 &&
	       offsetof(struct pinbuf_pool, limit) == 80 &&
	       offsetof(struct pinbuf_pool, nr_gets) == 88 &&
	       sizeof(struct pinbuf_pool) == 224, "part of the binary interface");
#endif

static struct pinbuf_pool *to_pool(const struct pinbuf_region *r)
{
	return (struct pinbuf_pool *)r;
}

static size_t nr_blocks(const struct pinbuf_pool *p)
{
	return (p->end - p->start) / p->stride;
}

/* blocks ever given since the last reset */
static size_t nr_taken(const struct pinbuf_pool *p)
{
	return (PINBUF_LOAD(&p->fresh) - p->start) / p->stride;
}

static size_t nr_back(const struct pinbuf_pool *p)
{
	return (size_t)((p->given ? PINBUF_LOAD(&p->stack) : PINBUF_LOAD(&p->top)) - p->slots);
}

size_t pinbuf_pool_used_count(const struct pinbuf_pool *p)
{
	if (p->shared)
		return nr_blocks(p) - pinbuf__shared_free_count(p);
	return nr_taken(p) - nr_back(p);
}

size_t pinbuf_pool_free_count(const struct pinbuf_pool *p)
{
	if (p->shared)
		return pinbuf__shared_free_count(p);
	return nr_blocks(p) - pinbuf_pool_used_count(p);
}

static void *refuse_empty(struct pinbuf_pool *p, size_t nr)
{
	struct pinbuf_layout l = { nr * p->block_size, p->align };
	size_t left = pinbuf_pool_free_count(p);
	struct pinbuf__room room = {
		.left = left * p->block_size, .of = nr_blocks(p) * p->block_size,
	};

	room.largest = left ? p->block_size : 0;
	return pinbuf__refuse_exhausted(&p->region, l, &room,
					"make it larger with pinbuf_pool_opts.nr_blocks, or put blocks back");
}

static void *fresh_take(struct pinbuf_pool *p)
{
	void *block = (void *)p->fresh;

	if (p->fresh == p->end)
		return refuse_empty(p, 1);
	PINBUF_STORE(&p->fresh, p->fresh + p->stride);
	if (!p->given)
		p->limit++;
	PINBUF_ADD(&p->nr_gets, 1);
	return block;
}

static void given_flip(struct pinbuf_pool *p, const void *block)
{
	size_t i = ((uintptr_t)block - p->start) / p->stride;

	p->given[i / 8] ^= (unsigned char)(1U << i % 8);
}

static bool is_given(const struct pinbuf_pool *p, const void *block)
{
	size_t i = ((uintptr_t)block - p->start) / p->stride;

	return p->given[i / 8] >> i % 8 & 1;
}

void *pinbuf__pool_get(struct pinbuf_pool *p)
{
	void *block;

	if (p->shared)
		return pinbuf__shared_get(p);
	if (p->given && p->stack != p->slots) {
		PINBUF_STORE(&p->stack, p->stack - 1);
		PINBUF_ADD(&p->nr_gets, 1);
		block = *p->stack;
	} else {
		block = fresh_take(p);
	}
	if (block)
		PROBE3(pool_alloc, p->region.name, block, p->block_size);
	if (block && p->given) {
		given_flip(p, block);
		pinbuf__check_give(p, block, p->block_size);
	}
	return block;
}

void pinbuf__pool_put(struct pinbuf_pool *p, void *block)
{
	uintptr_t at = (uintptr_t)block;

	if (p->shared) {
		pinbuf__shared_put(p, block);
		return;
	}
	if (at < p->start || at >= p->end || (at - p->start) % p->stride)
		pinbuf__misuse(&p->region, "%p comes back, which is no block of the pool", block);
	if (!p->given || !is_given(p, block))
		pinbuf__misuse(&p->region, "%p comes back a second time", block);
	given_flip(p, block);
	PROBE2(pool_free, p->region.name, block);
	pinbuf__check_take(p, block, p->block_size);
	*p->stack = block;
	PINBUF_STORE(&p->stack, p->stack + 1);
}

int pinbuf_pool_get_bulk(struct pinbuf_pool *p, void **blocks, size_t nr)
{
	size_t i, back = (size_t)(p->top - p->base);

	if (back > nr)
		back = nr;
	if (back < nr && nr > pinbuf_pool_free_count(p)) {
		refuse_empty(p, nr);
		return -ENOMEM;
	}
	PINBUF_SET(p->top, p->top - back);
	PINBUF_ADD(&p->nr_gets, back);
	if (back)
		memcpy(blocks, p->top, back * sizeof(*blocks));
	for (i = back; i < nr; i++) {
		blocks[i] = pinbuf_pool_get(p);
		if (!blocks[i]) {
			/* other threads were faster */
			pinbuf_pool_put_bulk(p, blocks, i);
			return -ENOMEM;
		}
	}
	return 0;
}

void pinbuf_pool_put_bulk(struct pinbuf_pool *p, void *const *blocks, size_t nr)
{
	size_t i;

	if (!nr)
		return;
	if (nr <= (size_t)(p->limit - p->top)) {
		memcpy(p->top, blocks, nr * sizeof(*blocks));
		PINBUF_SET(p->top, p->top + nr);
		return;
	}
	for (i = 0; i < nr; i++)
		pinbuf_pool_put(p, blocks[i]);
}

void pinbuf_pool_reset(struct pinbuf_pool *p)
{
	size_t most = nr_taken(p);

	if (most > p->peak)
		PINBUF_STORE(&p->peak, most);
	PINBUF_STORE(&p->fresh, p->start);
	PINBUF_STORE(&p->top, p->slots);
	PINBUF_STORE(&p->stack, p->slots);
	p->limit = p->slots;
	if (p->given)
		memset(p->given, 0, nr_blocks(p) / 8 + 1);
	pinbuf__check_trim(p, (void *)p->start, 0, p->end - p->start);
}

static void *pool_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_pool *p = to_pool(r);

	if (pinbuf__layout_refused(r, l))
		return NULL;
	if (l.size > p->block_size)
		return pinbuf__refuse_size(r, l, p->block_size, "set pinbuf_pool_opts.block_size");
	if (l.align > p->align)
		return pinbuf__refuse_align(r, l, p->align, "set pinbuf_pool_opts.align");
	return pinbuf_pool_get(p);
}

static void pool_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	(void)l;
	pinbuf_pool_put(to_pool(r), ptr);
}

static void *pool_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			  struct pinbuf_layout new_)
{
	struct pinbuf_pool *p = to_pool(r);

	(void)old;
	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (new_.size > p->block_size)
		return pinbuf__refuse_size(r, new_, p->block_size,
					   "set pinbuf_pool_opts.block_size");
	if (new_.align > p->align)
		return pinbuf__refuse_align(r, new_, p->align, "set pinbuf_pool_opts.align");
	return ptr;
}

static size_t pool_usable_size(const struct pinbuf_region *r, const void *ptr,
			       struct pinbuf_layout l)
{
	(void)ptr;
	(void)l;
	return to_pool(r)->block_size;
}

static void pool_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	const struct pinbuf_pool *p = to_pool(r);
	uint64_t used = pinbuf_pool_used_count(p), peak = PINBUF_LOAD(&p->peak);
	uint64_t most = nr_taken(p);

	st->allocation_count = PINBUF_LOAD(&p->nr_gets);
	st->deallocation_count = st->allocation_count - used;
	st->total_allocated = st->allocation_count * p->stride;
	st->total_deallocated = st->deallocation_count * p->stride;
	st->peak_usage = (most > peak ? most : peak) * p->stride;
	st->held = p->memory ? p->end - p->start : 0;
	st->wasted = used * (p->stride - p->block_size);
}

static const struct pinbuf_region_ops pool_ops = {
	.size = sizeof(pool_ops),
	.type = "pool",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = pool_alloc,
	.realloc = pool_realloc,
	.dealloc = pool_dealloc,
	.usable_size = pool_usable_size,
	.stats = pool_stats,
};

/* The layout of all blocks together. */
static int opts_layout(struct pinbuf_pool_opts *o, struct pinbuf_layout *all)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	struct pinbuf_layout one = { o->block_size, o->align ? o->align : PINBUF_ALIGN_DEFAULT };

	if (!o->block_size || !o->nr_blocks)
		return pinbuf__error(&e, "a pool of %zu blocks of %zu bytes would hold nothing",
				     o->nr_blocks, o->block_size);
	o->align = one.align;
	if (o->buffer && !pinbuf_is_ptr_aligned(o->buffer, one.align)) {
		e.requested = one.align;
		return pinbuf__error(&e, "the buffer at %p is not aligned to the %zu of its blocks",
				     o->buffer, one.align);
	}
	return pinbuf_layout_array(all, one, o->nr_blocks);
}

static int slots_init(struct pinbuf_pool *p, size_t nr)
{
	p->slots = calloc(nr, sizeof(*p->slots));
	if (!p->slots)
		return pinbuf__refuse_own(nr * sizeof(*p->slots));
	if (pinbuf__checked) {
		p->given = calloc(nr / 8 + 1, 1);
		if (!p->given) {
			free(p->slots);
			return pinbuf__refuse_own(nr / 8 + 1);
		}
	}
	p->top = p->base = p->limit = p->stack = p->slots;
	return 0;
}

int pinbuf_pool_init(struct pinbuf_pool *p, const struct pinbuf_pool_opts *user)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_layout all;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_pool_opts");

	if (!ret)
		ret = opts_layout(&o, &all);
	if (ret)
		return ret;
	memset(p, 0, sizeof(*p));
	if (!o.parent)
		o.parent = pinbuf_global();
	pinbuf_region_init(&p->region, &pool_ops, o.name ? o.name : "pool",
			   o.buffer ? 0 : pinbuf_region_caps(o.parent) & INHERITED);
	ret = slots_init(p, o.nr_blocks);
	if (ret)
		goto out_none;
	if (!o.buffer) {
		pinbuf__process_join(&p->region);
		p->memory = pinbuf__parent_alloc(&p->region, o.parent, all);
		if (!p->memory) {
			ret = -errno;
			goto out_slots;
		}
		o.buffer = p->memory;
	}
	p->parent = o.parent;
	p->block_size = o.block_size;
	p->align = o.align;
	p->stride = all.size / o.nr_blocks;
	p->start = p->fresh = (uintptr_t)o.buffer;
	p->end = p->start + all.size;
	pinbuf__check_open(p, o.buffer, all.size);
	return 0;

out_slots:
	free(p->given);
	free(p->slots);
out_none:
	memset(p, 0, sizeof(*p));
	return ret;
}

void pinbuf_pool_fini(struct pinbuf_pool *p)
{
	struct pinbuf_layout all = { p->end - p->start, p->align };

	pinbuf_pool_reset(p);
	if (all.size)
		pinbuf__check_close(p, (void *)p->start, all.size);
	if (p->memory)
		pinbuf__parent_dealloc(&p->region, p->parent, p->memory, all);
	free(p->given);
	free(p->slots);
	p->memory = NULL;
	p->given = NULL;
	p->slots = p->top = p->base = p->limit = p->stack = NULL;
	p->end = p->fresh = p->start;
}
