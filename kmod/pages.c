// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the pages of a buffer are found again, and where they go.
 *
 * A buffer is made of compound pages ("folios") of at most PINBUF_HUGE_ORDER, each
 * at a page offset that is a multiple of its size, so that a huge one can be mapped
 * by one entry, and one multi-slot entry of the xarray finds it from any of its
 * offsets.  The first stands beside the xarray, so that a buffer of one folio has
 * no table; the tables are the xarray's nodes, and none grows with the buffer.
 *
 * finish_fault() compares folio->index with the size of the file before it maps
 * a huge entry, and the allocator leaves old values there: every folio gets its
 * offset.  Pages are not on any LRU and not movable, so nothing migrates them.
 *
 * They go by put_page() alone: a ring or a device may hold them longer than we
 * do, and the last reference frees and uncharges them, whoever has it.
 */
#include "pinbuf.h"

#ifndef CONFIG_XARRAY_MULTI
#error "pinbuf needs CONFIG_TRANSPARENT_HUGEPAGE"
#endif

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

/**
 * pinbuf_pages_put_in() - give a buffer a folio
 * @buf: a buffer that nobody sees yet
 * @at: page offset
 * @page: the folio's first page; its reference goes to the buffer, or is dropped
 *
 * Context: may sleep; several tasks may do so at once, at offsets above 0.
 * Return: 0 or -ENOMEM.
 */
int pinbuf_pages_put_in(struct pinbuf_buf *buf, pgoff_t at, struct page *page)
{
	struct folio *folio = page_folio(page);
	int err = 0;

	folio->index = at;
	if (at)
		err = pinbuf_pages_store(buf, folio);
	else
		buf->first = folio;
	if (err)
		folio_put(folio);
	else
		pinbuf_stats_folio(folio, 1);
	return err;
}

/**
 * pinbuf_pages_note() - note what ALLOC tells of a folio
 * @buf: a buffer that nobody sees yet
 * @folio: in the buffer; those before it have been noted
 */
void pinbuf_pages_note(struct pinbuf_buf *buf, struct folio *folio)
{
	struct folio *last;

	if (folio == buf->first) {
		buf->node = folio_nid(folio);
		buf->extents = 1;
	} else {
		last = pinbuf_pages_folio(buf, folio->index - 1);
		buf->extents += folio_pfn(last) + folio_nr_pages(last) != folio_pfn(folio);
		if (folio_nid(folio) != buf->node)
			buf->node = NUMA_NO_NODE;
	}
	buf->nr_folios++;
	buf->nr_huge += folio_order(folio) == PINBUF_HUGE_ORDER;
}

/**
 * pinbuf_pages_note_from() - note what ALLOC tells of all folios from one on
 * @buf: a buffer that nobody sees yet, with all of its folios
 * @at: page offset of the first that has not been noted
 *
 * Context: may sleep.
 */
void pinbuf_pages_note_from(struct pinbuf_buf *buf, unsigned long at)
{
	struct folio *folio;

	for (; at < buf->len >> PAGE_SHIFT; at += folio_nr_pages(folio)) {
		folio = pinbuf_pages_folio(buf, at);
		pinbuf_pages_note(buf, folio);
		cond_resched();
	}
}

static void drop(struct folio *folio)
{
	pinbuf_stats_folio(folio, -1);
	folio_put(folio);
	cond_resched();
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
	unsigned long at;

	if (buf->first)
		drop(buf->first);
	if (xa_empty(&buf->folios))
		return;
	xa_for_each(&buf->folios, at, folio)
		drop(folio);
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
