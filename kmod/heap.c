// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/dma_heap/pinbuf: the allocator for programs that were written for a
 * dma-heap.
 *
 * It answers as drivers/dma-buf/dma-heap.c does, in what it takes and in what it
 * refuses: the number alone tells the command; a shorter struct is extended with
 * zeroes, and what a longer one has beyond is left as it is; the access mode
 * asked for is that of the descriptor, for ever.  What comes is a buffer like
 * every other: charged to the user who opened the node, accepted for I/O.
 *
 * A node of its own rather than a heap: dma_heap_add() is not exported, and not
 * every kernel has dma-heaps.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <uapi/linux/dma-heap.h>

#include "pinbuf.h"

static int pinbuf_heap_open(struct inode *inode, struct file *node)
{
	return pinbuf_fops_open(inode, node) ?: nonseekable_open(inode, node);
}

static struct dma_buf *alloc(struct pinbuf_user *user, struct dma_heap_allocation_data *req)
{
	static const char label[PINBUF_LABEL_SIZE];
	struct pinbuf_want want = {
		.len = PAGE_ALIGN(req->len),
		.align = PAGE_SIZE,
		.node = NUMA_NO_NODE,
		.access = req->fd_flags & O_ACCMODE,
		.label = label,
	};
	struct dma_buf *dmabuf;
	int fd;

	if (req->fd || req->fd_flags & ~DMA_HEAP_VALID_FD_FLAGS ||
	    req->heap_flags & ~DMA_HEAP_VALID_HEAP_FLAGS || !want.len)
		return ERR_PTR(-EINVAL);
	if (want.len > PINBUF_MAX_LEN)
		return ERR_PTR(-ENOMEM);
	dmabuf = pinbuf_buf_create(user, &want);
	if (IS_ERR(dmabuf))
		return dmabuf;
	fd = get_unused_fd_flags(req->fd_flags);
	if (fd < 0) {
		dma_buf_put(dmabuf);
		return ERR_PTR(fd);
	}
	req->fd = fd;
	return dmabuf;
}

static int answer(struct dma_buf *dmabuf, void __user *uarg,
		  const struct dma_heap_allocation_data *req, size_t size)
{
	if (copy_to_user(uarg, req, size)) {
		put_unused_fd(req->fd);
		dma_buf_put(dmabuf);
		return -EFAULT;
	}
	fd_install(req->fd, dmabuf->file);
	return 0;
}

static long pinbuf_heap_ioctl(struct file *node, unsigned int cmd, unsigned long arg)
{
	size_t size = _IOC_SIZE(cmd);
	size_t in = cmd & IOC_IN ? size : 0, out = cmd & IOC_OUT ? size : 0;
	struct dma_heap_allocation_data *req;
	void __user *uarg = (void __user *)arg;
	struct dma_buf *dmabuf;
	long ret;

	if (_IOC_NR(cmd) != _IOC_NR(DMA_HEAP_IOCTL_ALLOC))
		return -EINVAL;
	req = kzalloc(max(size, sizeof(*req)), PINBUF_GFP_TABLE);
	if (!req)
		return -ENOMEM;
	if (copy_from_user(req, uarg, in)) {
		ret = -EFAULT;
		goto out_free;
	}
	dmabuf = alloc(node->private_data, req);
	ret = IS_ERR(dmabuf) ? PTR_ERR(dmabuf) : answer(dmabuf, uarg, req, out);
out_free:
	kfree(req);
	return ret;
}

/* The node: commands of a dma-heap, and no others. */
const struct file_operations pinbuf_heap_fops = {
	.owner = THIS_MODULE,
	.open = pinbuf_heap_open,
	.release = pinbuf_fops_release,
	.unlocked_ioctl = pinbuf_heap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
EXPORT_SYMBOL_IF_KUNIT(pinbuf_heap_fops);
