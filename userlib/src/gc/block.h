/* SPDX-License-Identifier: MIT */
/* The blocks that objects lie in. */
#ifndef PINBUF_GC_BLOCK_H
#define PINBUF_GC_BLOCK_H

#include "core.h"

int pinbuf__gc_blocks_open(struct pinbuf_gc *gc);
void pinbuf__gc_blocks_close(struct pinbuf_gc *gc);
bool pinbuf__gc_blocks_can(const struct pinbuf_gc *gc, size_t nr);
uint32_t pinbuf__gc_block_take(struct pinbuf_gc *gc, enum gc_kind kind);
void pinbuf__gc_block_prepare(struct pinbuf_gc *gc);
void pinbuf__gc_block_free(struct pinbuf_gc *gc, uint32_t block);
bool pinbuf__gc_blocks_release(struct pinbuf_gc *gc, size_t most);

static inline uintptr_t gc_block_start(const struct pinbuf_gc *gc, uint32_t block)
{
	return gc->base + ((uintptr_t)block << GC_SHIFT);
}

/* of an address that gc_inside() holds for */
static inline uint32_t gc_block_of(const struct pinbuf_gc *gc, const void *ptr)
{
	return (uint32_t)(((uintptr_t)ptr - gc->base) >> GC_SHIFT);
}

static inline bool gc_inside(const struct pinbuf_gc *gc, const void *ptr)
{
	return (uintptr_t)ptr - gc->base < gc->reserve;
}

static inline enum gc_kind gc_kind_of(const struct pinbuf_gc *gc, const void *ptr)
{
	return gc->kind[gc_block_of(gc, ptr)];
}

static inline bool gc_is_young_kind(enum gc_kind kind)
{
	return kind == GC_NEW || kind == GC_AGED_ONCE;
}

/* Whether a sweep is still to come by a block, which holds only what is live. */
static inline bool gc_is_fresh(const struct pinbuf_gc *gc, uint32_t block)
{
	return gc->phase == GC_SWEEP && block >= gc->sweep_at;
}

static inline bool gc_is_old_kind(enum gc_kind kind)
{
	return kind == GC_CELLS || kind == GC_FIXED || kind == GC_HELD;
}

/* The bit of an object, by the address of its header. */
static inline bool gc_bit_test(const gc_bits bits, const void *object)
{
	size_t i = ((uintptr_t)object - 8) % GC_BLOCK / 8;

	return bits[i / 64] >> i % 64 & 1;
}

static inline bool gc_bit_test_set(gc_bits bits, const void *object)
{
	size_t i = ((uintptr_t)object - 8) % GC_BLOCK / 8;
	uint64_t bit = 1ULL << i % 64;

	if (bits[i / 64] & bit)
		return true;
	bits[i / 64] |= bit;
	return false;
}

static inline void gc_bit_set(gc_bits bits, const void *object)
{
	size_t i = ((uintptr_t)object - 8) % GC_BLOCK / 8;

	bits[i / 64] |= 1ULL << i % 64;
}

static inline bool gc_is_marked(const struct pinbuf_gc *gc, const void *object)
{
	return gc_bit_test(gc->mark[gc_block_of(gc, object)], object);
}

/* Calls of a loop over the objects whose bits are set: @object is a void *. */
#define GC_FOR_EACH_BIT(gc, block, bits, w, word, object)				\
	for (w = 0; w < GC_WORDS; w++)							\
		for (word = (bits)[w];							\
		     word && (object = (void *)(gc_block_start(gc, block) + 8 +		\
			      (w * 64 + (size_t)__builtin_ctzll(word)) * 8), 1);	\
		     word &= word - 1)

#endif /* PINBUF_GC_BLOCK_H */
