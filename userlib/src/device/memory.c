// SPDX-License-Identifier: MIT
/*
 * Locked memory as a source of buffers: resident, at one address, and no more, for the
 * kernel may still move its pages.  The first kind of the table that suits and is to be
 * had is taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "../internal.h"
#include "live.h"
#include "memory.h"
#include "place.h"
#include "smaps.h"

#define HUGE_FILES	"/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s"
#define HUGETLBFS_MAGIC	0x958458f6

/* the cheapest first */
static const struct pinbuf__kind *const kinds[] = {
	&pinbuf__hugetlb,
	&pinbuf__anon,
	&pinbuf__memfd,
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int memory_open(struct pinbuf_dev *dev, const struct pinbuf_dev_opts *opts)
{
	(void)opts;
	dev->huge_size = pinbuf__number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
	return 0;
}

static void memory_close(struct pinbuf_dev *dev)
{
	(void)dev;
}

static void memory_limits(struct pinbuf_dev *dev, struct pinbuf__limits *l)
{
	(void)dev;
	pinbuf__limits_process(l);
}

/* One sentence a want, the weightiest first. */
static void why_tell(const struct pinbuf_dev *dev, const struct pinbuf_dev_info *info, char *why,
		     size_t size)
{
	char path[128], limit[PINBUF__BYTES_SIZE], used[PINBUF__BYTES_SIZE];
	uint64_t pages, unused;
	int n = snprintf(why, size, "%s. This is locked memory, which the kernel may move and no device takes.",
			 dev->why);

	snprintf(path, sizeof(path), HUGE_FILES, dev->huge_size >> 10, "nr_hugepages");
	pages = pinbuf__number(path);
	snprintf(path, sizeof(path), HUGE_FILES, dev->huge_size >> 10, "free_hugepages");
	unused = pinbuf__number(path);
	if (!unused && n >= 0 && (size_t)n < size)
		n += snprintf(why + n, size - (size_t)n, " No hugetlb pages are free (%" PRIu64 " are set aside; root sets more in /proc/sys/vm/nr_hugepages).",
			      pages);
	if (info->limit != UINT64_MAX && n >= 0 && (size_t)n < size)
		snprintf(why + n, size - (size_t)n, " RLIMIT_MEMLOCK is %s, %s of it used.",
			 pinbuf__bytes(limit, info->limit), pinbuf__bytes(used, info->locked));
}

static int memory_info(struct pinbuf_dev *dev, struct pinbuf_dev_info *info)
{
	struct pinbuf__limits l = { .memlock = UINT64_MAX };

	pinbuf__limits_process(&l);
	info->source = PINBUF_SOURCE_LOCKED;
	info->features = PINBUF_DEV_MEMCG | PINBUF_DEV_MEMLOCK |
			 (dev->huge_size ? PINBUF_DEV_HUGE : 0);
	info->page_size = info->max_block = page_size();
	info->huge_size = dev->huge_size;
	info->max_len = PTRDIFF_MAX & -info->page_size;
	info->limit = l.memlock;
	info->locked = l.locked;
	info->nr_nodes = pinbuf__nodes(&info->node_end);
	why_tell(dev, info, info->why, sizeof(info->why));
	return 0;
}

static int memory_stats(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
			struct pinbuf_dev_stats *stats)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_UNSUPPORTED, .err = EOPNOTSUPP };

	(void)scope;
	(void)node;
	(void)stats;
	return pinbuf__error(&e, "locked memory has no statistics of a module (%s): VmLck in /proc/self/status is this process's",
			     dev->why);
}

static bool is_whole_huge(const struct pinbuf_buf *buf)
{
	uint64_t huge = buf->dev->huge_size;

	return huge && pinbuf__huge_bytes(buf->base, buf->len) >= buf->len / huge * huge;
}

/* What is not inherited, known to be pinned, and as huge as was asked. */
static int buf_settle(struct pinbuf_buf *buf, const struct pinbuf__request *r)
{
	if (r && (r->opts.flags & PINBUF_BUF_HUGE) && !is_whole_huge(buf))
		return -ENOMEM;
	if (madvise(buf->base, buf->len, MADV_DONTFORK) ||
	    pinbuf__live_add(buf->base, buf->len, false))
		return -ENOMEM;
	buf->owner = getpid();
	return 0;
}

static void base_unmap(struct pinbuf_buf *buf)
{
	munmap(buf->base, buf->len);
	if (buf->fd >= 0)
		close(buf->fd);
}

static int kind_make(const struct pinbuf__kind *kind, struct pinbuf_buf *buf,
		     const struct pinbuf__request *r)
{
	int ret = kind->make(buf, r);

	if (ret)
		return ret;
	ret = buf_settle(buf, r);
	if (ret)
		base_unmap(buf);
	return ret;
}

static int memory_create(struct pinbuf_buf *buf, const struct pinbuf__request *user)
{
	struct pinbuf__request r = *user;
	int ret = -EOPNOTSUPP;
	size_t i;

	r.info.page_size = page_size();
	if (r.len > (PTRDIFF_MAX & -r.info.page_size))
		return -EOVERFLOW;
	if ((r.opts.flags & PINBUF_BUF_CONTIG) || r.opts.addr_bits ||
	    r.opts.align > r.info.page_size)
		return -EOPNOTSUPP;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!kinds[i]->suits(&r, buf->dev->huge_size))
			continue;
		ret = kind_make(kinds[i], buf, &r);
		if (!ret)
			break;
	}
	if (!ret && r.opts.label)
		strcpy(buf->label, r.opts.label);
	return ret;
}

static int import_refused(int fd, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = err, .requested = (unsigned int)fd };

	if (err == EBADF)
		return pinbuf__error(&e, "descriptor %d is not open", fd);
	if (err == EINVAL)
		return pinbuf__error(&e, "descriptor %d is no pinbuf buffer of locked memory: it must come from pinbuf_buf_fd() of one that was made with PINBUF_BUF_FD",
				     fd);
	e.kind = err == EDQUOT ? PINBUF_ERROR_LIMIT : PINBUF_ERROR_MEMORY;
	return pinbuf__error(&e, "the buffer of descriptor %d cannot be locked by this process: %s",
			     fd, err == EDQUOT ? "it is past RLIMIT_MEMLOCK (`ulimit -l`)" :
			     "there is no memory, or no room in the address space");
}

static int memory_import(struct pinbuf_buf *buf, int fd)
{
	const struct pinbuf__kind *kind = &pinbuf__memfd;
	struct statfs fs;
	struct stat st;
	int seals, ret;

	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return import_refused(fd, errno);
	seals = fcntl(fd, F_GET_SEALS);
	/* one that could shrink would be a SIGBUS */
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || !st.st_size)
		return import_refused(fd, EINVAL);
	if (fs.f_type == HUGETLBFS_MAGIC)
		kind = &pinbuf__hugetlb;
	ret = kind->import(buf, fd, (size_t)st.st_size);
	if (ret)
		return import_refused(fd, -ret);
	ret = buf_settle(buf, NULL);
	if (!ret)
		return 0;
	munmap(buf->base, buf->len);
	return import_refused(fd, -ret);
}

const struct pinbuf__source pinbuf__memory_source = {
	.caps = PINBUF_PINNED,
	.open = memory_open,
	.close = memory_close,
	.info = memory_info,
	.stats = memory_stats,
	.limits = memory_limits,
	.create = memory_create,
	.import = memory_import,
};
