/* SPDX-License-Identifier: MIT */
/* The one interface of every allocator. */
#ifndef PINBUF_REGION_H
#define PINBUF_REGION_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/caps.h>
#include <pinbuf/error.h>
#include <pinbuf/layout.h>
#include <pinbuf/stats.h>

PINBUF_BEGIN_DECLS

struct pinbuf_region;

/**
 * enum pinbuf_class - which sum of the process a region belongs to
 * @PINBUF_CLASS_ARENA: arenas, stacks, pools, free lists
 * @PINBUF_CLASS_PINNED: pinned heaps and buffers
 * @PINBUF_CLASS_GENERAL: the collector's heap and the process's malloc
 */
enum pinbuf_class {
	PINBUF_CLASS_ARENA,
	PINBUF_CLASS_PINNED,
	PINBUF_CLASS_GENERAL,
};

/**
 * struct pinbuf_region_ops - what an allocator implements: the slow path
 * @size: sizeof(struct pinbuf_region_ops), so that it can grow
 * @type: the allocator's name, such as "arena"
 * @klass: which sum of the process
 * @alloc: a block, or NULL by pinbuf_region_refuse(); every size, 0 too
 * @alloc_zeroed: the same, zeroed; NULL if @alloc and memset() will do
 * @realloc: @ptr, which has @old, becomes @new_; the old block stays as it is on
 *	failure; NULL if a new block and a copy will do
 * @dealloc: takes @ptr back, which is not NULL and had @layout; NULL if blocks
 *	are not given back one by one (PINBUF_NOFREE)
 * @usable_size: bytes that may be used at @ptr; NULL if it is the layout's
 * @stats: writes every field
 */
struct pinbuf_region_ops {
	size_t size;
	const char *type;
	enum pinbuf_class klass;
	void *(*alloc)(struct pinbuf_region *r, struct pinbuf_layout layout);
	void *(*alloc_zeroed)(struct pinbuf_region *r, struct pinbuf_layout layout);
	void *(*realloc)(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			 struct pinbuf_layout new_);
	void (*dealloc)(struct pinbuf_region *r, void *ptr, struct pinbuf_layout layout);
	size_t (*usable_size)(const struct pinbuf_region *r, const void *ptr,
			      struct pinbuf_layout layout);
	void (*stats)(const struct pinbuf_region *r, struct pinbuf_stats *stats);
};

/**
 * struct pinbuf_region - first member of every allocator
 * @cur: next free byte of the open window
 * @end: one past its last byte; 0 closes it, and every call goes to @ops
 * @nr_allocs: blocks that the window gave out, less those that an arena took back
 * @ops: the allocator
 * @name: for people; the region's own copy or a constant
 * @failures: calls that were refused
 * @caps: enum pinbuf_caps
 * @reserved: 0
 *
 * One thread owns a region unless @caps has PINBUF_THREADSAFE.  The window is one
 * cache line with everything that the hot path reads; whoever must see each block
 * (its header, a lock, a checker) keeps it closed.
 */
struct pinbuf_region {
	uintptr_t cur;
	uintptr_t end;
	uint64_t nr_allocs;
	const struct pinbuf_region_ops *ops;
	const char *name;
	uint64_t failures;
	unsigned int caps;
	unsigned int reserved[3];
};

/**
 * pinbuf_region_init() - for an allocator of your own
 * @r: first member of your object; its window is closed
 * @ops: your table, which lives as long as @r
 * @name: for people; lives as long as @r
 * @caps: enum pinbuf_caps
 */
PINBUF_API void pinbuf_region_init(struct pinbuf_region *r, const struct pinbuf_region_ops *ops,
				   const char *name, unsigned int caps);

/**
 * pinbuf_region_refuse() - what an alloc of your own returns when it cannot
 * @r: the region; its failures are counted
 * @facts: kind, errno and figures; the name is filled in
 * @fmt: the rest of a sentence that begins with the region: "is exhausted: ..."
 *
 * Context: any thread.
 * Return: NULL, with errno set to @facts->err.
 */
PINBUF_API PINBUF_COLD __attribute__((format(printf, 3, 4)))
void *pinbuf_region_refuse(struct pinbuf_region *r, const struct pinbuf_error *facts,
			   const char *fmt, ...);

/**
 * pinbuf_alloc() - a block
 * @r: the region
 * @layout: what it must look like; size 0 gives a unique pointer
 *
 * A constant layout on an open window compiles to a handful of instructions.
 *
 * Context: the thread that owns @r, or any if its caps say PINBUF_THREADSAFE.
 * Return: the block, the caller's until pinbuf_dealloc() or until the region drops
 * it; or NULL, errno set and pinbuf_error_last() filled: EINVAL for a layout that
 * cannot be, or an alignment that the region does not offer; ENOMEM if the region
 * is exhausted, its parent or the system has no memory; EOPNOTSUPP if it can never
 * give such a block.
 */
PINBUF_INLINE PINBUF_MALLOC
void *pinbuf_alloc(struct pinbuf_region *r, struct pinbuf_layout layout)
{
	uintptr_t start = pinbuf_align_up(r->cur, layout.align);
	uintptr_t next = start + layout.size;

	/* 0 < size <= PTRDIFF_MAX keeps the sum from wrapping */
	if (PINBUF_LIKELY((ptrdiff_t)layout.size > 0 && pinbuf_is_pow2(layout.align) &&
			  next <= r->end)) {
		PINBUF_STORE(&r->cur, next);
		PINBUF_ADD(&r->nr_allocs, 1);
		return (void *)start;
	}
	return r->ops->alloc(r, layout);
}

/**
 * pinbuf_alloc_zeroed() - a block of zeroes
 * @r: the region
 * @layout: what it must look like
 *
 * Cheaper than a memset() where the region knows that memory is still zero.
 *
 * Context: as pinbuf_alloc().
 * Return: as pinbuf_alloc().
 */
PINBUF_API PINBUF_MALLOC
void *pinbuf_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout layout);

/**
 * pinbuf_realloc() - give a block another layout
 * @r: the region
 * @ptr: a block of it, or NULL for a new one
 * @old: the layout that it was asked with; ignored if @ptr is NULL
 * @new_: the one wanted, its alignment too; size 0 leaves a unique pointer
 *
 * The bytes that both have are kept.  In place where the region can.
 *
 * Context: as pinbuf_alloc().
 * Return: the block, which replaces @ptr; or NULL as pinbuf_alloc(), and @ptr is
 * still the caller's, unchanged.
 */
PINBUF_API PINBUF_MUST_CHECK
void *pinbuf_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
		     struct pinbuf_layout new_);

/**
 * pinbuf_dealloc() - give a block back
 * @r: the region
 * @ptr: a block of it, or NULL
 * @layout: the one that it was asked with
 *
 * A region with PINBUF_NOFREE does nothing: it drops its blocks together.
 *
 * Context: as pinbuf_alloc().  A misuse that is seen (a second time, a pointer of
 * another region) ends the program with a sentence on stderr.
 */
PINBUF_INLINE void pinbuf_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout layout)
{
	if (ptr && r->ops->dealloc)
		r->ops->dealloc(r, ptr, layout);
}

/**
 * pinbuf_usable_size() - how much of a block may be used
 * @r: the region
 * @ptr: a block of it
 * @layout: the one that it was asked with
 *
 * Context: as pinbuf_alloc().
 * Return: bytes, at least @layout.size.
 */
PINBUF_API size_t pinbuf_usable_size(const struct pinbuf_region *r, const void *ptr,
				     struct pinbuf_layout layout);

/**
 * pinbuf_region_stats() - read a region's counters
 * @r: the region
 * @stats: @stats->size is set by the caller, the rest is written
 *
 * Context: any thread; exact when no other uses @r meanwhile.
 * Return: 0, or -EINVAL if @stats->size cannot be.
 */
PINBUF_API int pinbuf_region_stats(const struct pinbuf_region *r, struct pinbuf_stats *stats);

/**
 * pinbuf_region_caps() - what a region promises
 * @r: the region
 *
 * Context: any thread.
 * Return: enum pinbuf_caps bits.
 */
PINBUF_INLINE unsigned int pinbuf_region_caps(const struct pinbuf_region *r)
{
	return r->caps;
}

/**
 * pinbuf_region_name() - what a region is called
 * @r: the region
 *
 * Context: any thread.
 * Return: a string that lives as long as @r.
 */
PINBUF_INLINE const char *pinbuf_region_name(const struct pinbuf_region *r)
{
	return r->name;
}

/**
 * pinbuf_alloc_array() - blocks side by side
 * @r: the region
 * @size: bytes of one
 * @nr: how many
 * @align: bytes, a power of two
 *
 * Context: as pinbuf_alloc().
 * Return: as pinbuf_alloc(); ENOMEM if @size * @nr overflows.
 */
PINBUF_API PINBUF_MALLOC __attribute__((alloc_size(2, 3), alloc_align(4)))
void *pinbuf_alloc_array(struct pinbuf_region *r, size_t size, size_t nr, size_t align);

/**
 * pinbuf_new() - one object of a type, uninitialised
 * @region: where from
 * @type: its type
 *
 * Context: as pinbuf_alloc().
 * Return: a pointer to @type, or NULL as pinbuf_alloc().
 */
#define pinbuf_new(region, type) \
	((type *)pinbuf_alloc((region), PINBUF_LAYOUT(type)))

/**
 * pinbuf_new_array() - objects of a type side by side, uninitialised
 * @region: where from
 * @type: their type
 * @nr: how many
 *
 * Context: as pinbuf_alloc().
 * Return: a pointer to @type, or NULL as pinbuf_alloc_array().
 */
#define pinbuf_new_array(region, type, nr) \
	((type *)pinbuf_alloc_array((region), sizeof(type), (nr), PINBUF_ALIGNOF(type)))

/**
 * pinbuf_alloc_aligned() - an array for vectors, pages or a device
 * @region: where from
 * @type: the type of an element
 * @nr: elements
 * @align: bytes, a power of two, such as pinbuf_simd_align(); the type's alignment
 *	holds if that is more
 *
 * Context: as pinbuf_alloc().
 * Return: a pointer to @type, or NULL as pinbuf_alloc_array().
 */
#define pinbuf_alloc_aligned(region, type, nr, align)					\
	((type *)pinbuf_alloc_array((region), sizeof(type), (nr),			\
		(size_t)(align) > PINBUF_ALIGNOF(type) ? (size_t)(align) : PINBUF_ALIGNOF(type)))

/**
 * pinbuf_delete() - give back what pinbuf_new() gave
 * @region: where from
 * @ptr: the object, or NULL
 */
#define pinbuf_delete(region, ptr)	pinbuf_delete_array(region, ptr, 1)

/**
 * pinbuf_delete_array() - give back what pinbuf_new_array() gave
 * @region: where from
 * @ptr: the first object, or NULL
 * @nr: how many
 */
#define pinbuf_delete_array(region, ptr, nr)						\
	pinbuf_dealloc_array((region), (ptr), sizeof(*(ptr)), (nr), __alignof__(*(ptr)))

/**
 * pinbuf_dealloc_array() - the reverse of pinbuf_alloc_array()
 * @r: the region
 * @ptr: what it gave, or NULL
 * @size: as there
 * @nr: as there
 * @align: as there
 *
 * Context: as pinbuf_dealloc().
 */
PINBUF_INLINE void pinbuf_dealloc_array(struct pinbuf_region *r, void *ptr, size_t size, size_t nr,
					size_t align)
{
	struct pinbuf_layout layout;

	layout.size = size * nr;
	layout.align = align;
	pinbuf_dealloc(r, ptr, layout);
}

/**
 * struct pinbuf_auto - a block that goes back at the end of the scope
 * @region: where to
 * @ptr: the block, or NULL
 * @layout: the one that it was asked with
 */
struct pinbuf_auto {
	struct pinbuf_region *region;
	void *ptr;
	struct pinbuf_layout layout;
};

/**
 * pinbuf_auto_fini() - what the clean-up of PINBUF_AUTO() calls
 * @a: the block
 */
PINBUF_INLINE void pinbuf_auto_fini(struct pinbuf_auto *a)
{
	pinbuf_dealloc(a->region, a->ptr, a->layout);
}

/**
 * PINBUF_AUTO_ARRAY() - an array that goes back when the scope ends
 * @type: the type of an element
 * @name: declared: a constant pointer to @type, NULL as pinbuf_alloc_array()
 * @r: the region
 * @nr: elements
 * @align: as pinbuf_alloc_aligned()
 */
#define PINBUF_AUTO_ARRAY(type, name, r, nr, align)					\
	struct pinbuf_auto name##_auto PINBUF_CLEANUP(pinbuf_auto_fini) =		\
		pinbuf_auto_array((r), sizeof(type), (nr),				\
			(size_t)(align) > PINBUF_ALIGNOF(type) ?			\
			(size_t)(align) : PINBUF_ALIGNOF(type));			\
	type *const name = (type *)name##_auto.ptr

/**
 * PINBUF_AUTO() - an object that goes back when the scope ends
 * @type: its type
 * @name: declared: a constant pointer to @type, NULL as pinbuf_alloc()
 * @r: the region
 */
#define PINBUF_AUTO(type, name, r)	PINBUF_AUTO_ARRAY(type, name, r, 1, 1)

/**
 * pinbuf_auto_array() - what PINBUF_AUTO_ARRAY() begins with
 * @r: the region
 * @size: as pinbuf_alloc_array()
 * @nr: as there
 * @align: as there
 *
 * Context: as pinbuf_alloc().
 * Return: the block and what it takes to give it back; its ptr is NULL as
 * pinbuf_alloc_array().
 */
PINBUF_INLINE struct pinbuf_auto pinbuf_auto_array(struct pinbuf_region *r, size_t size, size_t nr,
						   size_t align)
{
	struct pinbuf_auto a;

	a.region = r;
	a.ptr = pinbuf_alloc_array(r, size, nr, align);
	a.layout.size = size * nr;
	a.layout.align = align;
	return a;
}

PINBUF_END_DECLS

#endif /* PINBUF_REGION_H */
