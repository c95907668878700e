// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handing memory between the CPU and devices that are not coherent with it.
 *
 * Importers must not synchronise a table that they were handed: the exporter
 * does, for every device that has the buffer mapped.  x86 never notices one
 * that is missing; other machines and the DMA API's checks do.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>

#include "pinbuf.h"
#include "trace.h"

/*
 * Synchronises [@first, @end) of the buffer.  The segments of the CPU and those
 * of the device end at different places where an IOMMU has merged some: each
 * call stays within one of both.
 */
static void sync_attachment(struct pinbuf_attachment *a, u64 first, u64 end, bool for_cpu)
{
	struct scatterlist *sg, *dma = a->table.sgl;
	u64 cpu_end = 0, dma_start = 0, stop;
	dma_addr_t addr;
	unsigned int i;

	for_each_sgtable_sg(&a->table, sg, i) {
		if (first >= end)
			break;
		cpu_end += sg->length;
		for (; first < min(cpu_end, end); first = stop) {
			for (; first >= dma_start + sg_dma_len(dma); dma = sg_next(dma))
				dma_start += sg_dma_len(dma);
			stop = min3(cpu_end, end, dma_start + sg_dma_len(dma));
			addr = sg_dma_address(dma) + (first - dma_start);
			if (for_cpu)
				dma_sync_single_for_cpu(a->dev, addr, stop - first, a->dir);
			else
				dma_sync_single_for_device(a->dev, addr, stop - first, a->dir);
		}
	}
}

/* The call that belongs to the one that mapped it: the DMA API's checks know it as such. */
static void sync_all(struct pinbuf_attachment *a, bool for_cpu)
{
	if (for_cpu)
		dma_sync_sgtable_for_cpu(a->dev, &a->table, a->dir);
	else
		dma_sync_sgtable_for_device(a->dev, &a->table, a->dir);
}

/**
 * pinbuf_sync_range() - synchronise part of a buffer for every device
 * @buf: the buffer
 * @first: offset in bytes
 * @end: one past the last, at most the buffer's length
 * @for_cpu: the CPU is next to use it; else the devices are
 *
 * In the direction in which each device has it mapped, as its map and unmap do.
 *
 * Context: may sleep.
 */
void pinbuf_sync_range(struct pinbuf_buf *buf, u64 first, u64 end, bool for_cpu)
{
	struct pinbuf_attachment *a;

	mutex_lock(&buf->lock);
	if (buf->vaddr && !for_cpu)
		flush_kernel_vmap_range(buf->vaddr + first, end - first);
	list_for_each_entry(a, &buf->attachments, entry) {
		if (!a->nr_maps)
			continue;
		if (!first && end == buf->len)
			sync_all(a, for_cpu);
		else
			sync_attachment(a, first, end, for_cpu);
	}
	if (buf->vaddr && for_cpu)
		invalidate_kernel_vmap_range(buf->vaddr + first, end - first);
	mutex_unlock(&buf->lock);
}

#define SYNC_RW		(PINBUF_SYNC_READ | PINBUF_SYNC_WRITE)
#define SYNC_EDGE	(PINBUF_SYNC_START | PINBUF_SYNC_END)

static int check_sync(const struct pinbuf_ioc_sync *sync, u64 size)
{
	u64 end;

	if (sync->flags & ~(SYNC_RW | SYNC_EDGE) || !(sync->flags & SYNC_RW) ||
	    !is_power_of_2(sync->flags & SYNC_EDGE) || !sync->len)
		return -EINVAL;
	if (check_add_overflow(sync->offset, sync->len, &end))
		return -EOVERFLOW;
	return end <= size ? 0 : -EINVAL;
}

/* As the core does for DMA_BUF_IOCTL_SYNC: what devices still do comes first. */
static int wait_for_fences(struct dma_buf *dmabuf, bool write)
{
	long left = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
					  MAX_SCHEDULE_TIMEOUT);

	return left < 0 ? left : 0;
}

/**
 * pinbuf_sync() - PINBUF_IOC_SYNC
 * @call: its struct
 *
 * Return: 0, -EBADF, -EINVAL, -EOVERFLOW, or -ERESTARTSYS for a signal during
 * the wait for fences.
 */
int pinbuf_sync(struct pinbuf_call *call)
{
	struct pinbuf_ioc_sync *sync = &call->cmd.sync;
	struct dma_buf *dmabuf = pinbuf_dmabuf_get(sync->fd);
	bool for_cpu = sync->flags & PINBUF_SYNC_START;
	u64 start;
	int err;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	start = trace_pinbuf_sync_enabled() ? ktime_get_ns() : 0;
	err = check_sync(sync, dmabuf->size);
	if (!err && for_cpu)
		err = wait_for_fences(dmabuf, sync->flags & PINBUF_SYNC_WRITE);
	if (!err)
		pinbuf_sync_range(dmabuf->priv, sync->offset, sync->offset + sync->len, for_cpu);
	trace_pinbuf_sync(dmabuf->priv, sync, err, start ? ktime_get_ns() - start : 0);
	dma_buf_put(dmabuf);
	return err;
}
