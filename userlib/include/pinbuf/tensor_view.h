/* SPDX-License-Identifier: MIT */
/* Other shapes over the same bytes, and copies. */
#ifndef PINBUF_TENSOR_VIEW_H
#define PINBUF_TENSOR_VIEW_H

#include <stddef.h>

#include <pinbuf/base.h>
#include <pinbuf/region.h>
#include <pinbuf/tensor.h>

PINBUF_BEGIN_DECLS

/**
 * enum pinbuf_view - what a view does about its parent's memory
 * @PINBUF_VIEW_KEEP: it is one more owner: the memory stays while the view does
 * @PINBUF_VIEW_BORROW: it is none; once the last owner has gone, its use is caught by
 *	PINBUF_AT() and every function, and by AddressSanitizer
 */
enum pinbuf_view {
	PINBUF_VIEW_KEEP,
	PINBUF_VIEW_BORROW,
};

/*
 * No view copies an element.  Each is written on success and ended by
 * pinbuf_tensor_fini(); a read-only parent has read-only views.  All return 0, -EINVAL
 * for what cannot be with pinbuf_error_last() filled, and -ESTALE if the parent itself
 * borrows and its memory has gone.
 */

/**
 * pinbuf_tensor_view() - the same tensor once more
 * @v: written on success
 * @t: the parent
 * @mode: enum pinbuf_view
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_view(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
		       enum pinbuf_view mode);

/**
 * pinbuf_tensor_readonly() - the same tensor, for those who must not write
 * @v: written on success; PINBUF_TENSOR_READONLY
 * @t: the parent
 * @mode: enum pinbuf_view
 *
 * It is kept from pinbuf_tensor_copy(), PINBUF_PIN_WRITE and DLPack; a pointer into it
 * is still a pointer.
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_readonly(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			   enum pinbuf_view mode);

/**
 * pinbuf_tensor_permute() - other dimensions first
 * @v: written on success
 * @t: the parent
 * @mode: enum pinbuf_view
 * @axes: for each dimension of @v the one of @t that it is; each once
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_permute(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, const unsigned int *axes);

/**
 * pinbuf_tensor_transpose() - the dimensions in reverse: rows become columns
 * @v: written on success
 * @t: the parent
 * @mode: enum pinbuf_view
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_transpose(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			    enum pinbuf_view mode);

#define PINBUF_TO_END	PTRDIFF_MAX	/* of pinbuf_tensor_slice(): all there is that way */

/**
 * pinbuf_tensor_slice() - a part of one dimension
 * @v: written on success; the same rank
 * @t: the parent
 * @mode: enum pinbuf_view
 * @dim: which dimension
 * @start: first index, in it; or one past the last for an empty slice forwards
 * @stop: where it ends, not included: up to the length forwards, down to -1 backwards;
 *	or PINBUF_TO_END
 * @step: from one to the next; not 0; negative ones go backwards
 *
 * Return: 0, -EINVAL, -ERANGE if @start or @stop is outside, or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_slice(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			enum pinbuf_view mode, unsigned int dim, ptrdiff_t start, ptrdiff_t stop,
			ptrdiff_t step);

/**
 * pinbuf_tensor_select() - one index of one dimension
 * @v: written on success; of a rank one less
 * @t: the parent
 * @mode: enum pinbuf_view
 * @dim: the dimension that goes
 * @index: which of it stays
 *
 * Return: 0, -EINVAL, -ERANGE if @index is outside, or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_select(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			 enum pinbuf_view mode, unsigned int dim, ptrdiff_t index);

/**
 * pinbuf_tensor_reshape() - the same elements in the same order, in another shape
 * @v: written on success
 * @t: the parent
 * @mode: enum pinbuf_view
 * @rank: dimensions, 0 to PINBUF_TENSOR_RANK
 * @shape: @rank lengths; one may be -1, for what is left
 *
 * Return: 0; -EINVAL if the number of elements is another; -EOPNOTSUPP if no strides
 * can do it, so that it takes a copy (pinbuf_tensor_contiguous()); -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_reshape(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, unsigned int rank, const ptrdiff_t *shape);

/**
 * pinbuf_tensor_broadcast() - repeat dimensions of length 1
 * @v: written on success; to write to it is to write several elements
 * @t: the parent
 * @mode: enum pinbuf_view
 * @rank: dimensions, at least the parent's
 * @shape: @rank lengths; from the last on each is the parent's, or the parent's is 1
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_broadcast(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			    enum pinbuf_view mode, unsigned int rank, const ptrdiff_t *shape);

#define PINBUF_ALL_DIMS	(~0U)	/* of pinbuf_tensor_squeeze() */

/**
 * pinbuf_tensor_squeeze() - drop a dimension of length 1
 * @v: written on success
 * @t: the parent
 * @mode: enum pinbuf_view
 * @dim: which; or PINBUF_ALL_DIMS for all that have length 1
 *
 * Return: 0, -EINVAL if the dimension is longer, or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_squeeze(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, unsigned int dim);

/**
 * pinbuf_tensor_expand() - insert a dimension of length 1
 * @v: written on success; of a rank one more
 * @t: the parent
 * @mode: enum pinbuf_view
 * @dim: where, 0 to the parent's rank
 *
 * Return: 0, -EINVAL or -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_expand(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			 enum pinbuf_view mode, unsigned int dim);

/**
 * pinbuf_tensor_copy() - copy the elements of one tensor to another
 * @to: same type and shape, not read-only; strides are its own
 * @from: same type and shape
 *
 * Return: 0; -EINVAL if they differ, or overlap without being contiguous both; -EPERM
 * if @to is read-only; -ESTALE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_copy(struct pinbuf_tensor *to, const struct pinbuf_tensor *from);

/**
 * pinbuf_tensor_clone() - a contiguous copy
 * @out: written on success; owns its bytes; not read-only
 * @t: what to copy
 * @r: where the bytes come from
 *
 * Return: 0; -ESTALE; or -errno as pinbuf_tensor_init().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_clone(struct pinbuf_tensor *out, const struct pinbuf_tensor *t,
			struct pinbuf_region *r);

/**
 * pinbuf_tensor_contiguous() - the tensor, copied only if it must be
 * @out: written on success: a view that keeps @t's bytes, or a copy
 * @t: a tensor
 * @r: where the bytes of a copy come from
 *
 * Return: as pinbuf_tensor_clone().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_tensor_contiguous(struct pinbuf_tensor *out, const struct pinbuf_tensor *t,
			     struct pinbuf_region *r);

PINBUF_END_DECLS

#endif /* PINBUF_TENSOR_VIEW_H */
