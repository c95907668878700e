// SPDX-License-Identifier: MIT
/*
 * Mappings at addresses where one page-table entry can map a huge folio: address
 * and offset must be equal modulo the huge size.  A dma-buf does not choose such
 * an address by itself, so room is reserved and the buffer mapped over it.
 *
 * A mapping is remembered with the process that made it: after fork the child has
 * the record but not, by default, the memory, and something else may have come to
 * lie at its address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../internal.h"
#include "live.h"
#include "map.h"

struct pinbuf__mapping {
	struct pinbuf__mapping *next;
	void *addr;
	size_t len;		/* 0: lent, and not to be unmapped */
	pid_t owner;
	enum pinbuf_fork fork;
};

static int map_refused(const struct pinbuf__map_request *r, int err)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_SYSTEM, .err = err, .requested = r->len,
	};
	char len[PINBUF__BYTES_SIZE];

	pinbuf__bytes(len, r->len);
	if (err == ENOMEM || err == EAGAIN) {
		e.kind = err == ENOMEM ? PINBUF_ERROR_LIMIT : PINBUF_ERROR_SYSTEM;
		e.limit_name = "RLIMIT_AS";
		return pinbuf__error(&e, "no room to map %s: the address space (`ulimit -v`), the number of mappings (vm.max_map_count) or memory for page tables is used up",
				     len);
	}
	if (err == EACCES || err == EPERM) {
		e.kind = PINBUF_ERROR_PERMISSION;
		return pinbuf__error(&e, "this buffer may not be mapped so: its descriptor is read-only, ask for PINBUF_READ alone");
	}
	return pinbuf__error(&e, "%s of the buffer cannot be mapped: %s", len, strerror(err));
}

/* A place for @len bytes somewhere in @span bytes of room, or NULL. */
static char *room_try(size_t len, uint64_t offset, size_t align, size_t span)
{
	char *p = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head, tail;

	if (p == MAP_FAILED)
		return NULL;
	head = (size_t)(offset - (uintptr_t)p) & (align - 1);
	if (head > span - len) {
		munmap(p, span);
		return NULL;
	}
	tail = span - head - len;
	if (head)
		munmap(p, head);
	if (tail)
		munmap(p + head + len, tail);
	return p + head;
}

/**
 * pinbuf__room_reserve() - a range of addresses, equal to an offset modulo an alignment
 * @len: bytes, a multiple of the page size
 * @offset: bytes
 * @align: bytes, a power of two of at least a page
 *
 * Since 6.7 the kernel puts whole huge pages of anonymous memory at a huge
 * address: room without a slack is the cheaper way, where that suits the offset.
 *
 * Return: the range, to be mapped over with MAP_FIXED; NULL where there is none.  An
 * address space too full for it may still have room for the mapping alone.
 */
void *pinbuf__room_reserve(size_t len, uint64_t offset, size_t align)
{
	size_t most = len + align;
	char *p;

	if (most < len)
		return NULL;
	p = room_try(len, offset, align, (most - 1) & ~(align - 1));
	return p ? p : room_try(len, offset, align, most);
}

static int range_map(const struct pinbuf__map_request *r, void **out)
{
	int prot = (r->access & PINBUF_READ ? PROT_READ : 0) |
		   (r->access & PINBUF_WRITE ? PROT_WRITE : 0);
	void *room = r->huge_size && r->len >= r->huge_size ?
		     pinbuf__room_reserve(r->len, r->offset, r->huge_size) : NULL;
	void *p = mmap(room, r->len, prot, MAP_SHARED | (room ? MAP_FIXED : 0), r->fd,
		       (off_t)r->offset);
	int err = errno;

	if (p == MAP_FAILED) {
		if (room)
			munmap(room, r->len);
		return map_refused(r, err);
	}
	if (r->fork == PINBUF_FORK_DONT && madvise(p, r->len, MADV_DONTFORK)) {
		err = errno;
		goto out_unmap;
	}
	if (pinbuf__live_add(p, r->len, r->fork == PINBUF_FORK_SHARED)) {
		err = ENOMEM;
		goto out_unmap;
	}
	*out = p;
	return 0;

out_unmap:
	munmap(p, r->len);
	return map_refused(r, err);
}

static struct pinbuf__mapping *record_make(void)
{
	struct pinbuf__mapping *m = malloc(sizeof(*m));

	if (!m)
		pinbuf__error(&(struct pinbuf_error){ .kind = PINBUF_ERROR_MEMORY, .err = ENOMEM },
			      "no memory for the library's own %zu bytes", sizeof(*m));
	return m;
}

static void record_add(struct pinbuf__maps *maps, struct pinbuf__mapping *m)
{
	m->owner = getpid();
	m->next = maps->first;
	maps->first = m;
	maps->nr++;
}

int pinbuf__maps_add(struct pinbuf__maps *maps, const struct pinbuf__map_request *r,
		     void **out)
{
	struct pinbuf__mapping *m = record_make();
	int ret;

	if (!m)
		return -ENOMEM;
	ret = range_map(r, &m->addr);
	if (ret) {
		free(m);
		return ret;
	}
	m->len = r->len;
	m->fork = r->fork;
	record_add(maps, m);
	*out = m->addr;
	return 0;
}

/* A part of what is mapped anyway, for as long as the buffer lives. */
int pinbuf__maps_lend(struct pinbuf__maps *maps, void *addr)
{
	struct pinbuf__mapping *m = record_make();

	if (!m)
		return -ENOMEM;
	m->addr = addr;
	m->len = 0;
	m->fork = PINBUF_FORK_DONT;
	record_add(maps, m);
	return 0;
}

static void mapping_destroy(struct pinbuf__mapping *m)
{
	if (m->len && (m->fork == PINBUF_FORK_SHARED || m->owner == getpid())) {
		pinbuf__live_remove(m->addr, m->len, m->fork == PINBUF_FORK_SHARED);
		munmap(m->addr, m->len);
	}
	free(m);
}

int pinbuf__maps_remove(struct pinbuf__maps *maps, const void *addr)
{
	struct pinbuf__mapping **link, *m;

	for (link = &maps->first; (m = *link); link = &m->next) {
		if (m->addr == addr) {
			*link = m->next;
			maps->nr--;
			mapping_destroy(m);
			return 0;
		}
	}
	return pinbuf__error(&(struct pinbuf_error){ .kind = PINBUF_ERROR_MISUSE, .err = EINVAL },
			     "%p is not the start of a mapping of this buffer: pass what pinbuf_buf_map() wrote, once",
			     addr);
}

void pinbuf__maps_fini(struct pinbuf__maps *maps)
{
	struct pinbuf__mapping *m;

	maps->nr = 0;
	while ((m = maps->first)) {
		maps->first = m->next;
		mapping_destroy(m);
	}
}
