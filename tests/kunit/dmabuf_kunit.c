// SPDX-License-Identifier: GPL-2.0-only
/* The buffer as a dma-buf: devices attach and map, the kernel maps, and who is no buffer. */
#include <kunit/device.h>
#include <linux/anon_inodes.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "env.h"

/* A device without an IOMMU: a bus address is the physical one. */
static struct device *new_device(struct kunit *test, const char *name, unsigned int max_segment)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	if (max_segment) {
		dev->dma_parms = kunit_kzalloc(test, sizeof(*dev->dma_parms), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
		dma_set_max_seg_size(dev, max_segment);
	}
	return dev;
}

static struct dma_buf_attachment *attach(struct kunit *test, struct dma_buf *dmabuf,
					 struct device *dev)
{
	struct dma_buf_attachment *attachment = dma_buf_attach(dmabuf, dev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attachment);
	return attachment;
}

static void attachments_are_counted(struct kunit *test)
{
	struct dma_buf *dmabuf = env_buf(test, SZ_64K);
	struct pinbuf_user *user = test->priv;
	struct pinbuf_buf *buf = dmabuf->priv;
	atomic64_t *counter = &user->counters.value[PINBUF_ATTACHMENTS];
	struct device *dev = new_device(test, "one", 0), *other = new_device(test, "two", 0);
	struct dma_buf_attachment *a = attach(test, dmabuf, dev), *b;

	KUNIT_EXPECT_EQ(test, buf->nr_attachments, 1);
	b = attach(test, dmabuf, other);
	KUNIT_EXPECT_EQ(test, buf->nr_attachments, 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(counter), 2);
	dma_buf_detach(dmabuf, a);
	KUNIT_EXPECT_EQ(test, buf->nr_attachments, 1);
	dma_buf_detach(dmabuf, b);
	KUNIT_EXPECT_EQ(test, buf->nr_attachments, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&buf->attachments));
	KUNIT_EXPECT_EQ(test, atomic64_read(counter), 0);
}

struct segment_case {
	const char *name;
	unsigned int max;	/* bytes, 0 for the kernel's default of 64 KiB */
	unsigned long pages;
};

static const struct segment_case segment_cases[] = {
	{ "a page",				0, 1 },
	{ "three pages, a page each",		SZ_4K, 3 },
	{ "64 KiB in one",			0, 16 },
	{ "68 KiB in 64",			0, 17 },
	{ "just below huge in 8 KiB",		SZ_8K, HUGE_PAGES - 1 },
	{ "a huge piece in 4 KiB",		SZ_4K, HUGE_PAGES },
	{ "a huge piece in 12 KiB",		3 * SZ_4K, HUGE_PAGES },
	{ "a huge piece in 64 KiB",		0, HUGE_PAGES },
	{ "a huge piece at most 1 MiB a time",	SZ_1M, HUGE_PAGES },
	{ "three huge pieces and a page",	SZ_2M, 3 * HUGE_PAGES + 1 },
	{ "eight huge pieces, any length",	UINT_MAX, 8 * HUGE_PAGES },
	{ "a length that is no page's",		SZ_8K + 512, 9 },
};

KUNIT_ARRAY_PARAM_DESC(segment, segment_cases, name);

static void segments_cover_the_buffer_in_order(struct kunit *test)
{
	const struct segment_case *c = test->param_value;
	struct device *dev = new_device(test, "dma", c->max);
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	struct dma_buf_attachment *a = attach(test, dmabuf, dev);
	unsigned long at = 0, wrong = 0, too_long = 0, off;
	struct sg_table *table;
	struct scatterlist *sg;
	unsigned int i;

	table = dma_buf_map_attachment_unlocked(a, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	for_each_sgtable_dma_sg(table, sg, i) {
		too_long += sg_dma_len(sg) > dma_get_max_seg_size(dev);
		for (off = 0; off < sg_dma_len(sg) && at < c->pages; off += PAGE_SIZE, at++)
			wrong += sg_dma_address(sg) + off != page_to_phys(env_page(dmabuf, at));
		wrong += off != sg_dma_len(sg);
	}
	KUNIT_EXPECT_EQ(test, at, c->pages);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, too_long, 0);
	dma_buf_unmap_attachment_unlocked(a, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, a);
}

struct direction_case {
	const char *name;
	enum dma_data_direction first;
	enum dma_data_direction second;
	int err;
};

static const struct direction_case direction_cases[] = {
	{ "to the device twice",	DMA_TO_DEVICE, DMA_TO_DEVICE, 0 },
	{ "from the device twice",	DMA_FROM_DEVICE, DMA_FROM_DEVICE, 0 },
	{ "both ways twice",		DMA_BIDIRECTIONAL, DMA_BIDIRECTIONAL, 0 },
	{ "to, then from",		DMA_TO_DEVICE, DMA_FROM_DEVICE, -EBUSY },
	{ "from, then to",		DMA_FROM_DEVICE, DMA_TO_DEVICE, -EBUSY },
	{ "to, then both ways",		DMA_TO_DEVICE, DMA_BIDIRECTIONAL, -EBUSY },
	{ "both ways, then from",	DMA_BIDIRECTIONAL, DMA_FROM_DEVICE, -EBUSY },
};

KUNIT_ARRAY_PARAM_DESC(direction, direction_cases, name);

static void attachment_has_one_direction_at_a_time(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, SZ_64K + SZ_4K);
	struct dma_buf_attachment *a = attach(test, dmabuf, new_device(test, "dma", 0));
	struct sg_table *first, *second;

	first = dma_buf_map_attachment_unlocked(a, c->first);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	second = dma_buf_map_attachment_unlocked(a, c->second);
	KUNIT_EXPECT_EQ(test, c->err, PTR_ERR_OR_ZERO(second));
	if (!c->err) {
		KUNIT_EXPECT_PTR_NE(test, first, second);
		KUNIT_EXPECT_EQ(test, sg_dma_address(first->sgl), sg_dma_address(second->sgl));
		dma_buf_unmap_attachment_unlocked(a, first, c->first);
		first = second;
	}
	dma_buf_unmap_attachment_unlocked(a, first, c->first);
	/* Nothing is mapped any more: any direction will do. */
	second = dma_buf_map_attachment_unlocked(a, c->second);
	KUNIT_EXPECT_EQ(test, 0, PTR_ERR_OR_ZERO(second));
	if (!IS_ERR(second))
		dma_buf_unmap_attachment_unlocked(a, second, c->second);
	dma_buf_detach(dmabuf, a);
}

/* The DMA API's checks, which tests/kunit/run asks, must not take it for a mistake. */
static void every_attachment_has_its_table(struct kunit *test)
{
	struct dma_buf *dmabuf = env_buf(test, SZ_64K);
	struct dma_buf_attachment *a = attach(test, dmabuf, new_device(test, "fine", SZ_4K));
	struct dma_buf_attachment *b = attach(test, dmabuf, new_device(test, "coarse", SZ_64K));
	struct sg_table *fine, *coarse;

	fine = dma_buf_map_attachment_unlocked(a, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, fine);
	coarse = dma_buf_map_attachment_unlocked(b, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, coarse);
	KUNIT_EXPECT_EQ(test, fine->nents, 16);
	KUNIT_EXPECT_EQ(test, coarse->nents, 1);
	dma_buf_unmap_attachment_unlocked(b, coarse, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, b);
	KUNIT_EXPECT_EQ(test, sg_dma_len(fine->sgl), SZ_4K);
	dma_buf_unmap_attachment_unlocked(a, fine, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, a);
}

static void kernel_mapping_is_the_buffer(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long i, wrong = 0;
	struct iosys_map map, again;

	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &map));
	KUNIT_ASSERT_EQ(test, 0, dma_buf_vmap_unlocked(dmabuf, &again));
	KUNIT_EXPECT_PTR_EQ(test, map.vaddr, again.vaddr);
	for (i = 0; i < c->pages; i++)
		*(u64 *)(map.vaddr + i * PAGE_SIZE) = i + 42;
	for (i = 0; i < c->pages; i++)
		wrong += *(u64 *)page_address(env_page(dmabuf, i)) != i + 42;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE));
	dma_buf_vunmap_unlocked(dmabuf, &again);
	KUNIT_EXPECT_PTR_EQ(test, buf->vaddr, map.vaddr);
	dma_buf_vunmap_unlocked(dmabuf, &map);
	KUNIT_EXPECT_NULL(test, buf->vaddr);
}

#ifdef CONFIG_FAULT_INJECTION
/*
 * Called past the core, which prints a warning for any kernel mapping that fails.
 * The kernel is told by tests/kunit/run which allocations may.
 */
static void kernel_mapping_fails_once_everywhere(struct kunit *test)
{
	struct dma_buf *dmabuf = env_buf(test, PINBUF_HUGE_SIZE + PAGE_SIZE);
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned int n, left = 0, failed = 0;
	struct iosys_map map;
	int err;

	for (n = 1; !left; n++) {
		current->fail_nth = n;
		err = dmabuf->ops->vmap(dmabuf, &map);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (err) {
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			KUNIT_EXPECT_NULL(test, buf->vaddr);
			failed++;
			continue;
		}
		KUNIT_EXPECT_PTR_EQ(test, buf->vaddr, map.vaddr);
		dmabuf->ops->vunmap(dmabuf, &map);
	}
	KUNIT_EXPECT_GE(test, failed, 2);
}
#endif

/* A dma-buf that is not ours, as another driver exports one. */
static struct sg_table *foreign_map(struct dma_buf_attachment *a, enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void foreign_unmap(struct dma_buf_attachment *a, struct sg_table *table,
			  enum dma_data_direction dir)
{
}

static void foreign_release(struct dma_buf *dmabuf)
{
}

static const struct dma_buf_ops foreign_ops = {
	.map_dma_buf = foreign_map,
	.unmap_dma_buf = foreign_unmap,
	.release = foreign_release,
};

static int foreign_fd(struct kunit *test)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &foreign_ops;
	info.size = SZ_64K;
	info.flags = O_RDWR;
	info.priv = test;
	dmabuf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	return dma_buf_fd(dmabuf, 0);
}

static int node_fd(struct kunit *test)
{
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_GE(test, fd, 0);
	fd_install(fd, get_file(env_node(test, O_RDWR)));
	return fd;
}

static int closed_fd(struct kunit *test)
{
	int fd = node_fd(test);

	close_fd(fd);
	return fd;
}

static int no_fd(struct kunit *test)
{
	return -1;
}

struct fd_case {
	const char *name;
	int (*make)(struct kunit *test);
	int err;
};

static const struct fd_case fd_cases[] = {
	{ "none",			no_fd, -EBADF },
	{ "a closed one",		closed_fd, -EBADF },
	{ "the node itself",		node_fd, -EINVAL },
	{ "another exporter's dma-buf",	foreign_fd, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(fd, fd_cases, name);

static void descriptor_must_be_a_buffer(struct kunit *test)
{
	const struct fd_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	int fd = c->make(test);
	struct pinbuf_ioc_query query = { .fd = fd };
	struct pinbuf_ioc_sync sync = {
		.fd = fd, .len = 1, .flags = PINBUF_SYNC_START | PINBUF_SYNC_READ,
	};

	KUNIT_EXPECT_EQ(test, c->err,
			env_ioctl(test, node, PINBUF_IOC_QUERY, &query, sizeof(query)));
	KUNIT_EXPECT_EQ(test, c->err, env_ioctl(test, node, PINBUF_IOC_SYNC, &sync, sizeof(sync)));
	close_fd(fd);
}

static struct kunit_case dmabuf_suite_cases[] = {
	KUNIT_CASE(attachments_are_counted),
	KUNIT_CASE_PARAM(segments_cover_the_buffer_in_order, segment_gen_params),
	KUNIT_CASE_PARAM(attachment_has_one_direction_at_a_time, direction_gen_params),
	KUNIT_CASE(every_attachment_has_its_table),
	KUNIT_CASE_PARAM(kernel_mapping_is_the_buffer, pages_gen_params),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE(kernel_mapping_fails_once_everywhere),
#endif
	KUNIT_CASE_PARAM(descriptor_must_be_a_buffer, fd_gen_params),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite dmabuf_suite = {
	.name = "pinbuf_dmabuf",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = dmabuf_suite_cases,
};

kunit_test_suite(dmabuf_suite);
