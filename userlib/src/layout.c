// SPDX-License-Identifier: MIT
/*
 * Layouts are sums that must not wrap.  Every size here is at most PTRDIFF_MAX
 * before something is added, and what is added is at most PTRDIFF_MAX too, so one
 * addition fits a size_t and its result is compared before it is used again.
 */
#include <errno.h>

#include <pinbuf/layout.h>

#include "internal.h"

static int refuse_align(size_t align)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LAYOUT, .err = EINVAL, .requested = align,
	};

	return pinbuf__error(&e, "the alignment %zu is not a power of two", align);
}

static int refuse_size(size_t size, size_t nr)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_OVERFLOW, .err = EOVERFLOW, .requested = size,
		.limit = PTRDIFF_MAX, .limit_name = "PTRDIFF_MAX",
	};

	return pinbuf__error(&e, "a layout of %zu times %zu bytes is more than PTRDIFF_MAX", nr,
			     size);
}

static int layout_check(struct pinbuf_layout l)
{
	if (!pinbuf_is_pow2(l.align))
		return refuse_align(l.align);
	if (!pinbuf_layout_is_valid(l))
		return refuse_size(l.size, 1);
	return 0;
}

int pinbuf_layout_new(struct pinbuf_layout *out, size_t size, size_t align)
{
	struct pinbuf_layout l = { size, align };
	int ret = layout_check(l);

	if (!ret)
		*out = l;
	return ret;
}

int pinbuf_layout_array(struct pinbuf_layout *out, struct pinbuf_layout elem, size_t nr)
{
	int ret = layout_check(elem);
	size_t bytes;

	if (ret)
		return ret;
	elem = pinbuf_layout_pad(elem);
	if (__builtin_mul_overflow(elem.size, nr, &bytes))
		return refuse_size(elem.size, nr);
	return pinbuf_layout_new(out, bytes, elem.align);
}

int pinbuf_layout_extend(struct pinbuf_layout *out, size_t *offset, struct pinbuf_layout base,
			 struct pinbuf_layout next)
{
	size_t start, bytes;
	int ret = layout_check(base);

	if (!ret)
		ret = layout_check(next);
	if (ret)
		return ret;
	start = pinbuf_align_up(base.size, next.align);
	if (__builtin_add_overflow(start, next.size, &bytes))
		return refuse_size(next.size, 1);
	ret = pinbuf_layout_new(out, bytes, base.align > next.align ? base.align : next.align);
	if (!ret && offset)
		*offset = start;
	return ret;
}

int pinbuf_layout_repeat(struct pinbuf_layout *out, size_t *stride, struct pinbuf_layout elem,
			 size_t nr)
{
	struct pinbuf_layout before;
	size_t step;
	int ret = layout_check(elem);

	if (ret)
		return ret;
	step = pinbuf_layout_pad(elem).size;
	if (!nr)
		ret = pinbuf_layout_new(out, 0, elem.align);
	else
		ret = pinbuf_layout_array(&before, elem, nr - 1);
	if (!ret && nr)
		ret = pinbuf_layout_extend(out, NULL, before, elem);
	if (!ret && stride)
		*stride = step;
	return ret;
}

size_t pinbuf_simd_align(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f"))
		return PINBUF_ALIGN_SIMD512;
	if (__builtin_cpu_supports("avx"))
		return PINBUF_ALIGN_SIMD256;
#endif
	return PINBUF_ALIGN_SIMD128;
}
