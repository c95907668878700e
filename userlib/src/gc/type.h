/* SPDX-License-Identifier: MIT */
/* Types, and the word before each object. */
#ifndef PINBUF_GC_TYPE_PRIVATE_H
#define PINBUF_GC_TYPE_PRIVATE_H

#include "core.h"

/*
 * The word before an object: flags, type and number of elements; or, once the object
 * has been moved, its new address and GC_MOVED.  What the inline write barrier tests
 * is bit 0.  Poison (0xdb) has it set, so that a write to what is dead is seen.
 */
#define GC_CLEAN	1U	/* old, and not written to since it was last looked at */
#define GC_MOVED	2U
#define GC_PIN		4U	/* has a pin */
#define GC_AGED		8U	/* has survived a collection */
#define GC_KEPT		16U	/* is in gc->remembered */
#define GC_BIG		32U	/* the word before has its struct gc_big */
#define GC_FLAGS	255U

#define GC_ASK		(1ULL << 62)	/* pub.cell of what is not made inline */

struct gc_type {
	struct pinbuf_gc_type pub;	/* first */
	const char *name;
	void (*trace)(struct pinbuf_gc_tracer *t, void *object, size_t nr);
	uint32_t bytes, elem_bytes;
	uint32_t align;
	uint32_t flags;
	uint32_t nr_pointers, nr_elem_pointers;
	bool leaf;
	uint32_t pointers[];		/* then those of an element */
};

struct pinbuf_gc_tracer {
	void (*visit)(struct pinbuf_gc_tracer *t, void **slot);
};

static inline uint64_t *gc_header(const void *object)
{
	return (uint64_t *)object - 1;
}

static inline const struct gc_type *gc_type_of(const struct pinbuf_gc *gc, uint64_t header)
{
	return (const struct gc_type *)gc->types[header >> 8 & 0xffffff];
}

static inline uint64_t gc_header_length(uint64_t header)
{
	return header >> 32;
}

/* bytes that an object of a block takes, its header included */
static inline size_t gc_cell(const struct gc_type *type, uint64_t header)
{
	size_t bytes = type->bytes + gc_header_length(header) * type->elem_bytes;

	return sizeof(uint64_t) + (bytes ? (bytes + 7) & ~(size_t)7 : 8);
}

static inline unsigned int gc_flags(const void *object)
{
	return PINBUF_LOAD((unsigned char *)gc_header(object));
}

/* while threads run: others may change other flags of the object */
static inline void gc_flags_atomic(void *object, unsigned int set, unsigned int clear)
{
	unsigned char *flags = (unsigned char *)gc_header(object);

	if (set)
		__atomic_fetch_or(flags, (unsigned char)set, __ATOMIC_RELAXED);
	if (clear)
		__atomic_fetch_and(flags, (unsigned char)~clear, __ATOMIC_RELAXED);
}

/* while the world is stopped */
static inline void gc_flags_set(void *object, unsigned int set, unsigned int clear)
{
	unsigned char *flags = (unsigned char *)gc_header(object);

	PINBUF_STORE(flags, (unsigned char)((PINBUF_LOAD(flags) & ~clear) | set));
}

/*
 * Hand the pointers of the elements [first, last) of @object to @visit, and those of its
 * fixed part if @first is 0.  The compiler makes one copy for each @visit.
 */
static inline __attribute__((always_inline))
void gc_visit(const struct gc_type *type, void *object, size_t first, size_t last,
	      void (*visit)(struct pinbuf_gc_tracer *t, void **slot), struct pinbuf_gc_tracer *t)
{
	const uint32_t *elem = type->pointers + type->nr_pointers;
	uint32_t i;
	char *at;

	if (PINBUF_UNLIKELY(type->trace)) {
		type->trace(t, object, last);
		return;
	}
	if (!first)
		for (i = 0; i < type->nr_pointers; i++)
			visit(t, (void **)((char *)object + type->pointers[i]));
	if (!type->nr_elem_pointers)
		return;
	at = (char *)object + type->bytes + first * type->elem_bytes;
	for (; first < last; first++, at += type->elem_bytes)
		for (i = 0; i < type->nr_elem_pointers; i++)
			visit(t, (void **)(at + elem[i]));
}

#endif /* PINBUF_GC_TYPE_PRIVATE_H */
