// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a buffer lies in physical memory.
 *
 * Physical addresses help to attack a machine, so they are told to holders of
 * CAP_SYS_RAWIO in the initial user namespace, who could read them anyway, and
 * nowhere else: no tracepoint, debugfs file or message has one.
 *
 * The runs are found by walking the folios, which never change.  They go to the
 * caller's array one by one: his capacity allocates nothing here.
 */
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <linux/io.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "pinbuf.h"

static struct pinbuf_extent run_at(struct pinbuf_buf *buf, pgoff_t at)
{
	struct page *first;
	unsigned long nr = pinbuf_pages_extent(buf, at, ULONG_MAX, &first);

	return (struct pinbuf_extent) {
		.addr = page_to_phys(first),
		.len = (u64)nr << PAGE_SHIFT,
	};
}

static int write_runs(struct pinbuf_buf *buf, struct pinbuf_ioc_extents *req)
{
	struct pinbuf_extent __user *array = u64_to_user_ptr(req->array);
	struct pinbuf_extent run;
	u64 written = 0, i = 0, at;

	for (at = 0; at < buf->len && written < req->capacity; at += run.len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		run = run_at(buf, at >> PAGE_SHIFT);
		if (i++ < req->first)
			continue;
		if (copy_to_user(array + written, &run, sizeof(run)))
			return -EFAULT;
		written++;
	}
	req->out_written = written;
	return 0;
}

/**
 * pinbuf_extents() - PINBUF_IOC_EXTENTS
 * @call: its struct, whose array is written
 *
 * Return: 0, -EPERM without CAP_SYS_RAWIO, -EINVAL for an unknown flag or a
 * descriptor that is no buffer of ours, -EBADF, -EFAULT, or -EINTR when a fatal
 * signal is pending.
 */
int pinbuf_extents(struct pinbuf_call *call)
{
	struct pinbuf_ioc_extents *req = &call->cmd.extents;
	struct dma_buf *dmabuf;
	struct pinbuf_buf *buf;
	int err;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (req->flags)
		return -EINVAL;
	dmabuf = pinbuf_dmabuf_get(req->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	buf = dmabuf->priv;
	req->out_total = buf->extents;
	req->out_written = 0;
	/* What does not exist needs no walk to be found missing. */
	err = req->first < buf->extents ? write_runs(buf, req) : 0;
	dma_buf_put(dmabuf);
	return err;
}
