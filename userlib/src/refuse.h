/* SPDX-License-Identifier: MIT */
/* How every region says no. */
#ifndef PINBUF_REFUSE_H
#define PINBUF_REFUSE_H

#include <stdbool.h>

#include <pinbuf/error.h>
#include <pinbuf/region.h>

/* what a region could still give, in bytes */
struct pinbuf__room {
	size_t left;		/* in all */
	size_t largest;		/* in one block */
	size_t of;		/* the region's size */
};

PINBUF_COLD void *pinbuf__refuse_layout(struct pinbuf_region *r, struct pinbuf_layout l);
void *pinbuf__refuse_exhausted(struct pinbuf_region *r, struct pinbuf_layout l,
			       const struct pinbuf__room *room, const char *advice);
void *pinbuf__refuse_size(struct pinbuf_region *r, struct pinbuf_layout l, size_t most,
			  const char *advice);
void *pinbuf__refuse_align(struct pinbuf_region *r, struct pinbuf_layout l, size_t most,
			   const char *advice);
int pinbuf__refuse_own(size_t bytes);

/* The first question of every slow path: whether @l cannot be, and the error is filled. */
static inline bool pinbuf__layout_refused(struct pinbuf_region *r, struct pinbuf_layout l)
{
	if (PINBUF_LIKELY(pinbuf_layout_is_valid(l)))
		return false;
	pinbuf__refuse_layout(r, l);
	return true;
}

/* the caller broke a rule that nothing can be returned for */
__attribute__((noreturn, cold, format(printf, 2, 3)))
void pinbuf__misuse(const struct pinbuf_region *r, const char *fmt, ...);

#endif /* PINBUF_REFUSE_H */
