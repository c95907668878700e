// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the pages of a buffer come from, and where they go.
 *
 * A buffer is made of compound pages of at most PINBUF_HUGE_ORDER, each at a
 * page offset that is a multiple of its size, so that a huge one can be mapped
 * by one entry, and one multi-slot entry of the xarray finds it from any of its
 * offsets.  The first stands beside the xarray, so that a buffer of one folio has
 * no table; the tables are the xarray's nodes, and none grows with the buffer.
 *
 * Sizes go down from the largest that fits and up again at the next huge
 * boundary.  Only a page that must be had, an order 0 or what HUGE or an
 * alignment demands, may stall in reclaim or compaction, and any page's charge in
 * the reclaim of its cgroup; __GFP_RETRY_MAYFAIL and __GFP_NORETRY keep both from
 * the OOM killer.  GFP_USER carries __GFP_HARDWALL, without
 * which a cpuset would not bind.  __GFP_ZERO clears once, whether or not the
 * kernel was booted with init_on_alloc.
 *
 * finish_fault() compares folio->index with the size of the file before it maps
 * a huge entry, and the allocator leaves old values there: every folio gets its
 * offset.  Pages are not on any LRU and not movable, so nothing migrates them.
 *
 * They go by put_page() alone: a ring or a device may hold them longer than we
 * do, and the last reference frees and uncharges them, whoever has it.
 */
#include <linux/log2.h>
#include <linux/memcontrol.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "pinbuf.h"

#ifndef CONFIG_XARRAY_MULTI
#error "pinbuf needs CONFIG_TRANSPARENT_HUGEPAGE"
#endif

#define GFP_MUST	(GFP_USER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_ZERO)
#define GFP_MAY		((GFP_MUST & ~(__GFP_DIRECT_RECLAIM | __GFP_RETRY_MAYFAIL)) | __GFP_NORETRY)

/* Pages left to others, on a machine of any size. */
#define SPARE		((unsigned long)SZ_128M >> PAGE_SHIFT)

/* Huge folios looked at for one whose alignment is more than its size. */
#define ALIGN_TRIES	32

static struct page *get_pages(const struct pinbuf_want *want, gfp_t gfp, unsigned int order)
{
	if (want->node == NUMA_NO_NODE)
		return alloc_pages(gfp, order);
	if (want->flags & PINBUF_ALLOC_STRICT_NODE)
		gfp |= __GFP_THISNODE;
	return alloc_pages_node(want->node, gfp, order);
}

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
static struct page *try_folio(const struct pinbuf_want *want, unsigned int order)
{
	struct page *page = get_pages(want, GFP_MAY | __GFP_COMP, order), *probe;

	if (page || mem_cgroup_disabled())
		return page;
	probe = get_pages(want, GFP_MAY & ~(__GFP_ACCOUNT | __GFP_ZERO), order);
	if (!probe)
		return NULL;
	__free_pages(probe, order);
	return get_pages(want, GFP_MAY | __GFP_DIRECT_RECLAIM | __GFP_COMP, order);
}

/* Tries @order and below; what is not below @must has to be had. */
static struct page *get_folio(const struct pinbuf_want *want, unsigned int *order,
			      unsigned int must)
{
	struct page *page;

	for (; *order > must; --*order) {
		page = try_folio(want, *order);
		if (page)
			return page;
	}
	return get_pages(want, GFP_MUST | (*order ? __GFP_COMP : 0), *order);
}

/**
 * pinbuf_pages_store() - enter a folio in a buffer's table
 * @buf: a buffer that nobody sees yet
 * @folio: its index is its page offset, a multiple of its size
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
VISIBLE_IF_KUNIT int pinbuf_pages_store(struct pinbuf_buf *buf, struct folio *folio)
{
	XA_STATE_ORDER(xas, &buf->folios, folio->index, folio_order(folio));

	do {
		xas_lock(&xas);
		xas_store(&xas, folio);
		xas_unlock(&xas);
	} while (xas_nomem(&xas, PINBUF_GFP_TABLE));
	return xas_error(&xas);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_pages_store);

/* Gives the buffer its next folio, and notes what ALLOC tells of them. */
static int put_in(struct pinbuf_buf *buf, pgoff_t at, struct page *page)
{
	struct folio *folio = page_folio(page), *last;
	int err;

	folio->index = at;
	if (!at) {
		buf->first = folio;
		buf->node = folio_nid(folio);
		buf->extents = 1;
	} else {
		err = pinbuf_pages_store(buf, folio);
		if (err) {
			folio_put(folio);
			return err;
		}
		last = pinbuf_pages_folio(buf, at - 1);
		buf->extents += folio_pfn(last) + folio_nr_pages(last) != folio_pfn(folio);
		if (folio_nid(folio) != buf->node)
			buf->node = NUMA_NO_NODE;
	}
	buf->nr_folios++;
	buf->nr_huge += folio_order(folio) == PINBUF_HUGE_ORDER;
	pinbuf_stats_folio(folio, 1);
	return 0;
}

/*
 * A buffer smaller than its alignment: the front of a block that is as large as
 * the alignment, whose rest goes back at once.
 */
static int fill_from_block(struct pinbuf_buf *buf, const struct pinbuf_want *want)
{
	unsigned int order = get_order(want->align);
	unsigned long i, nr = buf->len >> PAGE_SHIFT;
	struct page *page = get_pages(want, GFP_MUST, order);
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

/* A huge folio at a multiple of more than its size: one in a few lies so by itself. */
static struct page *get_aligned_huge(const struct pinbuf_want *want)
{
	unsigned long mask = (want->align >> PAGE_SHIFT) - 1;
	struct page *page = NULL, *misfit, *next;
	LIST_HEAD(misfits);
	int i;

	for (i = 0; i < ALIGN_TRIES && !page; i++) {
		page = get_pages(want, GFP_MUST | __GFP_COMP, PINBUF_HUGE_ORDER);
		if (!page)
			break;
		if (page_to_pfn(page) & mask) {
			list_add(&page->lru, &misfits);
			page = NULL;
		}
	}
	list_for_each_entry_safe(misfit, next, &misfits, lru)
		put_page(misfit);
	return page;
}

static struct page *get_next(const struct pinbuf_want *want, pgoff_t at, unsigned int *order)
{
	unsigned int must = 0;

	if (want->flags & PINBUF_ALLOC_HUGE && *order == PINBUF_HUGE_ORDER)
		must = *order;
	if (!at)
		must = max_t(unsigned int, must, get_order(want->align));
	return must <= *order ? get_folio(want, order, must) : get_aligned_huge(want);
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

/*
 * Pages that stay put are lost to everybody else.  Without this a request that
 * cannot succeed, or many small ones, would drive the machine to where others'
 * allocations wake the OOM killer.  While much is free that is two loads; what
 * could be freed is counted when it is not.  MemAvailable has the free pages of
 * CMA in it, which only movable memory gets, and page cache that ends in other
 * processors' lists, where an allocation does not look before it kills: hence SPARE.
 */
static bool can_be_had(unsigned long nr)
{
	unsigned long cma = global_zone_page_state(NR_FREE_CMA_PAGES);
	unsigned long spare = min(totalram_pages() >> 5, SPARE) + cma;
	long available;

	if (global_zone_page_state(NR_FREE_PAGES) > spare + nr)
		return true;
	available = si_mem_available() + get_nr_swap_pages() - (long)spare;
	return available > 0 && nr <= available;
}

/**
 * pinbuf_pages_fill() - give a buffer its pages
 * @buf: a buffer of @want's length, without any
 * @want: what they shall be
 *
 * On failure the pages that it has got are left for pinbuf_pages_free().
 *
 * Context: may sleep; holds no lock.
 * Return: 0, -ENOMEM, or -EINTR when a fatal signal is pending.
 */
int pinbuf_pages_fill(struct pinbuf_buf *buf, const struct pinbuf_want *want)
{
	unsigned long at = 0, nr = buf->len >> PAGE_SHIFT;
	unsigned int order, cap = PINBUF_TOP_ORDER;
	struct page *page;
	int err;

	if (!can_be_had(nr))
		return -ENOMEM;
	if (want->align > buf->len && pinbuf_order_at(0, nr) < PINBUF_TOP_ORDER) {
		err = fill_from_block(buf, want);
		at = nr;
		if (err)
			return err;
	}
	for (; at < nr; at += 1UL << order) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!(at & ((1UL << PINBUF_TOP_ORDER) - 1)))
			cap = PINBUF_TOP_ORDER;
		order = min(pinbuf_order_at(at, nr - at), cap);
		page = get_next(want, at, &order);
		if (!page)
			return -ENOMEM;
		cap = min(cap, order);
		err = put_in(buf, at, page);
		if (err)
			return err;
		cond_resched();
	}
	buf->flags = flags_got(buf, want);
	return 0;
}

/**
 * pinbuf_pages_free() - drop the buffer's references to its pages
 * @buf: the buffer, complete or not
 *
 * Context: may sleep.
 */
void pinbuf_pages_free(struct pinbuf_buf *buf)
{
	struct folio *folio;
	unsigned long i;
	pgoff_t at = 0;

	for (i = 0; i < buf->nr_folios; i++) {
		folio = pinbuf_pages_folio(buf, at);
		at += folio_nr_pages(folio);
		pinbuf_stats_folio(folio, -1);
		folio_put(folio);
		cond_resched();
	}
	if (!xa_empty(&buf->folios))
		xa_destroy(&buf->folios);
}

/**
 * pinbuf_pages_extent() - the physical run that starts at a page
 * @buf: the buffer
 * @at: page offset, below its length; where a run starts, or inside one
 * @max: pages to look at
 * @first: the run's page at @at
 *
 * Context: may sleep.
 * Return: pages from @at to the end of the run, at most @max.
 */
unsigned long pinbuf_pages_extent(struct pinbuf_buf *buf, pgoff_t at, unsigned long max,
				  struct page **first)
{
	struct folio *folio = pinbuf_pages_folio(buf, at);
	unsigned long end = buf->len >> PAGE_SHIFT;
	unsigned long pfn = folio_pfn(folio) + (at - folio->index);
	unsigned long nr = folio_nr_pages(folio) - (at - folio->index);

	*first = pfn_to_page(pfn);
	while (nr < max && at + nr < end) {
		folio = pinbuf_pages_folio(buf, at + nr);
		if (folio_pfn(folio) != pfn + nr)
			break;
		nr += folio_nr_pages(folio);
		cond_resched();
	}
	return min(nr, max);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_pages_extent);

/**
 * pinbuf_pages_refs() - count what others hold
 * @buf: the buffer
 *
 * A mapping's entries hold a reference each, and a pin of a small folio counts
 * GUP_PIN_COUNTING_BIAS.
 *
 * Context: may sleep.
 * Return: references beyond the module's and the page tables', which may have
 * changed by the time that it is read.
 */
u64 pinbuf_pages_refs(struct pinbuf_buf *buf)
{
	unsigned long at, end = buf->len >> PAGE_SHIFT;
	struct folio *folio;
	u64 refs = 0;
	int others;

	for (at = 0; at < end; at += folio_nr_pages(folio)) {
		folio = pinbuf_pages_folio(buf, at);
		others = folio_ref_count(folio) - folio_mapcount(folio) - 1;
		if (others > 0 && !folio_test_large(folio))
			others = others / GUP_PIN_COUNTING_BIAS + others % GUP_PIN_COUNTING_BIAS;
		refs += max(others, 0);
		cond_resched();
	}
	return refs;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_pages_refs);
