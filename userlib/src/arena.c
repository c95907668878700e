// SPDX-License-Identifier: MIT
/*
 * Chunks form a stack: the newest is open, and its free part is the region's window.
 * A chunk's descriptor lies behind its last byte, so that the first block of a chunk
 * is as aligned as the chunk.  The bottom of the stack is in the arena itself and
 * describes a caller's buffer, or nothing; it is never given back, and no case below
 * is without an open chunk.
 *
 * Figures.  What is live ends at cur, so live bytes are cur - start of the open chunk
 * plus what lay below when it was opened, and bytes ever allocated are those plus what
 * was dropped.  The hot path therefore counts blocks only.  Live bytes fall only where
 * something is dropped: there the highest cur so far is kept, first in top, and in
 * peak when chunks change.  Other threads read what is in the arena, never a chunk, which
 * may be given back meanwhile.
 *
 * Sums.  A size that passed pinbuf__layout_refused() plus its alignment is at most
 * 2^63, and addresses are far below, so neither sum in arena_fits() wraps.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/global.h>

#include "arena.h"
#include "check.h"
#include "internal.h"
#include "probe.h"
#include "process.h"
#include "refuse.h"

#define CHUNK_ALIGN	PINBUF_ALIGN_CACHE_LINE
#define INHERITED	(PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA | PINBUF_MOVES)

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct pinbuf_arena, chunk) == 64 &&
	       offsetof(struct pinbuf_arena, floor) == 72 &&
	       offsetof(struct pinbuf_arena, top) == 80 &&
	       offsetof(struct pinbuf_arena, dropped) == 88 &&
	       offsetof(struct pinbuf_arena, nr_dropped) == 96 &&
	       offsetof(struct pinbuf_arena, spare) == 128 &&
	       sizeof(struct pinbuf_arena_chunk) == 56 &&
	       sizeof(struct pinbuf_arena) == 256, "part of the binary interface");
#endif

static struct pinbuf_arena *to_arena(const struct pinbuf_region *r)
{
	return (struct pinbuf_arena *)r;
}

static uint64_t live(const struct pinbuf_arena *a, uintptr_t cur)
{
	return a->chunk->before + (cur - a->chunk->start);
}

static void raise_peak(struct pinbuf_arena *a)
{
	uintptr_t cur = a->region.cur;
	uint64_t most = live(a, cur > a->top ? cur : a->top);

	if (most > a->peak)
		PINBUF_STORE(&a->peak, most);
}

/* @cur is where the next block goes: its start, or where it was left. */
static void chunk_select(struct pinbuf_arena *a, struct pinbuf_arena_chunk *c, uintptr_t cur)
{
	a->chunk = c;
	PINBUF_STORE(&a->region.cur, cur);
	PINBUF_STORE(&a->top, cur);
	PINBUF_STORE(&a->bias, c->before - c->start);
	PINBUF_STORE(&a->lost, c->lost);
	a->floor = pinbuf__checked ? UINTPTR_MAX : c->start;
	a->limit = c->start + c->size;
	PINBUF_STORE(&a->region.end, pinbuf__checked ? 0 : a->limit);
}

static void chunk_push(struct pinbuf_arena *a, struct pinbuf_arena_chunk *c)
{
	raise_peak(a);
	c->before = live(a, a->region.cur);
	c->lost = a->chunk->lost + (a->limit - a->region.cur);
	c->prev = a->chunk;
	chunk_select(a, c, c->start);
}

/* The parent's memory for @size bytes; NULL is its refusal. */
static struct pinbuf_arena_chunk *chunk_new(struct pinbuf_arena *a, size_t size, size_t align)
{
	size_t at = pinbuf_align_up(size, PINBUF_ALIGNOF(struct pinbuf_arena_chunk));
	struct pinbuf_layout l = { at + sizeof(struct pinbuf_arena_chunk), align };
	struct pinbuf_arena_chunk *c;
	char *start = pinbuf__parent_alloc(&a->region, a->parent, l);

	if (!start)
		return NULL;
	c = (struct pinbuf_arena_chunk *)(start + at);
	c->start = (uintptr_t)start;
	c->size = size;
	c->extent = l.size;
	c->align = align;
	PINBUF_STORE(&a->held, a->held + l.size);
	pinbuf__check_open(c, start, size);
	return c;
}

static void chunk_free(struct pinbuf_arena *a, struct pinbuf_arena_chunk *c)
{
	struct pinbuf_layout l = { c->extent, c->align };

	pinbuf__check_close(c, (void *)c->start, c->size);
	PINBUF_STORE(&a->held, a->held - l.size);
	pinbuf__parent_dealloc(&a->region, a->parent, (void *)c->start, l);
}

/* The newest chunk is empty: kept for later, or given back if made for one block. */
static void chunk_pop(struct pinbuf_arena *a)
{
	struct pinbuf_arena_chunk *c = a->chunk;

	chunk_select(a, c->prev, c->prev->start + (c->before - c->prev->before));
	pinbuf__check_trim(c, (void *)c->start, 0, c->size);
	if (c->extent > a->usual) {
		chunk_free(a, c);
		return;
	}
	c->prev = a->spare;
	a->spare = c;
}

static struct pinbuf_arena_chunk *spare_take(struct pinbuf_arena *a, struct pinbuf_layout l)
{
	struct pinbuf_arena_chunk **at, *c;

	for (at = &a->spare; (c = *at); at = &c->prev) {
		if (arena_fits(c->start, c->start + c->size, l)) {
			*at = c->prev;
			return c;
		}
	}
	return NULL;
}

static bool arena_grow(struct pinbuf_arena *a, struct pinbuf_layout l)
{
	struct pinbuf_arena_chunk *c = spare_take(a, l);
	size_t usable = a->grow - sizeof(*c);

	if (!c && !a->grow)
		return pinbuf__arena_refuse(a, l);
	if (!c && l.size + (l.align > CHUNK_ALIGN ? l.align : 0) <= usable)
		c = chunk_new(a, usable, CHUNK_ALIGN);
	else if (!c)
		c = chunk_new(a, l.size, l.align > CHUNK_ALIGN ? l.align : CHUNK_ALIGN);
	if (!c) {
		/* the parent said why */
		PINBUF_STORE(&a->region.failures, a->region.failures + 1);
		return false;
	}
	chunk_push(a, c);
	return true;
}

static void *arena_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_arena *a = to_arena(r);
	size_t size = l.size ? l.size : 1;
	uintptr_t start;

	if (pinbuf__layout_refused(r, l))
		return NULL;
	if (!arena_fits(r->cur, a->limit, l) && !arena_grow(a, l))
		return NULL;
	start = pinbuf_align_up(r->cur, l.align);
	PINBUF_STORE(&r->cur, start + size);
	PINBUF_STORE(&r->nr_allocs, r->nr_allocs + 1);
	pinbuf__check_give(a->chunk, (void *)start, size);
	PROBE3(arena_alloc, r->name, start, size);
	return (void *)start;
}

/*
 * Only the newest block can change its size, and only while it is of the innermost
 * scope, whose end would otherwise cut it: there are more blocks than when the last
 * scope began.  Any other keeps its bytes to shrink.
 */
static bool resize(struct pinbuf_arena *a, uintptr_t start, size_t old, size_t new_)
{
	if (start + old != a->region.cur || a->region.nr_allocs <= a->fence)
		return new_ <= old;
	if (new_ > a->limit - start)
		return false;
	if (new_ < old) {
		raise_peak(a);
		PINBUF_STORE(&a->dropped, a->dropped + (old - new_));
	}
	PINBUF_STORE(&a->region.cur, start + new_);
	pinbuf__check_resize(a->chunk, (void *)start, old, new_);
	return true;
}

static void *arena_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			   struct pinbuf_layout new_)
{
	size_t had = old.size ? old.size : 1, want = new_.size ? new_.size : 1;
	void *to;

	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (pinbuf_is_ptr_aligned(ptr, new_.align) &&
	    resize(to_arena(r), (uintptr_t)ptr, had, want))
		return ptr;
	to = pinbuf_alloc(r, new_);
	if (to)
		memcpy(to, ptr, old.size < new_.size ? old.size : new_.size);
	return to;
}

static const struct pinbuf_region_ops arena_ops = {
	.size = sizeof(arena_ops),
	.type = "arena",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = arena_alloc,
	.realloc = arena_realloc,
	.stats = pinbuf__arena_stats,
};

static void arena_start(struct pinbuf_arena *a, const char *name, unsigned int caps)
{
	memset(a, 0, sizeof(*a));
	pinbuf_region_init(&a->region, &arena_ops, name ? name : "arena", caps | PINBUF_NOFREE);
	chunk_select(a, &a->own, 0);
}

int pinbuf_arena_init(struct pinbuf_arena *a, const struct pinbuf_arena_opts *user)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	struct pinbuf_arena_chunk *first;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_arena_opts");

	if (ret)
		return ret;
	e.requested = o.grow;
	if (o.grow ? o.grow <= sizeof(*first) || o.grow > PTRDIFF_MAX : !o.bytes)
		return pinbuf__error(&e, "an arena of %zu bytes that grows by %zu would hold nothing: set bytes, or grow to more than %zu",
				     o.bytes, o.grow, sizeof(*first));
	if (o.bytes > PTRDIFF_MAX - 2 * sizeof(*first)) {
		e.requested = o.bytes;
		e.limit = PTRDIFF_MAX;
		return pinbuf__error(&e, "an arena cannot have %zu bytes", o.bytes);
	}
	if (!o.parent)
		o.parent = pinbuf_global();
	arena_start(a, o.name, pinbuf_region_caps(o.parent) & INHERITED);
	a->parent = o.parent;
	pinbuf__process_join(&a->region);
	a->grow = o.grow;
	a->usual = o.grow;
	if (!o.bytes)
		return 0;
	first = chunk_new(a, o.bytes, CHUNK_ALIGN);
	if (!first) {
		memset(a, 0, sizeof(*a));
		return -errno;
	}
	if (first->extent > a->usual)
		a->usual = first->extent;
	chunk_push(a, first);
	return 0;
}

int pinbuf_arena_init_buffer(struct pinbuf_arena *a, void *buffer, size_t len, const char *name)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = len };

	if (!buffer || !len || len > UINTPTR_MAX - (uintptr_t)buffer)
		return pinbuf__error(&e, "an arena cannot lie in %zu bytes at %p", len, buffer);
	arena_start(a, name, 0);
	a->own.start = (uintptr_t)buffer;
	a->own.size = len;
	chunk_select(a, &a->own, a->own.start);
	pinbuf__check_open(&a->own, buffer, len);
	return 0;
}

static void spares_free(struct pinbuf_arena *a)
{
	struct pinbuf_arena_chunk *c;

	while ((c = a->spare)) {
		a->spare = c->prev;
		chunk_free(a, c);
	}
}

void pinbuf_arena_fini(struct pinbuf_arena *a)
{
	while (a->chunk != &a->own)
		chunk_pop(a);
	spares_free(a);
	if (a->own.size)
		pinbuf__check_close(&a->own, (void *)a->own.start, a->own.size);
	chunk_select(a, &a->own, a->own.start);
	a->region.end = 0;
	a->limit = a->own.start;
}

/*
 * The chunk that a mark is in.  Where one chunk ends and the next begins both are
 * right: nothing lies between.
 */
static struct pinbuf_arena_chunk *mark_chunk(const struct pinbuf_arena *a, uintptr_t cur)
{
	uintptr_t end = a->region.cur;
	struct pinbuf_arena_chunk *c;

	for (c = a->chunk; c; c = c->prev) {
		if (cur >= c->start && cur <= end)
			return c;
		if (c->prev)
			end = c->prev->start + (c->before - c->prev->before);
	}
	return NULL;
}

static void blocks_drop(struct pinbuf_arena *a, uint64_t left)
{
	PINBUF_ADD(&a->nr_dropped, a->region.nr_allocs - left);
	PINBUF_STORE(&a->region.nr_allocs, left);
}

void pinbuf__arena_release(struct pinbuf_arena *a, struct pinbuf_arena_mark m)
{
	struct pinbuf_arena_chunk *c = mark_chunk(a, m.cur);
	uint64_t were = live(a, a->region.cur);

	if (!c || m.nr_allocs > a->region.nr_allocs)
		pinbuf__misuse(&a->region, "a scope ends that is not open: it is another arena's, or one around it ended first");
	raise_peak(a);
	while (a->chunk != c)
		chunk_pop(a);
	chunk_select(a, c, m.cur);
	pinbuf__check_trim(c, (void *)c->start, m.cur - c->start, c->size);
	PINBUF_STORE(&a->dropped, a->dropped + (were - live(a, m.cur)));
	blocks_drop(a, m.nr_allocs);
}

/* Blocks that are not counted as dropped are live, whichever scopes they are of. */
void pinbuf_arena_reset(struct pinbuf_arena *a)
{
	uint64_t were = live(a, a->region.cur);
	struct pinbuf_arena_chunk *c;

	raise_peak(a);
	while (a->chunk != &a->own)
		chunk_pop(a);
	c = a->chunk;
	chunk_select(a, c, c->start);
	pinbuf__check_trim(c, (void *)c->start, 0, c->size);
	PINBUF_STORE(&a->dropped, a->dropped + were);
	blocks_drop(a, 0);
	a->fence = 0;
	if (!c->size && a->spare) {
		c = a->spare;
		a->spare = c->prev;
		chunk_push(a, c);
	}
}
