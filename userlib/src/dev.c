// SPDX-License-Identifier: MIT
/*
 * The device, opened once and shared by reference: every buffer that was made of
 * it needs its descriptor to be asked about.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include <pinbuf/dev.h>

#include "device/explain.h"
#include "device/handle.h"
#include "internal.h"

#define NODE "/dev/pinbuf"
#define CAPS (PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA)

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

struct pinbuf_dev {
	atomic_uint refs;
	int fd;
	uint64_t huge_size;	/* never changes while the module is loaded */
};

static int open_opts_check(const struct pinbuf_dev_opts *opts)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };

	if (opts->flags)
		return pinbuf__error(&e, "pinbuf_dev_opts.flags is %#x and must be 0",
				     opts->flags);
	if (opts->require & ~CAPS) {
		e.kind = PINBUF_ERROR_UNSUPPORTED;
		e.err = EOPNOTSUPP;
		return pinbuf__error(&e, "the capabilities required are %#x, and no source of memory has more than %#x (pinned, never moves, DMA)",
				     opts->require, CAPS);
	}
	return 0;
}

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

int pinbuf_open(struct pinbuf_dev **out, const struct pinbuf_dev_opts *user)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_ioc_info info;
	struct pinbuf_dev *dev;
	int fd, ret;

	ret = pinbuf__opts_copy(&opts, sizeof(opts), sizeof(opts), user, "struct pinbuf_dev_opts");
	if (ret)
		return ret;
	ret = open_opts_check(&opts);
	if (ret)
		return ret;
	if (!opts.path)
		opts.path = NODE;
	fd = open(opts.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return pinbuf__explain_open(opts.path, errno);
	ret = info_read(fd, &info, opts.path);
	if (ret)
		goto out_close;
	dev = malloc(sizeof(*dev));
	if (!dev) {
		ret = pinbuf__error(&(struct pinbuf_error){ .kind = PINBUF_ERROR_MEMORY, .err = ENOMEM },
				    "no memory for the library's own %zu bytes", sizeof(*dev));
		goto out_close;
	}
	atomic_init(&dev->refs, 1);
	dev->fd = fd;
	dev->huge_size = info.out_huge_size;
	*out = dev;
	return 0;

out_close:
	close(fd);
	return ret;
}

struct pinbuf_dev *pinbuf__dev_get(struct pinbuf_dev *dev)
{
	atomic_fetch_add_explicit(&dev->refs, 1, memory_order_relaxed);
	return dev;
}

void pinbuf_close(struct pinbuf_dev *dev)
{
	if (!dev || atomic_fetch_sub_explicit(&dev->refs, 1, memory_order_acq_rel) != 1)
		return;
	close(dev->fd);
	free(dev);
}

int pinbuf_dev_fd(const struct pinbuf_dev *dev)
{
	return dev->fd;
}

uint64_t pinbuf__dev_huge_size(const struct pinbuf_dev *dev)
{
	return dev->huge_size;
}

int pinbuf_dev_info(struct pinbuf_dev *dev, struct pinbuf_dev_info *out)
{
	struct pinbuf_dev_info info = { .size = sizeof(info), .caps = CAPS };
	struct pinbuf_ioc_info k;
	int ret = info_read(dev->fd, &k, NODE);

	if (ret)
		return ret;
	info.abi_version = k.out_abi_version;
	info.features = k.out_caps;
	info.page_size = k.out_page_size;
	info.huge_size = k.out_huge_size;
	info.max_len = k.out_max_len;
	info.max_block = k.out_max_block;
	info.limit = k.out_limit;
	info.locked = k.out_locked;
	info.max_bytes = pinbuf__ceiling("max_bytes");
	info.max_user_bytes = pinbuf__ceiling("max_user_bytes");
	info.nr_nodes = k.out_nr_nodes;
	info.node_end = k.out_node_end;
	return pinbuf__info_copy(out, sizeof(info), &info, sizeof(info),
				 "struct pinbuf_dev_info");
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

int pinbuf_stats_device(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
			struct pinbuf_dev_stats *out)
{
	struct pinbuf_ioc_stats k = { .scope = (__u32)scope, .node = node };
	struct pinbuf_dev_stats stats = { .size = sizeof(stats) };

	if (ioctl(dev->fd, PINBUF_IOC_STATS, &k))
		return stats_explain(scope, node, errno);
#define TAKE(name, help) stats.name = k.out_##name;
	PINBUF_DEV_STATS_FIELDS(TAKE)
#undef TAKE
	return pinbuf__info_copy(out, sizeof(stats), &stats, sizeof(stats),
				 "struct pinbuf_dev_stats");
}

/**
 * pinbuf__dev_limits() - what the device knows of the caller's limits
 * @dev: an open device
 * @l: memlock, locked, live_bytes and user_bytes are written
 */
void pinbuf__dev_limits(struct pinbuf_dev *dev, struct pinbuf__limits *l)
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
