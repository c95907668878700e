/* SPDX-License-Identifier: MIT */
/* The free list: blocks of any size, given back in any order, in one piece of memory. */
#ifndef PINBUF_FREELIST_H
#define PINBUF_FREELIST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pinbuf/base.h>
#include <pinbuf/layout.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

#define PINBUF_FREELIST_UNIT	32	/* bytes: the least a block takes, and its multiples */

/*
 * A free list.  One thread owns it.  No byte of a block or a hole is the library's.
 */
struct pinbuf_freelist;

/**
 * struct pinbuf_freelist_opts - what sort of free list
 * @size: sizeof(struct pinbuf_freelist_opts), so that it can grow
 * @bytes: for blocks, at least PINBUF_FREELIST_UNIT, at most PINBUF_FREELIST_MAX; what
 *	is behind the last whole unit is not used
 * @buffer: @bytes of the caller's, aligned to PINBUF_FREELIST_UNIT, who keeps them;
 *	NULL to ask @parent
 * @parent: region that outlives the list; NULL for pinbuf_global()
 * @name: for people, lives as long as the list; NULL for "freelist"
 */
struct pinbuf_freelist_opts {
	size_t size;
	size_t bytes;
	void *buffer;
	struct pinbuf_region *parent;
	const char *name;
};

#define PINBUF_FREELIST_OPTS_INIT { sizeof(struct pinbuf_freelist_opts), 0, NULL, NULL, NULL }

#define PINBUF_FREELIST_MAX	(1ULL << 33)	/* bytes */

/**
 * pinbuf_freelist_create() - allocate a free list
 * @out: written on success; pinbuf_freelist_destroy() ends it
 * @opts: what sort
 *
 * Return: 0; -EINVAL for a size that cannot be, or a buffer that is not aligned;
 * -ENOMEM, or what else the parent refuses with.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_freelist_create(struct pinbuf_freelist **out, const struct pinbuf_freelist_opts *opts);

/**
 * pinbuf_freelist_destroy() - give the memory back
 * @f: a free list, or NULL; its blocks are gone
 */
PINBUF_API void pinbuf_freelist_destroy(struct pinbuf_freelist *f);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(freelist, pinbuf_freelist_destroy)

/**
 * pinbuf_freelist_region() - the list as a region
 * @f: a free list
 *
 * Return: the region, which is @f's.
 */
PINBUF_API struct pinbuf_region *pinbuf_freelist_region(struct pinbuf_freelist *f);

/**
 * pinbuf_freelist_alloc() - a block
 * @f: a free list
 * @size: bytes; 0 gives a unique pointer
 * @align: bytes, a power of two
 *
 * From the hole with the lowest address in the smallest class of sizes all of whose
 * holes are large enough; else from the class below, as far as a bounded search finds
 * one, and else from the largest hole.  What is left of the hole stays a hole.
 *
 * Context: the owner.
 * Return: as pinbuf_alloc(); a request of the largest hole's size succeeds.
 */
PINBUF_API PINBUF_MALLOC __attribute__((alloc_size(2), alloc_align(3)))
void *pinbuf_freelist_alloc(struct pinbuf_freelist *f, size_t size, size_t align);

/**
 * pinbuf_freelist_free() - a block goes back
 * @f: the list that gave it
 * @ptr: the block, or NULL
 *
 * It becomes one hole with those beside it.
 *
 * Context: the owner.  A pointer that is no block, or a block that is free, ends the
 * program with a sentence on stderr.
 */
PINBUF_API void pinbuf_freelist_free(struct pinbuf_freelist *f, void *ptr);

/**
 * pinbuf_freelist_reset() - take every block back
 * @f: a free list
 *
 * Context: the owner.
 */
PINBUF_API void pinbuf_freelist_reset(struct pinbuf_freelist *f);

/**
 * pinbuf_freelist_remaining() - bytes in holes
 * @f: a free list
 *
 * Context: the owner.
 * Return: bytes, of all holes together.
 */
PINBUF_API size_t pinbuf_freelist_remaining(const struct pinbuf_freelist *f);

/**
 * pinbuf_freelist_largest() - the largest hole
 * @f: a free list
 *
 * Context: the owner.
 * Return: bytes; 0 if there is no hole.
 */
PINBUF_API size_t pinbuf_freelist_largest(struct pinbuf_freelist *f);

/**
 * pinbuf_freelist_holes() - how many holes
 * @f: a free list
 *
 * Context: the owner.
 * Return: how many; two holes never touch.
 */
PINBUF_API size_t pinbuf_freelist_holes(const struct pinbuf_freelist *f);

/**
 * pinbuf_freelist_print() - a map of the holes, for people
 * @f: a free list
 * @out: where to
 *
 * A line of 64 characters for the whole list ('#' full, '.' empty, '+' both), then a
 * line for each of the first 32 holes.
 *
 * Context: the owner.
 * Return: 0, or -EIO if @out cannot be written.
 */
PINBUF_API int pinbuf_freelist_print(struct pinbuf_freelist *f, FILE *out);

PINBUF_END_DECLS

#endif /* PINBUF_FREELIST_H */
