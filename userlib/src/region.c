// SPDX-License-Identifier: MIT
/*
 * What every region has in common: the calls that an allocator may leave out of its
 * table, and the sums that must not wrap before they reach one.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "refuse.h"

/* What inline code reads is part of the binary interface. */
_Static_assert(offsetof(struct pinbuf_region, cur) == 0 &&
	       offsetof(struct pinbuf_region, end) == sizeof(uintptr_t) &&
	       offsetof(struct pinbuf_region, nr_allocs) == 2 * sizeof(uintptr_t), "window");
#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct pinbuf_region, ops) == 24 && sizeof(struct pinbuf_region) == 64,
	       "one cache line");
#endif

void pinbuf_region_init(struct pinbuf_region *r, const struct pinbuf_region_ops *ops,
			const char *name, unsigned int caps)
{
	memset(r, 0, sizeof(*r));
	r->ops = ops;
	r->name = name;
	r->caps = caps;
}

void *pinbuf_alloc_zeroed(struct pinbuf_region *r, struct pinbuf_layout layout)
{
	void *ptr;

	if (r->ops->alloc_zeroed)
		return r->ops->alloc_zeroed(r, layout);
	ptr = pinbuf_alloc(r, layout);
	if (ptr)
		memset(ptr, 0, layout.size);
	return ptr;
}

void *pinbuf_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
		     struct pinbuf_layout new_)
{
	void *to;

	if (!ptr)
		return pinbuf_alloc(r, new_);
	if (r->ops->realloc)
		return r->ops->realloc(r, ptr, old, new_);
	to = pinbuf_alloc(r, new_);
	if (!to)
		return NULL;
	memcpy(to, ptr, old.size < new_.size ? old.size : new_.size);
	pinbuf_dealloc(r, ptr, old);
	return to;
}

void *pinbuf_alloc_array(struct pinbuf_region *r, size_t size, size_t nr, size_t align)
{
	struct pinbuf_layout l = { .align = align };

	if (PINBUF_UNLIKELY(__builtin_mul_overflow(size, nr, &l.size))) {
		struct pinbuf_error e = {
			.kind = PINBUF_ERROR_OVERFLOW, .err = ENOMEM, .requested = SIZE_MAX,
		};

		return pinbuf_region_refuse(r, &e, "was asked for %zu objects of %zu bytes, which is more than there are addresses",
					    nr, size);
	}
	return pinbuf_alloc(r, l);
}

size_t pinbuf_usable_size(const struct pinbuf_region *r, const void *ptr,
			  struct pinbuf_layout layout)
{
	return r->ops->usable_size ? r->ops->usable_size(r, ptr, layout) : layout.size;
}

int pinbuf_region_stats(const struct pinbuf_region *r, struct pinbuf_stats *out)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };

	r->ops->stats(r, &stats);
	stats.failures = PINBUF_LOAD(&r->failures);
	stats.current_live = stats.total_allocated - stats.total_deallocated;
	return pinbuf__info_copy(out, sizeof(stats), &stats, sizeof(stats), "struct pinbuf_stats");
}
