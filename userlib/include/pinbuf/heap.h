/* SPDX-License-Identifier: MIT */
/* The pinned heap: malloc over memory that does not move. */
#ifndef PINBUF_HEAP_H
#define PINBUF_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/buf.h>
#include <pinbuf/dev.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/*
 * A heap; any thread may use it, and any thread may free any block.  Everything it
 * knows lies outside the memory that it gives out, so a device that writes into a
 * freed block harms whoever has the block next, never the heap.
 */
struct pinbuf_heap;

/**
 * struct pinbuf_heap_pages - a piece of memory that a heap cuts up
 * @addr: its first byte; a heap uses it from the first multiple of 64 KiB on
 * @len: bytes
 * @buf: the buffer that is mapped there, from its byte 0 on; NULL if it is none
 * @cookie: the source's own
 * @zeroed: not 0 if all its bytes are 0
 */
struct pinbuf_heap_pages {
	void *addr;
	size_t len;
	struct pinbuf_buf *buf;
	void *cookie;
	unsigned int zeroed;
};

/**
 * struct pinbuf_heap_source - where a heap gets its memory, for one of your own
 * @size: sizeof(struct pinbuf_heap_source), so that it can grow
 * @caps: PINBUF_* that hold for its memory
 * @get: writes @pages, at least @len bytes (a multiple of 4096); 0 or -errno with
 *	pinbuf_error_last() filled
 * @put: takes @pages back, which @get wrote; cannot fail
 *
 * Two pieces do not share a chunk (64 KiB, aligned at as much) unless one of them
 * begins inside it.  The heap calls one of them at a time, from whichever thread needs it, with a
 * lock held: they may not use the heap.
 */
struct pinbuf_heap_source {
	size_t size;
	unsigned int caps;
	int (*get)(void *ctx, size_t len, struct pinbuf_heap_pages *pages);
	void (*put)(void *ctx, const struct pinbuf_heap_pages *pages);
};

/**
 * struct pinbuf_heap_opts - what sort of heap
 * @size: sizeof(struct pinbuf_heap_opts), so that it can grow
 * @name: for people, up to 31 bytes; NULL for "heap"
 * @dev: buffers of this device
 * @parent: blocks of this region, which nobody else uses meanwhile unless it has
 *	PINBUF_THREADSAFE
 * @source: memory of the caller's own making
 * @source_ctx: first argument of @source's functions
 * @grow: bytes to get at one time, at least 64 KiB; 0 for 2 MiB, and more as the
 *	heap grows
 * @max: bytes that it may hold; 0 for no limit
 * @keep: bytes of empty buffers that it keeps; more are given back at once
 * @initial: bytes to get before pinbuf_heap_create() returns, kept from then on
 * @flags: must be 0
 * @reserved: must be 0
 *
 * At most one of @dev, @parent and @source; without one it is private anonymous
 * memory, which is not pinned.  They belong to the caller and must outlive the
 * heap.
 */
struct pinbuf_heap_opts {
	size_t size;
	const char *name;
	struct pinbuf_dev *dev;
	struct pinbuf_region *parent;
	const struct pinbuf_heap_source *source;
	void *source_ctx;
	size_t grow;
	size_t max;
	size_t keep;
	size_t initial;
	unsigned int flags;
	unsigned int reserved;
};

#define PINBUF_HEAP_OPTS_INIT \
	{ sizeof(struct pinbuf_heap_opts), NULL, NULL, NULL, NULL, NULL, 0, 0, 8 << 20, 0, 0, 0 }

/**
 * pinbuf_heap_create() - make a heap
 * @out: written on success; the caller's until pinbuf_heap_destroy()
 * @opts: what sort, or NULL for private anonymous memory
 *
 * Context: any thread.
 * Return: 0; -EINVAL for options that cannot be; -E2BIG for ones that this library
 * does not know; -ENOMEM if there is no memory for its own needs; what the source
 * of its memory says, if @opts->initial is not 0.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_heap_create(struct pinbuf_heap **out, const struct pinbuf_heap_opts *opts);

/**
 * pinbuf_heap_destroy() - give everything back, blocks that are still live too
 * @heap: a heap, or NULL
 *
 * Context: any thread, when no other is using @heap and none will.
 */
PINBUF_API void pinbuf_heap_destroy(struct pinbuf_heap *heap);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(heap, pinbuf_heap_destroy)

/**
 * pinbuf_heap_region() - the heap as a region
 * @heap: a heap
 *
 * Context: any thread.
 * Return: its region, of the same life.  Blocks of either door may go back through
 * the other.
 */
PINBUF_API struct pinbuf_region *pinbuf_heap_region(struct pinbuf_heap *heap);

/**
 * pinbuf_heap_malloc() - a block
 * @heap: a heap
 * @size: bytes, 0 to PTRDIFF_MAX; 0 gives a unique pointer
 *
 * A block of up to a page is at most 15 bytes or 12.5 % larger, one above a page
 * is whole pages.  Up to a page it is aligned at 16 bytes, above at 4096.
 *
 * Context: any thread.
 * Return: the block, the caller's until pinbuf_heap_free(); or NULL, errno ENOMEM
 * and pinbuf_error_last() filled.
 */
PINBUF_API PINBUF_MALLOC __attribute__((alloc_size(2)))
void *pinbuf_heap_malloc(struct pinbuf_heap *heap, size_t size);

/**
 * pinbuf_heap_calloc() - an array of zeroes
 * @heap: a heap
 * @nr: elements
 * @size: bytes of one
 *
 * Context: any thread.
 * Return: as pinbuf_heap_malloc(); ENOMEM if @nr * @size overflows.
 */
PINBUF_API PINBUF_MALLOC __attribute__((alloc_size(2, 3)))
void *pinbuf_heap_calloc(struct pinbuf_heap *heap, size_t nr, size_t size);

/**
 * pinbuf_heap_aligned_alloc() - a block at an aligned address
 * @heap: a heap
 * @align: bytes, a power of two
 * @size: bytes, any
 *
 * Context: any thread.
 * Return: as pinbuf_heap_malloc(); EINVAL if @align is not a power of two.
 */
PINBUF_API PINBUF_MALLOC __attribute__((alloc_size(3), alloc_align(2)))
void *pinbuf_heap_aligned_alloc(struct pinbuf_heap *heap, size_t align, size_t size);

/**
 * pinbuf_heap_realloc() - change a block's size
 * @heap: a heap
 * @ptr: a block of it, or NULL for a new one
 * @size: bytes, more than 0 unless @ptr is NULL
 *
 * In place where the size class stays the same, and above a page also where the
 * pages behind the block are free.  A larger alignment than pinbuf_heap_malloc()'s
 * is lost when it moves.
 *
 * Context: any thread.
 * Return: the block, which replaces @ptr; or NULL as pinbuf_heap_malloc(), EINVAL
 * for @size 0, and @ptr is still the caller's.
 */
PINBUF_API PINBUF_MUST_CHECK __attribute__((alloc_size(3)))
void *pinbuf_heap_realloc(struct pinbuf_heap *heap, void *ptr, size_t size);

/**
 * pinbuf_heap_free() - give a block back
 * @heap: a heap
 * @ptr: a block of it, from any thread, or NULL
 *
 * A second free, a pointer into a block and a pointer of another heap or none end
 * the program with a sentence on stderr.
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_heap_free(struct pinbuf_heap *heap, void *ptr);

/**
 * pinbuf_heap_free_sized() - give a block back, with its size
 * @heap: a heap
 * @ptr: a block of it, or NULL
 * @size: the size that it was asked with, or last reallocated to; a size that the
 *	block cannot have ends the program
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_heap_free_sized(struct pinbuf_heap *heap, void *ptr, size_t size);

/**
 * pinbuf_heap_usable_size() - how much of a block may be used
 * @heap: a heap
 * @ptr: a block of it, or NULL
 *
 * Context: any thread.
 * Return: bytes, at least what was asked for; 0 for NULL.
 */
PINBUF_API size_t pinbuf_heap_usable_size(struct pinbuf_heap *heap, const void *ptr);

/**
 * pinbuf_heap_malloc_batch() - many blocks of one size
 * @heap: a heap
 * @size: bytes of each, as pinbuf_heap_malloc()
 * @nr: how many
 * @ptrs: written, @nr of them at most
 *
 * Context: any thread.
 * Return: how many were written; fewer than @nr as pinbuf_heap_malloc() fails.
 */
PINBUF_API PINBUF_MUST_CHECK
size_t pinbuf_heap_malloc_batch(struct pinbuf_heap *heap, size_t size, size_t nr, void **ptrs);

/**
 * pinbuf_heap_free_batch() - give many blocks back
 * @heap: a heap
 * @nr: how many
 * @ptrs: blocks of it, of any sizes, or NULL
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_heap_free_batch(struct pinbuf_heap *heap, size_t nr, void *const *ptrs);

/**
 * struct pinbuf_heap_place - where a pointer lies
 * @buf: the buffer; NULL if the heap's memory is none
 * @offset: bytes from its start, or from the start of the source's memory
 * @addr: where that start is mapped
 * @len: bytes of it
 */
struct pinbuf_heap_place {
	struct pinbuf_buf *buf;
	uint64_t offset;
	void *addr;
	size_t len;
};

/**
 * pinbuf_heap_locate() - the buffer and offset of a pointer
 * @heap: a heap
 * @ptr: any pointer, into the middle of a block too
 * @out: written on success; @out->buf is borrowed, and lives as long as the block
 *
 * A few loads, whatever the size of the heap: for registered buffers of io_uring,
 * RDMA keys, a second process.
 *
 * Context: any thread.
 * Return: 0, or -EINVAL if @ptr is not in memory of @heap.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_heap_locate(struct pinbuf_heap *heap, const void *ptr, struct pinbuf_heap_place *out);

/**
 * pinbuf_heap_trim() - give back what is empty
 * @heap: a heap
 *
 * The blocks that this thread and the heap keep at hand for quick reuse go back to
 * their pages, and all empty buffers to their source; those of other threads do
 * when they end.
 *
 * Context: any thread.
 * Return: bytes given back to the source.
 */
PINBUF_API size_t pinbuf_heap_trim(struct pinbuf_heap *heap);

PINBUF_END_DECLS

#endif /* PINBUF_HEAP_H */
