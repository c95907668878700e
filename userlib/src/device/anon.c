// SPDX-License-Identifier: MIT
/*
 * Buffers of anonymous memory, in huge pages as far as the kernel has them, locked:
 * the cheapest where nothing was set aside.  Nobody but this process can have it.
 */
#include <errno.h>
#include <sys/mman.h>

#include "memory.h"
#include "place.h"

/* where a heap's pieces of memory like to begin; costs nothing here */
enum { SMALL_ALIGN = 64 << 10 };

static const struct pinbuf__backing backing = PINBUF__MEMORY_BACKING(PINBUF_BACKING_ANON);

static bool anon_suits(const struct pinbuf__request *r, uint64_t huge)
{
	(void)huge;
	return !(r->opts.flags & PINBUF_BUF_FD);
}

static char *range_get(size_t len, size_t huge)
{
	void *room = pinbuf__room_reserve(len, 0, huge && len >= huge ? huge : SMALL_ALIGN);
	char *p = mmap(room, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | (room ? MAP_FIXED : 0), -1, 0);

	if (p == MAP_FAILED && room)
		munmap(room, len);
	else if (p != MAP_FAILED && huge && len >= huge)
		madvise(p, len, MADV_HUGEPAGE);		/* or small ones */
	return p;
}

static int anon_make(struct pinbuf_buf *buf, const struct pinbuf__request *r)
{
	size_t page = (size_t)r->info.page_size, len = (r->len + page - 1) & -page;
	int ret = pinbuf__memory_room(r, len);

	if (ret)
		return ret;
	buf->fd = -1;
	buf->base = range_get(len, buf->dev->huge_size);
	if (buf->base == MAP_FAILED)
		return -ENOMEM;
	ret = pinbuf__place(buf->base, len, &r->opts);
	if (!ret)
		ret = pinbuf__memory_lock(buf->base, len);
	if (ret) {
		munmap(buf->base, len);
		return ret;
	}
	buf->backing = &backing;
	buf->len = len;
	return 0;
}

const struct pinbuf__kind pinbuf__anon = { .suits = anon_suits, .make = anon_make };
