// SPDX-License-Identifier: MIT
/*
 * Buffers of hugetlb pages: the cheapest, where an administrator has set some aside.
 * They are never swapped, so they need no lock and are not held against
 * RLIMIT_MEMLOCK.  The pool counts for the whole machine and not for a node, so a page
 * that is promised may still not be had where it is wanted; it is touched by a call that
 * can say so, where a store would be a SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"
#include "place.h"

static const struct pinbuf__backing backing = PINBUF__MEMORY_BACKING(PINBUF_BACKING_HUGETLB);

/* The size of page, in the flags of mmap(2) and at the same place of memfd_create(2). */
static unsigned int size_flags(uint64_t huge)
{
	return (unsigned int)__builtin_ctzll(huge) << MAP_HUGE_SHIFT;
}

static bool hugetlb_suits(const struct pinbuf__request *r, uint64_t huge)
{
	return huge && !(r->len % huge);
}

static int memory_map(struct pinbuf_buf *buf, size_t len)
{
	int flags = buf->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
		    (int)size_flags(buf->dev->huge_size) : MAP_SHARED;

	buf->base = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, buf->fd, 0);
	return buf->base == MAP_FAILED ? -errno : 0;
}

static int hugetlb_make(struct pinbuf_buf *buf, const struct pinbuf__request *r)
{
	int ret;

	buf->fd = -1;
	if (r->opts.flags & PINBUF_BUF_FD) {
		buf->fd = memfd_create(r->opts.label ? r->opts.label : "pinbuf",
				       MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB |
				       size_flags(buf->dev->huge_size));
		if (buf->fd < 0)
			return -errno;
		if (ftruncate(buf->fd, (off_t)r->len) ||
		    fcntl(buf->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
			ret = -errno;
			goto out_close;
		}
	}
	ret = memory_map(buf, r->len);
	if (ret)
		goto out_close;
	ret = pinbuf__place(buf->base, r->len, &r->opts);
	if (!ret)
		ret = pinbuf__memory_populate(buf->base, r->len, buf->dev->huge_size);
	if (ret)
		goto out_unmap;
	buf->backing = &backing;
	buf->len = r->len;
	return 0;

out_unmap:
	munmap(buf->base, r->len);
out_close:
	if (buf->fd >= 0)
		close(buf->fd);
	return ret;
}

static int hugetlb_import(struct pinbuf_buf *buf, int fd, size_t len)
{
	int ret;

	buf->fd = fd;
	ret = memory_map(buf, len);
	if (ret)
		return ret;
	ret = pinbuf__memory_populate(buf->base, len, buf->dev->huge_size);
	if (ret) {
		munmap(buf->base, len);
		return ret;
	}
	buf->backing = &backing;
	buf->len = len;
	return 0;
}

const struct pinbuf__kind pinbuf__hugetlb = {
	.suits = hugetlb_suits, .make = hugetlb_make, .import = hugetlb_import,
};
