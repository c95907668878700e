/* SPDX-License-Identifier: MIT */
/*
 * The process's sums, by class.  What a region takes from a parent that is in the sums
 * itself leaves the parent's class, so a byte is counted where it is cut up last.
 * Regions of the caller's own are in none, and what they give counts where it goes.
 */
#ifndef PINBUF_PROCESS_H
#define PINBUF_PROCESS_H

#include <pinbuf/region.h>

/* @r is in the sums from now on: it takes its memory through the functions below. */
static inline void pinbuf__process_join(struct pinbuf_region *r)
{
	r->reserved[0] = 1 + (unsigned int)r->ops->klass;
}

/* @r stands before @inner: what it gives is @inner's. */
static inline void pinbuf__process_join_as(struct pinbuf_region *r,
					   const struct pinbuf_region *inner)
{
	r->reserved[0] = inner->reserved[0];
}

/* @r's memory grew, or shrank, by @bytes of @parent's; NULL: of the system's. */
void pinbuf__process_grew(const struct pinbuf_region *r, const struct pinbuf_region *parent,
			  size_t bytes);
void pinbuf__process_shrank(const struct pinbuf_region *r, const struct pinbuf_region *parent,
			    size_t bytes);

/* Memory for @r from its parent, and back: as pinbuf_alloc() and pinbuf_dealloc(). */
PINBUF_MALLOC
void *pinbuf__parent_alloc(const struct pinbuf_region *r, struct pinbuf_region *parent,
			   struct pinbuf_layout layout);
void pinbuf__parent_dealloc(const struct pinbuf_region *r, struct pinbuf_region *parent,
			    void *ptr, struct pinbuf_layout layout);

/* Pinned buffers came, or went: they are no regions. */
void pinbuf__process_pinned(uint64_t bytes);
void pinbuf__process_unpinned(uint64_t bytes);

/* every figure but the limits */
struct pinbuf_process_stats;
void pinbuf__process_sums(struct pinbuf_process_stats *st);

#endif /* PINBUF_PROCESS_H */
