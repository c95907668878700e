// SPDX-License-Identifier: GPL-2.0-only
/*
 * SYNC, and begin and end of CPU access.  x86 has nothing to do for them: what is
 * wrong shows in the errno, or as a report of the DMA API's checks, which know
 * every address that is mapped and how; tests/kunit/run counts those.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "env.h"

#define START_R		(PINBUF_SYNC_START | PINBUF_SYNC_READ)
#define END_RW		(PINBUF_SYNC_END | PINBUF_SYNC_READ | PINBUF_SYNC_WRITE)

struct sync_case {
	const char *name;
	u32 flags;
	u64 offset;
	u64 len;		/* of a buffer of 68 KiB, mapped in 8 KiB segments */
	int err;
};

#define SIZE		(SZ_64K + SZ_4K)

static const struct sync_case sync_cases[] = {
	{ "all of it, start",		START_R, 0, SIZE, 0 },
	{ "all of it, end",		END_RW, 0, SIZE, 0 },
	{ "to write, start",		PINBUF_SYNC_START | PINBUF_SYNC_WRITE, 0, SIZE, 0 },
	{ "to read, end",		PINBUF_SYNC_END | PINBUF_SYNC_READ, 0, SIZE, 0 },
	{ "the first byte",		START_R, 0, 1, 0 },
	{ "the last byte",		END_RW, SIZE - 1, 1, 0 },
	{ "the end of a segment",	START_R, SZ_8K - 1, 1, 0 },
	{ "across two segments",	START_R, SZ_8K - 1, 2, 0 },
	{ "a segment",			END_RW, SZ_8K, SZ_8K, 0 },
	{ "across many segments",	START_R, 5000, 50000, 0 },
	{ "the last page",		END_RW, SZ_64K, SZ_4K, 0 },

	{ "no length",			START_R, 0, 0, -EINVAL },
	{ "a byte too long",		START_R, 0, SIZE + 1, -EINVAL },
	{ "across the end",		START_R, SIZE - 1, 2, -EINVAL },
	{ "from the end",		START_R, SIZE, 1, -EINVAL },
	{ "far beyond",			START_R, 1ULL << 62, 1, -EINVAL },
	{ "a sum that wraps",		START_R, U64_MAX, 1, -EOVERFLOW },
	{ "a length that wraps",	START_R, 2, U64_MAX - 1, -EOVERFLOW },
	{ "no flags",			0, 0, 1, -EINVAL },
	{ "neither start nor end",	PINBUF_SYNC_READ, 0, 1, -EINVAL },
	{ "start and end",		START_R | PINBUF_SYNC_END, 0, 1, -EINVAL },
	{ "neither read nor write",	PINBUF_SYNC_START, 0, 1, -EINVAL },
	{ "an unknown flag",		START_R | 16, 0, 1, -EINVAL },
	{ "the highest flag",		START_R | 1U << 31, 0, 1, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(sync, sync_cases, name);

static int new_fd(struct kunit *test, struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

static struct dma_buf_attachment *attach(struct kunit *test, struct dma_buf *dmabuf,
					 struct device *dev)
{
	struct dma_buf_attachment *a = dma_buf_attach(dmabuf, dev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	return a;
}

static struct device *new_device(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "dma");

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	dev->dma_parms = kunit_kzalloc(test, sizeof(*dev->dma_parms), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev->dma_parms);
	dma_set_max_seg_size(dev, SZ_8K);
	return dev;
}

static long sync(struct kunit *test, const struct sync_case *c, int fd)
{
	struct pinbuf_ioc_sync arg = {
		.fd = fd, .flags = c->flags, .offset = c->offset, .len = c->len,
	};

	return env_ioctl(test, env_node(test, O_RDONLY), PINBUF_IOC_SYNC, &arg, sizeof(arg));
}

/* Without a device, attached, mapped each way, and detached again. */
static void range_is_synchronised(struct kunit *test)
{
	static const enum dma_data_direction ways[] = {
		DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL,
	};
	const struct sync_case *c = test->param_value;
	struct dma_buf *dmabuf = env_buf(test, SIZE);
	struct dma_buf_attachment *a;
	int i, fd = new_fd(test, dmabuf);
	struct sg_table *table;

	KUNIT_EXPECT_EQ(test, c->err, sync(test, c, fd));
	a = attach(test, dmabuf, new_device(test));
	KUNIT_EXPECT_EQ(test, c->err, sync(test, c, fd));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		table = dma_buf_map_attachment_unlocked(a, ways[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
		KUNIT_EXPECT_GE(test, table->nents, 9);
		KUNIT_EXPECT_EQ(test, c->err, sync(test, c, fd));
		dma_buf_unmap_attachment_unlocked(a, table, ways[i]);
	}
	dma_buf_detach(dmabuf, a);
	KUNIT_EXPECT_EQ(test, c->err, sync(test, c, fd));
	close_fd(fd);
}

static void cpu_access_is_for_every_device(struct kunit *test)
{
	static const enum dma_data_direction ways[] = {
		DMA_TO_DEVICE, DMA_FROM_DEVICE, DMA_BIDIRECTIONAL,
	};
	struct dma_buf *dmabuf = env_buf(test, SIZE);
	struct dma_buf_attachment *a = attach(test, dmabuf, new_device(test));
	struct sg_table *table;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		table = dma_buf_map_attachment_unlocked(a, ways[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dmabuf, ways[j]));
			KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dmabuf, ways[j]));
		}
		dma_buf_unmap_attachment_unlocked(a, table, ways[i]);
	}
	dma_buf_detach(dmabuf, a);
}

/* A buffer of several physical runs, each of which an IOMMU must join to the next. */
static struct dma_buf *scattered(struct kunit *test)
{
	struct dma_buf *dmabuf;
	int i;

	for (i = 0; i < 64; i++) {
		dmabuf = env_buf(test, 7 * PAGE_SIZE);
		if (((struct pinbuf_buf *)dmabuf->priv)->extents > 1)
			return dmabuf;
	}
	KUNIT_FAIL_AND_ABORT(test, "64 buffers are contiguous");
	return NULL;
}

static struct pci_dev *device_behind_an_iommu(struct kunit *test)
{
	struct pci_dev *pdev = pci_get_device(0x1234, 0x11e8, NULL);

	if (pdev && device_iommu_mapped(&pdev->dev))
		return pdev;
	pci_dev_put(pdev);
	kunit_skip(test, "no edu device behind an IOMMU (tests/vm/run --iommu --edu)");
}

/* One segment of the device for several of the CPU: each range, byte by byte over the seams. */
static void merged_segments_are_synchronised(struct kunit *test)
{
	struct pci_dev *pdev = device_behind_an_iommu(test);
	struct dma_buf *dmabuf = scattered(test);
	struct dma_buf_attachment *a = attach(test, dmabuf, &pdev->dev);
	int fd = new_fd(test, dmabuf);
	struct sg_table *table = dma_buf_map_attachment_unlocked(a, DMA_BIDIRECTIONAL);
	struct sync_case c = { .flags = START_R };
	unsigned long page;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, table);
	KUNIT_EXPECT_LT(test, table->nents, table->orig_nents);
	for (page = 1; page < 7; page++) {
		c.offset = page * PAGE_SIZE - 1;
		c.len = 2;
		KUNIT_EXPECT_EQ(test, 0, sync(test, &c, fd));
		c.flags ^= PINBUF_SYNC_START | PINBUF_SYNC_END;
		KUNIT_EXPECT_EQ(test, 0, sync(test, &c, fd));
	}
	c.offset = 0;
	c.len = dmabuf->size;
	KUNIT_EXPECT_EQ(test, 0, sync(test, &c, fd));
	dma_buf_unmap_attachment_unlocked(a, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, a);
	close_fd(fd);
	pci_dev_put(pdev);
}

static struct kunit_case sync_suite_cases[] = {
	KUNIT_CASE_PARAM(range_is_synchronised, sync_gen_params),
	KUNIT_CASE(cpu_access_is_for_every_device),
	KUNIT_CASE(merged_segments_are_synchronised),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite sync_suite = {
	.name = "pinbuf_sync",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = sync_suite_cases,
};

kunit_test_suite(sync_suite);
