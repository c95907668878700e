// SPDX-License-Identifier: MIT
/*
 * Reshaping without a copy.  Old and new dimensions are matched from the first on in
 * groups of the same number of elements.  Within a group the old ones must lie as if
 * contiguous, whatever the group's innermost stride; then the new ones can as well.
 */
#include <string.h>

#include "tensor.h"

/* -1 among the lengths becomes what is left. */
static int infer(const struct pinbuf_tensor *t, unsigned int rank, const ptrdiff_t *shape,
		 ptrdiff_t *full)
{
	size_t nr = pinbuf_tensor_length(t), known = 1;
	unsigned int d, open = rank;

	if (rank > PINBUF_TENSOR_RANK)
		return tensor_refuse(EINVAL, "a tensor of %u dimensions cannot be: %d are the most",
				     rank, PINBUF_TENSOR_RANK);
	for (d = 0; d < rank; d++) {
		full[d] = shape[d];
		if (shape[d] == -1 && open == rank)
			open = d;
		else if (shape[d] < 0)
			return tensor_refuse(EINVAL, "dimension %u cannot have the length %td: one may be -1",
					     d, shape[d]);
		else if (__builtin_mul_overflow(known, (size_t)shape[d], &known))
			return tensor_refuse(EINVAL, "the lengths multiply to more than there are addresses");
	}
	if (open < rank && known && !(nr % known)) {
		full[open] = (ptrdiff_t)(nr / known);
		known = nr;
	}
	if (known != nr || (open < rank && full[open] < 0))
		return tensor_refuse(EINVAL, "%zu elements cannot be given a shape of %zu", nr, known);
	return 0;
}

/* The old dimensions that are longer than 1: the others' strides are never used. */
static void pack(struct pinbuf_tensor *old)
{
	unsigned int d, to = 0;

	for (d = 0; d < old->rank; d++) {
		if (old->shape[d] == 1)
			continue;
		old->shape[to] = old->shape[d];
		old->strides[to++] = old->strides[d];
	}
	old->rank = to;
}

/* Strides for dimensions @first to @last of @n, which end with @stride. */
static void fill(struct pinbuf_tensor *n, unsigned int first, unsigned int last, ptrdiff_t stride)
{
	unsigned int d;

	for (d = last; d-- > first;) {
		n->strides[d] = stride;
		stride *= n->shape[d];
	}
}

/* Whether @n can have strides that give the elements of @old, which has some. */
static bool match(struct pinbuf_tensor *n, const struct pinbuf_tensor *old)
{
	unsigned int o = 0, o_end, d = 0, d_end, k;
	ptrdiff_t has, wants;

	while (o < old->rank) {
		has = old->shape[o];
		o_end = o + 1;
		wants = d < n->rank ? n->shape[d] : 1;
		d_end = d + 1;
		while (has != wants) {
			if (has < wants)
				has *= old->shape[o_end++];
			else
				wants *= n->shape[d_end++];
		}
		for (k = o; k + 1 < o_end; k++)
			if (old->strides[k] != old->strides[k + 1] * old->shape[k + 1])
				return false;
		fill(n, d, d_end, old->strides[o_end - 1]);
		o = o_end;
		d = d_end;
	}
	fill(n, d, n->rank, 1);	/* of length 1 all */
	return true;
}

int pinbuf_tensor_reshape(struct pinbuf_tensor *v, const struct pinbuf_tensor *t,
			  enum pinbuf_view mode, unsigned int rank, const ptrdiff_t *shape)
{
	ptrdiff_t full[PINBUF_TENSOR_RANK];
	struct pinbuf_tensor n, old = *t;
	int ret = infer(t, rank, shape, full);

	if (!ret)
		ret = pinbuf__tensor_form(&n, t->dtype, rank, full);
	if (ret)
		return ret;
	n.data = t->data;
	n.offset = t->offset;
	n.flags = t->flags;
	pack(&old);
	if (pinbuf_tensor_length(t) && !match(&n, &old))
		return tensor_refuse(EOPNOTSUPP, "the elements do not lie so that strides alone give this shape: take pinbuf_tensor_contiguous() of it first");
	return pinbuf__tensor_publish(v, &n, t, mode);
}
