// SPDX-License-Identifier: GPL-2.0-only
/* Mappings: what may be one, what is in it at once, what a fault brings, and how long it lives. */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/percpu_counter.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "env.h"

enum what { NODE, BUFFER };

struct map_case {
	const char *name;
	enum what what;
	int mode;		/* how the node is open */
	unsigned long prot;
	unsigned long flags;
	unsigned long pages;	/* of a buffer of four */
	unsigned long at;	/* page offset */
	int err;
};

#define RW	(PROT_READ | PROT_WRITE)

static const struct map_case map_cases[] = {
	{ "the node",			NODE, O_RDWR, RW, MAP_SHARED, 4, 0, 0 },
	{ "the node, to read",		NODE, O_RDWR, PROT_READ, MAP_SHARED, 4, 0, 0 },
	{ "the node, no access",	NODE, O_RDWR, PROT_NONE, MAP_SHARED, 4, 0, 0 },
	{ "the node, private",		NODE, O_RDWR, RW, MAP_PRIVATE, 4, 0, -EINVAL },
	{ "the node at an offset",	NODE, O_RDWR, RW, MAP_SHARED, 4, 1, -EINVAL },
	{ "the node, executable",	NODE, O_RDWR, RW | PROT_EXEC, MAP_SHARED, 4, 0, -EPERM },
	{ "a node open to read",	NODE, O_RDONLY, PROT_READ, MAP_SHARED, 4, 0, -EACCES },
	{ "a node open to write",	NODE, O_WRONLY, PROT_WRITE, MAP_SHARED, 4, 0, -EACCES },
	{ "a buffer",			BUFFER, O_RDWR, RW, MAP_SHARED, 4, 0, 0 },
	{ "a buffer, its middle",	BUFFER, O_RDWR, RW, MAP_SHARED, 2, 1, 0 },
	{ "a buffer, its last page",	BUFFER, O_RDWR, RW, MAP_SHARED, 1, 3, 0 },
	{ "a buffer, private",		BUFFER, O_RDWR, RW, MAP_PRIVATE, 4, 0, -EINVAL },
	{ "a buffer, executable",	BUFFER, O_RDWR, RW | PROT_EXEC, MAP_SHARED, 4, 0, -EPERM },
	{ "a buffer and a page more",	BUFFER, O_RDWR, RW, MAP_SHARED, 5, 0, -EINVAL },
	{ "a buffer beyond its end",	BUFFER, O_RDWR, RW, MAP_SHARED, 1, 4, -EINVAL },
	{ "a buffer across its end",	BUFFER, O_RDWR, RW, MAP_SHARED, 2, 3, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(map, map_cases, name);

static void mapping_is_shared_and_inside(struct kunit *test)
{
	const struct map_case *c = test->param_value;
	struct file *file = c->what == NODE ? env_node(test, c->mode) : env_buf(test, SZ_16K)->file;
	unsigned long at = kunit_vm_mmap(test, file, 0, c->pages << PAGE_SHIFT, c->prot, c->flags,
					 c->at << PAGE_SHIFT);

	KUNIT_EXPECT_EQ(test, c->err, IS_ERR_VALUE(at) ? (long)at : 0);
	if (!IS_ERR_VALUE(at))
		vm_munmap(at, c->pages << PAGE_SHIFT);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, c->what == NODE ? 0 : SZ_16K));
}

static void limit_refuses_a_mapping_of_the_node(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	unsigned long at;

	env_param(test, "max_user_bytes", SZ_64K);
	at = kunit_vm_mmap(test, node, 0, SZ_64K + 1, RW, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, (long)at, -EDQUOT);
	at = env_mmap(test, node, SZ_64K, 0);
	vm_munmap(at, SZ_64K);
}

/* 1 unless the page at @at begins with @value, for a process and for the kernel. */
static int wrong_page(struct kunit *test, unsigned long at, struct dma_buf *dmabuf, pgoff_t pgoff,
		      u64 value)
{
	u64 seen;

	KUNIT_ASSERT_EQ(test, 0, get_user(seen, (u64 __user *)at));
	return seen != value || *(u64 *)page_address(env_page(dmabuf, pgoff)) != value;
}

static void write_pages(struct kunit *test, unsigned long at, unsigned long pages, u64 first)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		KUNIT_ASSERT_EQ(test, 0, put_user(first + i, (u64 __user *)(at + i * PAGE_SIZE)));
}

static void bytes_are_the_buffers(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT, i, at, again, wrong = 0;
	struct dma_buf *dmabuf = env_buf(test, len);

	at = env_mmap(test, dmabuf->file, len, 0);
	again = env_mmap(test, dmabuf->file, len, 0);
	write_pages(test, at, c->pages, 1000);
	for (i = 0; i < c->pages; i++)
		wrong += wrong_page(test, again + i * PAGE_SIZE, dmabuf, i, 1000 + i);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	vm_munmap(at, len);
	vm_munmap(again, len);
}

/* Page i of a mapping that begins inside a buffer is page i + offset of it. */
static void offset_is_kept(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	unsigned long off = c->pages / 2, nr = c->pages - off, i, at, wrong = 0;
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);

	at = env_mmap(test, dmabuf->file, nr << PAGE_SHIFT, off << PAGE_SHIFT);
	write_pages(test, at, nr, 5000);
	for (i = 0; i < nr; i++)
		wrong += wrong_page(test, at + i * PAGE_SIZE, dmabuf, off + i, 5000 + i);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	vm_munmap(at, nr << PAGE_SHIFT);
}

/* What is zapped (MADV_DONTNEED does the same) comes back by faults: the same pages. */
static void faults_bring_the_same_bytes(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT, i, at, wrong = 0;
	struct dma_buf *dmabuf = env_buf(test, len);

	at = env_mmap(test, dmabuf->file, len, 0);
	write_pages(test, at, c->pages, 9000);
	unmap_mapping_range(dmabuf->file->f_mapping, 0, 0, 1);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&current->mm->rss_stat[MM_FILEPAGES]), 0);
	for (i = 0; i < c->pages; i++)
		wrong += wrong_page(test, at + i * PAGE_SIZE, dmabuf, i, 9000 + i);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(&current->mm->rss_stat[MM_FILEPAGES]), c->pages);
	vm_munmap(at, len);
}

struct present_case {
	const char *name;
	unsigned long pages;
	unsigned long at_once;	/* pages in the table when mmap returns */
	unsigned long touched;	/* and after its first byte was read */
};

static const struct present_case present_cases[] = {
	{ "one page",				1, 1, 1 },
	{ "a page less than a huge piece",	HUGE_PAGES - 1, HUGE_PAGES - 1, HUGE_PAGES - 1 },
	{ "a huge piece by one entry",		HUGE_PAGES, 0, HUGE_PAGES },
	{ "a huge piece and a page",		HUGE_PAGES + 1, 1, HUGE_PAGES + 1 },
	{ "the first of three huge pieces",	3 * HUGE_PAGES, 0, HUGE_PAGES },
	{ "a page less than three huge pieces",	3 * HUGE_PAGES - 1, HUGE_PAGES - 1,
		2 * HUGE_PAGES - 1 },
};

KUNIT_ARRAY_PARAM_DESC(present, present_cases, name);

static void small_parts_are_there_and_huge_ones_come_whole(struct kunit *test)
{
	const struct present_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	unsigned long len = c->pages << PAGE_SHIFT, at = env_mmap(test, node, len, 0);
	struct percpu_counter *present = &current->mm->rss_stat[MM_FILEPAGES];
	u8 byte;

	KUNIT_EXPECT_EQ(test, percpu_counter_sum(present), c->at_once);
	KUNIT_ASSERT_EQ(test, 0, get_user(byte, (u8 __user *)at));
	KUNIT_EXPECT_EQ(test, byte, 0);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(present), c->touched);
	vm_munmap(at, len);
	KUNIT_EXPECT_EQ(test, percpu_counter_sum(present), 0);
}

static void vma_stays_plain(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT;
	unsigned long at = env_mmap(test, env_node(test, O_RDWR), len, 0);
	struct vm_area_struct *vma;
	unsigned short policy = MPOL_F_MOF;
	vm_flags_t flags = 0;
	pgoff_t ilx = 0;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, at);
	if (vma)
		flags = vma->vm_flags;
	if (vma && vma->vm_ops->get_policy)
		policy = vma->vm_ops->get_policy(vma, at, &ilx)->flags;
	mmap_read_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, flags & (VM_DONTEXPAND | VM_DONTDUMP | VM_SHARED),
			VM_DONTEXPAND | VM_DONTDUMP | VM_SHARED);
	KUNIT_EXPECT_EQ(test, flags & (VM_PFNMAP | VM_MIXEDMAP | VM_IO | VM_MAYEXEC), 0);
	/* NUMA balancing leaves it alone. */
	KUNIT_EXPECT_EQ(test, policy & MPOL_F_MOF, 0);
	vm_munmap(at, len);
}

/* The middle is unmapped: two mappings, with the bytes that they had. */
static void pieces_are_counted(struct kunit *test)
{
	struct dma_buf *dmabuf = env_buf(test, SZ_16K);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long at = env_mmap(test, dmabuf->file, SZ_16K, 0);

	KUNIT_EXPECT_EQ(test, atomic_read(&buf->mappings), 1);
	write_pages(test, at, 4, 77);
	vm_munmap(at + PAGE_SIZE, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&buf->mappings), 2);
	KUNIT_EXPECT_EQ(test, 0, wrong_page(test, at, dmabuf, 0, 77));
	KUNIT_EXPECT_EQ(test, 0, wrong_page(test, at + 3 * PAGE_SIZE, dmabuf, 3, 80));
	vm_munmap(at, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, atomic_read(&buf->mappings), 1);
	vm_munmap(at, SZ_16K);
	KUNIT_EXPECT_EQ(test, atomic_read(&buf->mappings), 0);
}

static void mapping_outlives_the_descriptor(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	unsigned long len = c->pages << PAGE_SHIFT, i, at, wrong = 0;
	struct dma_buf *dmabuf = env_buf(test, len);
	u64 seen;

	at = env_mmap(test, dmabuf->file, len, 0);
	write_pages(test, at, c->pages, 300);
	env_buf_put(test, dmabuf);
	for (i = 0; i < c->pages; i++) {
		KUNIT_ASSERT_EQ(test, 0, get_user(seen, (u64 __user *)(at + i * PAGE_SIZE)));
		wrong += seen != 300 + i;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, env_charged(test), len);
	vm_munmap(at, len);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
}

/* The node may be closed at once, and each of its mappings is another buffer. */
static void node_makes_a_buffer_a_mapping(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	unsigned long one = env_mmap(test, node, SZ_64K, 0), two = env_mmap(test, node, SZ_64K, 0);
	u64 seen;

	env_node_close(test, node);
	write_pages(test, one, 16, 1);
	KUNIT_ASSERT_EQ(test, 0, get_user(seen, (u64 __user *)two));
	KUNIT_EXPECT_EQ(test, seen, 0);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 2 * SZ_64K));
	vm_munmap(one, SZ_64K);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, SZ_64K));
	vm_munmap(two, SZ_64K);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
}

static struct kunit_case map_suite_cases[] = {
	KUNIT_CASE_PARAM(mapping_is_shared_and_inside, map_gen_params),
	KUNIT_CASE(limit_refuses_a_mapping_of_the_node),
	KUNIT_CASE_PARAM(bytes_are_the_buffers, pages_gen_params),
	KUNIT_CASE_PARAM(offset_is_kept, pages_gen_params),
	KUNIT_CASE_PARAM(faults_bring_the_same_bytes, pages_gen_params),
	KUNIT_CASE_PARAM(small_parts_are_there_and_huge_ones_come_whole, present_gen_params),
	KUNIT_CASE_PARAM(vma_stays_plain, pages_gen_params),
	KUNIT_CASE(pieces_are_counted),
	KUNIT_CASE_PARAM(mapping_outlives_the_descriptor, pages_gen_params),
	KUNIT_CASE(node_makes_a_buffer_a_mapping),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite map_suite = {
	.name = "pinbuf_map",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = map_suite_cases,
};

kunit_test_suite(map_suite);
