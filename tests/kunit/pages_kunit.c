// SPDX-License-Identifier: GPL-2.0-only
/* Orders and offsets, lookups, extents, alignment, and that pages arrive zeroed. */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "env.h"

struct order_case {
	const char *name;
	unsigned long at;
	unsigned long left;
	unsigned int order;
};

static const struct order_case order_cases[] = {
	{ "one page is one page",		0, 1, 0 },
	{ "two pages are one folio",		0, 2, 1 },
	{ "three pages begin with two",		0, 3, 1 },
	{ "three pages end with one",		2, 1, 0 },
	{ "seven pages begin with four",	0, 7, 2 },
	{ "just below huge begins with half",	0, HUGE_PAGES - 1, PINBUF_HUGE_ORDER - 1 },
	{ "a huge piece is one folio",		0, HUGE_PAGES, PINBUF_HUGE_ORDER },
	{ "twice as much is no larger folio",	0, 2 * HUGE_PAGES, PINBUF_HUGE_ORDER },
	{ "the largest length is no larger",	0, PINBUF_MAX_LEN >> PAGE_SHIFT,
		PINBUF_HUGE_ORDER },
	{ "an odd offset takes one page",	1, 1000, 0 },
	{ "offset 2 takes two pages",		2, 1000, 1 },
	{ "offset 6 takes two pages",		6, 1000, 1 },
	{ "half a huge piece takes the rest",	HUGE_PAGES / 2, 2000, PINBUF_HUGE_ORDER - 1 },
	{ "after a huge piece comes another",	HUGE_PAGES, 2000, PINBUF_HUGE_ORDER },
	{ "what is left bounds it",		HUGE_PAGES, 5, 2 },
	{ "the last huge piece of a TiB",	TIB_PAGES - HUGE_PAGES, HUGE_PAGES,
		PINBUF_HUGE_ORDER },
	{ "the last page of a TiB",		TIB_PAGES - 1, 1, 0 },
	{ "a huge piece beyond a TiB",		TIB_PAGES, HUGE_PAGES, PINBUF_HUGE_ORDER },
	{ "four pages beyond a TiB",		TIB_PAGES + 4, HUGE_PAGES, 2 },
};

KUNIT_ARRAY_PARAM_DESC(order, order_cases, name);

static void order_is_the_largest_that_fits(struct kunit *test)
{
	const struct order_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->order, pinbuf_order_at(c->at, c->left));
}

struct suits_case {
	const char *name;
	u64 addr;
	unsigned int order;
	u32 bits;
	u64 align;
	bool ok;
};

static const struct suits_case suits_cases[] = {
	{ "no bound",				U64_MAX - PAGE_SIZE + 1, 0, 0, PAGE_SIZE, true },
	{ "the last page below 2^32",		SZ_4G - PAGE_SIZE, 0, 32, PAGE_SIZE, true },
	{ "the first page above it",		SZ_4G, 0, 32, PAGE_SIZE, false },
	{ "two pages across it",		SZ_4G - PAGE_SIZE, 1, 32, PAGE_SIZE, false },
	{ "a huge piece that ends there",	SZ_4G - PINBUF_HUGE_SIZE, PINBUF_HUGE_ORDER, 32,
		PAGE_SIZE, true },
	{ "a huge piece that ends behind",	SZ_4G - PINBUF_HUGE_SIZE + PAGE_SIZE,
		PINBUF_HUGE_ORDER, 32, PAGE_SIZE, false },
	{ "the last page below 2^28",		SZ_256M - PAGE_SIZE, 0, 28, PAGE_SIZE, true },
	{ "the first page above 2^40",		1ULL << 40, 0, 40, PAGE_SIZE, false },
	{ "the highest page below 2^63",	(1ULL << 63) - PAGE_SIZE, 0, 63, PAGE_SIZE, true },
	{ "the first page above 2^63",		1ULL << 63, 0, 63, PAGE_SIZE, false },
	{ "nothing below a page",		0, 0, 11, PAGE_SIZE, false },
	{ "the first page",			0, 0, 12, PAGE_SIZE, true },
	{ "aligned",				SZ_4M, 0, 0, SZ_4M, true },
	{ "half aligned",			SZ_2M, 9, 0, SZ_4M, false },
	{ "aligned above the bound",		SZ_4G, 0, 32, SZ_4M, false },
};

KUNIT_ARRAY_PARAM_DESC(suits, suits_cases, name);

static void block_suits_where_it_should_lie(struct kunit *test)
{
	const struct suits_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->ok, pinbuf_block_suits(c->addr, c->order, c->bits, c->align));
}

struct walk_case {
	const char *name;
	unsigned long pages;
	unsigned long folios;
};

static const struct walk_case walk_cases[] = {
	{ "one page",				1, 1 },
	{ "three pages",			3, 2 },
	{ "a page less than a huge piece",	HUGE_PAGES - 1, PINBUF_HUGE_ORDER },
	{ "a huge piece",			HUGE_PAGES, 1 },
	{ "a huge piece and a page",		HUGE_PAGES + 1, 2 },
	{ "a TiB",				TIB_PAGES, TIB_PAGES / HUGE_PAGES },
	{ "a TiB and three pages",		TIB_PAGES + 3, TIB_PAGES / HUGE_PAGES + 2 },
	{ "a TiB less a page",			TIB_PAGES - 1,
		TIB_PAGES / HUGE_PAGES - 1 + PINBUF_HUGE_ORDER },
};

KUNIT_ARRAY_PARAM_DESC(walk, walk_cases, name);

static void folios_tile_the_buffer(struct kunit *test)
{
	const struct walk_case *c = test->param_value;
	unsigned long at, nr, folios = 0, crooked = 0;

	for (at = 0; at < c->pages; at += nr) {
		nr = 1UL << pinbuf_order_at(at, c->pages - at);
		crooked += at % nr != 0 || nr > c->pages - at;
		folios++;
	}
	KUNIT_EXPECT_EQ(test, c->pages, at);
	KUNIT_EXPECT_EQ(test, c->folios, folios);
	KUNIT_EXPECT_EQ(test, crooked, 0);
}

static void lookup_finds_every_page(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long at, nr, folios = 0, huge = 0, wrong = 0;
	struct folio *folio;
	pgoff_t i;

	for (at = 0; at < c->pages; at += nr) {
		folio = pinbuf_pages_folio(buf, at);
		KUNIT_ASSERT_NOT_NULL(test, folio);
		nr = folio_nr_pages(folio);
		KUNIT_ASSERT_EQ(test, folio->index, at);
		KUNIT_ASSERT_LE(test, at + nr, c->pages);
		KUNIT_EXPECT_EQ(test, at % nr, 0);
		KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
		for (i = at; i < at + nr; i++)
			wrong += pinbuf_pages_folio(buf, i) != folio;
		huge += folio_order(folio) == PINBUF_HUGE_ORDER;
		folios++;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, folios, buf->nr_folios);
	KUNIT_EXPECT_EQ(test, huge, buf->nr_huge);
}

static void extents_are_the_physical_runs(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long at, nr, i, runs = 0, end = 0, apart = 0;
	struct page *first, *inside;

	for (at = 0; at < c->pages; at += nr) {
		nr = pinbuf_pages_extent(buf, at, ULONG_MAX, &first);
		KUNIT_ASSERT_GT(test, nr, 0);
		KUNIT_ASSERT_LE(test, nr, c->pages - at);
		if (at)
			KUNIT_EXPECT_NE_MSG(test, page_to_pfn(first), end, "two runs are one");
		for (i = 0; i < nr; i++)
			apart += page_to_pfn(env_page(dmabuf, at + i)) != page_to_pfn(first) + i;
		KUNIT_EXPECT_EQ(test, nr - nr / 2,
				pinbuf_pages_extent(buf, at + nr / 2, ULONG_MAX, &inside));
		KUNIT_EXPECT_EQ(test, page_to_pfn(first) + nr / 2, page_to_pfn(inside));
		KUNIT_EXPECT_EQ(test, min(nr, 3UL), pinbuf_pages_extent(buf, at, 3, &inside));
		end = page_to_pfn(first) + nr;
		runs++;
	}
	KUNIT_EXPECT_EQ(test, apart, 0);
	KUNIT_EXPECT_EQ(test, runs, buf->extents);
	KUNIT_EXPECT_EQ(test, runs == 1, !!(buf->flags & PINBUF_ALLOC_CONTIG));
}

/* The allocator gives back first what was freed last: the dirty pages come again. */
static void pages_arrive_zeroed(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	unsigned long at, dirty = 0;

	for (at = 0; at < c->pages; at++)
		memset(page_address(env_page(dmabuf, at)), 0xa5, PAGE_SIZE);
	env_buf_put(test, dmabuf);
	dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	for (at = 0; at < c->pages; at++)
		dirty += !!memchr_inv(page_address(env_page(dmabuf, at)), 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dirty, 0);
}

struct align_case {
	const char *name;
	unsigned long pages;
	u64 align;
};

static const struct align_case align_cases[] = {
	{ "a page at 8 KiB",			1, SZ_8K },
	{ "a page at 2 MiB",			1, SZ_2M },
	{ "a page at the largest block",	1, PINBUF_MAX_BLOCK },
	{ "three pages at 16 KiB",		3, SZ_16K },
	{ "three pages at 2 MiB",		3, SZ_2M },
	{ "48 KiB at 32 KiB",			12, SZ_32K },
	{ "just below huge at 1 MiB",		HUGE_PAGES - 1, SZ_1M },
	{ "just below huge at 2 MiB",		HUGE_PAGES - 1, SZ_2M },
	{ "a huge piece at 2 MiB",		HUGE_PAGES, SZ_2M },
	{ "a huge piece at the largest block",	HUGE_PAGES, PINBUF_MAX_BLOCK },
	{ "three huge pieces and a page there",	3 * HUGE_PAGES + 1, PINBUF_MAX_BLOCK },
};

KUNIT_ARRAY_PARAM_DESC(align, align_cases, name);

static void first_extent_is_aligned(struct kunit *test)
{
	const struct align_case *c = test->param_value;
	struct pinbuf_want want = {
		.len = (u64)c->pages << PAGE_SHIFT,
		.align = c->align,
		.node = NUMA_NO_NODE,
	};
	struct dma_buf *dmabuf = env_buf_as(test, &want);
	struct pinbuf_buf *buf = dmabuf->priv;

	KUNIT_EXPECT_EQ(test, page_to_phys(env_page(dmabuf, 0)) % c->align, 0);
	KUNIT_EXPECT_EQ(test, buf->len, want.len);
	KUNIT_EXPECT_NOT_NULL(test, pinbuf_pages_folio(buf, c->pages - 1));
}

static void huge_flag_makes_every_huge_piece_huge(struct kunit *test)
{
	struct pinbuf_want want = {
		.len = (3 * HUGE_PAGES + 5) << PAGE_SHIFT,
		.flags = PINBUF_ALLOC_HUGE,
		.node = NUMA_NO_NODE,
	};
	struct pinbuf_buf *buf = env_buf_as(test, &want)->priv;

	KUNIT_EXPECT_EQ(test, buf->nr_huge, 3);
	KUNIT_EXPECT_TRUE(test, buf->flags & PINBUF_ALLOC_HUGE);
}

static void strict_node_is_that_node(struct kunit *test)
{
	int nid = numa_mem_id();
	struct pinbuf_want want = {
		.len = (HUGE_PAGES + 3) << PAGE_SHIFT,
		.flags = PINBUF_ALLOC_STRICT_NODE,
		.node = nid,
	};
	struct dma_buf *dmabuf = env_buf_as(test, &want);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long at, elsewhere = 0;

	for (at = 0; at < buf->len >> PAGE_SHIFT; at++)
		elsewhere += page_to_nid(env_page(dmabuf, at)) != nid;
	KUNIT_EXPECT_EQ(test, elsewhere, 0);
	KUNIT_EXPECT_EQ(test, buf->node, nid);
	KUNIT_EXPECT_TRUE(test, buf->flags & PINBUF_ALLOC_STRICT_NODE);
}

/* Three folios of a buffer of a TiB, in the table at their places. */
static void table_reaches_a_tebibyte(struct kunit *test)
{
	static const struct {
		pgoff_t at;
		unsigned int order;
	} places[] = {
		{ 0, 0 },
		{ TIB_PAGES / 2 + 8, 3 },
		{ TIB_PAGES - HUGE_PAGES, PINBUF_HUGE_ORDER },
	};
	struct pinbuf_buf *buf = kunit_kzalloc(test, sizeof(*buf), GFP_KERNEL);
	struct folio *folios[ARRAY_SIZE(places)];
	unsigned long i, at, nr, wrong = 0;
	struct page *page;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	buf->len = TIB_PAGES << PAGE_SHIFT;
	xa_init_flags(&buf->folios, XA_FLAGS_ACCOUNT);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, places[i].order);
		KUNIT_ASSERT_NOT_NULL(test, page);
		folios[i] = page_folio(page);
		folios[i]->index = places[i].at;
		if (i)
			KUNIT_EXPECT_EQ(test, 0, pinbuf_pages_store(buf, folios[i]));
	}
	buf->first = folios[0];
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		nr = 1UL << places[i].order;
		for (at = places[i].at; at < places[i].at + nr; at++)
			wrong += pinbuf_pages_folio(buf, at) != folios[i];
		if (i)
			KUNIT_EXPECT_NULL(test, pinbuf_pages_folio(buf, places[i].at - 1));
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_NULL(test, pinbuf_pages_folio(buf, TIB_PAGES / 2 + 16));
	KUNIT_EXPECT_NULL(test, pinbuf_pages_folio(buf, TIB_PAGES));
	xa_destroy(&buf->folios);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		folio_put(folios[i]);
}

static struct kunit_case pages_suite_cases[] = {
	KUNIT_CASE_PARAM(order_is_the_largest_that_fits, order_gen_params),
	KUNIT_CASE_PARAM(block_suits_where_it_should_lie, suits_gen_params),
	KUNIT_CASE_PARAM(folios_tile_the_buffer, walk_gen_params),
	KUNIT_CASE_PARAM(lookup_finds_every_page, pages_gen_params),
	KUNIT_CASE_PARAM(extents_are_the_physical_runs, pages_gen_params),
	KUNIT_CASE_PARAM(pages_arrive_zeroed, pages_gen_params),
	KUNIT_CASE_PARAM(first_extent_is_aligned, align_gen_params),
	KUNIT_CASE(huge_flag_makes_every_huge_piece_huge),
	KUNIT_CASE(strict_node_is_that_node),
	KUNIT_CASE(table_reaches_a_tebibyte),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "pinbuf_pages",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = pages_suite_cases,
};

kunit_test_suite(pages_suite);
