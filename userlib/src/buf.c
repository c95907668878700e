// SPDX-License-Identifier: MIT
/*
 * A buffer is what its backing made of it, and what this process has mapped of it.
 * What the library can see to be wrong it says itself, with the value; the source
 * judges the rest, and device/explain.c finds the words.
 *
 * References and holds are one number, so that exactly one of the threads that drop
 * the last of each ends the buffer.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pinbuf/buf.h>

#include "device/handle.h"
#include "device/pressure.h"
#include "internal.h"
#include "process.h"
#include "refuse.h"

#define FLAGS (PINBUF_BUF_CONTIG | PINBUF_BUF_HUGE | PINBUF_BUF_STRICT_NODE | \
	       PINBUF_BUF_INTERLEAVE | PINBUF_BUF_FD)

#define ONE_HOLD	((uint64_t)1 << 32)
#define REFS(counts)	((uint32_t)(counts))
#define HOLDS(counts)	((uint32_t)((counts) >> 32))

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
	if ((o->flags & PINBUF_BUF_INTERLEAVE) && o->node != PINBUF_NODE_ANY)
		return pinbuf__error(&e, "PINBUF_BUF_INTERLEAVE goes over all nodes, and NUMA node %d was asked for: one of both",
				     o->node);
	if (o->reserved)
		return pinbuf__error(&e, "pinbuf_buf_opts.reserved is %u and must be 0: start from PINBUF_BUF_OPTS_INIT",
				     o->reserved);
	if (o->label && strlen(o->label) >= PINBUF__LABEL_SIZE)
		return pinbuf__error(&e, "the label '%.40s' has %zu characters, %d are the most",
				     o->label, strlen(o->label), PINBUF__LABEL_SIZE - 1);
	for (c = o->label ? o->label : ""; *c; c++)
		if (*c < ' ' || *c > '~')
			return pinbuf__error(&e, "the label has the byte %#x at place %td: printable ASCII only",
					     (unsigned char)*c, c - o->label);
	return 0;
}

/* NULL with the error filled */
struct pinbuf_buf *pinbuf__buf_make(struct pinbuf_dev *dev)
{
	struct pinbuf_buf *buf = calloc(1, sizeof(*buf));

	if (!buf) {
		(void)pinbuf__refuse_own(sizeof(*buf));
		return NULL;
	}
	atomic_init(&buf->counts, 1);
	buf->dev = dev;
	return buf;
}

/* With its backing it is whole. */
void pinbuf__buf_finish(struct pinbuf_buf *buf)
{
	pinbuf__dev_get(buf->dev);
	pthread_mutex_init(&buf->lock, NULL);
}

/* After a failure, so its figures may be a moment younger than the refusal. */
static int create_refused(struct pinbuf__request *r, struct pinbuf_dev *dev, int err)
{
	r->info.size = sizeof(r->info);
	if (pinbuf_dev_info(dev, &r->info))
		memset(&r->info, 0, sizeof(r->info));
	pinbuf__limits_read(&r->limits);
	dev->source->limits(dev, &r->limits);
	return pinbuf__explain_create(r, err);
}

int pinbuf_buf_create(struct pinbuf_buf **out, struct pinbuf_dev *dev, size_t len,
		      const struct pinbuf_buf_opts *user)
{
	struct pinbuf__request r = { .len = len, .opts = PINBUF_BUF_OPTS_INIT };
	struct pinbuf_buf *buf;
	int ret;

	ret = pinbuf__opts_copy(&r.opts, sizeof(r.opts), sizeof(r.opts), user,
				"struct pinbuf_buf_opts");
	if (!ret)
		ret = request_check(&r);
	if (ret)
		return ret;
	buf = pinbuf__buf_make(dev);
	if (!buf)
		return -ENOMEM;
	ret = dev->source->create(buf, &r);
	if (ret) {
		free(buf);
		return create_refused(&r, dev, -ret);
	}
	pinbuf__buf_finish(buf);
	buf->counted = buf->len;
	pinbuf__process_pinned(buf->counted);
	pinbuf__pressure_look();
	*out = buf;
	return 0;
}

int pinbuf_buf_import(struct pinbuf_buf **out, struct pinbuf_dev *dev, int fd)
{
	struct pinbuf_buf *buf = pinbuf__buf_make(dev);
	int ret;

	if (!buf)
		return -ENOMEM;
	ret = dev->source->import(buf, fd);
	if (ret) {
		free(buf);
		return ret;
	}
	pinbuf__buf_finish(buf);
	*out = buf;
	return 0;
}

__attribute__((noreturn, cold))
static void buf_misuse(const struct pinbuf_buf *buf, const char *what)
{
	fprintf(stderr, "pinbuf: buffer of %" PRIu64 " bytes, descriptor %d: %s\n", buf->len,
		buf->fd, what);
	abort();
}

static void buf_end(struct pinbuf_buf *buf)
{
	pinbuf__maps_fini(&buf->maps);
	if (buf->counted)
		pinbuf__process_unpinned(buf->counted);
	buf->backing->end(buf);
	pinbuf__pressure_look();
	pthread_mutex_destroy(&buf->lock);
	pinbuf_close(buf->dev);
	free(buf);
}

struct pinbuf_buf *pinbuf_buf_get(struct pinbuf_buf *buf)
{
	atomic_fetch_add_explicit(&buf->counts, 1, memory_order_relaxed);
	return buf;
}

void pinbuf_buf_put(struct pinbuf_buf *buf)
{
	uint64_t before;

	if (!buf)
		return;
	before = atomic_fetch_sub_explicit(&buf->counts, 1, memory_order_acq_rel);
	if (PINBUF_UNLIKELY(!REFS(before)))
		buf_misuse(buf, "put more often than there were references");
	if (before == 1)
		buf_end(buf);
}

void pinbuf_buf_hold(struct pinbuf_buf *buf)
{
	atomic_fetch_add_explicit(&buf->counts, ONE_HOLD, memory_order_relaxed);
}

void pinbuf_buf_release(struct pinbuf_buf *buf)
{
	uint64_t before = atomic_fetch_sub_explicit(&buf->counts, ONE_HOLD, memory_order_acq_rel);

	if (PINBUF_UNLIKELY(!HOLDS(before)))
		buf_misuse(buf, "released more often than it was held");
	if (before == ONE_HOLD)
		buf_end(buf);
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
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_map_opts");

	if (!ret)
		ret = map_opts_check(buf, &o);
	if (ret)
		return ret;
	pthread_mutex_lock(&buf->lock);
	ret = buf->backing->map(buf, &o, out);
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
	struct pinbuf_buf_info info = { .size = sizeof(info), .backing = buf->backing->kind };
	int ret;

	if (flags & ~PINBUF_BUF_QUERY_REFS)
		return pinbuf__error(&e, "pinbuf_buf_query() does not know the flags %#x",
				     flags & ~PINBUF_BUF_QUERY_REFS);
	ret = buf->backing->query(buf, flags, &info);
	if (ret)
		return ret;
	info.held = HOLDS(atomic_load_explicit(&buf->counts, memory_order_relaxed));
	return pinbuf__info_copy(out, sizeof(info), &info, sizeof(info),
				 "struct pinbuf_buf_info");
}

static int buf_sync(struct pinbuf_buf *buf, uint64_t offset, uint64_t len, unsigned int access,
		    bool end)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .limit = buf->len };

	if (!access || (access & ~PINBUF_READWRITE))
		return pinbuf__error(&e, "an access of %#x cannot be: PINBUF_READ, PINBUF_WRITE or both",
				     access);
	if (!len || offset > buf->len || len > buf->len - offset)
		return pinbuf__error(&e, "the range of %" PRIu64 " bytes at offset %" PRIu64 " is empty or outside the buffer, which has %" PRIu64 " bytes",
				     len, offset, buf->len);
	return buf->backing->sync(buf, offset, len, access, end);
}

int pinbuf_buf_sync_begin(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			  unsigned int access)
{
	return buf_sync(buf, offset, len, access, false);
}

int pinbuf_buf_sync_end(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			unsigned int access)
{
	return buf_sync(buf, offset, len, access, true);
}
