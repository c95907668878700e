/* SPDX-License-Identifier: MIT */
/* Tensors whose shape is known to the compiler. */
#ifndef PINBUF_TENSOR_ARRAY_H
#define PINBUF_TENSOR_ARRAY_H

#include <stddef.h>

#include <pinbuf/base.h>
#include <pinbuf/tensor.h>

PINBUF_BEGIN_DECLS

/* what PINBUF_TENSOR_ARRAY() calls; @rank lengths of ptrdiff_t follow */
PINBUF_API PINBUF_MUST_CHECK
void *pinbuf__tensor_array(const struct pinbuf_tensor *t, size_t element, unsigned int rank, ...);

#define PINBUF__DIMS1(a)		[a]
#define PINBUF__DIMS2(a, b)		[a][b]
#define PINBUF__DIMS3(a, b, c)		[a][b][c]
#define PINBUF__DIMS4(a, b, c, d)	[a][b][c][d]
#define PINBUF__LENS1(a)		(ptrdiff_t)(a)
#define PINBUF__LENS2(a, b)		PINBUF__LENS1(a), (ptrdiff_t)(b)
#define PINBUF__LENS3(a, b, c)		PINBUF__LENS2(a, b), (ptrdiff_t)(c)
#define PINBUF__LENS4(a, b, c, d)	PINBUF__LENS3(a, b, c), (ptrdiff_t)(d)
#define PINBUF__DIMS(...)	PINBUF__JOIN(PINBUF__DIMS, PINBUF__NR(__VA_ARGS__))(__VA_ARGS__)
#define PINBUF__LENS(...)	PINBUF__JOIN(PINBUF__LENS, PINBUF__NR(__VA_ARGS__))(__VA_ARGS__)

/**
 * PINBUF_TENSOR_ARRAY() - a tensor as an array of C
 * @t: pointer to a tensor; contiguous, of this element size and shape
 * @type: its elements' type in C
 * @...: 1 to 4 constants, its shape
 *
 * The compiler knows the shape from here on: it checks constant indices
 * (PINBUF_ARRAY_AT()) and that arrays of other shapes are not taken for this one.
 *
 * Return: a pointer to such an array, the tensor's; or NULL, errno set and
 * pinbuf_error_last() filled: EINVAL if the tensor is not so, ESTALE if it borrows and
 * the parent has gone.
 */
#define PINBUF_TENSOR_ARRAY(t, type, ...)						\
	((type (*)PINBUF__DIMS(__VA_ARGS__))						\
	 pinbuf__tensor_array((t), sizeof(type), PINBUF__NR(__VA_ARGS__), PINBUF__LENS(__VA_ARGS__)))

/* @i, if it is not a constant outside 0..@nr-1, which does not compile */
#ifdef __cplusplus
#define PINBUF__INSIDE(i, nr)	(i)
#else
#define PINBUF__IS_CONSTANT(x)								\
	(sizeof(int) == sizeof(*(8 ? ((void *)((long)(x) * 0L)) : (int *)8)))
#define PINBUF__INSIDE(i, nr)								\
	((i) + 0 * (ptrdiff_t)sizeof(char[1 - 2 *					\
		__builtin_choose_expr(PINBUF__IS_CONSTANT(i),				\
				      (i) < 0 || (i) >= (ptrdiff_t)(nr), 0)]))
#endif
#define PINBUF__COUNT(array)	(sizeof(array) / sizeof((array)[0]))
#define PINBUF__PICK1(m, a)	(m)[PINBUF__INSIDE(a, PINBUF__COUNT(m))]
#define PINBUF__PICK2(m, a, b)	PINBUF__PICK1(PINBUF__PICK1(m, a), b)
#define PINBUF__PICK3(m, a, b, c)	PINBUF__PICK1(PINBUF__PICK2(m, a, b), c)
#define PINBUF__PICK4(m, a, b, c, d)	PINBUF__PICK1(PINBUF__PICK3(m, a, b, c), d)

/**
 * PINBUF_ARRAY_AT() - an element of such an array
 * @m: what PINBUF_TENSOR_ARRAY() gave
 * @...: an index for each dimension; in C a constant one outside the shape does not
 *	compile
 *
 * Return: an lvalue.
 */
#define PINBUF_ARRAY_AT(m, ...) \
	PINBUF__JOIN(PINBUF__PICK, PINBUF__NR(__VA_ARGS__))(*(m), __VA_ARGS__)

PINBUF_END_DECLS

#endif /* PINBUF_TENSOR_ARRAY_H */
