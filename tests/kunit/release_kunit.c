// SPDX-License-Identifier: GPL-2.0-only
/*
 * Release while pinned: a buffer goes with its last descriptor and mapping, and
 * the pages that somebody has pinned stay, with their bytes, until he lets go.
 */
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "env.h"

struct pin_case {
	const char *name;
	unsigned long pages;
	unsigned int flags;
};

static const struct pin_case pin_cases[] = {
	{ "a page",				1, FOLL_WRITE },
	{ "a page, for long",			1, FOLL_WRITE | FOLL_LONGTERM },
	{ "seven pages, for long",		7, FOLL_WRITE | FOLL_LONGTERM },
	{ "seven pages, to read",		7, FOLL_LONGTERM },
	{ "just below huge, for long",		HUGE_PAGES - 1, FOLL_WRITE | FOLL_LONGTERM },
	{ "a huge piece, for long",		HUGE_PAGES, FOLL_WRITE | FOLL_LONGTERM },
	{ "two huge pieces and five pages",	2 * HUGE_PAGES + 5, FOLL_WRITE | FOLL_LONGTERM },
};

KUNIT_ARRAY_PARAM_DESC(pin, pin_cases, name);

static void free_pages_array(void *pages)
{
	kvfree(pages);
}

static struct page **pin(struct kunit *test, unsigned long at, unsigned long nr, unsigned int flags)
{
	struct page **pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	long pinned;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_pages_array, pages));
	mmap_read_lock(current->mm);
	pinned = pin_user_pages(at, nr, flags, pages);
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_EQ(test, pinned, nr);
	return pages;
}

static void write_pages(struct kunit *test, unsigned long at, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		KUNIT_ASSERT_EQ(test, 0, put_user(i ^ 0xfeedul,
						  (unsigned long __user *)(at + i * PAGE_SIZE)));
}

static unsigned long lost_pages(struct page **pages, unsigned long nr)
{
	unsigned long i, lost = 0;

	for (i = 0; i < nr; i++)
		lost += *(unsigned long *)page_address(pages[i]) != (i ^ 0xfeedul) ||
			!folio_maybe_dma_pinned(page_folio(pages[i]));
	return lost;
}

static bool begins_folio(struct page **pages, unsigned long i)
{
	return !i || page_folio(pages[i]) != page_folio(pages[i - 1]);
}

static void pinned_pages_outlive_their_buffer(struct kunit *test)
{
	const struct pin_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT, i, shared = 0;
	struct dma_buf *dmabuf = env_buf(test, len), *other;
	unsigned long at = env_mmap(test, dmabuf->file, len, 0);
	struct folio *folio;
	struct page **pages;

	write_pages(test, at, c->pages);
	pages = pin(test, at, c->pages, c->flags);
	KUNIT_EXPECT_EQ(test, lost_pages(pages, c->pages), 0);
	vm_munmap(at, len);
	env_buf_put(test, dmabuf);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));

	/* The next buffer gets others, and so does everybody. */
	other = env_buf(test, len);
	for (i = 0; i < c->pages; i++)
		shared += *(unsigned long *)page_address(env_page(other, i)) != 0;
	KUNIT_EXPECT_EQ(test, shared, 0);
	KUNIT_EXPECT_EQ(test, lost_pages(pages, c->pages), 0);

	/* With a reference of our own on each folio, the pins are seen to be all that held it. */
	for (i = 0; i < c->pages; i++)
		if (begins_folio(pages, i))
			folio_get(page_folio(pages[i]));
	unpin_user_pages(pages, c->pages);
	for (i = 0; i < c->pages; i++) {
		if (!begins_folio(pages, i))
			continue;
		folio = page_folio(pages[i]);
		KUNIT_EXPECT_EQ(test, folio_ref_count(folio), 1);
		KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(folio));
	}
	for (i = c->pages; i--; )
		if (begins_folio(pages, i))
			folio_put(page_folio(pages[i]));
}

/* Each pin is a reference beyond the module's own and the mappings'. */
static void references_of_others_are_counted(struct kunit *test)
{
	const struct pin_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT;
	struct dma_buf *dmabuf = env_buf(test, len);
	unsigned long at = env_mmap(test, dmabuf->file, len, 0);
	struct pinbuf_buf *buf = dmabuf->priv;
	struct page **pages;

	write_pages(test, at, c->pages);
	KUNIT_EXPECT_EQ(test, pinbuf_pages_refs(buf), 0);
	pages = pin(test, at, c->pages, c->flags);
	KUNIT_EXPECT_EQ(test, pinbuf_pages_refs(buf), c->pages);
	get_page(pages[0]);
	KUNIT_EXPECT_EQ(test, pinbuf_pages_refs(buf), c->pages + 1);
	put_page(pages[0]);
	vm_munmap(at, len);
	KUNIT_EXPECT_EQ(test, pinbuf_pages_refs(buf), c->pages);
	unpin_user_pages(pages, c->pages);
	KUNIT_EXPECT_EQ(test, pinbuf_pages_refs(buf), 0);
}

/* A mapping keeps the buffer and its charge; a pin keeps pages, and no charge. */
static void charge_goes_with_the_buffer_not_with_the_pins(struct kunit *test)
{
	struct pinbuf_user *user = test->priv;
	struct file *node = env_node(test, O_RDWR);
	unsigned long at = env_mmap(test, node, SZ_64K, 0);
	long before = atomic_long_read(pinbuf_locked_vm(user->user)) - (SZ_64K >> PAGE_SHIFT);
	struct page **pages;

	env_node_close(test, node);
	pages = pin(test, at, 1, FOLL_WRITE | FOLL_LONGTERM);
	KUNIT_EXPECT_TRUE(test, env_settles(user, SZ_64K));
	vm_munmap(at, SZ_64K);
	KUNIT_EXPECT_TRUE(test, env_settles(user, 0));
	KUNIT_EXPECT_EQ(test, atomic_long_read(pinbuf_locked_vm(user->user)), before);
	KUNIT_EXPECT_TRUE(test, folio_maybe_dma_pinned(page_folio(pages[0])));
	unpin_user_pages(pages, 1);
}

static struct kunit_case release_suite_cases[] = {
	KUNIT_CASE_PARAM(pinned_pages_outlive_their_buffer, pin_gen_params),
	KUNIT_CASE_PARAM(references_of_others_are_counted, pin_gen_params),
	KUNIT_CASE(charge_goes_with_the_buffer_not_with_the_pins),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite release_suite = {
	.name = "pinbuf_release",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = release_suite_cases,
};

kunit_test_suite(release_suite);
