// SPDX-License-Identifier: GPL-2.0-only
/*
 * One block of pages from the page allocator, at an address that suits.
 *
 * The allocator takes a node, a zone and an order, and no address.  A bound of
 * 32 bits is a zone on most machines, one of 40 bits is none, and one of 28 lies
 * inside a zone; an alignment above a block's own size is no order.  So a block
 * that does not suit is held, that the allocator may give another, until one
 * suits or there is nothing left to be had.  What is held goes back when the
 * buffer is complete: its next block then needs no new search.
 *
 * What is held is not charged, since it is not the caller's.  So it stays below
 * HOLD_MAX, and leaves others a share of the memory.  A search looks at blocks
 * uncharged, the largest first because those are few; the one that suits is
 * freed and taken again, charged: the allocator gives what was freed last.  Not
 * so where a block waits in a list of its CPU's that only serves its own order,
 * so these orders are searched for themselves alone.
 *
 * With a bound the nodes are resolved beforehand, and those that lie wholly
 * above it are left out.  A task's policy then binds in every zone.
 */
#include <linux/cpuset.h>
#include <linux/mempolicy.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>

#include "block.h"

#define HOLD_MAX	((unsigned long)(SZ_4G >> PAGE_SHIFT))
#define HOLD_SHARE	16	/* one part in these of the memory stays free for others */

/* Blocks that others may take between our freeing and taking them. */
#define SEARCH_TRIES	65536

/* Blocks that are compacted for, where none suits as it lies. */
#define PRESS_TRIES	32

/* Zones below which a bound of so many bits is looked for first. */
#define BITS_NORMAL	33
#define BITS_DMA32	25

#ifdef CONFIG_NUMA
static bool follow_policy(struct pinbuf_nodes *nodes)
{
	const struct mempolicy *policy = current->mempolicy;

	switch (policy ? policy->mode : MPOL_LOCAL) {
	case MPOL_DEFAULT:
	case MPOL_LOCAL:
		return true;
	case MPOL_PREFERRED:
		nodes->first = first_node(policy->nodes);
		return true;
	case MPOL_BIND:
		if (nodes_intersects(policy->nodes, nodes->allowed))
			nodes_and(nodes->allowed, nodes->allowed, policy->nodes);
		if (policy->home_node != NUMA_NO_NODE)
			nodes->first = policy->home_node;
		return true;
	case MPOL_INTERLEAVE:
		nodes->turns = policy->nodes;
		nodes->turn = current->il_prev;
		return true;
	default:
		return false;
	}
}
#else
static bool follow_policy(struct pinbuf_nodes *nodes)
{
	return true;
}
#endif

/**
 * pinbuf_nodes_resolve() - where this task's pages for a buffer may come from
 * @nodes: written
 * @want: the buffer
 *
 * Return: whether that is all there is to the task's policy; if not, only the
 * cpuset is in @nodes.
 */
bool pinbuf_nodes_resolve(struct pinbuf_nodes *nodes, const struct pinbuf_want *want)
{
	bool all = true;

	nodes->first = want->node;
	nodes->turns = NODE_MASK_NONE;
	task_lock(current);
	nodes_and(nodes->allowed, cpuset_current_mems_allowed, node_states[N_MEMORY]);
	if (want->node == NUMA_NO_NODE) {
		nodes->first = numa_node_id();
		all = follow_policy(nodes);
	}
	task_unlock(current);
	return all;
}

/**
 * pinbuf_nodes_turned() - go on with the turns where others have left off
 * @turn: the node that had the last one
 * @nodes: from pinbuf_nodes_resolve()
 */
void pinbuf_nodes_turned(int turn, const struct pinbuf_nodes *nodes)
{
#ifdef CONFIG_NUMA
	if (!nodes_empty(nodes->turns))
		current->il_prev = turn;
#endif
}

/**
 * pinbuf_source_bound() - begin to take blocks for a buffer with a bound
 * @src: for pinbuf_source_fini()
 * @want: the buffer; its addr_bits is not 0
 * @nodes: storage for where they may come from
 *
 * Return: whether a node lies below the bound.
 */
bool pinbuf_source_bound(struct pinbuf_source *src, const struct pinbuf_want *want,
			 struct pinbuf_nodes *nodes)
{
	int nid;

	pinbuf_source_init(src, want, nodes);
	pinbuf_nodes_resolve(nodes, want);
	if (want->addr_bits >= 64)
		return true;
	src->bits = want->addr_bits;
	if (src->bits < BITS_DMA32)
		src->zone = GFP_DMA;
	else if (src->bits < BITS_NORMAL)
		src->zone = GFP_DMA32;
	for_each_node_mask(nid, nodes->allowed)
		if (PFN_PHYS(NODE_DATA(nid)->node_start_pfn) >> src->bits)
			node_clear(nid, nodes->allowed);
	return !nodes_empty(nodes->allowed);
}

/**
 * pinbuf_source_release() - give back what did not suit
 * @src: which may be used further
 */
void pinbuf_source_release(struct pinbuf_source *src)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &src->held, lru) {
		list_del(&page->lru);
		__free_pages(page, page_private(page));
		cond_resched();
	}
	src->nr_held = 0;
}

static void hold(struct pinbuf_source *src, struct page *page, unsigned int order)
{
	set_page_private(page, order);
	list_add(&page->lru, &src->held);
	src->nr_held += 1UL << order;
}

/**
 * pinbuf_may_hold() - may more be taken that is only looked at?
 * @nr: pages that are held
 *
 * Return: whether that leaves enough for others, and nobody wants it to end.
 */
bool pinbuf_may_hold(unsigned long nr)
{
	unsigned long free = global_zone_page_state(NR_FREE_PAGES);

	/* What CMA has free is for movable memory alone. */
	free -= min(free, global_zone_page_state(NR_FREE_CMA_PAGES));
	return nr < HOLD_MAX && !fatal_signal_pending(current) &&
	       free > totalram_pages() / HOLD_SHARE;
}

static int node_to_try(struct pinbuf_nodes *nodes)
{
	if (nodes_empty(nodes->turns))
		return nodes->first;
	nodes->turn = next_node_in(nodes->turn, nodes->turns);
	return nodes->turn;
}

static struct page *take(struct pinbuf_source *src, gfp_t gfp, unsigned int order)
{
	const struct pinbuf_want *want = src->want;

	gfp |= src->zone;
	if (want->flags & PINBUF_ALLOC_STRICT_NODE)
		gfp |= __GFP_THISNODE;
	if (src->nodes)
		return __alloc_pages(gfp, order, node_to_try(src->nodes), &src->nodes->allowed);
	if (want->node == NUMA_NO_NODE)
		return alloc_pages(gfp, order);
	return alloc_pages_node(want->node, gfp, order);
}

/**
 * pinbuf_block_suits() - does a block lie where it should?
 * @addr: physical, its first byte
 * @order: its size
 * @bits: its last byte is below 2^@bits; 0 for any
 * @align: bytes, a power of two
 *
 * Return: whether it does.
 */
VISIBLE_IF_KUNIT bool pinbuf_block_suits(u64 addr, unsigned int order, u32 bits, u64 align)
{
	u64 last = addr + (PAGE_SIZE << order) - 1;

	return !(addr & (align - 1)) && !(bits && last >> bits);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_block_suits);

static bool suits(const struct pinbuf_source *src, struct page *page, unsigned int order, u64 align)
{
	return pinbuf_block_suits(page_to_phys(page), order, src->bits, align);
}

/* Does the allocator keep free blocks of that order in lists of each CPU's own? */
static bool is_cached(unsigned int order)
{
	return order <= PAGE_ALLOC_COSTLY_ORDER || order == HPAGE_PMD_ORDER;
}

/*
 * Brings a block of @order that suits to where the allocator takes the next one from.
 * Where a larger one does, what is smaller and does not suit would still come before it.
 */
static bool locate(struct pinbuf_source *src, unsigned int order, u64 align)
{
	unsigned int o = MAX_PAGE_ORDER + 1;
	struct page *page;
	bool found = false;

	while (o-- > order) {
		if (o > order && is_cached(o))
			continue;
		for (found = false; !found && pinbuf_may_hold(src->nr_held); cond_resched()) {
			page = take(src, PINBUF_GFP_LOOK, o);
			if (!page)
				break;
			found = suits(src, page, order, align);
			if (found)
				__free_pages(page, o);
			else
				hold(src, page, o);
		}
	}
	return found;
}

/* The same block again, or what the allocator gives in its place, is held uncharged. */
static void hold_instead(struct pinbuf_source *src, struct page *page, unsigned int order,
			 u64 align)
{
	__free_pages(page, order);
	page = take(src, PINBUF_GFP_LOOK, order);
	if (!page)
		return;
	if (suits(src, page, order, align))
		__free_pages(page, order);
	else
		hold(src, page, order);
}

static struct page *search(struct pinbuf_source *src, gfp_t gfp, unsigned int order, u64 align)
{
	/* Reclaim would run for what is only held. */
	gfp_t first = src->nr_held ? gfp & ~__GFP_DIRECT_RECLAIM : gfp;
	struct page *page = take(src, first, order);
	int i;

	for (i = 0; page && !suits(src, page, order, align); i++) {
		hold_instead(src, page, order, align);
		page = i < SEARCH_TRIES && locate(src, order, align) ? take(src, gfp, order) : NULL;
	}
	return page;
}

/* Without a search, but with all that the allocator can do to make room. */
static struct page *press(struct pinbuf_source *src, gfp_t gfp, unsigned int order, u64 align)
{
	struct page *page = NULL;
	int i;

	pinbuf_source_release(src);
	for (i = 0; i < PRESS_TRIES && !fatal_signal_pending(current); i++) {
		page = take(src, gfp, order);
		if (!page || suits(src, page, order, align))
			break;
		hold(src, page, order);
		page = NULL;
	}
	return page;
}

static struct page *get_suiting(struct pinbuf_source *src, gfp_t gfp, unsigned int order, u64 align)
{
	struct page *page = search(src, gfp, order, align);
	gfp_t zone = src->zone;

	if (page || !(gfp & __GFP_DIRECT_RECLAIM))
		return page;
	/* It must be had: what is scarcer comes after what has more of it. */
	while (!page && src->bits && src->zone != GFP_DMA) {
		src->zone = src->zone ? GFP_DMA : GFP_DMA32;
		page = search(src, gfp, order, align);
	}
	src->zone = zone;
	return page ?: press(src, gfp, order, align);
}

/**
 * pinbuf_block_get() - a block of pages for a buffer
 * @src: where from; tells node and bound
 * @gfp: PINBUF_GFP_MAY or PINBUF_GFP_MUST, and how
 * @order: its size
 * @align: bytes, of its first; a power of two
 *
 * Context: may sleep.
 * Return: the block, or NULL.
 */
struct page *pinbuf_block_get(struct pinbuf_source *src, gfp_t gfp, unsigned int order, u64 align)
{
	if (likely(!src->bits && align <= PAGE_SIZE << order))
		return take(src, gfp, order);
	return get_suiting(src, gfp, order, align);
}
