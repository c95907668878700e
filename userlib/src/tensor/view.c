// SPDX-License-Identifier: MIT
/*
 * Views: each is the parent's struct with other numbers in it.  The numbers come first
 * and are all checked; the reference to the memory comes last, so a refusal leaves
 * nothing to undo.
 */
#include <string.h>

#include "tensor.h"

struct pinbuf_shared *pinbuf__tensor_hold(const struct pinbuf_tensor *t)
{
	if (pinbuf__tensor_live(t))
		return NULL;
	return t->bytes ? pinbuf_shared_get(t->bytes) : pinbuf_weak_lock(t->parent);
}

int pinbuf__tensor_publish(struct pinbuf_tensor *v, struct pinbuf_tensor *n,
			   const struct pinbuf_tensor *t, enum pinbuf_view mode)
{
	struct pinbuf_shared *held;

	if (mode != PINBUF_VIEW_KEEP && mode != PINBUF_VIEW_BORROW)
		return tensor_refuse(EINVAL, "a view is PINBUF_VIEW_KEEP or PINBUF_VIEW_BORROW, not %d",
				     (int)mode);
	if (v == t)
		return tensor_refuse(EINVAL, "a view cannot be written over its parent");
	held = pinbuf__tensor_hold(t);
	if (!held)
		return -ESTALE;
	n->bytes = NULL;
	n->parent = NULL;
	if (mode == PINBUF_VIEW_KEEP) {
		n->bytes = held;
	} else {
		n->parent = pinbuf_weak_get(held);
		pinbuf_shared_put(held);
	}
	*v = *n;
	return 0;
}

static int dim_check(const struct pinbuf_tensor *t, unsigned int dim)
{
	if (dim < t->rank)
		return 0;
	return tensor_refuse(EINVAL, "there is no dimension %u in a tensor of %u", dim, t->rank);
}

int pinbuf_tensor_view(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
		       enum pinbuf_view mode)
{
	struct pinbuf_tensor n = *t;

	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_readonly(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			   enum pinbuf_view mode)
{
	struct pinbuf_tensor n = *t;

	n.flags |= PINBUF_TENSOR_READONLY;
	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_permute(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, const unsigned int *axes)
{
	struct pinbuf_tensor n = *t;
	unsigned int d, seen = 0;

	for (d = 0; d < t->rank; d++) {
		if (axes[d] >= t->rank || seen >> axes[d] & 1)
			return tensor_refuse(EINVAL, "axis %u of place %u is not one of %u, or is there twice",
					     axes[d], d, t->rank);
		seen |= 1U << axes[d];
		n.shape[d] = t->shape[axes[d]];
		n.strides[d] = t->strides[axes[d]];
	}
	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_transpose(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			    enum pinbuf_view mode)
{
	unsigned int axes[PINBUF_TENSOR_RANK], d;

	for (d = 0; d < t->rank; d++)
		axes[d] = t->rank - 1 - d;
	return pinbuf_tensor_permute(v, t, mode, axes);
}

/* The view begins @elements further on. */
static void advance(struct pinbuf_tensor *n, ptrdiff_t elements)
{
	n->offset += (size_t)elements;
	n->data += elements * (ptrdiff_t)n->element;
}

int pinbuf_tensor_slice(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			enum pinbuf_view mode, unsigned int dim, ptrdiff_t start, ptrdiff_t stop,
			ptrdiff_t step)
{
	struct pinbuf_tensor n = *t;
	int ret = dim_check(t, dim);
	ptrdiff_t len, nr = 0;
	size_t by;

	if (ret)
		return ret;
	if (!step)
		return tensor_refuse(EINVAL, "a slice cannot have a step of 0");
	len = t->shape[dim];
	if (stop == PINBUF_TO_END)
		stop = step > 0 ? len : -1;
	if (step > 0 ? start < 0 || start > len || stop < 0 || stop > len :
		       start < -1 || start >= len || stop < -1 || stop >= len)
		return tensor_refuse(ERANGE, "a slice from %td to %td by %td is outside the %td elements of dimension %u",
				     start, stop, step, len, dim);
	by = step > 0 ? (size_t)step : -(size_t)step;
	if (step > 0 && stop > start)
		nr = (ptrdiff_t)(((size_t)(stop - start) - 1) / by + 1);
	if (step < 0 && start > stop)
		nr = (ptrdiff_t)(((size_t)(start - stop) - 1) / by + 1);
	n.shape[dim] = nr;
	/* of fewer than two elements no stride is used, and a huge one might wrap */
	n.strides[dim] = nr > 1 ? t->strides[dim] * step : 1;
	if (nr)
		advance(&n, start * t->strides[dim]);
	return pinbuf__tensor_publish(v, &n, t, mode);
}

static void dim_remove(struct pinbuf_tensor *n, unsigned int dim)
{
	size_t behind = (n->rank - dim - 1) * sizeof(*n->shape);

	memmove(n->shape + dim, n->shape + dim + 1, behind);
	memmove(n->strides + dim, n->strides + dim + 1, behind);
	n->rank--;
	n->shape[n->rank] = n->strides[n->rank] = 0;
}

int pinbuf_tensor_select(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			 enum pinbuf_view mode, unsigned int dim, ptrdiff_t index)
{
	struct pinbuf_tensor n = *t;
	int ret = dim_check(t, dim);

	if (ret)
		return ret;
	if (index < 0 || index >= t->shape[dim])
		return tensor_refuse(ERANGE, "index %td of dimension %u is outside its %td elements",
				     index, dim, t->shape[dim]);
	advance(&n, index * t->strides[dim]);
	dim_remove(&n, dim);
	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_squeeze(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, unsigned int dim)
{
	struct pinbuf_tensor n = *t;
	unsigned int d;
	int ret;

	if (dim == PINBUF_ALL_DIMS) {
		for (d = n.rank; d--;)
			if (n.shape[d] == 1)
				dim_remove(&n, d);
		return pinbuf__tensor_publish(v, &n, t, mode);
	}
	ret = dim_check(t, dim);
	if (ret)
		return ret;
	if (t->shape[dim] != 1)
		return tensor_refuse(EINVAL, "dimension %u has %td elements: only those of 1 can go",
				     dim, t->shape[dim]);
	dim_remove(&n, dim);
	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_expand(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			 enum pinbuf_view mode, unsigned int dim)
{
	struct pinbuf_tensor n = *t;
	size_t behind;

	if (dim > t->rank || t->rank == PINBUF_TENSOR_RANK)
		return tensor_refuse(EINVAL, "a tensor of %u dimensions cannot have one more at %u",
				     t->rank, dim);
	behind = (t->rank - dim) * sizeof(*n.shape);
	memmove(n.shape + dim + 1, n.shape + dim, behind);
	memmove(n.strides + dim + 1, n.strides + dim, behind);
	n.shape[dim] = 1;
	n.strides[dim] = 1;
	n.rank++;
	return pinbuf__tensor_publish(v, &n, t, mode);
}

int pinbuf_tensor_broadcast(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			    enum pinbuf_view mode, unsigned int rank, const ptrdiff_t *shape)
{
	struct pinbuf_tensor n;
	unsigned int d, from;
	int ret = pinbuf__tensor_form(&n, t->dtype, rank, shape);

	if (ret)
		return ret;
	if (rank < t->rank)
		return tensor_refuse(EINVAL, "a tensor of %u dimensions cannot be broadcast to %u",
				     t->rank, rank);
	n.data = t->data;
	n.offset = t->offset;
	n.flags = t->flags;
	for (d = 0; d < rank; d++) {
		n.strides[d] = 0;
		if (d < rank - t->rank)
			continue;
		from = d - (rank - t->rank);
		if (t->shape[from] == shape[d])
			n.strides[d] = t->strides[from];
		else if (t->shape[from] != 1)
			return tensor_refuse(EINVAL, "dimension %u of %td elements cannot be broadcast to %td",
					     from, t->shape[from], shape[d]);
	}
	return pinbuf__tensor_publish(v, &n, t, mode);
}
