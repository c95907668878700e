// SPDX-License-Identifier: MIT
/*
 * A place in the stack is one word: the bytes below it, in eighths, in the upper half,
 * and the blocks below it in the lower.  A block takes two eighths at least, so the
 * lower half is never the larger and does not overflow into the upper one.  The word
 * before a block is the place that was the top when it was pushed: to pop is to put it
 * back, and only the newest block's is one block below the top.  The lower half does
 * not begin at 0 but at a number that other stacks hardly have, so that their blocks
 * are told from this one's.
 *
 * Figures.  Every push adds to one more such word what it added to the top; its upper
 * half overflows after 32 GiB, with a carry, and is then moved to where there is room.
 * A pop counts nothing: what went back is what was pushed less what is below the top.
 * The highest top is kept by the first pop after it, out of line.
 */
#include <errno.h>
#include <string.h>

#include <pinbuf/global.h>
#include <pinbuf/stack.h>

#include "check.h"
#include "internal.h"
#include "probe.h"
#include "process.h"
#include "refuse.h"

#define HEADER		PINBUF_STACK_HEADER
#define EIGHTHS		29	/* shifts bytes to where a place has its eighths */
#define INHERITED	(PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA | PINBUF_MOVES)

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct pinbuf_stack, top) == 64 &&
	       offsetof(struct pinbuf_stack, pushed) == 72 &&
	       offsetof(struct pinbuf_stack, limit) == 80 &&
	       offsetof(struct pinbuf_stack, begin) == 88 &&
	       offsetof(struct pinbuf_stack, high) == 96 &&
	       sizeof(struct pinbuf_stack) == 192, "part of the binary interface");
#endif

static struct pinbuf_stack *to_stack(const struct pinbuf_region *r)
{
	return (struct pinbuf_stack *)r;
}

static uint64_t bytes_below(uint64_t place)
{
	return (place >> 32) * 8;
}

static uint64_t blocks_below(const struct pinbuf_stack *s, uint64_t place)
{
	return (uint32_t)place - s->bottom;
}

size_t pinbuf_stack_remaining(const struct pinbuf_stack *s)
{
	return s->bytes - bytes_below(s->top);
}

static void refuse_full(struct pinbuf_stack *s, struct pinbuf_layout l)
{
	struct pinbuf__room room = { .left = pinbuf_stack_remaining(s), .of = s->bytes };

	room.largest = room.left > HEADER ? room.left - HEADER : 0;
	pinbuf__refuse_exhausted(&s->region, l, &room,
				 "make it larger with pinbuf_stack_opts.bytes, or pop blocks");
}

/* After a carry, which was 2^32 eighths. */
void pinbuf__stack_spill(struct pinbuf_stack *s)
{
	PINBUF_ADD(&s->spilled, bytes_below(s->pushed) + (1ULL << 35));
	PINBUF_ADD(&s->nr_spilled, (uint32_t)s->pushed);
	PINBUF_STORE(&s->pushed, 0);
}

static void count_push(struct pinbuf_stack *s, uint64_t took)
{
	if (pinbuf__stack_count(s, took))
		pinbuf__stack_spill(s);
}

static void top_set(struct pinbuf_stack *s, uint64_t place)
{
	if (s->top > s->peak)
		PINBUF_STORE(&s->peak, s->top);
	s->high = pinbuf__checked ? 0 : s->peak;
	PINBUF_STORE(&s->top, place);
}

void *pinbuf__stack_push(struct pinbuf_stack *s, size_t size, size_t align)
{
	struct pinbuf_layout l = { size, align };
	uintptr_t from = s->begin + bytes_below(s->top), start;
	size_t bytes = pinbuf_align_up(size + !size, 8);
	uint64_t took;

	if (pinbuf__layout_refused(&s->region, l))
		return NULL;
	start = pinbuf_align_up(from + HEADER, align > 8 ? align : 8);
	if (start - from > pinbuf_stack_remaining(s) ||
	    bytes > pinbuf_stack_remaining(s) - (start - from)) {
		refuse_full(s, l);
		return NULL;
	}
	took = ((start - from + bytes) << EIGHTHS) + 1;
	pinbuf__check_give(s, (void *)(start - HEADER), HEADER);
	pinbuf__check_give(s, (void *)start, size + !size);
	((uint64_t *)start)[-1] = s->top;
	PINBUF_STORE(&s->top, s->top + took);
	count_push(s, took);
	PROBE3(stack_alloc, s->region.name, start, size);
	return (void *)start;
}

static void drop_to(struct pinbuf_stack *s, uint64_t place)
{
	top_set(s, place);
	pinbuf__check_trim(s, (void *)s->begin, bytes_below(place), s->bytes);
}

void pinbuf__stack_pop(struct pinbuf_stack *s, void *ptr)
{
	uintptr_t at = (uintptr_t)ptr - s->begin;
	uint64_t before, below, now = blocks_below(s, s->top);

	if (at < HEADER || at >= s->bytes || at % 8)
		pinbuf__misuse(&s->region, "%p is popped, which is no block of the stack", ptr);
	if (at >= bytes_below(s->top))
		pinbuf__misuse(&s->region, "%p is popped a second time", ptr);
	before = ((const uint64_t *)ptr)[-1];
	below = blocks_below(s, before);
	if (below >= now || bytes_below(before) >= at)
		pinbuf__misuse(&s->region, "the header of %p was written over: the block below was used past its end",
			       ptr);
	if (now - below != 1)
		pinbuf__misuse(&s->region, "%p is popped, which is not the newest block: blocks go back newest first",
			       ptr);
	PROBE2(stack_free, s->region.name, ptr);
	drop_to(s, before);
}

void pinbuf_stack_reset(struct pinbuf_stack *s)
{
	drop_to(s, s->bottom);
}

static void *stack_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	return pinbuf_stack_push(to_stack(r), l.size, l.align);
}

static void stack_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	(void)l;
	pinbuf_stack_pop(to_stack(r), ptr);
}

static bool is_newest(const struct pinbuf_stack *s, const void *ptr)
{
	return (uint32_t)s->top == (uint32_t)((const uint64_t *)ptr)[-1] + 1;
}

/* Only the newest block can grow; any other may shrink where it is. */
static bool resize(struct pinbuf_stack *s, uintptr_t start, size_t old, size_t new_)
{
	uint64_t end = pinbuf_align_up(start - s->begin + new_, 8), top = s->top;
	uint64_t place = (end << EIGHTHS) + (uint32_t)top;

	if (!is_newest(s, (void *)start))
		return new_ <= old;
	if (new_ > s->bytes || end > s->bytes)
		return false;
	if (place > top)
		count_push(s, place - top);
	top_set(s, place);
	pinbuf__check_resize(s, (void *)start, old, new_);
	return true;
}

static void *stack_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			   struct pinbuf_layout new_)
{
	struct pinbuf_stack *s = to_stack(r);
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_UNSUPPORTED, .err = EOPNOTSUPP, .requested = new_.size,
	};

	if (pinbuf__layout_refused(r, new_))
		return NULL;
	if (!pinbuf_is_ptr_aligned(ptr, new_.align))
		return pinbuf_region_refuse(r, &e, "cannot move a block to the alignment %zu: the old one would lie below the new",
					    new_.align);
	if (resize(s, (uintptr_t)ptr, old.size + !old.size, new_.size + !new_.size))
		return ptr;
	if (is_newest(s, ptr)) {
		refuse_full(s, new_);
		return NULL;
	}
	return pinbuf_region_refuse(r, &e, "cannot grow a block that is not the newest: push it last, or ask for all of it at first");
}

static void stack_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	const struct pinbuf_stack *s = to_stack(r);
	uint64_t top = PINBUF_LOAD(&s->top), peak = PINBUF_LOAD(&s->peak);
	uint64_t pushed = PINBUF_LOAD(&s->pushed);

	st->total_allocated = PINBUF_LOAD(&s->spilled) + bytes_below(pushed);
	st->total_deallocated = st->total_allocated - bytes_below(top);
	st->peak_usage = bytes_below(top > peak ? top : peak);
	st->allocation_count = PINBUF_LOAD(&s->nr_spilled) + (uint32_t)pushed;
	st->deallocation_count = st->allocation_count - blocks_below(s, top);
	st->held = s->held;
	st->wasted = blocks_below(s, top) * HEADER;
}

static const struct pinbuf_region_ops stack_ops = {
	.size = sizeof(stack_ops),
	.type = "stack",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = stack_alloc,
	.realloc = stack_realloc,
	.dealloc = stack_dealloc,
	.stats = stack_stats,
};

/* The caller's bytes, as far as they are whole eighths. */
static int buffer_take(struct pinbuf_stack *s, uintptr_t start, size_t bytes)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = bytes,
		.limit = PINBUF_STACK_MAX,
	};
	uintptr_t begin = pinbuf_align_up(start, 8);

	if (bytes < begin - start + 2 * HEADER || bytes > PINBUF_STACK_MAX)
		return pinbuf__error(&e, "a stack cannot have %zu bytes: a block and its header take 16, and PINBUF_STACK_MAX is the most",
				     bytes);
	s->begin = begin;
	s->bytes = pinbuf_align_down(bytes - (begin - start), 8);
	s->limit = pinbuf__checked ? 0 : (uint64_t)s->bytes << EIGHTHS | UINT32_MAX;
	return 0;
}

/* Fibonacci hashing: stacks that lie near each other differ most. */
static uint64_t bottom_of(const struct pinbuf_stack *s)
{
	return (uint32_t)((s->begin / 8) * 0x9e3779b97f4a7c15ULL >> 33);
}

int pinbuf_stack_init(struct pinbuf_stack *s, const struct pinbuf_stack_opts *user)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_layout l;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_stack_opts");

	if (ret)
		return ret;
	memset(s, 0, sizeof(*s));
	if (!o.parent)
		o.parent = pinbuf_global();
	pinbuf_region_init(&s->region, &stack_ops, o.name ? o.name : "stack",
			   o.buffer ? 0 : pinbuf_region_caps(o.parent) & INHERITED);
	ret = buffer_take(s, (uintptr_t)o.buffer, o.bytes);
	if (ret)
		goto out_none;
	if (!o.buffer) {
		l = (struct pinbuf_layout){ o.bytes, PINBUF_ALIGN_CACHE_LINE };
		pinbuf__process_join(&s->region);
		s->memory = pinbuf__parent_alloc(&s->region, o.parent, l);
		if (!s->memory) {
			ret = -errno;
			goto out_none;
		}
		s->parent = o.parent;
		s->held = o.bytes;
		s->begin = (uintptr_t)s->memory;
	}
	s->bottom = bottom_of(s);
	s->top = s->peak = s->bottom;
	pinbuf__check_open(s, (void *)s->begin, s->bytes);
	return 0;

out_none:
	memset(s, 0, sizeof(*s));
	return ret;
}

void pinbuf_stack_fini(struct pinbuf_stack *s)
{
	struct pinbuf_layout l = { s->held, PINBUF_ALIGN_CACHE_LINE };

	pinbuf_stack_reset(s);
	if (s->bytes)
		pinbuf__check_close(s, (void *)s->begin, s->bytes);
	if (s->memory)
		pinbuf__parent_dealloc(&s->region, s->parent, s->memory, l);
	s->memory = NULL;
	s->held = 0;
	s->bytes = 0;
	s->limit = 0;
}
