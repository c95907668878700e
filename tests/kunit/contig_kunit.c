// SPDX-License-Identifier: GPL-2.0-only
/* Runs of blocks, buffers in one run, and pages that several CPUs have got. */
#include <linux/highmem.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "env.h"

/* The number of a block in the middle of a TiB of them, and of the last. */
#define MIDDLE		(TIB_PAGES / HUGE_PAGES / 2)
#define LAST		(TIB_PAGES / HUGE_PAGES - 1)

struct runs_case {
	const char *name;
	unsigned long blocks[8];	/* in the order of their coming, up to a 0 */
	unsigned long first;		/* of the run that the last of them is in */
	unsigned long len;
};

static const struct runs_case runs_cases[] = {
	{ "one block",			{ 7 }, 7, 1 },
	{ "the first of all",		{ 1 }, 1, 1 },
	{ "upwards",			{ 7, 8, 9 }, 7, 3 },
	{ "downwards",			{ 9, 8, 7 }, 7, 3 },
	{ "a gap",			{ 7, 9 }, 9, 1 },
	{ "a gap that is closed",	{ 7, 9, 8 }, 7, 3 },
	{ "two runs that are joined",	{ 1, 2, 3, 5, 6, 7, 4 }, 1, 7 },
	{ "joined from the middle out",	{ 4, 6, 2, 5, 3 }, 2, 5 },
	{ "another run beside",		{ 20, 21, 4, 5, 19 }, 19, 3 },
	{ "in the middle of a TiB",	{ MIDDLE, MIDDLE + 2, MIDDLE + 1 }, MIDDLE, 3 },
	{ "the last of a TiB",		{ LAST - 1, LAST }, LAST - 1, 2 },
	{ "behind a TiB",		{ LAST + 1, LAST }, LAST, 2 },
};

KUNIT_ARRAY_PARAM_DESC(runs, runs_cases, name);

static void neighbours_join(struct kunit *test)
{
	const struct runs_case *c = test->param_value;
	unsigned long first = 0, len = 0;
	struct xarray runs;
	int i;

	xa_init(&runs);
	for (i = 0; i < ARRAY_SIZE(c->blocks) && c->blocks[i]; i++)
		first = pinbuf_runs_add(&runs, c->blocks[i], &len);
	KUNIT_EXPECT_EQ(test, first, c->first);
	KUNIT_EXPECT_EQ(test, len, c->len);
	xa_destroy(&runs);
}

/* Every other block, and then those between: the run doubles at every step. */
static void a_long_run_grows_from_pieces(struct kunit *test)
{
	unsigned long i, len = 0, first = 0, wrong = 0;
	struct xarray runs;

	xa_init(&runs);
	for (i = 0; i < 4096; i += 2)
		wrong += pinbuf_runs_add(&runs, MIDDLE + i, &len) != MIDDLE + i || len != 1;
	for (i = 1; i < 4096; i += 2) {
		first = pinbuf_runs_add(&runs, MIDDLE + i, &len);
		wrong += first != MIDDLE || len != min(i + 2, 4096UL);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	xa_destroy(&runs);
}

struct contig_case {
	const char *name;
	unsigned long pages;
};

static const struct contig_case contig_cases[] = {
	{ "a page",			1 },
	{ "three pages",		3 },
	{ "four pages",			4 },
	{ "just below huge",		HUGE_PAGES - 1 },
	{ "huge",			HUGE_PAGES },
	{ "huge and a page",		HUGE_PAGES + 1 },
	{ "two huge less a page",	2 * HUGE_PAGES - 1 },
	{ "two huge",			2 * HUGE_PAGES },
	{ "eight huge and five pages",	8 * HUGE_PAGES + 5 },
};

KUNIT_ARRAY_PARAM_DESC(contig, contig_cases, name);

static struct dma_buf *contig_buf(struct kunit *test, unsigned long pages)
{
	struct pinbuf_want want = {
		.len = (u64)pages << PAGE_SHIFT,
		.align = PAGE_SIZE,
		.flags = PINBUF_ALLOC_CONTIG,
		.node = NUMA_NO_NODE,
	};

	return env_buf_as(test, &want);
}

/* What the allocator left in the pages is gone, and index and neighbours are right. */
static void contig_is_one_run(struct kunit *test)
{
	const struct contig_case *c = test->param_value;
	unsigned long at, round, apart = 0, crooked = 0, dirty = 0;
	struct dma_buf *dmabuf;
	struct pinbuf_buf *buf;
	struct folio *folio;
	void *bytes;

	for (round = 0; round < 2; round++) {
		dmabuf = contig_buf(test, c->pages);
		buf = dmabuf->priv;
		KUNIT_EXPECT_EQ(test, buf->extents, 1);
		KUNIT_EXPECT_TRUE(test, buf->flags & PINBUF_ALLOC_CONTIG);
		KUNIT_EXPECT_EQ(test, buf->nr_huge, c->pages / HUGE_PAGES);
		for (at = 0; at < c->pages; at++) {
			folio = pinbuf_pages_folio(buf, at);
			crooked += folio->index % folio_nr_pages(folio) != 0 ||
				   at - folio->index >= folio_nr_pages(folio) ||
				   folio_ref_count(folio) != 1;
			apart += page_to_pfn(env_page(dmabuf, at)) !=
				 page_to_pfn(env_page(dmabuf, 0)) + at;
			bytes = page_address(env_page(dmabuf, at));
			dirty += !!memchr_inv(bytes, 0, PAGE_SIZE);
			memset(bytes, 0xa5, PAGE_SIZE);
		}
		env_buf_put(test, dmabuf);
	}
	KUNIT_EXPECT_EQ(test, apart, 0);
	KUNIT_EXPECT_EQ(test, crooked, 0);
	KUNIT_EXPECT_EQ(test, dirty, 0);
}

/* Long enough that other CPUs help: as complete, and told as rightly, as when they do not. */
static void big_buffer_is_complete(struct kunit *test)
{
	unsigned long pages = 16 * HUGE_PAGES + 7, at, nr, runs = 0, dirty = 0, folios = 0;
	struct dma_buf *dmabuf = env_buf(test, (u64)pages << PAGE_SHIFT);
	struct pinbuf_buf *buf = dmabuf->priv;
	struct page *first;

	for (at = 0; at < pages; at += nr) {
		nr = pinbuf_pages_extent(buf, at, ULONG_MAX, &first);
		runs++;
	}
	for (at = 0; at < pages; at += folio_nr_pages(pinbuf_pages_folio(buf, at)))
		folios++;
	for (at = 0; at < pages; at++)
		dirty += !!memchr_inv(page_address(env_page(dmabuf, at)), 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, runs, buf->extents);
	KUNIT_EXPECT_EQ(test, folios, buf->nr_folios);
	KUNIT_EXPECT_EQ(test, buf->nr_huge, 16);
	KUNIT_EXPECT_EQ(test, dirty, 0);
}

/*
 * By construction: what grows with a buffer is the table of its folios, made of the
 * xarray's nodes, the table of an attachment, made of chained pages, and the runs of
 * a search, made of nodes.  A TiB takes more of them and no larger ones.
 */
static void no_allocation_grows_with_a_tebibyte(struct kunit *test)
{
	unsigned long segments = TIB_PAGES / HUGE_PAGES;
	struct sg_table table;
	struct scatterlist *sg, *next;
	unsigned long piece = 0, longest = 0;

	KUNIT_EXPECT_LE(test, sizeof(struct xa_node), SZ_64K);
	KUNIT_EXPECT_LE(test, sizeof(struct pinbuf_buf), SZ_64K);
	KUNIT_EXPECT_LE(test, SG_MAX_SINGLE_ALLOC * sizeof(struct scatterlist), SZ_64K);
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(&table, segments, PINBUF_GFP_TABLE));
	for (sg = table.sgl; sg; sg = next) {
		next = sg_next(sg);
		piece++;
		if (next == sg + 1)
			continue;
		/* and the link to the next piece */
		longest = max(longest, piece + !!next);
		piece = 0;
	}
	KUNIT_EXPECT_LE(test, longest * sizeof(struct scatterlist), SZ_64K);
	sg_free_table(&table);
}

static struct kunit_case contig_suite_cases[] = {
	KUNIT_CASE_PARAM(neighbours_join, runs_gen_params),
	KUNIT_CASE(a_long_run_grows_from_pieces),
	KUNIT_CASE_PARAM(contig_is_one_run, contig_gen_params),
	KUNIT_CASE(big_buffer_is_complete),
	KUNIT_CASE(no_allocation_grows_with_a_tebibyte),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite contig_suite = {
	.name = "pinbuf_contig",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = contig_suite_cases,
};

kunit_test_suite(contig_suite);
