/* SPDX-License-Identifier: MIT */
/* Size and alignment of a block. */
#ifndef PINBUF_LAYOUT_H
#define PINBUF_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

/**
 * struct pinbuf_layout - what a block must look like
 * @size: bytes; need not be a multiple of @align
 * @align: bytes, a power of two
 *
 * @size rounded up to @align is at most PTRDIFF_MAX.  A layout that breaks a rule
 * is refused wherever memory is asked for, so one may be written by hand.
 */
struct pinbuf_layout {
	size_t size;
	size_t align;
};

/**
 * PINBUF_LAYOUT() - the layout of a type
 * @type: a complete type
 *
 * A constant where both are.
 */
#ifdef __cplusplus
#define PINBUF_LAYOUT(type)	(pinbuf_layout{ sizeof(type), PINBUF_ALIGNOF(type) })
#else
#define PINBUF_LAYOUT(type)	((struct pinbuf_layout){ sizeof(type), PINBUF_ALIGNOF(type) })
#endif

/**
 * enum pinbuf_align - alignments with a name, in bytes
 * @PINBUF_ALIGN_DEFAULT: any scalar but long double
 * @PINBUF_ALIGN_SIMD128: SSE, NEON
 * @PINBUF_ALIGN_SIMD256: AVX
 * @PINBUF_ALIGN_SIMD512: AVX-512
 * @PINBUF_ALIGN_CACHE_LINE: no two blocks on one cache line
 * @PINBUF_ALIGN_PAGE: a page of the processor, the smallest one
 */
enum pinbuf_align {
	PINBUF_ALIGN_DEFAULT	= 8,
	PINBUF_ALIGN_SIMD128	= 16,
	PINBUF_ALIGN_SIMD256	= 32,
	PINBUF_ALIGN_SIMD512	= 64,
	PINBUF_ALIGN_CACHE_LINE	= 64,
	PINBUF_ALIGN_PAGE	= 4096,
};

/**
 * pinbuf_align_up() - the next multiple
 * @value: any unsigned value; evaluated once
 * @align: a power of two; the macro evaluates it twice
 *
 * A constant expression when both are, and a function for those who need one.
 *
 * Context: any.
 * Return: the smallest multiple of @align that is not below @value, as a size_t;
 * 0 when it would wrap.
 */
PINBUF_INLINE size_t pinbuf_align_up(size_t value, size_t align)
{
	return (value + (align - 1)) & ~(align - 1);
}
#define pinbuf_align_up(value, align) \
	(((size_t)(value) + ((size_t)(align) - 1)) & ~((size_t)(align) - 1))

/**
 * pinbuf_align_down() - the multiple before
 * @value: any unsigned value
 * @align: a power of two
 *
 * A constant expression when both are.
 *
 * Context: any.
 * Return: the greatest multiple of @align that is not above @value, as a size_t.
 */
PINBUF_INLINE size_t pinbuf_align_down(size_t value, size_t align)
{
	return value & ~(align - 1);
}
#define pinbuf_align_down(value, align)	((size_t)(value) & ~((size_t)(align) - 1))

/**
 * pinbuf_is_aligned() - whether a value is a multiple
 * @value: any unsigned value
 * @align: a power of two
 *
 * A constant expression when both are.
 *
 * Context: any.
 * Return: whether @value is a multiple of @align.
 */
PINBUF_INLINE bool pinbuf_is_aligned(size_t value, size_t align)
{
	return !(value & (align - 1));
}
#define pinbuf_is_aligned(value, align)	(!((size_t)(value) & ((size_t)(align) - 1)))

/**
 * pinbuf_is_ptr_aligned() - whether an address is a multiple
 * @ptr: any address
 * @align: bytes, a power of two
 *
 * Context: any.
 * Return: whether @ptr is a multiple of @align.
 */
PINBUF_INLINE bool pinbuf_is_ptr_aligned(const void *ptr, size_t align)
{
	return pinbuf_is_aligned((uintptr_t)ptr, align);
}

/**
 * pinbuf_is_pow2() - whether a value can be an alignment
 * @value: any value
 *
 * Context: any.
 * Return: whether @value is a power of two; 0 is none.
 */
PINBUF_INLINE bool pinbuf_is_pow2(size_t value)
{
	return value && !(value & (value - 1));
}

/**
 * pinbuf_layout_is_valid() - whether a layout keeps the rules
 * @layout: any
 *
 * Context: any.
 * Return: whether its alignment is a power of two, and its size rounded up to it
 * at most PTRDIFF_MAX.
 */
PINBUF_INLINE bool pinbuf_layout_is_valid(struct pinbuf_layout layout)
{
	return pinbuf_is_pow2(layout.align) &&
	       layout.size <= (size_t)PTRDIFF_MAX - (layout.align - 1);
}

/**
 * pinbuf_simd_align() - alignment of the widest vectors of this processor
 *
 * Context: any thread.
 * Return: bytes: 64 with AVX-512, 32 with AVX, else 16.
 */
PINBUF_API size_t pinbuf_simd_align(void);

/**
 * pinbuf_layout_new() - a checked layout
 * @out: written on success
 * @size: bytes, 0 to PTRDIFF_MAX
 * @align: bytes, a power of two
 *
 * Context: any thread.
 * Return: 0; -EINVAL if @align is not a power of two; -EOVERFLOW if @size rounded
 * up to it is more than PTRDIFF_MAX.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_layout_new(struct pinbuf_layout *out, size_t size, size_t align);

/**
 * pinbuf_layout_array() - the layout of an array
 * @out: written on success
 * @elem: one element; each is padded to its alignment, as in C
 * @nr: elements, 0 or more
 *
 * Context: any thread.
 * Return: 0; -EINVAL if @elem is no layout; -EOVERFLOW if the bytes are more than
 * PTRDIFF_MAX.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_layout_array(struct pinbuf_layout *out, struct pinbuf_layout elem, size_t nr);

/**
 * pinbuf_layout_extend() - add a field to a record
 * @out: written on success; may be @base's own storage
 * @offset: written on success: where the field begins, in bytes; may be NULL
 * @base: the record so far
 * @next: the field
 *
 * Padding goes before the field, none after it: pinbuf_layout_pad() ends a struct.
 *
 * Context: any thread.
 * Return: 0; -EINVAL if one of them is no layout; -EOVERFLOW if the bytes are more
 * than PTRDIFF_MAX.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_layout_extend(struct pinbuf_layout *out, size_t *offset, struct pinbuf_layout base,
			 struct pinbuf_layout next);

/**
 * pinbuf_layout_repeat() - a record several times
 * @out: written on success: without padding after the last one
 * @stride: written on success: bytes from one to the next; may be NULL
 * @elem: the record
 * @nr: times, 0 or more
 *
 * Context: any thread.
 * Return: 0; -EINVAL if @elem is no layout; -EOVERFLOW if the bytes are more than
 * PTRDIFF_MAX.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_layout_repeat(struct pinbuf_layout *out, size_t *stride, struct pinbuf_layout elem,
			 size_t nr);

/**
 * pinbuf_layout_pad() - end a struct
 * @layout: a valid layout
 *
 * Context: any thread.
 * Return: @layout with its size rounded up to its alignment.
 */
PINBUF_INLINE struct pinbuf_layout pinbuf_layout_pad(struct pinbuf_layout layout)
{
	layout.size = pinbuf_align_up(layout.size, layout.align);
	return layout;
}

PINBUF_END_DECLS

#endif /* PINBUF_LAYOUT_H */
