// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/pinbuf: a table, and the copy in and out.
 *
 * A handler sees a kernel copy of the caller's struct, extended with zeroes to
 * what this kernel knows, and touches no user memory but EXTENTS' array.  A descriptor that it
 * makes is only reserved; it is installed here, after the struct has been
 * written back, so a copy that faults leaves nothing behind.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "pinbuf.h"

struct ioctl_op {
	unsigned int size;
	unsigned int min_size;		/* as first released */
	bool needs_write;
	bool has_out;
	int (*fn)(struct pinbuf_call *call);
};

#define IOCTL_ROW(_nr, _fn, _struct, _last, _needs_write, _has_out)		\
	[_IOC_NR(_nr)] = {							\
		.size = sizeof(_struct) +					\
			BUILD_BUG_ON_ZERO(sizeof(_struct) % 8) +		\
			BUILD_BUG_ON_ZERO(sizeof(_struct) >			\
				sizeof_field(struct pinbuf_call, cmd)),		\
		.min_size = offsetofend(_struct, _last),			\
		.needs_write = _needs_write,					\
		.has_out = _has_out,						\
		.fn = _fn,							\
	}

#define IOCTL_OP(_nr, _fn, _struct, _last, _needs_write)			\
	IOCTL_ROW(_nr, _fn, _struct, _last, _needs_write, true)
#define IOCTL_IN_OP(_nr, _fn, _struct, _last, _needs_write)			\
	IOCTL_ROW(_nr, _fn, _struct, _last, _needs_write, false)

static const struct ioctl_op ops[] = {
	IOCTL_OP(PINBUF_IOC_INFO, pinbuf_account_info, struct pinbuf_ioc_info, reserved, false),
	IOCTL_OP(PINBUF_IOC_ALLOC, pinbuf_buf_alloc, struct pinbuf_ioc_alloc, reserved, true),
	IOCTL_OP(PINBUF_IOC_QUERY, pinbuf_buf_query, struct pinbuf_ioc_query, out, false),
	IOCTL_OP(PINBUF_IOC_EXTENTS, pinbuf_extents, struct pinbuf_ioc_extents, out_total, false),
	IOCTL_IN_OP(PINBUF_IOC_SYNC, pinbuf_sync, struct pinbuf_ioc_sync, len, false),
	IOCTL_OP(PINBUF_IOC_STATS, pinbuf_stats_read, struct pinbuf_ioc_stats, out_small_folios,
		 false),
	IOCTL_IN_OP(PINBUF_IOC_PUBLISH, pinbuf_names_publish, struct pinbuf_ioc_publish, name,
		    true),
	IOCTL_OP(PINBUF_IOC_ATTACH, pinbuf_names_attach, struct pinbuf_ioc_attach, out, true),
	IOCTL_IN_OP(PINBUF_IOC_UNPUBLISH, pinbuf_names_unpublish, struct pinbuf_ioc_unpublish,
		    name, true),
};

static const struct ioctl_op *find_op(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != PINBUF_IOC_TYPE || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE) ||
	    nr >= ARRAY_SIZE(ops))
		return NULL;
	nr = array_index_nospec(nr, ARRAY_SIZE(ops));
	return ops[nr].fn ? &ops[nr] : NULL;
}

/**
 * pinbuf_fops_ioctl() - a command of /dev/pinbuf
 * @node: the open node
 * @cmd: number, whose size is that of the caller's struct
 * @arg: pointer to it
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno as the header of the ABI tells.
 */
long pinbuf_fops_ioctl(struct file *node, unsigned int cmd, unsigned long arg)
{
	struct pinbuf_call call = { .user = node->private_data, .cred = node->f_cred };
	const struct ioctl_op *op = find_op(cmd);
	void __user *uarg = (void __user *)arg;
	size_t size = _IOC_SIZE(cmd);
	int ret;

	if (!op)
		return -ENOTTY;
	if (size < op->min_size)
		return -EINVAL;
	if (op->needs_write && !(node->f_mode & FMODE_WRITE))
		return -EACCES;
	ret = copy_struct_from_user(&call.cmd, op->size, uarg, size);
	if (ret)
		return ret;
	ret = op->fn(&call);
	/* What has no output cannot fail in telling it. */
	if (ret || !op->has_out)
		return ret;

	if (copy_to_user(uarg, &call.cmd, min_t(size_t, size, op->size)))
		ret = -EFAULT;
	if (!call.file)
		return ret;
	if (ret) {
		put_unused_fd(call.fd);
		fput(call.file);
		return ret;
	}
	fd_install(call.fd, call.file);
	return 0;
}
