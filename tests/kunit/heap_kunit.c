// SPDX-License-Identifier: GPL-2.0-only
/* The dma-heap's node, and buffers that are never written. */
#include <kunit/device.h>
#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/iosys-map.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <uapi/linux/dma-heap.h>

#include "env.h"

/* What the heap's node gives for a request, as a dma-buf without a descriptor. */
static struct dma_buf *heap_buf(struct kunit *test, u64 len, u32 fd_flags)
{
	struct dma_heap_allocation_data data = { .len = len, .fd_flags = fd_flags };
	struct file *node = env_node(test, O_RDWR);
	unsigned long at = env_mmap(test, NULL, PAGE_SIZE, 0);
	struct dma_buf *dmabuf;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, &data, sizeof(data)));
	KUNIT_ASSERT_EQ(test, 0, pinbuf_heap_fops.unlocked_ioctl(node, DMA_HEAP_IOCTL_ALLOC, at));
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&data, (void __user *)at, sizeof(data)));
	dmabuf = dma_buf_get(data.fd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	close_fd(data.fd);
	return dmabuf;
}

struct access_case {
	const char *name;
	u32 access;
	fmode_t mode;
};

static const struct access_case access_cases[] = {
	{ "to read",		O_RDONLY, FMODE_READ },
	{ "to write",		O_WRONLY, FMODE_WRITE },
	{ "to read and write",	O_RDWR, FMODE_READ | FMODE_WRITE },
	{ "neither",		O_ACCMODE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(access, access_cases, name);

static void mode_is_as_asked_for(struct kunit *test)
{
	const struct access_case *c = test->param_value;
	struct dma_buf *dmabuf = heap_buf(test, 3 * PAGE_SIZE - 1, c->access);
	struct pinbuf_buf *buf = dmabuf->priv;

	KUNIT_EXPECT_EQ(test, dmabuf->size, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmabuf->file->f_mode & (FMODE_READ | FMODE_WRITE), c->mode);
	KUNIT_EXPECT_EQ(test, pinbuf_buf_read_only(buf), c->access == O_RDONLY);
	KUNIT_EXPECT_PTR_EQ(test, buf->user, test->priv);
	dma_buf_put(dmabuf);
}

struct direction_case {
	const char *name;
	u32 access;
	enum dma_data_direction dir;
	int err;
};

static const struct direction_case direction_cases[] = {
	{ "read only, to the device",		O_RDONLY, DMA_TO_DEVICE, 0 },
	{ "read only, from the device",		O_RDONLY, DMA_FROM_DEVICE, -EACCES },
	{ "read only, both ways",		O_RDONLY, DMA_BIDIRECTIONAL, -EACCES },
	{ "to the device",			O_RDWR, DMA_TO_DEVICE, 0 },
	{ "from the device",			O_RDWR, DMA_FROM_DEVICE, 0 },
	{ "both ways",				O_RDWR, DMA_BIDIRECTIONAL, 0 },
};

KUNIT_ARRAY_PARAM_DESC(direction, direction_cases, name);

static void no_device_writes_what_is_read_only(struct kunit *test)
{
	const struct direction_case *c = test->param_value;
	struct dma_buf *dmabuf = heap_buf(test, PAGE_SIZE, c->access);
	struct device *dev = kunit_device_register(test, "pinbuf_heap_test");
	struct dma_buf_attachment *attachment;
	struct sg_table *table;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, 0, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)));
	attachment = dma_buf_attach(dmabuf, dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attachment);
	table = dma_buf_map_attachment_unlocked(attachment, c->dir);
	KUNIT_EXPECT_EQ(test, c->err, PTR_ERR_OR_ZERO(table));
	if (!IS_ERR(table))
		dma_buf_unmap_attachment_unlocked(attachment, table, c->dir);
	dma_buf_detach(dmabuf, attachment);
	dma_buf_put(dmabuf);
}

/* By the operation itself: the core warns of a vmap that fails, whatever the reason. */
static void the_kernel_does_not_map_what_is_read_only(struct kunit *test)
{
	struct dma_buf *dmabuf = heap_buf(test, PAGE_SIZE, O_RDONLY);
	struct iosys_map map;

	KUNIT_EXPECT_EQ(test, -EACCES, dmabuf->ops->vmap(dmabuf, &map));
	dma_buf_put(dmabuf);
}

/* A file of another's, by which a buffer is mapped, as a driver's is. */
static int other_mmap(struct file *file, struct vm_area_struct *vma)
{
	return dma_buf_mmap(file->private_data, vma, 0);
}

static const struct file_operations other_fops = { .mmap = other_mmap };

static void nobody_maps_it_to_write_by_another_file(struct kunit *test)
{
	struct dma_buf *dmabuf = heap_buf(test, PAGE_SIZE, O_RDONLY);
	struct file *other = anon_inode_getfile("[other]", &other_fops, dmabuf, O_RDWR);
	struct vm_area_struct *vma;
	unsigned long at;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	at = kunit_vm_mmap(test, other, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	KUNIT_EXPECT_EQ(test, (long)at, -EACCES);
	at = kunit_vm_mmap(test, other, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(at));
	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, at);
	KUNIT_EXPECT_EQ(test, vma->vm_flags & (VM_WRITE | VM_MAYWRITE), 0);
	mmap_read_unlock(current->mm);
	vm_munmap(at, PAGE_SIZE);
	__fput_sync(other);
	dma_buf_put(dmabuf);
}

static struct kunit_case heap_suite_cases[] = {
	KUNIT_CASE_PARAM(mode_is_as_asked_for, access_gen_params),
	KUNIT_CASE_PARAM(no_device_writes_what_is_read_only, direction_gen_params),
	KUNIT_CASE(the_kernel_does_not_map_what_is_read_only),
	KUNIT_CASE(nobody_maps_it_to_write_by_another_file),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite heap_suite = {
	.name = "pinbuf_heap",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = heap_suite_cases,
};

kunit_test_suite(heap_suite);
