// SPDX-License-Identifier: MIT
/*
 * A buffer is a descriptor, its length and what this process has mapped of it.
 * What the library can see to be wrong it says itself, with the value; the module
 * judges the rest, and device/explain.c finds the words.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include <pinbuf/buf.h>

#include "device/explain.h"
#include "device/handle.h"
#include "device/map.h"
#include "internal.h"

#define FLAGS (PINBUF_BUF_CONTIG | PINBUF_BUF_HUGE | PINBUF_BUF_STRICT_NODE)

_Static_assert(PINBUF_BUF_CONTIG == PINBUF_ALLOC_CONTIG &&
	       PINBUF_BUF_HUGE == PINBUF_ALLOC_HUGE &&
	       PINBUF_BUF_STRICT_NODE == PINBUF_ALLOC_STRICT_NODE, "flags are the module's");
_Static_assert(PINBUF_READ == PINBUF_SYNC_READ && PINBUF_WRITE == PINBUF_SYNC_WRITE,
	       "accesses are the module's");
_Static_assert(PINBUF_BUF_QUERY_REFS == PINBUF_QUERY_REFS, "query flags are the module's");

struct pinbuf_buf {
	atomic_uint refs;
	int fd;
	uint64_t len;
	struct pinbuf_dev *dev;
	pthread_mutex_t lock;		/* of maps */
	struct pinbuf__maps maps;
};

/* One row a rule: what the request must not be. */
static int request_check(const struct pinbuf__request *r)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	const struct pinbuf_buf_opts *o = &r->opts;
	const char *c;

	if (!r->len)
		return pinbuf__error(&e, "a buffer of 0 bytes cannot be: len must be more than 0");
	e.requested = o->align;
	if (o->align & (o->align - 1))
		return pinbuf__error(&e, "the alignment %zu is not a power of two", o->align);
	e.requested = o->flags;
	if (o->flags & ~FLAGS)
		return pinbuf__error(&e, "pinbuf_buf_opts.flags has the unknown bits %#x",
				     o->flags & ~FLAGS);
	if (o->node < PINBUF_NODE_ANY)
		return pinbuf__error(&e, "NUMA node %d cannot be: name a node, or PINBUF_NODE_ANY",
				     o->node);
	if ((o->flags & PINBUF_BUF_STRICT_NODE) && o->node == PINBUF_NODE_ANY)
		return pinbuf__error(&e, "PINBUF_BUF_STRICT_NODE needs a node: set pinbuf_buf_opts.node");
	if (o->reserved)
		return pinbuf__error(&e, "pinbuf_buf_opts.reserved is %u and must be 0: start from PINBUF_BUF_OPTS_INIT",
				     o->reserved);
	if (o->label && strlen(o->label) >= PINBUF_LABEL_SIZE)
		return pinbuf__error(&e, "the label '%.40s' has %zu characters, %d are the most",
				     o->label, strlen(o->label), PINBUF_LABEL_SIZE - 1);
	for (c = o->label ? o->label : ""; *c; c++)
		if (*c < ' ' || *c > '~')
			return pinbuf__error(&e, "the label has the byte %#x at place %td: printable ASCII only",
					     (unsigned char)*c, c - o->label);
	return 0;
}

/* Takes over @fd on success. */
static int buf_wrap(struct pinbuf_buf **out, struct pinbuf_dev *dev, int fd, uint64_t len)
{
	struct pinbuf_buf *buf = malloc(sizeof(*buf));

	if (!buf)
		return pinbuf__error(&(struct pinbuf_error){ .kind = PINBUF_ERROR_MEMORY, .err = ENOMEM },
				     "no memory for the library's own %zu bytes", sizeof(*buf));
	atomic_init(&buf->refs, 1);
	buf->fd = fd;
	buf->len = len;
	buf->dev = pinbuf__dev_get(dev);
	pthread_mutex_init(&buf->lock, NULL);
	buf->maps.first = NULL;
	*out = buf;
	return 0;
}

/* After a failure, so its figures may be a moment younger than the refusal. */
static int create_refused(struct pinbuf__request *r, struct pinbuf_dev *dev, int err)
{
	r->info.size = sizeof(r->info);
	if (pinbuf_dev_info(dev, &r->info))
		memset(&r->info, 0, sizeof(r->info));
	pinbuf__limits_read(&r->limits);
	pinbuf__dev_limits(dev, &r->limits);
	return pinbuf__explain_create(r, err);
}

int pinbuf_buf_create(struct pinbuf_buf **out, struct pinbuf_dev *dev, size_t len,
		      const struct pinbuf_buf_opts *user)
{
	struct pinbuf__request r = { .len = len, .opts = PINBUF_BUF_OPTS_INIT };
	struct pinbuf_ioc_alloc a = { .fd_flags = O_CLOEXEC };
	int ret;

	ret = pinbuf__opts_copy(&r.opts, sizeof(r.opts), sizeof(r.opts), user,
				"struct pinbuf_buf_opts");
	if (ret)
		return ret;
	ret = request_check(&r);
	if (ret)
		return ret;
	a.len = len;
	a.align = r.opts.align;
	a.flags = r.opts.flags;
	a.node = r.opts.node;
	a.addr_bits = r.opts.addr_bits;
	if (r.opts.label)
		memcpy(a.name, r.opts.label, strlen(r.opts.label));
	if (ioctl(pinbuf_dev_fd(dev), PINBUF_IOC_ALLOC, &a))
		return create_refused(&r, dev, errno);
	ret = buf_wrap(out, dev, a.out_fd, a.out_len);
	if (ret)
		close(a.out_fd);
	return ret;
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

int pinbuf_buf_import(struct pinbuf_buf **out, struct pinbuf_dev *dev, int fd)
{
	struct pinbuf_ioc_query q = { .fd = fd };

	if (ioctl(pinbuf_dev_fd(dev), PINBUF_IOC_QUERY, &q))
		return query_refused(fd, errno);
	return buf_wrap(out, dev, fd, q.out.len);
}

struct pinbuf_buf *pinbuf_buf_get(struct pinbuf_buf *buf)
{
	atomic_fetch_add_explicit(&buf->refs, 1, memory_order_relaxed);
	return buf;
}

void pinbuf_buf_put(struct pinbuf_buf *buf)
{
	if (!buf || atomic_fetch_sub_explicit(&buf->refs, 1, memory_order_acq_rel) != 1)
		return;
	pinbuf__maps_fini(&buf->maps);
	pthread_mutex_destroy(&buf->lock);
	close(buf->fd);
	pinbuf_close(buf->dev);
	free(buf);
}

int pinbuf_buf_fd(const struct pinbuf_buf *buf)
{
	return buf->fd;
}

size_t pinbuf_buf_len(const struct pinbuf_buf *buf)
{
	return buf->len;
}

static int map_opts_check(const struct pinbuf_buf *buf, struct pinbuf_map_opts *o)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	e.requested = o->offset;
	e.limit = buf->len;
	if (o->offset % page)
		return pinbuf__error(&e, "a mapping starts on a page: offset %llu is no multiple of %llu",
				     (unsigned long long)o->offset, (unsigned long long)page);
	if (o->offset >= buf->len || o->len > buf->len - o->offset)
		return pinbuf__error(&e, "the range of %zu bytes at offset %llu is outside the buffer, which has %llu bytes",
				     o->len, (unsigned long long)o->offset,
				     (unsigned long long)buf->len);
	if (o->access & ~PINBUF_READWRITE)
		return pinbuf__error(&e, "pinbuf_map_opts.access is %#x: PINBUF_READ and PINBUF_WRITE are all there is",
				     o->access);
	if (o->fork != PINBUF_FORK_DONT && o->fork != PINBUF_FORK_SHARED)
		return pinbuf__error(&e, "pinbuf_map_opts.fork is %d: it is PINBUF_FORK_DONT or PINBUF_FORK_SHARED",
				     (int)o->fork);
	if (!o->len)
		o->len = buf->len - o->offset;
	o->len = (o->len + page - 1) / page * page;
	if (!o->access)
		o->access = PINBUF_READWRITE;
	return 0;
}

int pinbuf_buf_map(struct pinbuf_buf *buf, void **out, const struct pinbuf_map_opts *user)
{
	struct pinbuf_map_opts o = PINBUF_MAP_OPTS_INIT;
	struct pinbuf__map_request r = { .fd = buf->fd };
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_map_opts");

	if (ret)
		return ret;
	ret = map_opts_check(buf, &o);
	if (ret)
		return ret;
	r.offset = o.offset;
	r.len = o.len;
	r.access = o.access;
	r.fork = o.fork;
	r.huge_size = pinbuf__dev_huge_size(buf->dev);
	pthread_mutex_lock(&buf->lock);
	ret = pinbuf__maps_add(&buf->maps, &r, out);
	pthread_mutex_unlock(&buf->lock);
	return ret;
}

int pinbuf_buf_unmap(struct pinbuf_buf *buf, void *addr)
{
	int ret;

	pthread_mutex_lock(&buf->lock);
	ret = pinbuf__maps_remove(&buf->maps, addr);
	pthread_mutex_unlock(&buf->lock);
	return ret;
}

int pinbuf_buf_query(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *out)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = flags };
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_ioc_query q = { .fd = buf->fd, .flags = flags };

	if (flags & ~PINBUF_BUF_QUERY_REFS)
		return pinbuf__error(&e, "pinbuf_buf_query() does not know the flags %#x",
				     flags & ~PINBUF_BUF_QUERY_REFS);
	if (ioctl(pinbuf_dev_fd(buf->dev), PINBUF_IOC_QUERY, &q))
		return query_refused(buf->fd, errno);
	info.len = q.out.len;
	info.extents = q.out.extents;
	info.id = q.out.id;
	info.huge_bytes = q.out.huge_bytes;
	info.mappings = q.out.mappings;
	info.attachments = q.out.attachments;
	info.refs = q.out.refs;
	info.flags = q.out.flags;
	info.node = q.out.node;
	info.uid = q.out.uid;
	info.pid = q.out.pid;
	memcpy(info.label, q.out.label, sizeof(info.label) - 1);
	memcpy(info.name, q.out.name, sizeof(info.name) - 1);
	return pinbuf__info_copy(out, sizeof(info), &info, sizeof(info),
				 "struct pinbuf_buf_info");
}

static int buf_sync(struct pinbuf_buf *buf, uint64_t offset, uint64_t len, unsigned int access,
		    unsigned int step)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .limit = buf->len };
	struct pinbuf_ioc_sync s = { .fd = buf->fd, .flags = access | step,
				     .offset = offset, .len = len };

	if (!access || (access & ~PINBUF_READWRITE))
		return pinbuf__error(&e, "an access of %#x cannot be: PINBUF_READ, PINBUF_WRITE or both",
				     access);
	if (!len || offset > buf->len || len > buf->len - offset)
		return pinbuf__error(&e, "the range of %llu bytes at offset %llu is empty or outside the buffer, which has %llu bytes",
				     (unsigned long long)len, (unsigned long long)offset,
				     (unsigned long long)buf->len);
	if (!ioctl(pinbuf_dev_fd(buf->dev), PINBUF_IOC_SYNC, &s))
		return 0;
	e.kind = PINBUF_ERROR_SYSTEM;
	e.err = errno;
	return pinbuf__error(&e, "the buffer cannot be synchronised: %s", strerror(e.err));
}

int pinbuf_buf_sync_begin(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			  unsigned int access)
{
	return buf_sync(buf, offset, len, access, PINBUF_SYNC_START);
}

int pinbuf_buf_sync_end(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			unsigned int access)
{
	return buf_sync(buf, offset, len, access, PINBUF_SYNC_END);
}
