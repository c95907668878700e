// SPDX-License-Identifier: MIT
/*
 * A tensor is a value: shape, strides, and an owner's or a borrower's reference to the
 * bytes.  Sizes are checked once, when a tensor begins: the product of its lengths and
 * its element fits a ptrdiff_t, also when a length of 0 makes the product 0, so that no
 * sum of indices times strides wraps later.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/tensor_array.h>

#include "../refuse.h"
#include "tensor.h"

_Static_assert(offsetof(struct pinbuf_tensor, shape) == sizeof(char *) + 16 &&
	       offsetof(struct pinbuf_tensor, strides) == sizeof(char *) + 16 +
	       PINBUF_TENSOR_RANK * sizeof(ptrdiff_t), "part of the binary interface");

void pinbuf__tensor_strides(struct pinbuf_tensor *n)
{
	ptrdiff_t stride = 1;
	unsigned int d;

	for (d = n->rank; d--;) {
		n->strides[d] = stride;
		stride *= n->shape[d] ? n->shape[d] : 1;
	}
}

int pinbuf__tensor_form(struct pinbuf_tensor *n, enum pinbuf_dtype dtype, unsigned int rank,
			const ptrdiff_t *shape)
{
	ptrdiff_t bytes;
	unsigned int d;

	memset(n, 0, sizeof(*n));
	if (!pinbuf_dtype_size(dtype))
		return tensor_refuse(EINVAL, "%d is no type of elements", (int)dtype);
	if (rank > PINBUF_TENSOR_RANK)
		return tensor_refuse(EINVAL, "a tensor of %u dimensions cannot be: %d are the most",
				     rank, PINBUF_TENSOR_RANK);
	n->rank = rank;
	n->dtype = dtype;
	n->element = (unsigned int)pinbuf_dtype_size(dtype);
	bytes = n->element;
	for (d = 0; d < rank; d++) {
		if (shape[d] < 0)
			return tensor_refuse(EINVAL, "dimension %u cannot have the length %td", d,
					     shape[d]);
		n->shape[d] = shape[d];
		if (__builtin_mul_overflow(bytes, shape[d] ? shape[d] : 1, &bytes))
			return tensor_refuse(EOVERFLOW, "a tensor whose lengths multiply to more than there are addresses: dimension %u has %td elements of %u bytes",
					     d, shape[d], n->element);
	}
	pinbuf__tensor_strides(n);
	return 0;
}

size_t pinbuf_tensor_length(const struct pinbuf_tensor *t)
{
	size_t nr = 1;
	unsigned int d;

	for (d = 0; d < t->rank; d++)
		nr *= (size_t)t->shape[d];
	return nr;
}

bool pinbuf_tensor_is_contiguous(const struct pinbuf_tensor *t)
{
	ptrdiff_t stride = 1;
	unsigned int d;

	if (!pinbuf_tensor_length(t))
		return true;
	for (d = t->rank; d--;) {
		if (t->shape[d] != 1 && t->strides[d] != stride)
			return false;
		stride *= t->shape[d];
	}
	return true;
}

static int align_check(size_t align)
{
	if (!pinbuf_is_pow2(align))
		return tensor_refuse(EINVAL, "the alignment %zu is not a power of two", align);
	return 0;
}

int pinbuf_tensor_init(struct pinbuf_tensor *t, struct pinbuf_region *r, enum pinbuf_dtype dtype,
		       unsigned int rank, const ptrdiff_t *shape,
		       const struct pinbuf_tensor_opts *user)
{
	struct pinbuf_tensor_opts o = PINBUF_TENSOR_OPTS_INIT;
	struct pinbuf_layout l;
	struct pinbuf_tensor n;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_tensor_opts");

	if (!ret)
		ret = pinbuf__tensor_form(&n, dtype, rank, shape);
	if (!ret && o.align)
		ret = align_check(o.align);
	if (!ret && (o.flags & ~PINBUF_TENSOR_ZEROED || o.reserved))
		ret = tensor_refuse(EINVAL, "pinbuf_tensor_opts.flags is %#x: PINBUF_TENSOR_ZEROED is all there is",
				    o.flags);
	if (ret)
		return ret;
	l.align = pinbuf_dtype_align(dtype);
	if (o.align > l.align)
		l.align = o.align;
	l.size = pinbuf_tensor_length(&n) * n.element;
	ret = pinbuf_shared_create(&n.bytes, r, l);
	if (ret)
		return ret;
	n.data = pinbuf_shared_data(n.bytes);
	if (o.flags & PINBUF_TENSOR_ZEROED)
		memset(n.data, 0, l.size);
	*t = n;
	return 0;
}

int pinbuf__tensor_within(const struct pinbuf_tensor *n, const struct pinbuf_shared *bytes)
{
	ptrdiff_t least = 0, most = 0, span;
	size_t nr = pinbuf_shared_size(bytes) / n->element;
	unsigned int d;

	if (!pinbuf_tensor_length(n))
		return n->offset <= nr ? 0 :
			tensor_refuse(ERANGE, "the tensor begins at element %zu of %zu",
				      n->offset, nr);
	for (d = 0; d < n->rank; d++)
		if (__builtin_mul_overflow(n->shape[d] - 1, n->strides[d], &span) ||
		    __builtin_add_overflow(span < 0 ? least : most, span, span < 0 ? &least : &most))
			return tensor_refuse(EOVERFLOW, "dimension %u, %td elements %td apart, is longer than there are addresses",
					     d, n->shape[d], n->strides[d]);
	if (n->offset >= nr || (size_t)most >= nr - n->offset || (size_t)-least > n->offset)
		return tensor_refuse(ERANGE, "the tensor has elements %td to %td from element %zu on, and its memory has %zu",
				     least, most, n->offset, nr);
	return 0;
}

int pinbuf_tensor_wrap(struct pinbuf_tensor *t, struct pinbuf_shared *bytes,
		       const struct pinbuf_tensor_form *user)
{
	struct pinbuf_tensor_form f = PINBUF_TENSOR_FORM_INIT;
	struct pinbuf_tensor n;
	int ret = pinbuf__opts_copy(&f, sizeof(f), sizeof(f), user, "struct pinbuf_tensor_form");

	if (!ret)
		ret = pinbuf__tensor_form(&n, f.dtype, f.rank, f.shape);
	if (!ret && (f.flags & ~PINBUF_TENSOR_READONLY || f.reserved))
		ret = tensor_refuse(EINVAL, "pinbuf_tensor_form.flags is %#x: PINBUF_TENSOR_READONLY is all there is",
				    f.flags);
	if (ret)
		return ret;
	if (f.strides)
		memcpy(n.strides, f.strides, f.rank * sizeof(*f.strides));
	n.offset = f.offset;
	n.flags = f.flags;
	ret = pinbuf__tensor_within(&n, bytes);
	if (ret)
		return ret;
	n.data = (char *)pinbuf_shared_data(bytes) + n.offset * n.element;
	if (pinbuf_tensor_length(&n) && !pinbuf_is_ptr_aligned(n.data, n.element))
		return tensor_refuse(EINVAL, "the memory at %p is not aligned to the %u of %s",
				     (void *)n.data, n.element, pinbuf_dtype_name(f.dtype));
	n.bytes = pinbuf_shared_get(bytes);
	*t = n;
	return 0;
}

void pinbuf_tensor_fini(struct pinbuf_tensor *t)
{
	pinbuf_shared_put(t->bytes);
	pinbuf_weak_put(t->parent);
	memset(t, 0, sizeof(*t));
}

int pinbuf_tensor_create(struct pinbuf_tensor **out, struct pinbuf_region *r,
			 enum pinbuf_dtype dtype, unsigned int rank, const ptrdiff_t *shape,
			 const struct pinbuf_tensor_opts *opts)
{
	struct pinbuf_tensor *t = malloc(sizeof(*t));
	int ret;

	if (!t)
		return pinbuf__refuse_own(sizeof(*t));
	ret = pinbuf_tensor_init(t, r, dtype, rank, shape, opts);
	if (ret) {
		free(t);
		return ret;
	}
	*out = t;
	return 0;
}

void pinbuf_tensor_destroy(struct pinbuf_tensor *t)
{
	if (t)
		pinbuf_tensor_fini(t);
	free(t);
}

bool pinbuf_tensor_is_live(const struct pinbuf_tensor *t)
{
	return !t->parent || pinbuf_weak_is_live(t->parent);
}

int pinbuf__tensor_live(const struct pinbuf_tensor *t)
{
	if (pinbuf_tensor_is_live(t))
		return 0;
	return tensor_refuse(ESTALE, "the view has outlived its parent: nothing owns the memory any more; keep it (PINBUF_VIEW_KEEP), or end the view first");
}

void *pinbuf_tensor_data(const struct pinbuf_tensor *t)
{
	if (!pinbuf__tensor_live(t))
		return t->data;
	errno = ESTALE;
	return NULL;
}

void *pinbuf_tensor_at(const struct pinbuf_tensor *t, const ptrdiff_t *index)
{
	ptrdiff_t place = 0;
	unsigned int d;

	if (!pinbuf_tensor_data(t))
		return NULL;
	for (d = 0; d < t->rank; d++) {
		if ((size_t)index[d] >= (size_t)t->shape[d]) {
			errno = -tensor_refuse(ERANGE, "index %td of dimension %u is outside its %td elements",
					       index[d], d, t->shape[d]);
			return NULL;
		}
		place += index[d] * t->strides[d];
	}
	return t->data + place * t->element;
}

void pinbuf__tensor_wrong(const struct pinbuf_tensor *t, unsigned int dim, ptrdiff_t index)
{
	fprintf(stderr, "pinbuf: tensor of %s: index %td of dimension %u is outside its %td elements\n",
		pinbuf_dtype_name(t->dtype), index, dim, t->shape[dim]);
	abort();
}

void pinbuf__tensor_misread(const struct pinbuf_tensor *t, unsigned int rank, size_t element)
{
	if (pinbuf__tensor_live(t))
		fprintf(stderr, "pinbuf: %s\n", pinbuf_error_text());
	else
		fprintf(stderr, "pinbuf: a tensor of rank %u with elements of %u bytes (%s) is read with %u indices, as elements of %zu bytes\n",
			t->rank, t->element, pinbuf_dtype_name(t->dtype), rank, element);
	abort();
}

void *pinbuf__tensor_array(const struct pinbuf_tensor *t, size_t element, unsigned int rank, ...)
{
	bool same = t->element == element && t->rank == rank && pinbuf_tensor_is_contiguous(t);
	unsigned int d;
	va_list shape;

	va_start(shape, rank);
	for (d = 0; d < rank && same; d++)
		same = va_arg(shape, ptrdiff_t) == t->shape[d];
	va_end(shape);
	if (same)
		return pinbuf_tensor_data(t);
	errno = -tensor_refuse(EINVAL, "the tensor is not contiguous with that shape and elements of %zu bytes",
			       element);
	return NULL;
}
