/* SPDX-License-Identifier: MIT */
/* What the files of the arena share. */
#ifndef PINBUF_ARENA_PRIVATE_H
#define PINBUF_ARENA_PRIVATE_H

#include <pinbuf/arena.h>

/* Whether a valid layout fits between @cur and @limit. */
static inline bool arena_fits(uintptr_t cur, uintptr_t limit, struct pinbuf_layout l)
{
	uintptr_t start = pinbuf_align_up(cur, l.align);

	return start + (l.size ? l.size : 1) <= limit;
}

void *pinbuf__arena_refuse(struct pinbuf_arena *a, struct pinbuf_layout l);
void pinbuf__arena_stats(const struct pinbuf_region *r, struct pinbuf_stats *st);

#endif /* PINBUF_ARENA_PRIVATE_H */
