// SPDX-License-Identifier: MIT
/*
 * Buffers of a memfd, locked: the only memory without the device that another process
 * can have by its descriptor, and the dearest.  Its size is sealed, so that whoever
 * receives it need not fear that it shrinks under him.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "place.h"

static const struct pinbuf__backing backing = PINBUF__MEMORY_BACKING(PINBUF_BACKING_MEMFD);

static bool memfd_suits(const struct pinbuf__request *r, uint64_t huge)
{
	(void)huge;
	return r->opts.flags & PINBUF_BUF_FD;
}

static int memfd_open(const struct pinbuf__request *r, size_t len)
{
	int fd = memfd_create(r->opts.label ? r->opts.label : "pinbuf",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, (off_t)len) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* Where huge entries would work, for kernels that put tmpfs in huge pages. */
static char *range_get(int fd, size_t len, size_t huge)
{
	void *room = huge && len >= huge ? pinbuf__room_reserve(len, 0, huge) : NULL;
	char *p = mmap(room, len, PROT_READ | PROT_WRITE, MAP_SHARED | (room ? MAP_FIXED : 0),
		       fd, 0);

	if (p == MAP_FAILED && room)
		munmap(room, len);
	else if (p != MAP_FAILED && room)
		madvise(p, len, MADV_HUGEPAGE);
	return p;
}

static int memfd_make(struct pinbuf_buf *buf, const struct pinbuf__request *r)
{
	size_t page = (size_t)r->info.page_size, len = (r->len + page - 1) & -page;
	int ret = pinbuf__memory_room(r, len);

	if (ret)
		return ret;
	buf->fd = memfd_open(r, len);
	if (buf->fd < 0)
		return buf->fd;
	buf->base = range_get(buf->fd, len, buf->dev->huge_size);
	if (buf->base == MAP_FAILED) {
		ret = -ENOMEM;
		goto out_close;
	}
	ret = pinbuf__place(buf->base, len, &r->opts);
	if (!ret)
		ret = pinbuf__memory_lock(buf->base, len);
	if (ret)
		goto out_unmap;
	buf->backing = &backing;
	buf->len = len;
	return 0;

out_unmap:
	munmap(buf->base, len);
out_close:
	close(buf->fd);
	return ret;
}

/* A buffer of another process, which this one locks as well. */
static int memfd_import(struct pinbuf_buf *buf, int fd, size_t len)
{
	int ret;

	buf->base = range_get(fd, len, buf->dev->huge_size);
	if (buf->base == MAP_FAILED)
		return -ENOMEM;
	ret = pinbuf__memory_lock(buf->base, len);
	if (ret) {
		munmap(buf->base, len);
		return ret;
	}
	buf->fd = fd;
	buf->backing = &backing;
	buf->len = len;
	return 0;
}

const struct pinbuf__kind pinbuf__memfd = {
	.suits = memfd_suits, .make = memfd_make, .import = memfd_import,
};
