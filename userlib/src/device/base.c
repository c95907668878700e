// SPDX-License-Identifier: MIT
/*
 * What buffers of locked memory can do, of whichever kind.  One is mapped and filled
 * when it is made, so that nothing can fail later, and stays mapped until it ends; a
 * caller's mapping is a part of that wherever it can be.  It is not inherited by fork: a
 * child has the record, in which it is not the owner.
 *
 * The kernel would rather kill somebody than refuse to fill memory that may be locked.
 * So what is large is first compared with what there is.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../internal.h"
#include "live.h"
#include "memory.h"
#include "place.h"
#include "smaps.h"

/* What is smaller than this the kernel may judge alone. */
#define LARGE ((size_t)16 << 20)

/* Return: 0, or -ENOMEM if there is not so much to be had. */
int pinbuf__memory_room(const struct pinbuf__request *r, size_t len)
{
	struct pinbuf__limits l = { .memlock = UINT64_MAX };

	if ((r->opts.flags & PINBUF_BUF_STRICT_NODE) && len > pinbuf__node_available(r->opts.node))
		return -ENOMEM;
	if (len < LARGE)
		return 0;
	pinbuf__limits_read(&l);
	if ((l.available && len > l.available) ||
	    (l.cgroup_max != UINT64_MAX && len > l.cgroup_max - l.cgroup_current))
		return -ENOMEM;
	return 0;
}

/*
 * Fills it as well.  By number: the sanitizers replace mlock() by a function that does
 * nothing.
 */
int pinbuf__memory_lock(void *addr, size_t len)
{
	struct pinbuf__limits l = { .memlock = UINT64_MAX };
	int err;

	if (!syscall(SYS_mlock, addr, len))
		return 0;
	err = errno;
	if (err != ENOMEM && err != EPERM && err != EAGAIN)
		return -err;
	pinbuf__limits_process(&l);
	/* the limit and want of memory have one errno */
	if (err == EPERM || (l.memlock != UINT64_MAX && l.locked + len > l.memlock))
		return -EDQUOT;
	return -ENOMEM;
}

/* For pages that need no lock; @step is the size of one. */
int pinbuf__memory_populate(void *addr, size_t len, size_t step)
{
	volatile char *p = addr;
	size_t at;

	if (!madvise(addr, len, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -ENOMEM;
	for (at = 0; at < len; at += step)	/* before 5.14 */
		p[at] = 0;
	return 0;
}

static int map_refused(const char *what)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_UNSUPPORTED, .err = EOPNOTSUPP };

	return pinbuf__error(&e, "locked memory without a descriptor cannot be mapped %s: make the buffer with PINBUF_BUF_FD",
			     what);
}

int pinbuf__memory_map(struct pinbuf_buf *buf, const struct pinbuf_map_opts *o, void **out)
{
	struct pinbuf__map_request r = {
		.fd = buf->fd, .offset = o->offset, .len = o->len, .access = o->access,
		.fork = o->fork, .huge_size = buf->dev->huge_size,
	};

	if (buf->owner == getpid() && o->access == PINBUF_READWRITE && o->fork == PINBUF_FORK_DONT) {
		int ret = pinbuf__maps_lend(&buf->maps, buf->base + o->offset);

		if (!ret)
			*out = buf->base + o->offset;
		return ret;
	}
	if (buf->fd >= 0)
		return pinbuf__maps_add(&buf->maps, &r, out);
	if (buf->owner != getpid())
		return map_refused("in a child of the process that made it");
	return map_refused(o->fork == PINBUF_FORK_DONT ? "to be read or written alone" :
			   "to be shared with a child");
}

int pinbuf__memory_query(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *info)
{
	bool here = buf->owner == getpid(), hugetlb = buf->backing->kind == PINBUF_BACKING_HUGETLB;
	struct stat st = { 0 };

	(void)flags;	/* nothing here knows of others' references */
	if (buf->fd >= 0)
		fstat(buf->fd, &st);
	info->len = buf->len;
	info->id = st.st_ino;
	if (hugetlb)
		info->huge_bytes = buf->len;
	else if (here)
		info->huge_bytes = pinbuf__huge_bytes(buf->base, buf->len);
	pthread_mutex_lock(&buf->lock);
	info->mappings = buf->maps.nr;
	pthread_mutex_unlock(&buf->lock);
	if (buf->dev->huge_size && info->huge_bytes >= buf->dev->huge_size &&
	    info->huge_bytes >= (buf->len & -buf->dev->huge_size))
		info->flags = PINBUF_BUF_HUGE;
	info->node = here ? pinbuf__node_of(buf->base, buf->len,
					    hugetlb ? buf->dev->huge_size :
					    (size_t)sysconf(_SC_PAGESIZE)) : -1;
	info->uid = getuid();
	info->pid = buf->owner;
	strcpy(info->label, buf->label);
	return 0;
}

/* The processor's own memory is always as the processor left it. */
int pinbuf__memory_sync(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			unsigned int access, bool end)
{
	(void)buf;
	(void)offset;
	(void)len;
	(void)access;
	(void)end;
	return 0;
}

void pinbuf__memory_end(struct pinbuf_buf *buf)
{
	if (buf->owner == getpid()) {
		pinbuf__live_remove(buf->base, buf->len, false);
		munmap(buf->base, buf->len);
	}
	if (buf->fd >= 0)
		close(buf->fd);
}
