/* SPDX-License-Identifier: MIT */
/* What objects of the collected heap look like: included by gc.h. */
#ifndef PINBUF_GC_TYPE_H
#define PINBUF_GC_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

struct pinbuf_gc;

/* what a trace function hands the pointers of an object to */
struct pinbuf_gc_tracer;

#define PINBUF_GC_PINNED	(1U << 0)	/* objects are pinned from birth */

/**
 * struct pinbuf_gc_type_opts - what objects look like
 * @size: sizeof(struct pinbuf_gc_type_opts), so that it can grow
 * @name: for people; lives as long as the heap
 * @bytes: of the fixed part; offset of the elements, if there are any
 * @align: bytes, a power of two; up to 8, more only for types without pointers
 * @pointers: offsets of pointers to objects in the fixed part, multiples of 8
 * @nr_pointers: how many
 * @elem_bytes: of one element behind the fixed part; 0 for no array
 * @elem_pointers: offsets in an element
 * @nr_elem_pointers: how many
 * @trace: called instead of using the offsets; hands every pointer of an object, which
 *	has @nr elements, to pinbuf_gc_trace(); may do nothing else
 * @flags: PINBUF_GC_PINNED
 * @reserved: must be 0
 *
 * A pointer is NULL or the address of an object, never of its inside.  A type with
 * neither @trace nor offsets is a leaf.
 */
struct pinbuf_gc_type_opts {
	size_t size;
	const char *name;
	size_t bytes;
	size_t align;
	const size_t *pointers;
	size_t nr_pointers;
	size_t elem_bytes;
	const size_t *elem_pointers;
	size_t nr_elem_pointers;
	void (*trace)(struct pinbuf_gc_tracer *t, void *object, size_t nr);
	unsigned int flags;
	unsigned int reserved;
};

/* initialisers: a struct without pointers, one with, and an array of elements */
#define PINBUF_GC_LEAF(type) \
	{ sizeof(struct pinbuf_gc_type_opts), #type, sizeof(type), PINBUF_ALIGNOF(type), \
	  NULL, 0, 0, NULL, 0, NULL, 0, 0 }
#define PINBUF_GC_STRUCT(type, offsets) \
	{ sizeof(struct pinbuf_gc_type_opts), #type, sizeof(type), PINBUF_ALIGNOF(type), \
	  offsets, sizeof(offsets) / sizeof((offsets)[0]), 0, NULL, 0, NULL, 0, 0 }
#define PINBUF_GC_ARRAY(type) \
	{ sizeof(struct pinbuf_gc_type_opts), #type "[]", 0, PINBUF_ALIGNOF(type), \
	  NULL, 0, sizeof(type), NULL, 0, NULL, 0, 0 }

/* a type of a heap; of the heap's life */
struct pinbuf_gc_type {
	/* private: for the inline allocation */
	uint64_t header;	/* what it stores before an object */
	uint64_t cell;		/* bytes that it takes; 2^62 if the library must be asked */
};

/**
 * pinbuf_gc_type_create() - describe objects to a heap
 * @out: written on success; lives as long as @gc
 * @gc: the heap
 * @opts: what they look like
 *
 * Context: any thread.
 * Return: 0; -EINVAL for sizes, offsets or flags that cannot be; -EOPNOTSUPP for an
 * alignment above 8 of a type with pointers; -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_type_create(const struct pinbuf_gc_type **out, struct pinbuf_gc *gc,
			  const struct pinbuf_gc_type_opts *opts);

/**
 * pinbuf_gc_trace() - a trace function names a pointer of its object
 * @t: what the function was given
 * @slot: where the pointer lies, in the object; it may be changed
 */
PINBUF_API void pinbuf_gc_trace(struct pinbuf_gc_tracer *t, void *slot);

PINBUF_END_DECLS

#endif /* PINBUF_GC_TYPE_H */
