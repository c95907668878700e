// SPDX-License-Identifier: GPL-2.0-only
/*
 * Init and exit, the two nodes, and who opened them.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "pinbuf.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * pinbuf_fops_open() - find the user who opens a node
 * @inode: unused
 * @node: its private data becomes the user
 *
 * Return: 0 or -ENOMEM.
 */
int pinbuf_fops_open(struct inode *inode, struct file *node)
{
	struct pinbuf_user *user = pinbuf_user_get(node->f_cred);

	if (!user)
		return -ENOMEM;
	node->private_data = user;
	return 0;
}

/**
 * pinbuf_fops_release() - undo pinbuf_fops_open()
 * @inode: unused
 * @node: the node
 *
 * Return: 0.
 */
int pinbuf_fops_release(struct inode *inode, struct file *node)
{
	pinbuf_user_put(node->private_data);
	return 0;
}

VISIBLE_IF_KUNIT const struct file_operations pinbuf_fops = {
	.owner = THIS_MODULE,
	.open = pinbuf_fops_open,
	.release = pinbuf_fops_release,
	.unlocked_ioctl = pinbuf_fops_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = pinbuf_fops_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.llseek = noop_llseek,
};
EXPORT_SYMBOL_IF_KUNIT(pinbuf_fops);

static struct miscdevice pinbuf_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pinbuf",
	.fops = &pinbuf_fops,
	.mode = 0600,
};

static struct miscdevice heap_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pinbuf_heap",
	.nodename = "dma_heap/pinbuf",
	.fops = &pinbuf_heap_fops,
	.mode = 0600,
};

static int __init pinbuf_init(void)
{
	int err;

	pinbuf_account_init();
	err = pinbuf_stats_init();
	if (err)
		return err;
	err = misc_register(&pinbuf_device);
	if (err)
		goto out_stats;
	err = misc_register(&heap_device);
	if (err)
		goto out_node;
	return 0;

out_node:
	misc_deregister(&pinbuf_device);
out_stats:
	pinbuf_stats_exit();
	return err;
}
module_init(pinbuf_init);

static void __exit pinbuf_exit(void)
{
	misc_deregister(&heap_device);
	misc_deregister(&pinbuf_device);
	pinbuf_stats_exit();
}
module_exit(pinbuf_exit);

MODULE_DESCRIPTION("Memory that stays put: never-moving, accounted buffers for I/O and DMA");
MODULE_AUTHOR("The pinbuf developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
MODULE_IMPORT_NS(DMA_BUF);
