// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for QEMU's edu device (PCI 1234:11e8) that imports dma-bufs and moves
 * bytes between them and the 4096 bytes that the device has.  For tests.
 *
 * It sees of a buffer what any driver sees: the bus addresses of its table, never
 * its pages, and it leaves the synchronising to the exporter.
 *
 * The device runs one transfer at a time and takes 100 ms for it.  QEMU 7.2 ends
 * itself if a transfer touches the last of the 4096 bytes.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "edu_import.h"
#include "pinbuf_edu.h"

#define EDU_BAR			0

#define EDU_REG_SRC		0x80
#define EDU_REG_DST		0x88
#define EDU_REG_COUNT		0x90
#define EDU_REG_CMD		0x98
#define EDU_CMD_START		BIT(0)
#define EDU_CMD_TO_RAM		BIT(1)

#define EDU_MEMORY		0x40000
#define EDU_POLL_US		5000
#define EDU_TIMEOUT_US		(20 * USEC_PER_SEC)

#define EDU_DIRECTIONS		(PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE)

static unsigned int dma_bits = 32;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "address bits of the device (32; 28 for one without dma_mask=)");

struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct miscdevice misc;
	struct mutex lock;	/* the engine, the mask, all that follows */
	unsigned int bits;
	unsigned int imports;	/* none may live while the mask changes */
	bool stuck;		/* a transfer did not end, and may yet */
};

struct edu_file {
	struct edu *edu;
	struct edu_import kept;	/* kept.dmabuf is NULL if none is */
};

static int import_begin(struct edu *edu, struct edu_import *im, int fd, u32 direction)
{
	int ret = edu_import_begin(im, &edu->pdev->dev, fd, direction);

	if (!ret)
		edu->imports++;
	return ret;
}

static void import_end(struct edu *edu, struct edu_import *im)
{
	edu_import_end(im);
	edu->imports--;
}

/* One run of bus addresses.  The device answers 0 in the command when it is done. */
static int engine_run(struct edu *edu, dma_addr_t bus, u64 len, u32 device_offset, u32 direction)
{
	bool to_ram = direction == PINBUF_EDU_FROM_DEVICE;
	u64 memory = EDU_MEMORY + device_offset, cmd;
	int ret;

	writeq(to_ram ? memory : bus, edu->regs + EDU_REG_SRC);
	writeq(to_ram ? bus : memory, edu->regs + EDU_REG_DST);
	writeq(len, edu->regs + EDU_REG_COUNT);
	writeq(EDU_CMD_START | (to_ram ? EDU_CMD_TO_RAM : 0), edu->regs + EDU_REG_CMD);
	ret = readq_poll_timeout(edu->regs + EDU_REG_CMD, cmd, !(cmd & EDU_CMD_START),
				 EDU_POLL_US, EDU_TIMEOUT_US);
	if (ret)
		edu->stuck = true;
	return ret;
}

/* A piece may lie in several runs. */
static int table_walk(struct edu *edu, const struct edu_import *im, struct pinbuf_edu_dma *arg)
{
	u64 skip = arg->offset;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(im->table, sg, i) {
		u64 run = sg_dma_len(sg), step;
		int ret;

		if (skip >= run) {
			skip -= run;
			continue;
		}
		step = min_t(u64, run - skip, arg->len - arg->out_len);
		ret = engine_run(edu, sg_dma_address(sg) + skip, step,
				 arg->device_offset + arg->out_len, arg->direction);
		if (ret)
			return ret;
		arg->out_len += step;
		skip = 0;
		if (arg->out_len == arg->len)
			return 0;
	}
	/* the table is shorter than the buffer says it is */
	return -EPROTO;
}

static int transfer(struct edu *edu, const struct edu_import *im, struct pinbuf_edu_dma *arg)
{
	if (!im->table || !edu_range_ok(im->dmabuf, arg->offset, arg->len))
		return -EINVAL;
	if (im->direction != DMA_BIDIRECTIONAL && im->direction != edu_direction(arg->direction))
		return -EINVAL;
	if (edu->stuck)
		return -ETIMEDOUT;
	arg->out_segments = im->table->nents;
	return table_walk(edu, im, arg);
}

static int edu_dma(struct edu_file *file, void __user *user)
{
	struct edu *edu = file->edu;
	struct pinbuf_edu_dma arg;
	struct edu_import im;
	int ret;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.direction != PINBUF_EDU_TO_DEVICE && arg.direction != PINBUF_EDU_FROM_DEVICE)
		return -EINVAL;
	if (!arg.len || arg.len > PINBUF_EDU_MAX_LEN ||
	    arg.device_offset > PINBUF_EDU_ROOM - arg.len)
		return -EINVAL;
	arg.out_len = 0;
	arg.out_segments = 0;
	if (arg.fd == PINBUF_EDU_KEPT) {
		ret = file->kept.dmabuf ? transfer(edu, &file->kept, &arg) : -ENOENT;
	} else {
		ret = import_begin(edu, &im, arg.fd, arg.direction);
		if (ret)
			return ret;
		ret = transfer(edu, &im, &arg);
		import_end(edu, &im);
	}
	if (!ret && copy_to_user(user, &arg, sizeof(arg)))
		ret = -EFAULT;
	return ret;
}

static int edu_attach(struct edu_file *file, void __user *user)
{
	struct pinbuf_edu_attach arg;
	int ret;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if ((arg.direction & ~EDU_DIRECTIONS) || arg.reserved)
		return -EINVAL;
	if (file->kept.dmabuf)
		return -EBUSY;
	ret = import_begin(file->edu, &file->kept, arg.fd, arg.direction);
	if (ret)
		return ret;
	arg.out_segments = file->kept.table ? file->kept.table->nents : 0;
	if (copy_to_user(user, &arg, sizeof(arg))) {
		import_end(file->edu, &file->kept);
		return -EFAULT;
	}
	return 0;
}

static int edu_detach(struct edu_file *file, void __user *user)
{
	if (!file->kept.dmabuf)
		return -ENOENT;
	import_end(file->edu, &file->kept);
	return 0;
}

static int edu_vmap(struct edu_file *file, void __user *user)
{
	struct pinbuf_edu_vmap arg;
	struct dma_buf *dmabuf;
	void *bytes;
	int ret;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.direction != PINBUF_EDU_TO_DEVICE && arg.direction != PINBUF_EDU_FROM_DEVICE)
		return -EINVAL;
	if (!arg.len || arg.len > PINBUF_EDU_MAX_LEN)
		return -EINVAL;
	bytes = memdup_user(u64_to_user_ptr(arg.user), arg.len);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	dmabuf = dma_buf_get(arg.fd);
	if (IS_ERR(dmabuf)) {
		ret = PTR_ERR(dmabuf);
		goto out_free;
	}
	ret = -EINVAL;
	if (edu_range_ok(dmabuf, arg.offset, arg.len))
		ret = edu_vmap_copy(dmabuf, &arg, bytes);
	dma_buf_put(dmabuf);
	if (!ret && arg.direction == PINBUF_EDU_TO_DEVICE &&
	    copy_to_user(u64_to_user_ptr(arg.user), bytes, arg.len))
		ret = -EFAULT;
out_free:
	kfree(bytes);
	return ret;
}

static int edu_mask(struct edu_file *file, void __user *user)
{
	struct edu *edu = file->edu;
	struct pinbuf_edu_mask arg;
	int ret;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.bits < PAGE_SHIFT || arg.bits > 64)
		return -EINVAL;
	if (edu->imports)
		return -EBUSY;
	ret = dma_set_mask_and_coherent(&edu->pdev->dev, DMA_BIT_MASK(arg.bits));
	if (ret)
		return ret;
	arg.out_old = edu->bits;
	edu->bits = arg.bits;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static const struct {
	unsigned int cmd;
	int (*fn)(struct edu_file *file, void __user *user);
} commands[] = {
	{ PINBUF_EDU_DMA,	edu_dma },
	{ PINBUF_EDU_ATTACH,	edu_attach },
	{ PINBUF_EDU_DETACH,	edu_detach },
	{ PINBUF_EDU_VMAP,	edu_vmap },
	{ PINBUF_EDU_MASK,	edu_mask },
};

static long edu_fops_ioctl(struct file *filp, unsigned int cmd, unsigned long user)
{
	struct edu_file *file = filp->private_data;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].cmd != cmd)
			continue;
		if (mutex_lock_interruptible(&file->edu->lock))
			return -EINTR;
		ret = commands[i].fn(file, (void __user *)user);
		mutex_unlock(&file->edu->lock);
		return ret;
	}
	return -ENOTTY;
}

static int edu_fops_open(struct inode *inode, struct file *filp)
{
	struct edu *edu = container_of(filp->private_data, struct edu, misc);
	struct edu_file *file = kzalloc(sizeof(*file), GFP_KERNEL);

	if (!file)
		return -ENOMEM;
	file->edu = edu;
	filp->private_data = file;
	return 0;
}

static int edu_fops_release(struct inode *inode, struct file *filp)
{
	struct edu_file *file = filp->private_data;

	mutex_lock(&file->edu->lock);
	if (file->kept.dmabuf)
		import_end(file->edu, &file->kept);
	mutex_unlock(&file->edu->lock);
	kfree(file);
	return 0;
}

static const struct file_operations edu_fops = {
	.owner		= THIS_MODULE,
	.open		= edu_fops_open,
	.release	= edu_fops_release,
	.unlocked_ioctl	= edu_fops_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	edu->bits = dma_bits;
	mutex_init(&edu->lock);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(EDU_BAR), KBUILD_MODNAME);
	if (ret)
		return ret;
	edu->regs = pcim_iomap_table(pdev)[EDU_BAR];
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(dma_bits));
	if (ret)
		return ret;
	/* a run of any length: what it moves of one is never more than a piece */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	pci_set_master(pdev);
	edu->misc.minor = MISC_DYNAMIC_MINOR;
	edu->misc.name = "pinbuf_edu";
	edu->misc.fops = &edu_fops;
	edu->misc.parent = &pdev->dev;
	pci_set_drvdata(pdev, edu);
	return misc_register(&edu->misc);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	misc_deregister(&edu->misc);
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name		= "pinbuf_edu",
	.id_table	= edu_ids,
	.probe		= edu_probe,
	.remove		= edu_remove,
	/* an open file holds the module, not the device: no unbinding by hand */
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's edu device as an importer of dma-bufs, for tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
