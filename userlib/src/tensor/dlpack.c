// SPDX-License-Identifier: MIT
/*
 * DLPack, the struct by which array libraries hand memory to each other.  Going out,
 * the struct holds a view that keeps the bytes; coming in, the struct becomes the
 * shared block that views keep.  Either way the deleter is the last put.
 */
#include <stdlib.h>
#include <string.h>

#include <dlpack/dlpack.h>

#include <pinbuf/tensor_share.h>

#include "../refuse.h"
#include "tensor.h"

struct export {
	DLManagedTensor managed;
	struct pinbuf_tensor view;
	int64_t shape[PINBUF_TENSOR_RANK];
	int64_t strides[PINBUF_TENSOR_RANK];
};

static void export_delete(DLManagedTensor *m)
{
	struct export *e = m->manager_ctx;

	pinbuf_tensor_fini(&e->view);
	free(e);
}

int pinbuf_tensor_to_dlpack(const struct pinbuf_tensor *t, struct DLManagedTensor **out)
{
	const struct tensor_dtype *d = &pinbuf__dtypes[t->dtype];
	struct export *e;
	unsigned int i;
	int ret;

	if (t->flags & PINBUF_TENSOR_READONLY)
		return tensor_refuse(EPERM, "DLPack has no way to say read-only, and this tensor is: give a pinbuf_tensor_clone() of it");
	e = calloc(1, sizeof(*e));
	if (!e)
		return pinbuf__refuse_own(sizeof(*e));
	ret = pinbuf_tensor_view(&e->view, t, PINBUF_VIEW_KEEP);
	if (ret) {
		free(e);
		return ret;
	}
	for (i = 0; i < t->rank; i++) {
		e->shape[i] = t->shape[i];
		e->strides[i] = t->strides[i];
	}
	e->managed.dl_tensor = (DLTensor){
		.data = t->data, .device = { kDLCPU, 0 }, .ndim = (int)t->rank,
		.dtype = { d->code, d->bits, d->lanes },
		.shape = e->shape, .strides = e->strides,
	};
	e->managed.manager_ctx = e;
	e->managed.deleter = export_delete;
	*out = &e->managed;
	return 0;
}

static int dtype_of(const DLTensor *d)
{
	int i;

	for (i = 0; i < PINBUF_NR_DTYPES; i++)
		if (pinbuf__dtypes[i].code == d->dtype.code &&
		    pinbuf__dtypes[i].bits == d->dtype.bits &&
		    pinbuf__dtypes[i].lanes == d->dtype.lanes)
			return i;
	return tensor_refuse(EOPNOTSUPP, "DLPack's type of code %u with %u bits and %u lanes is none of pinbuf's",
			     d->dtype.code, d->dtype.bits, d->dtype.lanes);
}

static int import_check(const DLTensor *d)
{
	if (d->device.device_type != kDLCPU)
		return tensor_refuse(EOPNOTSUPP, "the tensor is on a device of DLPack's type %d, not in memory of the processor",
				     (int)d->device.device_type);
	if (d->ndim < 0)
		return tensor_refuse(EINVAL, "a tensor of %d dimensions cannot be", d->ndim);
	if (d->ndim > PINBUF_TENSOR_RANK)
		return tensor_refuse(EOPNOTSUPP, "the tensor has %d dimensions, and PINBUF_TENSOR_RANK is %d",
				     d->ndim, PINBUF_TENSOR_RANK);
	return dtype_of(d);
}

static void import_release(void *arg, void *data)
{
	DLManagedTensor *m = arg;

	(void)data;
	if (m->deleter)
		m->deleter(m);
}

/* The shape and strides of @d; its bytes are whatever they reach. */
static int import_form(struct pinbuf_tensor *n, const DLTensor *d)
{
	ptrdiff_t shape[PINBUF_TENSOR_RANK], span;
	int ret = import_check(d), i;

	if (ret < 0)
		return ret;
	for (i = 0; i < d->ndim; i++)
		shape[i] = d->shape[i];
	ret = pinbuf__tensor_form(n, (enum pinbuf_dtype)ret, (unsigned int)d->ndim, shape);
	if (ret)
		return ret;
	for (i = 0; d->strides && i < d->ndim; i++) {
		n->strides[i] = d->strides[i];
		if (__builtin_mul_overflow(n->shape[i], n->strides[i], &span) ||
		    __builtin_mul_overflow(span, (ptrdiff_t)n->element, &span))
			return tensor_refuse(EOVERFLOW, "dimension %d, %td elements %td apart, is longer than there are addresses",
					     i, n->shape[i], n->strides[i]);
	}
	n->data = (char *)d->data + d->byte_offset;
	if (pinbuf_tensor_length(n) && (!d->data || !pinbuf_is_ptr_aligned(n->data, n->element)))
		return tensor_refuse(EINVAL, "the memory at %p is not aligned to the %u of %s",
				     (void *)n->data, n->element, pinbuf_dtype_name(n->dtype));
	return 0;
}

int pinbuf_tensor_from_dlpack(struct pinbuf_tensor *t, struct DLManagedTensor *m)
{
	struct pinbuf_shared_opts o = PINBUF_SHARED_OPTS_INIT;
	struct pinbuf_tensor n;
	int ret = import_form(&n, &m->dl_tensor);

	if (ret)
		return ret;
	o.data = n.data;
	o.bytes = o.data ? pinbuf_tensor_length(&n) * n.element : 0;
	o.release = import_release;
	o.arg = m;
	ret = pinbuf_shared_wrap(&n.bytes, &o);
	if (ret)
		return ret;
	*t = n;
	return 0;
}
