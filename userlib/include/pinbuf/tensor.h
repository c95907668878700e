/* SPDX-License-Identifier: MIT */
/* Tensors: a shape and strides over memory. */
#ifndef PINBUF_TENSOR_H
#define PINBUF_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/dtype.h>
#include <pinbuf/managed.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

#define PINBUF_TENSOR_RANK	8	/* dimensions at most */

#define PINBUF_TENSOR_READONLY	(1U << 0)	/* nobody is given a way to write */
#define PINBUF_TENSOR_ZEROED	(1U << 1)	/* begins as zeroes; not kept */

/**
 * struct pinbuf_tensor - a tensor or a view of one, in the caller's storage
 * @data: element [0, 0, ...]
 * @rank: dimensions; 0 for a single element
 * @dtype: enum pinbuf_dtype
 * @element: bytes of an element
 * @flags: PINBUF_TENSOR_READONLY
 * @shape: elements along each dimension
 * @strides: elements from one to the next along each dimension; 0 and negative ones too
 * @offset: elements from the first byte of the memory to @data
 * @bytes: private: the memory, of which it is an owner; NULL if it borrows
 * @parent: private: the memory that it borrows
 * @reserved: 0
 *
 * Read what is not private; change nothing.  To copy it is to borrow it: use
 * pinbuf_tensor_view().  One thread at a time writes the struct; elements are as
 * other memory.
 */
struct pinbuf_tensor {
	char *data;
	unsigned int rank;
	unsigned int dtype;
	unsigned int element;
	unsigned int flags;
	ptrdiff_t shape[PINBUF_TENSOR_RANK];
	ptrdiff_t strides[PINBUF_TENSOR_RANK];
	size_t offset;
	struct pinbuf_shared *bytes;
	struct pinbuf_weak *parent;
	uint64_t reserved[4];
};

/**
 * struct pinbuf_tensor_opts - how to allocate a tensor
 * @size: sizeof(struct pinbuf_tensor_opts), so that it can grow
 * @align: bytes, a power of two, of the first element; 0 for the type's own; the
 *	type's holds if that is more
 * @flags: PINBUF_TENSOR_ZEROED
 * @reserved: 0
 */
struct pinbuf_tensor_opts {
	size_t size;
	size_t align;
	unsigned int flags;
	unsigned int reserved;
};

#define PINBUF_TENSOR_OPTS_INIT	{ sizeof(struct pinbuf_tensor_opts), 0, 0, 0 }

/**
 * pinbuf_tensor_init() - allocate a contiguous tensor
 * @t: written on success; pinbuf_tensor_fini() ends it
 * @r: where its bytes come from; outlives every owner of them
 * @dtype: type of an element
 * @rank: dimensions, 0 to PINBUF_TENSOR_RANK
 * @shape: @rank lengths, 0 or more; the last one varies fastest
 * @opts: or NULL
 *
 * Context: as pinbuf_alloc() on @r.
 * Return: 0; -EINVAL for a type, rank, length or option that cannot be; -EOVERFLOW if
 * the lengths multiply to more than there are addresses; or -errno as pinbuf_alloc().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_init(struct pinbuf_tensor *t, struct pinbuf_region *r, enum pinbuf_dtype dtype,
		       unsigned int rank, const ptrdiff_t *shape,
		       const struct pinbuf_tensor_opts *opts);

/**
 * struct pinbuf_tensor_form - how bytes that are there are to be read
 * @size: sizeof(struct pinbuf_tensor_form), so that it can grow
 * @dtype: type of an element
 * @rank: dimensions, 0 to PINBUF_TENSOR_RANK
 * @shape: @rank lengths
 * @strides: @rank distances in elements; NULL for a contiguous tensor
 * @offset: elements from the first byte to element [0, 0, ...]
 * @flags: PINBUF_TENSOR_READONLY
 * @reserved: 0
 */
struct pinbuf_tensor_form {
	size_t size;
	enum pinbuf_dtype dtype;
	unsigned int rank;
	const ptrdiff_t *shape;
	const ptrdiff_t *strides;
	size_t offset;
	unsigned int flags;
	unsigned int reserved;
};

#define PINBUF_TENSOR_FORM_INIT \
	{ sizeof(struct pinbuf_tensor_form), PINBUF_F32, 0, NULL, NULL, 0, 0, 0 }

/**
 * pinbuf_tensor_wrap() - a tensor over memory that is there
 * @t: written on success; pinbuf_tensor_fini() ends it
 * @bytes: the memory; @t becomes one more owner.  pinbuf_shared_wrap() makes it of any
 * @form: what lies in it; every element must lie within
 *
 * Context: any thread.
 * Return: 0; -EINVAL as pinbuf_tensor_init(), or if the memory is not aligned for the
 * type; -ERANGE if an element would lie outside; -EOVERFLOW.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_wrap(struct pinbuf_tensor *t, struct pinbuf_shared *bytes,
		       const struct pinbuf_tensor_form *form);

/**
 * pinbuf_tensor_fini() - end a tensor or a view
 * @t: what any of these functions wrote, or all zeroes; is all zeroes afterwards
 *
 * The bytes go when their last owner does.
 *
 * Context: any thread; as pinbuf_dealloc() for the last owner.
 */
PINBUF_API void pinbuf_tensor_fini(struct pinbuf_tensor *t);

/**
 * PINBUF_AUTO_TENSOR() - a tensor that ends with the scope
 * @name: declared: a struct pinbuf_tensor of zeroes
 */
#define PINBUF_AUTO_TENSOR(name) \
	struct pinbuf_tensor name PINBUF_CLEANUP(pinbuf_tensor_fini) = PINBUF_TENSOR_NONE

#ifdef __cplusplus
#define PINBUF_TENSOR_NONE	{}
#else
#define PINBUF_TENSOR_NONE	{ 0 }
#endif

/**
 * pinbuf_tensor_create() - as pinbuf_tensor_init(), for languages without structs of C
 * @out: written on success; pinbuf_tensor_destroy() ends it
 * @r: as pinbuf_tensor_init()
 * @dtype: as there
 * @rank: as there
 * @shape: as there
 * @opts: as there
 *
 * Return: as pinbuf_tensor_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_create(struct pinbuf_tensor **out, struct pinbuf_region *r,
			 enum pinbuf_dtype dtype, unsigned int rank, const ptrdiff_t *shape,
			 const struct pinbuf_tensor_opts *opts);

/**
 * pinbuf_tensor_destroy() - the reverse of pinbuf_tensor_create()
 * @t: what it gave, or NULL
 */
PINBUF_API void pinbuf_tensor_destroy(struct pinbuf_tensor *t);

/**
 * pinbuf_tensor_data() - where element [0, 0, ...] is
 * @t: a tensor
 *
 * Return: its address; NULL, errno ESTALE, if @t borrows and the parent has gone.
 */
PINBUF_API void *pinbuf_tensor_data(const struct pinbuf_tensor *t);

/**
 * pinbuf_tensor_length() - how many elements
 * @t: a tensor
 *
 * Return: the product of its shape.
 */
PINBUF_API size_t pinbuf_tensor_length(const struct pinbuf_tensor *t);

/**
 * pinbuf_tensor_is_contiguous() - whether its elements lie side by side, the last dimension fastest
 * @t: a tensor
 *
 * Return: true also for a tensor without elements.
 */
PINBUF_API bool pinbuf_tensor_is_contiguous(const struct pinbuf_tensor *t);

/**
 * pinbuf_tensor_is_live() - whether the memory is still there
 * @t: a tensor or a view
 *
 * Return: false only for a view that borrows and whose parent has gone.
 */
PINBUF_API bool pinbuf_tensor_is_live(const struct pinbuf_tensor *t);

/**
 * pinbuf_tensor_at() - an element by an array of indices, checked
 * @t: a tensor
 * @index: one for each dimension
 *
 * Return: its address; or NULL, errno set and pinbuf_error_last() filled: ERANGE for an
 * index outside the shape, ESTALE if @t borrows and the parent has gone.
 */
PINBUF_API PINBUF_MUST_CHECK
void *pinbuf_tensor_at(const struct pinbuf_tensor *t, const ptrdiff_t *index);

/* what PINBUF_AT() does with a wrong access: it ends the program with a sentence */
PINBUF_API PINBUF_COLD __attribute__((noreturn))
void pinbuf__tensor_wrong(const struct pinbuf_tensor *t, unsigned int dim, ptrdiff_t index);
PINBUF_API PINBUF_COLD __attribute__((noreturn))
void pinbuf__tensor_misread(const struct pinbuf_tensor *t, unsigned int rank, size_t element);

/* The data, if it can be read so. */
PINBUF_INLINE char *pinbuf__tensor_use(const struct pinbuf_tensor *t, unsigned int rank,
				       size_t element)
{
	if (PINBUF_UNLIKELY(t->rank != rank || t->element != element ||
			    (t->parent && !pinbuf_weak_is_live(t->parent))))
		pinbuf__tensor_misread(t, rank, element);
	return t->data;
}

/* An index that is inside. */
PINBUF_INLINE ptrdiff_t pinbuf__tensor_index(const struct pinbuf_tensor *t, unsigned int dim,
					     ptrdiff_t index)
{
	if (PINBUF_UNLIKELY((size_t)index >= (size_t)t->shape[dim]))
		pinbuf__tensor_wrong(t, dim, index);
	return index;
}

/* one multiply-add for each dimension; I is the index, checked or not */
#define PINBUF__RAW(t, d, i)	((ptrdiff_t)(i))
#define PINBUF__SURE(t, d, i)	pinbuf__tensor_index((t), (d), (i))
#define PINBUF__STEP(I, t, d, i)	(I(t, d, i) * (t)->strides[d])
#define PINBUF__SUM1(I, t, a)		PINBUF__STEP(I, t, 0, a)
#define PINBUF__SUM2(I, t, a, b)	(PINBUF__SUM1(I, t, a) + PINBUF__STEP(I, t, 1, b))
#define PINBUF__SUM3(I, t, a, b, c)	(PINBUF__SUM2(I, t, a, b) + PINBUF__STEP(I, t, 2, c))
#define PINBUF__SUM4(I, t, a, b, c, d)	(PINBUF__SUM3(I, t, a, b, c) + PINBUF__STEP(I, t, 3, d))
#define PINBUF__SUM5(I, t, a, b, c, d, e) \
	(PINBUF__SUM4(I, t, a, b, c, d) + PINBUF__STEP(I, t, 4, e))
#define PINBUF__SUM6(I, t, a, b, c, d, e, f) \
	(PINBUF__SUM5(I, t, a, b, c, d, e) + PINBUF__STEP(I, t, 5, f))
#define PINBUF__SUM7(I, t, a, b, c, d, e, f, g) \
	(PINBUF__SUM6(I, t, a, b, c, d, e, f) + PINBUF__STEP(I, t, 6, g))
#define PINBUF__SUM8(I, t, a, b, c, d, e, f, g, h) \
	(PINBUF__SUM7(I, t, a, b, c, d, e, f, g) + PINBUF__STEP(I, t, 7, h))
#define PINBUF__NR_(a, b, c, d, e, f, g, h, nr, ...)	nr
#define PINBUF__NR(...)		PINBUF__NR_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define PINBUF__JOIN_(a, b)	a##b
#define PINBUF__JOIN(a, b)	PINBUF__JOIN_(a, b)
#define PINBUF__SUM(I, t, ...) \
	PINBUF__JOIN(PINBUF__SUM, PINBUF__NR(__VA_ARGS__))(I, t, __VA_ARGS__)

/**
 * PINBUF_AT() - an element, checked
 * @t: pointer to a tensor; evaluated several times
 * @type: its elements' type in C
 * @...: an index for each dimension, 1 to 8 of them
 *
 * The wrong number of indices, an index outside the shape, a type of another size and a
 * view whose parent has gone end the program with a sentence on stderr.
 *
 * Return: an lvalue of @type.
 */
#define PINBUF_AT(t, type, ...)								\
	(((type *)(void *)pinbuf__tensor_use((t), PINBUF__NR(__VA_ARGS__), sizeof(type)))	\
	 [PINBUF__SUM(PINBUF__SURE, t, __VA_ARGS__)])

/**
 * PINBUF_AT_UNCHECKED() - an element, for hot paths
 * @t: pointer to a tensor; evaluated several times
 * @type: its elements' type in C
 * @...: an index for each dimension, 1 to 8 of them
 *
 * What a pointer and the strides written out by hand cost.
 *
 * Return: an lvalue of @type.
 */
#define PINBUF_AT_UNCHECKED(t, type, ...) \
	(((type *)(void *)(t)->data)[PINBUF__SUM(PINBUF__RAW, t, __VA_ARGS__)])

PINBUF_END_DECLS

#endif /* PINBUF_TENSOR_H */
