// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which folios a buffer is made of.
 *
 * Sizes go down from the largest that fits and up again at the next huge
 * boundary.  Only a page that must be had, an order 0 or what HUGE or an
 * alignment demands, may stall in reclaim or compaction, and any page's charge in
 * the reclaim of its cgroup.  __GFP_ZERO clears once, whether or not the kernel
 * was booted with init_on_alloc.
 *
 * On failure the pages that the buffer has got are left in it, for
 * pinbuf_pages_free().
 */
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "block.h"

/* One part in these of the memory is more than the kernel's reserve and SPARE. */
#define AMPLE		8

/* Pages left to others, on a machine of any size. */
#define SPARE		((unsigned long)SZ_128M >> PAGE_SHIFT)

/* Pages from which on other CPUs help. */
#define CREW_MIN	(8UL << PINBUF_TOP_ORDER)

/**
 * pinbuf_order_at() - the largest folio for a place in a buffer
 * @at: page offset
 * @left: pages from there to the end, not 0
 *
 * Return: its order.
 */
VISIBLE_IF_KUNIT unsigned int pinbuf_order_at(unsigned long at, unsigned long left)
{
	unsigned int order = min_t(unsigned int, ilog2(left), PINBUF_TOP_ORDER);

	return at ? min_t(unsigned int, order, __ffs(at)) : order;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_order_at);

/*
 * A cgroup at its limit is full of page cache as a rule, and a charge without
 * __GFP_DIRECT_RECLAIM frees none of it.  Where the block itself is to be had,
 * stalling for its charge compacts nothing.
 */
static struct page *try_folio(struct pinbuf_source *src, unsigned int order, u64 align)
{
	struct page *page = pinbuf_block_get(src, PINBUF_GFP_MAY | __GFP_COMP, order, align);
	struct page *probe;

	if (page || mem_cgroup_disabled())
		return page;
	probe = pinbuf_block_get(src, PINBUF_GFP_MAY & ~(__GFP_ACCOUNT | __GFP_ZERO), order, align);
	if (!probe)
		return NULL;
	__free_pages(probe, order);
	return pinbuf_block_get(src, PINBUF_GFP_MAY | __GFP_DIRECT_RECLAIM | __GFP_COMP, order,
				align);
}

/* Tries *@order and below; what is not below a size that is demanded has to be had. */
static struct page *get_folio(struct pinbuf_source *src, pgoff_t at, unsigned int *order)
{
	const struct pinbuf_want *want = src->want;
	u64 align = at ? PAGE_SIZE : want->align;
	unsigned int must = 0;
	struct page *page;

	if (want->flags & PINBUF_ALLOC_HUGE && *order == PINBUF_HUGE_ORDER)
		must = *order;
	else if (want->flags & PINBUF_ALLOC_CONTIG)
		must = *order;
	else if (!at)
		must = min_t(unsigned int, *order, get_order(align));
	for (; *order > must; --*order) {
		page = try_folio(src, *order, align);
		if (page)
			return page;
	}
	return pinbuf_block_get(src, PINBUF_GFP_MUST | (*order ? __GFP_COMP : 0), *order, align);
}

static int put_in(struct pinbuf_buf *buf, pgoff_t at, struct page *page)
{
	int err = pinbuf_pages_put_in(buf, at, page);

	if (!err)
		pinbuf_pages_note(buf, page_folio(page));
	return err;
}

/*
 * A buffer smaller than its alignment, or one run of an odd length: the front of
 * a block that is large enough, whose rest goes back at once.
 */
static int fill_from_block(struct pinbuf_buf *buf, struct pinbuf_source *src)
{
	unsigned int order = get_order(max(src->want->align, buf->len));
	unsigned long i, nr = buf->len >> PAGE_SHIFT;
	struct page *page = pinbuf_block_get(src, PINBUF_GFP_MUST, order, src->want->align);
	int err = 0;

	if (!page)
		return -ENOMEM;
	split_page(page, order);
	for (i = 0; i < 1UL << order; i++) {
		if (i < nr && !err)
			err = put_in(buf, i, page + i);
		else
			__free_page(page + i);
	}
	return err;
}

/**
 * pinbuf_fill_range() - give a part of a buffer its pages
 * @buf: the buffer
 * @src: where from
 * @at: page offset, a multiple of a huge piece
 * @end: where the part ends
 *
 * Context: may sleep; several tasks may do so at once, in parts that begin above 0.
 * Return: 0, -ENOMEM, or -EINTR when a fatal signal is pending.
 */
int pinbuf_fill_range(struct pinbuf_buf *buf, struct pinbuf_source *src, unsigned long at,
		      unsigned long end)
{
	unsigned int order, cap = PINBUF_TOP_ORDER;
	struct page *page;
	int err;

	for (; at < end; at += 1UL << order) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!(at & ((1UL << PINBUF_TOP_ORDER) - 1)))
			cap = PINBUF_TOP_ORDER;
		order = min(pinbuf_order_at(at, end - at), cap);
		page = get_folio(src, at, &order);
		if (!page)
			return -ENOMEM;
		cap = min(cap, order);
		err = pinbuf_pages_put_in(buf, at, page);
		if (err)
			return err;
		if (!src->shared)
			pinbuf_pages_note(buf, page_folio(page));
		cond_resched();
	}
	return 0;
}

static int fill_from_folios(struct pinbuf_buf *buf, struct pinbuf_source *src)
{
	unsigned long nr = buf->len >> PAGE_SHIFT;
	int err;

	if (nr < CREW_MIN || src->nodes)
		return pinbuf_fill_range(buf, src, 0, nr);
	/* The first piece is the one whose alignment counts. */
	err = pinbuf_fill_range(buf, src, 0, 1UL << PINBUF_TOP_ORDER);
	return err ?: pinbuf_crew_fill(buf, src, 1UL << PINBUF_TOP_ORDER);
}

static int fill(struct pinbuf_buf *buf, struct pinbuf_source *src)
{
	unsigned long nr = buf->len >> PAGE_SHIFT;

	bool contig = src->want->flags & PINBUF_ALLOC_CONTIG;

	if (contig && nr > 1UL << PINBUF_TOP_ORDER)
		return pinbuf_contig_fill(buf, src);
	if (pinbuf_order_at(0, nr) < PINBUF_TOP_ORDER &&
	    (src->want->align > buf->len || (contig && !is_power_of_2(nr))))
		return fill_from_block(buf, src);
	return fill_from_folios(buf, src);
}

static int fill_below(struct pinbuf_buf *buf, const struct pinbuf_want *want)
{
	struct pinbuf_nodes nodes;
	struct pinbuf_source src;
	int err = -ENOMEM;

	if (pinbuf_source_bound(&src, want, &nodes))
		err = fill(buf, &src);
	pinbuf_source_fini(&src);
	return err;
}

static u32 flags_got(const struct pinbuf_buf *buf, const struct pinbuf_want *want)
{
	u32 flags = 0;

	if (buf->extents == 1)
		flags |= PINBUF_ALLOC_CONTIG;
	if (PINBUF_CAN_HUGE && buf->nr_huge == buf->len >> (PAGE_SHIFT + PINBUF_HUGE_ORDER))
		flags |= PINBUF_ALLOC_HUGE;
	if (want->node != NUMA_NO_NODE && buf->node == want->node)
		flags |= PINBUF_ALLOC_STRICT_NODE;
	return flags;
}

/**
 * pinbuf_can_be_had() - may so much be taken away from others?
 * @nr: pages
 *
 * Pages that stay put are lost to everybody else.  Without this a request that
 * cannot succeed, or many small ones, would drive the machine to where others'
 * allocations wake the OOM killer.  While much is free that is two loads; what
 * could be freed, beyond the kernel's reserve, is counted when it is not.
 * MemAvailable has the free pages of CMA in it, which only movable memory gets, and
 * page cache that ends in other processors' lists, where an allocation does not
 * look before it kills: hence SPARE.
 *
 * Return: whether they may.
 */
bool pinbuf_can_be_had(unsigned long nr)
{
	unsigned long cma = global_zone_page_state(NR_FREE_CMA_PAGES);
	unsigned long spare = min(totalram_pages() >> 5, SPARE) + cma;
	long available;

	if (global_zone_page_state(NR_FREE_PAGES) > nr + cma + totalram_pages() / AMPLE)
		return true;
	available = si_mem_available() + get_nr_swap_pages() - (long)spare;
	return available > 0 && nr <= available;
}

/**
 * pinbuf_fill() - give a buffer its pages
 * @buf: a buffer of @want's length, without any
 * @want: what they shall be
 *
 * On failure the pages that it has got are left for pinbuf_pages_free().
 *
 * Context: may sleep; holds no lock.
 * Return: 0, -ENOMEM, or -EINTR when a fatal signal is pending.
 */
int pinbuf_fill(struct pinbuf_buf *buf, const struct pinbuf_want *want)
{
	struct pinbuf_source src;
	int err;

	if (!pinbuf_can_be_had(buf->len >> PAGE_SHIFT))
		return -ENOMEM;
	if (want->addr_bits) {
		err = fill_below(buf, want);
	} else {
		pinbuf_source_init(&src, want, NULL);
		err = fill(buf, &src);
		pinbuf_source_fini(&src);
	}
	if (!err)
		buf->flags = flags_got(buf, want);
	return err;
}
