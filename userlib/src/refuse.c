// SPDX-License-Identifier: MIT
/* The sentences that regions share, each with its figures. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "refuse.h"

void *pinbuf_region_refuse(struct pinbuf_region *r, const struct pinbuf_error *facts,
			   const char *fmt, ...)
{
	struct pinbuf_error e = *facts;
	char text[sizeof(e.text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	snprintf(e.name, sizeof(e.name), "%s", r->name);
	__atomic_fetch_add(&r->failures, 1, __ATOMIC_RELAXED);
	pinbuf__error(&e, "%s '%s' %s", r->ops->type, r->name, text);
	errno = e.err;
	return NULL;
}

void *pinbuf__refuse_layout(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LAYOUT, .err = EINVAL, .requested = l.align,
	};

	if (!pinbuf_is_pow2(l.align))
		return pinbuf_region_refuse(r, &e, "was asked for the alignment %zu, which is not a power of two",
					    l.align);
	e.kind = PINBUF_ERROR_OVERFLOW;
	e.err = ENOMEM;
	e.requested = l.size;
	e.limit = PTRDIFF_MAX;
	e.limit_name = "PTRDIFF_MAX";
	return pinbuf_region_refuse(r, &e, "was asked for %zu bytes aligned to %zu, which is more than an object can have",
				    l.size, l.align);
}

void *pinbuf__refuse_exhausted(struct pinbuf_region *r, struct pinbuf_layout l,
			       const struct pinbuf__room *room, const char *advice)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_EXHAUSTED, .err = ENOMEM, .requested = l.size,
		.available = room->left, .largest_free = room->largest,
	};

	if (room->largest != room->left)
		return pinbuf_region_refuse(r, &e, "is exhausted: %zu bytes asked (aligned to %zu), %zu left of %zu, the largest block %zu; %s",
					    l.size, l.align, room->left, room->of, room->largest,
					    advice);
	return pinbuf_region_refuse(r, &e, "is exhausted: %zu bytes asked (aligned to %zu), %zu left of %zu; %s",
				    l.size, l.align, room->left, room->of, advice);
}

/* For a block that even the empty region could not give. */
void *pinbuf__refuse_size(struct pinbuf_region *r, struct pinbuf_layout l, size_t most,
			  const char *advice)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_UNSUPPORTED, .err = EOPNOTSUPP, .requested = l.size,
		.available = most,
	};

	return pinbuf_region_refuse(r, &e, "has blocks of %zu bytes, and %zu were asked; %s",
				    most, l.size, advice);
}

void *pinbuf__refuse_align(struct pinbuf_region *r, struct pinbuf_layout l, size_t most,
			   const char *advice)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_ALIGN, .err = EINVAL, .requested = l.align,
		.available = most, .limit = most,
	};

	return pinbuf_region_refuse(r, &e, "aligns to at most %zu, and %zu was asked; %s",
				    most, l.align, advice);
}

/* The library's own memory, from malloc. */
int pinbuf__refuse_own(size_t bytes)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = bytes,
	};

	return pinbuf__error(&e, "no memory for the library's own %zu bytes", bytes);
}

void pinbuf__misuse(const struct pinbuf_region *r, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "pinbuf: %s '%s': ", r->ops->type, r->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}
