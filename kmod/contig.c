// SPDX-License-Identifier: GPL-2.0-only
/*
 * One physical run that is longer than a huge page.
 *
 * The allocator's blocks end at a few MiB.  alloc_contig_range() makes longer ones,
 * but uncharged, of single pages, and not in every configuration.  So huge blocks
 * are taken until as many as are needed lie side by side, and the rest is given
 * back.  First come those that are free; when there are no more, memory is compacted
 * for them, which starts at one end, so what it gives tends to be side by side.
 * They are not charged while they are only looked at, and a share of the memory
 * stays free for others; those of the run are then freed one by one and taken again,
 * charged: as a rule the allocator gives what was freed last, and what it gives in
 * its place is held meanwhile.
 *
 * Runs are kept by the numbers of their blocks: the first and the last of a run
 * have its length, so a block joins the runs at its sides in a few steps, however
 * long they are.  What stands between the two is not looked at.
 *
 * Of a buffer that is gone, what was no huge block waits in lists of single pages that
 * each CPU has of its own: there one page keeps a whole block from becoming one again,
 * and no compaction takes it from there.  So where a few blocks do not make a run, these
 * lists are drained before more are taken; else a program that frees and allocates runs
 * would break new blocks each time, until there are none.
 *
 * A length that is no multiple of a huge page ends with the front of one more block,
 * which is taken again as single pages, for a compound page cannot be split.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "block.h"

/* What is not in the run is taken in vain: cleared in the end, not here. */
#define GFP_SINGLE	(PINBUF_GFP_MUST & ~__GFP_ZERO)
#define GFP_BLOCK	(GFP_SINGLE | __GFP_COMP)
#define GFP_LOOK	(PINBUF_GFP_LOOK | __GFP_COMP)
#define GFP_MAKE	(GFP_BLOCK & ~__GFP_ACCOUNT)
#define GFP_RUNS	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#define RETAKE_TRIES	16
#define ATTEMPTS	8
#define FEW		8	/* blocks, beside twice those of the run */
#define ZONES_MAX	16

/*
 * Where compaction has failed, the kernel puts it off for up to 64 calls, and then begins
 * anew with what it had passed over.
 */
#define COMPACT_TRIES	128

/* Blocks in hand, and what they shall become. */
struct gathering {
	struct pinbuf_source *src;
	struct xarray runs;		/* by block: a run's length, at both of its ends */
	struct list_head blocks;	/* uncharged */
	struct list_head run;		/* charged: those that the buffer gets */
	unsigned long nr;		/* blocks */
	unsigned long most;		/* of them */
	unsigned long need;		/* blocks that the run has */
	unsigned long align;		/* blocks, of its first */
	unsigned long first;		/* its first block */
	unsigned int tries;		/* to compact that may yet fail */
};

static unsigned long block_of(struct page *page)
{
	return page_to_pfn(page) >> PINBUF_TOP_ORDER;
}

static struct page *page_of(unsigned long block)
{
	return pfn_to_page(block << PINBUF_TOP_ORDER);
}

static unsigned long run_of(const struct xarray *runs, unsigned long block)
{
	void *len = xa_load((struct xarray *)runs, block);

	return len ? xa_to_value(len) : 0;
}

/**
 * pinbuf_runs_add() - join a block with the runs at its sides
 * @runs: runs by block; a new block is in none
 * @block: its number, not 0
 * @len: written: the length of the run that it is in now
 *
 * Return: the run's first block, or 0 without memory.
 */
VISIBLE_IF_KUNIT unsigned long pinbuf_runs_add(struct xarray *runs, unsigned long block,
					       unsigned long *len)
{
	unsigned long before = run_of(runs, block - 1), first = block - before;

	*len = before + 1 + run_of(runs, block + 1);
	if (xa_err(xa_store(runs, first, xa_mk_value(*len), GFP_RUNS)) ||
	    xa_err(xa_store(runs, first + *len - 1, xa_mk_value(*len), GFP_RUNS)))
		return 0;
	return first;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_runs_add);

/* Return: 1 when the run is there, 0 when not yet, -ENOMEM. */
static int add_block(struct gathering *g, struct page *page)
{
	unsigned long first, len;

	list_add(&page->lru, &g->blocks);
	g->nr++;
	first = pinbuf_runs_add(&g->runs, block_of(page), &len);
	if (!first)
		return -ENOMEM;
	g->first = round_up(first, g->align);
	return g->first + g->need <= first + len;
}

static struct page *get_block(struct gathering *g, gfp_t *gfp)
{
	unsigned long more = g->nr - min(g->nr, g->need);
	struct page *page;

	if (g->nr == g->most || !pinbuf_may_hold(more << PINBUF_TOP_ORDER))
		return NULL;
	page = pinbuf_block_get(g->src, *gfp, PINBUF_TOP_ORDER, PAGE_SIZE);
	if (page || g->most != ULONG_MAX)
		return page;
	*gfp = GFP_MAKE;
	for (;; g->tries--) {
		page = pinbuf_block_get(g->src, *gfp, PINBUF_TOP_ORDER, PAGE_SIZE);
		if (page || !g->tries || fatal_signal_pending(current))
			return page;
	}
}

static int gather(struct gathering *g)
{
	gfp_t gfp = GFP_LOOK;
	struct page *page;
	int ret = 0;

	while (!ret) {
		page = get_block(g, &gfp);
		if (!page)
			return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
		ret = add_block(g, page);
		cond_resched();
	}
	return ret < 0 ? ret : 0;
}

/*
 * Takes a block of the run again, charged, and as @gfp says.  What comes in its
 * place is swapped for the same uncharged, and held.
 */
static struct page *retake(struct gathering *g, struct page *block, gfp_t gfp)
{
	struct page *page;
	int i;

	list_del(&block->lru);
	__free_pages(block, PINBUF_TOP_ORDER);
	for (i = 0; i < RETAKE_TRIES; i++) {
		page = pinbuf_block_get(g->src, gfp, PINBUF_TOP_ORDER, PAGE_SIZE);
		if (!page)
			return ERR_PTR(-ENOMEM);
		if (page == block)
			return page;
		__free_pages(page, PINBUF_TOP_ORDER);
		page = pinbuf_block_get(g->src, GFP_LOOK, PINBUF_TOP_ORDER, PAGE_SIZE);
		if (page == block)
			__free_pages(page, PINBUF_TOP_ORDER);
		else if (page)
			list_add(&page->lru, &g->blocks);
	}
	return ERR_PTR(-EAGAIN);
}

static void clear(struct page *page, unsigned long nr)
{
	unsigned long i;

	if (want_init_on_alloc(GFP_SINGLE))
		return;
	for (i = 0; i < nr; i++)
		clear_highpage(page + i);
}

static int put_in(struct pinbuf_buf *buf, pgoff_t at, struct page *page)
{
	int err = pinbuf_pages_put_in(buf, at, page);

	if (!err)
		pinbuf_pages_note(buf, page_folio(page));
	return err;
}

static int put_in_tail(struct pinbuf_buf *buf, pgoff_t at, struct page *page)
{
	unsigned long i, nr = (buf->len >> PAGE_SHIFT) - at;
	int err = 0;

	clear(page, nr);
	split_page(page, PINBUF_TOP_ORDER);
	for (i = 0; i < 1UL << PINBUF_TOP_ORDER; i++) {
		if (i < nr && !err)
			err = put_in(buf, at + i, page + i);
		else
			__free_page(page + i);
	}
	return err;
}

static int retake_run(struct gathering *g, unsigned long huge)
{
	struct page *page;
	unsigned long i;

	for (i = 0; i < g->need; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		page = retake(g, page_of(g->first + i), i < huge ? GFP_BLOCK : GFP_SINGLE);
		if (IS_ERR(page))
			return PTR_ERR(page);
		list_add_tail(&page->lru, &g->run);
		cond_resched();
	}
	return 0;
}

static int put_in_run(struct pinbuf_buf *buf, struct gathering *g, unsigned long huge)
{
	struct page *page;
	unsigned long i;
	int err;

	for (i = 0; i < g->need; i++) {
		page = page_of(g->first + i);
		list_del(&page->lru);
		if (i == huge)
			return put_in_tail(buf, i << PINBUF_TOP_ORDER, page);
		clear(page, 1UL << PINBUF_TOP_ORDER);
		err = put_in(buf, i << PINBUF_TOP_ORDER, page);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static void give_back(struct list_head *blocks)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, blocks, lru) {
		list_del(&page->lru);
		__free_pages(page, PINBUF_TOP_ORDER);
		cond_resched();
	}
}

#if defined(CONFIG_CONTIG_ALLOC) && defined(CONFIG_SPARSEMEM)
/* While another block of the section stays, its memory is not unplugged. */
static bool has_neighbour(const struct gathering *g, struct page *page)
{
	return !list_is_last(&page->lru, &g->blocks) &&
	       page_to_pfn(page) >> PFN_SECTION_SHIFT ==
	       page_to_pfn(list_next_entry(page, lru)) >> PFN_SECTION_SHIFT;
}

/*
 * To isolate a page, the allocator drains all CPUs' lists of the zone.  The block stays
 * what our asking has made it: one among others of another type would not come back to
 * retake().
 */
static void drain_zone(struct page *block)
{
	unsigned long pfn = page_to_pfn(block);

	list_del(&block->lru);
	__free_pages(block, PINBUF_TOP_ORDER);
	if (!alloc_contig_range(pfn, pfn + 1, MIGRATE_UNMOVABLE, GFP_KERNEL))
		free_contig_range(pfn, 1);
}

static void drain(struct gathering *g)
{
	const struct zone *drained[ZONES_MAX];
	struct page *page, *next;
	unsigned int i, nr = 0;

	list_for_each_entry_safe(page, next, &g->blocks, lru) {
		for (i = 0; i < nr && drained[i] != page_zone(page); i++)
			;
		if (i == nr && nr < ZONES_MAX && has_neighbour(g, page)) {
			drained[nr++] = page_zone(page);
			drain_zone(page);
		}
	}
}
#else
static void drain(struct gathering *g)
{
}
#endif

static int attempt(struct pinbuf_buf *buf, struct pinbuf_source *src, bool first)
{
	u64 block = PAGE_SIZE << PINBUF_TOP_ORDER;
	unsigned long huge = buf->len >> (PAGE_SHIFT + PINBUF_TOP_ORDER);
	struct gathering g = {
		.src = src,
		.need = DIV_ROUND_UP_ULL(buf->len, block),
		.align = max_t(u64, src->want->align / block, 1),
		.tries = COMPACT_TRIES,
	};
	int err;

	g.most = first ? 2 * g.need + FEW : ULONG_MAX;
	INIT_LIST_HEAD(&g.blocks);
	INIT_LIST_HEAD(&g.run);
	xa_init(&g.runs);
	err = gather(&g);
	if (first && err == -ENOMEM) {
		drain(&g);
		err = -EAGAIN;
	}
	if (!err)
		err = retake_run(&g, huge);
	if (!err)
		err = put_in_run(buf, &g, huge);
	give_back(&g.blocks);
	give_back(&g.run);
	xa_destroy(&g.runs);
	return err;
}

/**
 * pinbuf_contig_fill() - give a buffer pages in one physical run
 * @buf: a buffer of more than PINBUF_TOP_ORDER, without pages
 * @src: where from
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EINTR when a fatal signal is pending.
 */
int pinbuf_contig_fill(struct pinbuf_buf *buf, struct pinbuf_source *src)
{
	int i, err = -EAGAIN;

	/* Again also where another task has taken a block from under our hands. */
	for (i = 0; i < ATTEMPTS && err == -EAGAIN; i++)
		err = attempt(buf, src, !i);
	return err == -EAGAIN ? -ENOMEM : err;
}
