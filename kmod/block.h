/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the pages of a buffer come from: shared by the files that get them.
 */
#ifndef _PINBUF_BLOCK_H
#define _PINBUF_BLOCK_H

#include <linux/nodemask.h>

#include "pinbuf.h"

/*
 * Blocks: one that must be had may stall in reclaim and compaction, one that need
 * not takes only what is there, and of that nothing that is kept for emergencies.
 * GFP_USER carries __GFP_HARDWALL, without which a cpuset would not bind;
 * __GFP_RETRY_MAYFAIL and __GFP_NORETRY keep both from the OOM killer.
 */
#define PINBUF_GFP_MUST	(GFP_USER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_ZERO)
#define PINBUF_GFP_MAY	((PINBUF_GFP_MUST & ~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL)) | \
			 __GFP_NORETRY | __GFP_NOMEMALLOC)
/* To look where a block lies: at no cost to the cgroup, and no reclaim for it. */
#define PINBUF_GFP_LOOK	(PINBUF_GFP_MAY & ~(__GFP_ACCOUNT | __GFP_ZERO | __GFP_KSWAPD_RECLAIM))

/**
 * struct pinbuf_nodes - where pages may come from, for whoever allocates them
 * @first: node to try first
 * @turn: node that had the last turn
 * @turns: nodes that take turns instead, or none
 * @allowed: no others
 */
struct pinbuf_nodes {
	int first;
	int turn;
	nodemask_t turns;
	nodemask_t allowed;
};

/**
 * struct pinbuf_source - where a buffer's blocks come from
 * @want: the buffer
 * @nodes: where they may come from, or NULL for the task's policy
 * @zone: zone to begin with, as GFP flag
 * @bits: as want's addr_bits, or 0 where that is no bound
 * @shared: others fill the buffer too, and its folios are noted later
 * @held: blocks that do not suit; the order of each is in its page_private()
 * @nr_held: their pages
 */
struct pinbuf_source {
	const struct pinbuf_want *want;
	struct pinbuf_nodes *nodes;
	gfp_t zone;
	u32 bits;
	bool shared;
	struct list_head held;
	unsigned long nr_held;
};

/* fill.c */
int pinbuf_fill_range(struct pinbuf_buf *buf, struct pinbuf_source *src, unsigned long at,
		      unsigned long end);
bool pinbuf_can_be_had(unsigned long nr);

/* crew.c */
int pinbuf_crew_fill(struct pinbuf_buf *buf, struct pinbuf_source *src, unsigned long first);

/* contig.c */
int pinbuf_contig_fill(struct pinbuf_buf *buf, struct pinbuf_source *src);

/* block.c */
bool pinbuf_nodes_resolve(struct pinbuf_nodes *nodes, const struct pinbuf_want *want);
void pinbuf_nodes_turned(int turn, const struct pinbuf_nodes *nodes);
bool pinbuf_source_bound(struct pinbuf_source *src, const struct pinbuf_want *want,
			 struct pinbuf_nodes *nodes);
void pinbuf_source_release(struct pinbuf_source *src);
bool pinbuf_may_hold(unsigned long nr);
struct page *pinbuf_block_get(struct pinbuf_source *src, gfp_t gfp, unsigned int order, u64 align);

/**
 * pinbuf_source_init() - begin to take blocks for a buffer
 * @src: for pinbuf_source_fini()
 * @want: the buffer; without addr_bits
 * @nodes: where they may come from, or NULL for the task's policy
 */
static inline void pinbuf_source_init(struct pinbuf_source *src, const struct pinbuf_want *want,
				      struct pinbuf_nodes *nodes)
{
	src->want = want;
	src->nodes = nodes;
	src->zone = 0;
	src->bits = 0;
	src->shared = false;
	src->nr_held = 0;
	INIT_LIST_HEAD(&src->held);
}

/**
 * pinbuf_source_fini() - give back what did not suit
 * @src: from pinbuf_source_init()
 */
static inline void pinbuf_source_fini(struct pinbuf_source *src)
{
	if (!list_empty(&src->held))
		pinbuf_source_release(src);
}

#endif /* _PINBUF_BLOCK_H */
