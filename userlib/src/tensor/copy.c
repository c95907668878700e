// SPDX-License-Identifier: MIT
/* Copies.  The last dimension is a loop for each size of element; the others count like a clock. */
#include <string.h>

#include "tensor.h"

struct row {
	char *to;
	const char *from;
	ptrdiff_t to_step;	/* bytes */
	ptrdiff_t from_step;
	ptrdiff_t nr;
};

/* memcpy() of a constant size is one move. */
#define ROW_COPY(bytes)								\
	for (i = 0; i < r->nr; i++)						\
		memcpy(r->to + i * r->to_step, r->from + i * r->from_step, bytes)

static void row_copy(const struct row *r, unsigned int element)
{
	ptrdiff_t i;

	if (r->to_step == element && r->from_step == element) {
		memcpy(r->to, r->from, (size_t)r->nr * element);
		return;
	}
	switch (element) {
	case 1:
		ROW_COPY(1);
		break;
	case 2:
		ROW_COPY(2);
		break;
	case 4:
		ROW_COPY(4);
		break;
	case 8:
		ROW_COPY(8);
		break;
	case 16:
		ROW_COPY(16);
		break;
	default:
		ROW_COPY(32);
		break;
	}
}

static void strided_copy(const struct pinbuf_tensor *to, const struct pinbuf_tensor *from)
{
	unsigned int last = to->rank ? to->rank - 1 : 0, d;
	ptrdiff_t index[PINBUF_TENSOR_RANK] = { 0 }, size = to->element;
	struct row r = {
		.to = to->data, .from = from->data, .nr = to->rank ? to->shape[last] : 1,
		.to_step = to->strides[last] * size, .from_step = from->strides[last] * size,
	};

	for (;;) {
		row_copy(&r, to->element);
		for (d = last; d--;) {
			r.to += to->strides[d] * size;
			r.from += from->strides[d] * size;
			if (++index[d] < to->shape[d])
				break;
			r.to -= index[d] * to->strides[d] * size;
			r.from -= index[d] * from->strides[d] * size;
			index[d] = 0;
		}
		if (d == ~0U)
			return;
	}
}

/* The first and one past the last byte that a tensor with elements has. */
static void extent(const struct pinbuf_tensor *t, uintptr_t *first, uintptr_t *end)
{
	ptrdiff_t span;
	unsigned int d;

	*first = *end = (uintptr_t)t->data;
	for (d = 0; d < t->rank; d++) {
		span = (t->shape[d] - 1) * t->strides[d] * (ptrdiff_t)t->element;
		*(span < 0 ? first : end) += (uintptr_t)span;
	}
	*end += t->element;
}

static bool overlap(const struct pinbuf_tensor *a, const struct pinbuf_tensor *b)
{
	uintptr_t a_first, a_end, b_first, b_end;

	extent(a, &a_first, &a_end);
	extent(b, &b_first, &b_end);
	return a_first < b_end && b_first < a_end;
}

static int pair_check(const struct pinbuf_tensor *to, const struct pinbuf_tensor *from)
{
	if (pinbuf__tensor_live(to) || pinbuf__tensor_live(from))
		return -ESTALE;
	if (to->flags & PINBUF_TENSOR_READONLY)
		return tensor_refuse(EPERM, "the tensor to copy to is read-only");
	if (to->dtype != from->dtype || to->rank != from->rank ||
	    memcmp(to->shape, from->shape, to->rank * sizeof(*to->shape)))
		return tensor_refuse(EINVAL, "a tensor is copied to one of the same type and shape: %s of rank %u to %s of rank %u",
				     pinbuf_dtype_name(from->dtype), from->rank,
				     pinbuf_dtype_name(to->dtype), to->rank);
	return 0;
}

int pinbuf_tensor_copy(struct pinbuf_tensor *to, const struct pinbuf_tensor *from)
{
	size_t nr = pinbuf_tensor_length(to);
	int ret = pair_check(to, from);

	if (ret || !nr)
		return ret;
	if (pinbuf_tensor_is_contiguous(to) && pinbuf_tensor_is_contiguous(from)) {
		memmove(to->data, from->data, nr * to->element);
		return 0;
	}
	if (overlap(to, from))
		return tensor_refuse(EINVAL, "the tensors overlap and are not contiguous: copy by way of pinbuf_tensor_clone()");
	strided_copy(to, from);
	return 0;
}

int pinbuf_tensor_clone(struct pinbuf_tensor *out, const struct pinbuf_tensor *t,
			struct pinbuf_region *r)
{
	struct pinbuf_tensor n;
	int ret = pinbuf__tensor_live(t);

	if (!ret)
		ret = pinbuf_tensor_init(&n, r, t->dtype, t->rank, t->shape, NULL);
	if (ret)
		return ret;
	ret = pinbuf_tensor_copy(&n, t);
	if (ret) {
		pinbuf_tensor_fini(&n);
		return ret;
	}
	*out = n;
	return 0;
}

int pinbuf_tensor_contiguous(struct pinbuf_tensor *out, const struct pinbuf_tensor *t,
			     struct pinbuf_region *r)
{
	if (pinbuf_tensor_is_contiguous(t))
		return pinbuf_tensor_view(out, t, PINBUF_VIEW_KEEP);
	return pinbuf_tensor_clone(out, t, r);
}
