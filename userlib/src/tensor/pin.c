// SPDX-License-Identifier: MIT
/*
 * A tensor at a fixed address: where it is, if its memory is pinned and it has no gaps;
 * else in a contiguous copy that is written back when the scope ends.  A reference to
 * the bytes is held meanwhile, so a view that borrows is safe inside.
 */
#include <pinbuf/tensor_share.h>

#include "tensor.h"

#define ACCESS	(PINBUF_PIN_READ | PINBUF_PIN_WRITE)

static int pin_check(const struct pinbuf_tensor *t, unsigned int access)
{
	if (!access || (access & ~ACCESS))
		return tensor_refuse(EINVAL, "an access of %#x cannot be: PINBUF_PIN_READ, PINBUF_PIN_WRITE or both",
				     access);
	if ((access & PINBUF_PIN_WRITE) && (t->flags & PINBUF_TENSOR_READONLY))
		return tensor_refuse(EPERM, "a read-only tensor is not pinned for writing");
	return 0;
}

static int staging_check(const struct pinbuf_region *staging)
{
	if (staging && (pinbuf_region_caps(staging) & PINBUF_PINNED))
		return 0;
	return tensor_refuse(EOPNOTSUPP, "the tensor is not contiguous in pinned memory, and there is no pinned region to copy it to: pass one, such as a heap on a device");
}

int pinbuf_tensor_pin(struct pinbuf_pinned *out, const struct pinbuf_tensor *t,
		      struct pinbuf_region *staging, unsigned int access)
{
	struct pinbuf_pinned p = { .access = access };
	int ret = pin_check(t, access);

	*out = p;
	if (!ret)
		ret = pinbuf_tensor_view(&p.view, t, PINBUF_VIEW_KEEP);
	if (ret)
		return ret;
	p.bytes = pinbuf_tensor_length(t) * t->element;
	p.copied = !(pinbuf_shared_caps(p.view.bytes) & PINBUF_PINNED) ||
		   !pinbuf_tensor_is_contiguous(t);
	if (p.copied) {
		ret = staging_check(staging);
		if (!ret)
			ret = pinbuf_tensor_clone(&p.copy, t, staging);
	}
	if (ret) {
		pinbuf_tensor_fini(&p.view);
		return ret;
	}
	p.ptr = p.copied ? p.copy.data : p.view.data;
	*out = p;
	return 0;
}

void pinbuf_tensor_unpin(struct pinbuf_pinned *p)
{
	if (p->copied && (p->access & PINBUF_PIN_WRITE)) {
		/* of the same type and shape, in memory of its own: cannot fail */
		int ret = pinbuf_tensor_copy(&p->view, &p->copy);

		(void)ret;
	}
	pinbuf_tensor_fini(&p->copy);
	pinbuf_tensor_fini(&p->view);
	p->copied = false;
	p->ptr = NULL;
}

int pinbuf_tensor_with_pinned(const struct pinbuf_tensor *t, struct pinbuf_region *staging,
			      unsigned int access, int (*fn)(void *ptr, size_t bytes, void *arg),
			      void *arg)
{
	struct pinbuf_pinned p;
	int ret = pinbuf_tensor_pin(&p, t, staging, access);

	if (ret)
		return ret;
	ret = fn(p.ptr, p.bytes, arg);
	pinbuf_tensor_unpin(&p);
	return ret;
}
