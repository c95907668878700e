// SPDX-License-Identifier: MIT
/*
 * Buffers of the module's device.  The module judges what the library cannot see to
 * be wrong, and explain.c finds the words.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include <pinbuf/names.h>

#include "../internal.h"
#include "handle.h"
#include "place.h"

#define NODE "/dev/pinbuf"
#define FLAGS (PINBUF_BUF_CONTIG | PINBUF_BUF_HUGE | PINBUF_BUF_STRICT_NODE)

_Static_assert(PINBUF_DEV_HUGE == PINBUF_CAP_HUGE &&
	       PINBUF_DEV_MEMCG == PINBUF_CAP_MEMCG &&
	       PINBUF_DEV_MEMLOCK == PINBUF_CAP_MEMLOCK &&
	       PINBUF_DEV_CONTIG == PINBUF_CAP_CONTIG &&
	       PINBUF_DEV_ADDR_BITS == PINBUF_CAP_ADDR_BITS &&
	       PINBUF_DEV_EXTENTS == PINBUF_CAP_EXTENTS &&
	       PINBUF_DEV_NAMES == PINBUF_CAP_NAMES &&
	       PINBUF_DEV_HEAP == PINBUF_CAP_HEAP, "features are the module's bits");
_Static_assert(PINBUF_DEV_SCOPE_USER == PINBUF_STATS_USER &&
	       PINBUF_DEV_SCOPE_NODE == PINBUF_STATS_NODE &&
	       PINBUF_DEV_SCOPE_ALL == PINBUF_STATS_ALL, "scopes are the module's");
_Static_assert(PINBUF_BUF_CONTIG == PINBUF_ALLOC_CONTIG &&
	       PINBUF_BUF_HUGE == PINBUF_ALLOC_HUGE &&
	       PINBUF_BUF_STRICT_NODE == PINBUF_ALLOC_STRICT_NODE, "flags are the module's");
_Static_assert(PINBUF__LABEL_SIZE == PINBUF_LABEL_SIZE &&
	       PINBUF__NAME_SIZE == PINBUF_NAME_SIZE, "labels and names are the module's");
_Static_assert(PINBUF_UID_OWN == (__u32)-1, "oneself is called as by the module");
_Static_assert(PINBUF_READ == PINBUF_SYNC_READ && PINBUF_WRITE == PINBUF_SYNC_WRITE,
	       "accesses are the module's");
_Static_assert(PINBUF_BUF_QUERY_REFS == PINBUF_QUERY_REFS, "query flags are the module's");

static int info_read(int fd, struct pinbuf_ioc_info *info, const char *path)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	int err;

	memset(info, 0, sizeof(*info));
	if (!ioctl(fd, PINBUF_IOC_INFO, info))
		return 0;
	err = errno;
	if (err == ENOTTY)
		return pinbuf__error(&e, "%s is not pinbuf's device: it does not know the first of its commands",
				     path);
	e.kind = PINBUF_ERROR_SYSTEM;
	e.err = err;
	return pinbuf__error(&e, "the device does not describe itself: %s", strerror(err));
}

static int node_open(struct pinbuf_dev *dev, const struct pinbuf_dev_opts *opts)
{
	const char *path = opts->path ? opts->path : NODE;
	struct pinbuf_ioc_info info;
	int ret;

	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return pinbuf__explain_open(path, errno);
	ret = info_read(dev->fd, &info, path);
	if (ret)
		close(dev->fd);
	else
		dev->huge_size = info.out_huge_size;
	return ret;
}

static void node_close(struct pinbuf_dev *dev)
{
	close(dev->fd);
}

static int node_info(struct pinbuf_dev *dev, struct pinbuf_dev_info *info)
{
	struct pinbuf_ioc_info k;
	int ret = info_read(dev->fd, &k, NODE);

	if (ret)
		return ret;
	info->source = PINBUF_SOURCE_DEVICE;
	info->abi_version = k.out_abi_version;
	info->features = k.out_caps;
	info->page_size = k.out_page_size;
	info->huge_size = k.out_huge_size;
	info->max_len = k.out_max_len;
	info->max_block = k.out_max_block;
	info->limit = k.out_limit;
	info->locked = k.out_locked;
	info->max_bytes = pinbuf__ceiling("max_bytes");
	info->max_user_bytes = pinbuf__ceiling("max_user_bytes");
	info->nr_nodes = k.out_nr_nodes;
	info->node_end = k.out_node_end;
	return 0;
}

static int stats_explain(enum pinbuf_dev_scope scope, int node, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = err };

	if (err == ENOENT)
		return pinbuf__error(&e, "there is no NUMA node %d with memory", node);
	if (err == EINVAL)
		return pinbuf__error(&e, "statistics of scope %d, node %d: the scope is one of user, node and all, and only a node's takes a node",
				     (int)scope, node);
	e.kind = PINBUF_ERROR_SYSTEM;
	return pinbuf__error(&e, "the device does not tell its statistics: %s", strerror(err));
}

static int node_stats(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
		      struct pinbuf_dev_stats *stats)
{
	struct pinbuf_ioc_stats k = { .scope = (__u32)scope, .node = node };

	if (ioctl(dev->fd, PINBUF_IOC_STATS, &k))
		return stats_explain(scope, node, errno);
#define TAKE(name, help) stats->name = k.out_##name;
	PINBUF_DEV_STATS_FIELDS(TAKE)
#undef TAKE
	return 0;
}

static void node_limits(struct pinbuf_dev *dev, struct pinbuf__limits *l)
{
	struct pinbuf_ioc_stats all = { .scope = PINBUF_STATS_ALL };
	struct pinbuf_ioc_stats user = { .scope = PINBUF_STATS_USER };
	struct pinbuf_ioc_info info = { .out_limit = UINT64_MAX };

	/* a figure that cannot be had stays at its harmless value */
	(void)ioctl(dev->fd, PINBUF_IOC_INFO, &info);
	(void)ioctl(dev->fd, PINBUF_IOC_STATS, &all);
	(void)ioctl(dev->fd, PINBUF_IOC_STATS, &user);
	l->memlock = info.out_limit;
	l->locked = info.out_locked;
	l->live_bytes = all.out_current_live;
	l->user_bytes = user.out_current_live;
}

static int buf_map(struct pinbuf_buf *buf, const struct pinbuf_map_opts *o, void **out)
{
	struct pinbuf__map_request r = {
		.fd = buf->fd, .offset = o->offset, .len = o->len, .access = o->access,
		.fork = o->fork, .huge_size = buf->dev->huge_size,
	};

	return pinbuf__maps_add(&buf->maps, &r, out);
}

static int query_refused(int fd, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = err, .requested = (unsigned int)fd };

	if (err == EINVAL)
		return pinbuf__error(&e, "descriptor %d is no pinbuf buffer: it must come from pinbuf_buf_fd(), by fork, a socket or dup",
				     fd);
	if (err == EBADF)
		return pinbuf__error(&e, "descriptor %d is not open", fd);
	e.kind = PINBUF_ERROR_SYSTEM;
	return pinbuf__error(&e, "descriptor %d cannot be described: %s", fd, strerror(err));
}

static int buf_query(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *info)
{
	struct pinbuf_ioc_query q = { .fd = buf->fd, .flags = flags };

	if (ioctl(buf->dev->fd, PINBUF_IOC_QUERY, &q))
		return query_refused(buf->fd, errno);
	info->len = q.out.len;
	info->extents = q.out.extents;
	info->id = q.out.id;
	info->huge_bytes = q.out.huge_bytes;
	info->mappings = q.out.mappings;
	info->attachments = q.out.attachments;
	info->refs = q.out.refs;
	info->flags = q.out.flags;
	info->node = q.out.node;
	info->uid = q.out.uid;
	info->pid = q.out.pid;
	memcpy(info->label, q.out.label, sizeof(info->label) - 1);
	memcpy(info->name, q.out.name, sizeof(info->name) - 1);
	return 0;
}

static int buf_sync(struct pinbuf_buf *buf, uint64_t offset, uint64_t len, unsigned int access,
		    bool end)
{
	struct pinbuf_ioc_sync s = {
		.fd = buf->fd, .flags = access | (end ? PINBUF_SYNC_END : PINBUF_SYNC_START),
		.offset = offset, .len = len,
	};
	struct pinbuf_error e = { .kind = PINBUF_ERROR_SYSTEM };

	if (!ioctl(buf->dev->fd, PINBUF_IOC_SYNC, &s))
		return 0;
	e.err = errno;
	return pinbuf__error(&e, "the buffer cannot be synchronised: %s", strerror(e.err));
}

static void buf_end(struct pinbuf_buf *buf)
{
	close(buf->fd);
}

static const struct pinbuf__backing folios = {
	.kind = PINBUF_BACKING_DEVICE,
	.map = buf_map,
	.query = buf_query,
	.sync = buf_sync,
	.end = buf_end,
};

static int node_create(struct pinbuf_buf *buf, const struct pinbuf__request *r)
{
	struct pinbuf_ioc_alloc a = {
		.len = r->len, .align = r->opts.align, .flags = r->opts.flags & FLAGS,
		.node = r->opts.node, .addr_bits = r->opts.addr_bits, .fd_flags = O_CLOEXEC,
	};
	struct pinbuf__policy policy;
	int err = 0;

	if (r->opts.label)
		memcpy(a.name, r->opts.label, strlen(r->opts.label));
	if (r->opts.flags & PINBUF_BUF_INTERLEAVE)
		pinbuf__policy_interleave(&policy);
	if (ioctl(buf->dev->fd, PINBUF_IOC_ALLOC, &a))
		err = errno;
	if (r->opts.flags & PINBUF_BUF_INTERLEAVE)
		pinbuf__policy_restore(&policy);
	if (err)
		return -err;
	buf->backing = &folios;
	buf->fd = a.out_fd;
	buf->len = a.out_len;
	return 0;
}

static int node_import(struct pinbuf_buf *buf, int fd)
{
	struct pinbuf_ioc_query q = { .fd = fd };

	if (ioctl(buf->dev->fd, PINBUF_IOC_QUERY, &q))
		return query_refused(fd, errno);
	buf->backing = &folios;
	buf->fd = fd;
	buf->len = q.out.len;
	return 0;
}

static int node_publish(struct pinbuf_buf *buf, const char *name, unsigned int mode)
{
	struct pinbuf_ioc_publish p = { .fd = buf->fd, .mode = mode };

	memcpy(p.name, name, strlen(name));
	return ioctl(buf->dev->fd, PINBUF_IOC_PUBLISH, &p) ? -errno : 0;
}

static int node_attach(struct pinbuf_buf *buf, unsigned int uid, const char *name)
{
	struct pinbuf_ioc_attach a = { .uid = uid, .fd_flags = O_CLOEXEC };

	memcpy(a.name, name, strlen(name));
	if (ioctl(buf->dev->fd, PINBUF_IOC_ATTACH, &a))
		return -errno;
	buf->backing = &folios;
	buf->fd = a.out_fd;
	buf->len = a.out.len;
	return 0;
}

static int node_unpublish(struct pinbuf_dev *dev, unsigned int uid, const char *name)
{
	struct pinbuf_ioc_unpublish u = { .uid = uid };

	memcpy(u.name, name, strlen(name));
	return ioctl(dev->fd, PINBUF_IOC_UNPUBLISH, &u) ? -errno : 0;
}

const struct pinbuf__source pinbuf__node_source = {
	.caps = PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA,
	.open = node_open,
	.close = node_close,
	.info = node_info,
	.stats = node_stats,
	.limits = node_limits,
	.create = node_create,
	.import = node_import,
	.publish = node_publish,
	.attach = node_attach,
	.unpublish = node_unpublish,
};
