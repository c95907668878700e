// SPDX-License-Identifier: MIT
/*
 * The malloc family, with glibc's manners: errno is ENOMEM or EINVAL on failure and
 * left alone otherwise, free() keeps it, realloc() to 0 frees, memalign() rounds an
 * alignment up to a power of two.  A double free and a pointer that is none of ours
 * end the program.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/base.h>
#include <pinbuf/heap.h>

#include "front.h"

#define EXPORT __attribute__((visibility("default")))

/* C23, which this libc does not declare */
EXPORT void free_sized(void *ptr, size_t size);
EXPORT void free_aligned_sized(void *ptr, size_t align, size_t size);

PINBUF_COLD static void *alloc_slow(size_t size)
{
	int err = errno;
	void *ptr = pinbuf__heap_alloc(pinbuf__front_heap(size), size);

	errno = ptr ? err : ENOMEM;
	return ptr;
}

/*
 * The library's own calls are to these: the exported names may be another's, if it
 * is not the first of the program's libraries.
 */
__attribute__((always_inline))
static inline void *front_malloc(size_t size)
{
	struct heap_cache *cache = pinbuf__heap_cache;
	void *ptr;

	/* before there is a heap, no size is usual */
	if (PINBUF_LIKELY(HEAP_PEEK(&cache->heap) == pinbuf__front &&
			  size < pinbuf__front_usual && heap_cache_pop(cache, size, &ptr)))
		return ptr;
	return alloc_slow(size);
}

EXPORT void *malloc(size_t size)
{
	return front_malloc(size);
}

PINBUF_COLD static void free_slow(void *ptr)
{
	int err = errno;

	if (!ptr)
		return;
	pinbuf__heap_dealloc(pinbuf__front_owner(ptr), ptr);
	errno = err;
}

/* Whichever heap the thread's cache is of: it only takes its own heap's blocks. */
__attribute__((always_inline))
static inline void front_free(void *ptr)
{
	if (PINBUF_UNLIKELY(!heap_cache_take(pinbuf__heap_cache, ptr)))
		free_slow(ptr);
}

EXPORT void free(void *ptr)
{
	front_free(ptr);
}

EXPORT void *calloc(size_t nr, size_t size)
{
	int err = errno;
	size_t len;
	void *ptr;

	if (PINBUF_UNLIKELY(__builtin_mul_overflow(nr, size, &len))) {
		errno = ENOMEM;
		return NULL;
	}
	ptr = pinbuf__heap_zeroed(pinbuf__front_heap(len), len, HEAP_GRANULE);
	errno = ptr ? err : ENOMEM;
	return ptr;
}

/* Between the private heap and the pinned one. */
static void *realloc_across(struct pinbuf_heap *from, void *ptr, size_t size)
{
	size_t old = pinbuf__heap_usable(from, ptr);
	void *to = alloc_slow(size);

	if (!to)
		return NULL;
	memcpy(to, ptr, old < size ? old : size);
	free_slow(ptr);
	return to;
}

static void *front_realloc(void *ptr, size_t size)
{
	struct pinbuf_heap *heap;
	int err = errno;
	void *to;

	if (!ptr)
		return alloc_slow(size);
	if (!size) {
		free_slow(ptr);
		return NULL;
	}
	heap = pinbuf__front_owner(ptr);
	if (PINBUF_UNLIKELY(heap != pinbuf__front_heap(size)))
		return realloc_across(heap, ptr, size);
	to = pinbuf__heap_realloc(heap, ptr, size, HEAP_GRANULE);
	errno = to ? err : ENOMEM;
	return to;
}

EXPORT void *realloc(void *ptr, size_t size)
{
	return front_realloc(ptr, size);
}

EXPORT void *reallocarray(void *ptr, size_t nr, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(nr, size, &len)) {
		errno = ENOMEM;
		return NULL;
	}
	return front_realloc(ptr, len);
}

static void *aligned(size_t align, size_t size)
{
	struct pinbuf_heap *heap = pinbuf__front_heap(size);
	int err = errno;
	void *ptr;

	ptr = heap_alloc_aligned(heap, size, align < HEAP_GRANULE ? HEAP_GRANULE : align);
	errno = ptr ? err : ENOMEM;
	return ptr;
}

static void *front_memalign(size_t align, size_t size)
{
	if (align > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	if (align & (align - 1))
		align = (size_t)1 << (64 - __builtin_clzl(align));
	return aligned(align, size);
}

EXPORT void *memalign(size_t align, size_t size)
{
	return front_memalign(align, size);
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
	return front_memalign(align, size);
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
	int err = errno;
	void *ptr;

	if (!pinbuf_is_pow2(align) || align % sizeof(void *))
		return EINVAL;
	ptr = aligned(align, size);
	errno = err;
	if (!ptr)
		return ENOMEM;
	*out = ptr;
	return 0;
}

EXPORT void *valloc(size_t size)
{
	return aligned(HEAP_PAGE, size);
}

EXPORT void *pvalloc(size_t size)
{
	if (size > SIZE_MAX - (HEAP_PAGE - 1)) {
		errno = ENOMEM;
		return NULL;
	}
	return aligned(HEAP_PAGE, (size + HEAP_PAGE - 1) & -(size_t)HEAP_PAGE);
}

static size_t front_size(const void *ptr)
{
	return ptr ? pinbuf__heap_usable(pinbuf__front_owner(ptr), ptr) : 0;
}

EXPORT size_t malloc_usable_size(void *ptr)
{
	return front_size(ptr);
}

static void front_free_sized(void *ptr, size_t size)
{
	if (PINBUF_UNLIKELY(size > front_size(ptr) && ptr))
		pinbuf__heap_misuse(pinbuf__front_owner(ptr), ptr,
				    "is smaller than the size that it is freed with");
	front_free(ptr);
}

EXPORT void free_sized(void *ptr, size_t size)
{
	front_free_sized(ptr, size);
}

EXPORT void free_aligned_sized(void *ptr, size_t align, size_t size)
{
	if (ptr && PINBUF_UNLIKELY((uintptr_t)ptr & (align - 1)))
		pinbuf__heap_misuse(pinbuf__front_owner(ptr), ptr,
				    "does not have the alignment that it is freed with");
	front_free_sized(ptr, size);
}
