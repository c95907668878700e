/* SPDX-License-Identifier: MIT */
/* The stack: blocks that go back newest first. */
#ifndef PINBUF_STACK_H
#define PINBUF_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/layout.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

#define PINBUF_STACK_HEADER	sizeof(uint64_t)	/* bytes that a block takes beside its own */
#define PINBUF_STACK_MAX	(1ULL << 34)		/* bytes of a stack */

/**
 * struct pinbuf_stack - a stack, in the caller's storage
 * @region: hand it to whoever takes a region; blocks go back newest first
 *
 * The rest is the library's.  One thread owns it.  Not to be copied or moved.
 */
struct pinbuf_stack {
	struct pinbuf_region region;	/* its window is closed: blocks have headers */
	/* private: what the inline functions touch: one cache line */
	/*
	 * A place is the bytes below it, in eighths, times 2^32, plus the blocks below it,
	 * plus bottom.
	 */
	uint64_t top;		/* the place of the next block's header */
	/* beside it: the two stores of a push go out together */
	uint64_t pushed;	/* all that was added to top, but for what is in spilled */
	uint64_t limit;		/* the last that top may be; 0 if checkers look */
	uintptr_t begin;	/* first byte */
	uint64_t high;		/* peak, or 0 if checkers look */
	uint64_t spilled;	/* bytes */
	uint64_t nr_spilled;	/* blocks */
	uint64_t bytes;		/* the stack's size */
	/* private: the slow paths' */
	uint64_t peak;		/* the highest that top was when a block went back */
	uint64_t bottom;	/* a number of this stack's own, below 2^31 */
	struct pinbuf_region *parent;
	void *memory;		/* the parent's, or NULL for the caller's */
	size_t held;
	uint64_t reserved[3];
};

/**
 * struct pinbuf_stack_opts - what sort of stack
 * @size: sizeof(struct pinbuf_stack_opts), so that it can grow
 * @bytes: for blocks and their headers, at most PINBUF_STACK_MAX
 * @buffer: @bytes of the caller's, who keeps them; NULL to ask @parent
 * @parent: region that outlives the stack; NULL for pinbuf_global()
 * @name: for people, lives as long as the stack; NULL for "stack"
 */
struct pinbuf_stack_opts {
	size_t size;
	size_t bytes;
	void *buffer;
	struct pinbuf_region *parent;
	const char *name;
};

#define PINBUF_STACK_OPTS_INIT	{ sizeof(struct pinbuf_stack_opts), 0, NULL, NULL, NULL }

/**
 * pinbuf_stack_init() - make a stack in the caller's storage
 * @s: written; pinbuf_stack_fini() ends it
 * @opts: what sort
 *
 * Return: 0; -EINVAL if it would hold nothing; -ENOMEM, or what else the parent
 * refuses with.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_stack_init(struct pinbuf_stack *s, const struct pinbuf_stack_opts *opts);

/**
 * pinbuf_stack_fini() - give the memory back
 * @s: a stack; its blocks are gone
 */
PINBUF_API void pinbuf_stack_fini(struct pinbuf_stack *s);

/* what PINBUF_AUTO_OBJ() calls */
PINBUF_AUTO_FINI(stack, obj->region.ops, pinbuf_stack_fini)

/* the slow paths of what is inline */
PINBUF_API PINBUF_MALLOC
void *pinbuf__stack_push(struct pinbuf_stack *s, size_t size, size_t align);
PINBUF_API void pinbuf__stack_pop(struct pinbuf_stack *s, void *ptr);
PINBUF_API PINBUF_COLD void pinbuf__stack_spill(struct pinbuf_stack *s);

/* Counts a push; whether the word had a carry. */
PINBUF_INLINE bool pinbuf__stack_count(struct pinbuf_stack *s, uint64_t took)
{
	bool carry;

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	__asm__("addq %2, %0" : "+m"(s->pushed), "=@ccc"(carry) : "er"(took));
#else
	uint64_t pushed = PINBUF_LOAD(&s->pushed) + took;

	carry = pushed < took;
	PINBUF_STORE(&s->pushed, pushed);
#endif
	return carry;
}

/**
 * pinbuf_stack_push() - a block on top
 * @s: a stack
 * @size: bytes; 0 gives a unique pointer
 * @align: bytes, a power of two
 *
 * It takes @size, rounded up to 8, the 8 bytes of its header before it, and with an
 * @align above 8 what it takes to get there.
 *
 * Context: the owner.
 * Return: as pinbuf_alloc().
 */
PINBUF_INLINE PINBUF_MALLOC __attribute__((alloc_size(2), alloc_align(3)))
void *pinbuf_stack_push(struct pinbuf_stack *s, size_t size, size_t align)
{
	uint64_t top = s->top;
	uintptr_t from = s->begin + (top >> 32) * 8;
	uintptr_t start = align > 8 ? pinbuf_align_up(from + 8, align) : from + 8;
	uint64_t place = top + ((start - from + pinbuf_align_up(size, 8)) << 29) + 1;

	/* sizes and alignments that the places have bits for */
	if (PINBUF_LIKELY(size && size <= PINBUF_STACK_MAX && pinbuf_is_pow2(align) &&
			  align <= PINBUF_STACK_MAX / 2 && place <= s->limit)) {
		((uint64_t *)start)[-1] = top;
		PINBUF_SET(s->top, place);
		if (PINBUF_UNLIKELY(pinbuf__stack_count(s, place - top)))
			pinbuf__stack_spill(s);
		return (void *)start;
	}
	return pinbuf__stack_push(s, size, align);
}

/**
 * pinbuf_stack_pop() - the newest block goes back
 * @s: a stack
 * @ptr: the newest block
 *
 * Context: the owner.  A block that is not the newest, another stack's, or a header
 * that was written over, ends the program with a sentence on stderr.
 */
PINBUF_INLINE void pinbuf_stack_pop(struct pinbuf_stack *s, void *ptr)
{
	uint64_t before = ((const uint64_t *)ptr)[-1];

	/* one block less below, of this stack: no other block says that */
	if (PINBUF_LIKELY((uint32_t)before + 1 == (uint32_t)s->top && s->top <= s->high)) {
		PINBUF_SET(s->top, before);
		return;
	}
	pinbuf__stack_pop(s, ptr);
}

/**
 * pinbuf_stack_reset() - drop every block
 * @s: a stack
 *
 * Context: the owner.
 */
PINBUF_API void pinbuf_stack_reset(struct pinbuf_stack *s);

/**
 * pinbuf_stack_remaining() - bytes left
 * @s: a stack
 *
 * Context: the owner.
 * Return: bytes, of which each block takes its header.
 */
PINBUF_API size_t pinbuf_stack_remaining(const struct pinbuf_stack *s);

PINBUF_END_DECLS

#endif /* PINBUF_STACK_H */
