/* SPDX-License-Identifier: MIT */
/* Objects outside the blocks: large ones, and leaves pinned from birth. */
#ifndef PINBUF_GC_BIG_H
#define PINBUF_GC_BIG_H

#include "core.h"
#include "type.h"

#define GC_CARD		512	/* bytes of an object that one mark of the barrier stands for */

struct gc_big {
	void *object;
	size_t bytes;			/* of the object */
	size_t nr;			/* elements */
	const struct gc_type *type;
	struct gc_big *next, **link;	/* in gc->big.list */
	void *block;			/* what the heap gave */
	size_t grey_from;		/* elements before it have been marked through */
	bool marked;
	unsigned char kept;		/* is in a log or in gc->remembered */
	unsigned char cards[];		/* of objects with pointers */
};

int pinbuf__gc_big_open(struct pinbuf_gc *gc);
void pinbuf__gc_big_close(struct pinbuf_gc *gc);
struct gc_big *pinbuf__gc_big_new(struct pinbuf_gc *gc, const struct gc_type *type, size_t nr,
				  size_t bytes);
struct gc_big *pinbuf__gc_big_find(const struct pinbuf_gc *gc, const void *object);
size_t pinbuf__gc_big_sweep(struct pinbuf_gc *gc, size_t most, bool *more);

static inline size_t gc_big_cards(const struct gc_big *big)
{
	return big->type->leaf ? 0 : (big->bytes + GC_CARD - 1) / GC_CARD;
}

/* of an object with pointers: it has a header */
static inline struct gc_big *gc_big_of(const void *object)
{
	return ((struct gc_big **)object)[-2];
}

#endif /* PINBUF_GC_BIG_H */
