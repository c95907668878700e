// SPDX-License-Identifier: GPL-2.0-only
/*
 * One buffer: its life and death.
 *
 * A buffer is charged, then filled, then given a dma-buf as its door, and only
 * then seen by anyone.  From the export on the dma-buf owns the buffer: every
 * way out, an error included, is dma_buf_put().  Nobody frees a buffer; the
 * last reference to the dma-buf's file does, and descriptors, mappings and
 * attachments are such references.  Pages that a device still holds then
 * outlive the buffer, uncharged here but not in the memory cgroup.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/cpuset.h>
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "pinbuf.h"
#include "trace.h"

#define ALLOC_FLAGS	(PINBUF_ALLOC_CONTIG | PINBUF_ALLOC_HUGE | PINBUF_ALLOC_STRICT_NODE)

static LIST_HEAD(buffers);
static DEFINE_MUTEX(buffers_lock);

static void destroy(struct pinbuf_buf *buf)
{
	pinbuf_pages_free(buf);
	pinbuf_account_uncharge(buf->user, buf->len);
	put_pid(buf->pid);
	pinbuf_user_put(buf->user);
	mutex_destroy(&buf->lock);
	kfree(buf);
}

/**
 * pinbuf_buf_put() - drop a reference
 * @buf: the buffer; its pages go with the last one
 *
 * Context: may sleep.
 */
void pinbuf_buf_put(struct pinbuf_buf *buf)
{
	if (!refcount_dec_and_test(&buf->refs))
		return;
	mutex_lock(&buffers_lock);
	list_del(&buf->entry);
	mutex_unlock(&buffers_lock);
	trace_pinbuf_free(buf);
	pinbuf_stats_died(buf);
	destroy(buf);
}

/**
 * pinbuf_buf_each() - call a function for every buffer
 * @fn: called under the lock of the list; must not put a buffer
 * @arg: for @fn
 *
 * Context: may sleep.
 */
void pinbuf_buf_each(void (*fn)(struct pinbuf_buf *buf, void *arg), void *arg)
{
	struct pinbuf_buf *buf;

	mutex_lock(&buffers_lock);
	list_for_each_entry(buf, &buffers, entry)
		fn(buf, arg);
	mutex_unlock(&buffers_lock);
}

static struct pinbuf_buf *new_buf(struct pinbuf_user *user, const struct pinbuf_want *want)
{
	/*
	 * Not charged, as the dma-buf's own is not: of a fixed size, and bounded by
	 * the charged page, file and inode that every buffer has.
	 */
	struct pinbuf_buf *buf = kzalloc(sizeof(*buf), PINBUF_GFP_TABLE & ~__GFP_ACCOUNT);

	if (!buf)
		return NULL;
	refcount_set(&buf->refs, 1);
	buf->len = want->len;
	buf->access = want->access;
	xa_init_flags(&buf->folios, XA_FLAGS_ACCOUNT);
	pinbuf_user_hold(user);
	buf->user = user;
	buf->pid = get_pid(task_tgid(current));
	buf->born = get_jiffies_64();
	mutex_init(&buf->lock);
	INIT_LIST_HEAD(&buf->attachments);
	memcpy(buf->label, want->label, sizeof(buf->label));
	return buf;
}

static enum pinbuf_cause cause_of(int err)
{
	switch (err) {
	case -ENOMEM:
		return PINBUF_CAUSE_MEMORY;
	case -EINTR:
		return PINBUF_CAUSE_SIGNAL;
	default:
		return PINBUF_CAUSE_OTHER;
	}
}

static struct dma_buf *create(struct pinbuf_user *user, const struct pinbuf_want *want,
			      enum pinbuf_cause *cause)
{
	struct dma_buf *dmabuf;
	struct pinbuf_buf *buf;
	int err;

	err = pinbuf_account_charge(user, want->len, cause);
	if (err)
		return ERR_PTR(err);
	buf = new_buf(user, want);
	if (!buf) {
		*cause = PINBUF_CAUSE_MEMORY;
		pinbuf_account_uncharge(user, want->len);
		return ERR_PTR(-ENOMEM);
	}
	err = pinbuf_fill(buf, want);
	if (err)
		goto out_destroy;
	dmabuf = pinbuf_dmabuf_export(buf);
	if (IS_ERR(dmabuf)) {
		err = PTR_ERR(dmabuf);
		goto out_destroy;
	}
	/* The dma-buf owns the buffer from here. */
	buf->id = file_inode(dmabuf->file)->i_ino;
	pinbuf_stats_born(buf);
	mutex_lock(&buffers_lock);
	list_add_tail(&buf->entry, &buffers);
	mutex_unlock(&buffers_lock);
	*cause = PINBUF_CAUSE_NONE;
	return dmabuf;

out_destroy:
	*cause = cause_of(err);
	destroy(buf);
	return ERR_PTR(err);
}

/**
 * pinbuf_buf_create() - make a buffer and its door
 * @user: who pays; the buffer takes a reference
 * @want: what it shall be, checked by the caller
 *
 * Context: may sleep; may hold the caller's own mmap lock and no other.
 * Return: the dma-buf, which owns the buffer, or -EDQUOT, -ENOMEM, -EINTR, or
 * what dma_buf_export() answers.
 */
struct dma_buf *pinbuf_buf_create(struct pinbuf_user *user, const struct pinbuf_want *want)
{
	u64 start = trace_pinbuf_alloc_enabled() ? ktime_get_ns() : 0;
	enum pinbuf_cause cause;
	struct dma_buf *dmabuf = create(user, want, &cause);

	if (IS_ERR(dmabuf)) {
		pinbuf_stats_failed(user, cause);
		pinbuf_account_tell(user, want->len, cause);
	}
	if (trace_pinbuf_alloc_enabled())
		trace_pinbuf_alloc(want, IS_ERR(dmabuf) ? NULL : dmabuf->priv, cause,
				   PTR_ERR_OR_ZERO(dmabuf), start ? ktime_get_ns() - start : 0);
	return dmabuf;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_buf_create);

/**
 * pinbuf_label_ok() - is it printable ASCII, filled with zeroes to its size?
 * @label: PINBUF_LABEL_SIZE bytes
 *
 * Return: whether it is; an empty one is.
 */
VISIBLE_IF_KUNIT bool pinbuf_label_ok(const u8 *label)
{
	size_t len = strnlen(label, PINBUF_LABEL_SIZE), i;

	for (i = 0; i < len; i++)
		if (!isascii(label[i]) || !isprint(label[i]))
			return false;
	return len < PINBUF_LABEL_SIZE && !memchr_inv(label + len, 0, PINBUF_LABEL_SIZE - len);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_label_ok);

static int check_node(int node, u32 flags)
{
	if (node == PINBUF_NODE_ANY)
		return flags & PINBUF_ALLOC_STRICT_NODE ? -EINVAL : 0;
	if (node < 0 || node >= nr_node_ids || !node_online(node))
		return -ENOENT;
	return node_isset(node, cpuset_current_mems_allowed) ? 0 : -EINVAL;
}

/**
 * pinbuf_alloc_check() - is a request well-formed, and can this kernel do it?
 * @req: ALLOC's struct
 *
 * Return: 0, -EINVAL, -EOVERFLOW, -ENOENT, -EOPNOTSUPP or -EPERM.
 */
VISIBLE_IF_KUNIT int pinbuf_alloc_check(const struct pinbuf_ioc_alloc *req)
{
	int err;

	if (!req->len || req->flags & ~ALLOC_FLAGS || req->fd_flags & ~O_CLOEXEC ||
	    req->reserved || (req->align && !is_power_of_2(req->align)) || req->addr_bits > 64 ||
	    !pinbuf_label_ok(req->name))
		return -EINVAL;
	if (req->len > PINBUF_MAX_LEN)
		return -EOVERFLOW;
	err = check_node(req->node, req->flags);
	if (err)
		return err;
	if (req->align > PINBUF_MAX_BLOCK ||
	    (req->flags & PINBUF_ALLOC_HUGE && !PINBUF_CAN_HUGE))
		return -EOPNOTSUPP;
	/* The zones below are small, and there are devices that work with no other. */
	if (req->addr_bits && req->addr_bits < 32 && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_alloc_check);

/**
 * pinbuf_buf_alloc() - PINBUF_IOC_ALLOC
 * @call: its struct; gets the dma-buf's file and a descriptor for it
 *
 * Return: 0, or an errno of the table.
 */
int pinbuf_buf_alloc(struct pinbuf_call *call)
{
	struct pinbuf_ioc_alloc *req = &call->cmd.alloc;
	struct pinbuf_want want = {
		.len = PAGE_ALIGN(req->len),
		.align = max_t(u64, req->align, PAGE_SIZE),
		.flags = req->flags,
		.node = req->node,
		.addr_bits = req->addr_bits,
		.access = O_RDWR,
		.label = req->name,
	};
	struct dma_buf *dmabuf;
	struct pinbuf_buf *buf;
	int err, fd;

	err = pinbuf_alloc_check(req);
	if (err)
		return err;
	fd = get_unused_fd_flags(req->fd_flags);
	if (fd < 0) {
		pinbuf_stats_failed(call->user, PINBUF_CAUSE_OTHER);
		return fd;
	}
	dmabuf = pinbuf_buf_create(call->user, &want);
	if (IS_ERR(dmabuf)) {
		put_unused_fd(fd);
		return PTR_ERR(dmabuf);
	}
	call->file = dmabuf->file;
	call->fd = fd;

	buf = dmabuf->priv;
	req->out_len = buf->len;
	req->out_extents = buf->extents;
	req->out_id = buf->id;
	req->out_fd = fd;
	req->out_flags = buf->flags;
	req->out_node = buf->node;
	return 0;
}

/**
 * pinbuf_buf_describe() - all that QUERY says but the count of references
 * @buf: the buffer
 * @desc: written
 *
 * Context: may sleep.
 */
void pinbuf_buf_describe(struct pinbuf_buf *buf, struct pinbuf_desc *desc)
{
	*desc = (struct pinbuf_desc) {
		.len = buf->len,
		.extents = buf->extents,
		.id = buf->id,
		.huge_bytes = (u64)buf->nr_huge << (PAGE_SHIFT + PINBUF_HUGE_ORDER),
		.mappings = atomic_read(&buf->mappings),
		.attachments = READ_ONCE(buf->nr_attachments),
		.flags = buf->flags,
		.node = buf->node,
		.uid = from_kuid_munged(current_user_ns(), buf->user->user->uid),
		.pid = pid_vnr(buf->pid),
	};
	memcpy(desc->label, buf->label, sizeof(desc->label));
	pinbuf_names_tell(buf, desc->name);
}

/**
 * pinbuf_buf_query() - PINBUF_IOC_QUERY
 * @call: its struct
 *
 * Return: 0, -EINVAL for an unknown flag or a descriptor that is no buffer of
 * ours, -EBADF.
 */
int pinbuf_buf_query(struct pinbuf_call *call)
{
	struct pinbuf_ioc_query *query = &call->cmd.query;
	struct dma_buf *dmabuf;

	if (query->flags & ~PINBUF_QUERY_REFS)
		return -EINVAL;
	dmabuf = pinbuf_dmabuf_get(query->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	pinbuf_buf_describe(dmabuf->priv, &query->out);
	if (query->flags & PINBUF_QUERY_REFS)
		query->out.refs = pinbuf_pages_refs(dmabuf->priv);
	dma_buf_put(dmabuf);
	return 0;
}
