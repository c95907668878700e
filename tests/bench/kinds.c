// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include "error.h"
#include "kinds.h"
#include "mem.h"

static size_t round_up(size_t len, size_t unit)
{
	return (len + unit - 1) & ~(unit - 1);
}

static int map_at(struct mem *m, void *addr, int flags, int fd)
{
	m->addr = mmap(addr, m->map_len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (m->addr != MAP_FAILED)
		return 0;
	m->addr = NULL;
	return -errno;
}

static char *reserve(size_t len)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *start = mmap(NULL, len, PROT_NONE, flags, -1, 0);

	return start == MAP_FAILED ? NULL : start;
}

/*
 * At a huge-size boundary: the kernel chooses no such address for a mapping of
 * a dma-buf, nor for an anonymous one of an odd length, but it does for
 * anonymous whole huge pages.
 */
static int map_aligned(struct mem *m, int flags, int fd)
{
	size_t room = round_up(m->map_len, HUGE_BYTES);
	char *start = reserve(room);

	if (!start)
		return -errno;
	if ((size_t)start % HUGE_BYTES)
		fail("the kernel puts whole huge pages at no huge-size boundary");
	if (room > m->map_len && munmap(start + m->map_len, room - m->map_len))
		return -errno;
	return map_at(m, start, flags | MAP_FIXED, fd);
}

static int make_nothing(struct mem *m, int node)
{
	(void)m;
	(void)node;
	return 0;
}

static void free_fds(struct mem *m)
{
	if (m->fd >= 0)
		close(m->fd);
	if (m->memfd >= 0)
		close(m->memfd);
}

static int map_shared(struct mem *m, int node)
{
	(void)node;
	return map_at(m, NULL, MAP_SHARED, m->memfd >= 0 ? m->memfd : m->fd);
}

static int map_locked(struct mem *m, int node)
{
	int ret = map_shared(m, node);

	if (!ret && mlock(m->addr, m->map_len))
		return -errno;
	return ret;
}

static int pinbuf_map(struct mem *m, int node)
{
	return map_at(m, NULL, MAP_SHARED, node);
}

static int pinbuf_alloc_make(struct mem *m, int node)
{
	struct pinbuf_ioc_alloc arg = {
		.len = m->len,
		.node = PINBUF_NODE_ANY,
		.fd_flags = O_CLOEXEC,
	};

	if (ioctl(node, PINBUF_IOC_ALLOC, &arg))
		return -errno;
	m->fd = arg.out_fd;
	return 0;
}

static int pinbuf_alloc_map(struct mem *m, int node)
{
	if (m->len < HUGE_BYTES)
		return map_shared(m, node);
	return map_aligned(m, MAP_SHARED, m->fd);
}

static int heap_make(struct mem *m, int node)
{
	struct dma_heap_allocation_data arg = {
		.len = m->len,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};

	if (ioctl(node, DMA_HEAP_IOCTL_ALLOC, &arg))
		return -errno;
	m->fd = arg.fd;
	return 0;
}

static int memfd_make_flags(int *fd, size_t len, unsigned int flags)
{
	*fd = memfd_create("bench", MFD_CLOEXEC | flags);
	if (*fd < 0 || ftruncate(*fd, len))
		return -errno;
	return 0;
}

static int memfd_make(struct mem *m, int node)
{
	(void)node;
	return memfd_make_flags(&m->fd, m->len, 0);
}

static int hugetlb_make(struct mem *m, int node)
{
	(void)node;
	m->map_len = round_up(m->len, HUGE_BYTES);
	return memfd_make_flags(&m->fd, m->map_len, MFD_HUGETLB | MFD_HUGE_2MB);
}

static int udmabuf_memfd_make(struct mem *m, unsigned int flags)
{
	int ret = memfd_make_flags(&m->memfd, m->map_len, MFD_ALLOW_SEALING | flags);

	if (ret)
		return ret;
	return fcntl(m->memfd, F_ADD_SEALS, F_SEAL_SHRINK) ? -errno : 0;
}

static int udmabuf_create(struct mem *m, int node)
{
	struct udmabuf_create arg = {
		.memfd = m->memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = m->map_len,
	};

	m->fd = ioctl(node, UDMABUF_CREATE, &arg);
	return m->fd < 0 ? -errno : 0;
}

static int udmabuf_make(struct mem *m, int node)
{
	int ret = udmabuf_memfd_make(m, 0);

	return ret ? ret : udmabuf_create(m, node);
}

static int hugetlb_udmabuf_make(struct mem *m, int node)
{
	(void)node;
	m->map_len = round_up(m->len, HUGE_BYTES);
	return udmabuf_memfd_make(m, MFD_HUGETLB | MFD_HUGE_2MB);
}

/*
 * The mapping reserves the pages and the udmabuf then takes them; the other way
 * round the pool has to hold the buffer twice.
 */
static int hugetlb_udmabuf_map(struct mem *m, int node)
{
	int ret = map_shared(m, node);

	return ret ? ret : udmabuf_create(m, node);
}

static int anon_map(struct mem *m, int node)
{
	int ret = map_at(m, NULL, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	(void)node;
	if (ret)
		return ret;
	if (m->len >= HUGE_BYTES && madvise(m->addr, m->map_len, MADV_NOHUGEPAGE))
		return -errno;
	return mlock(m->addr, m->map_len) ? -errno : 0;
}

static int thp_map(struct mem *m, int node)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	int ret;

	(void)node;
	ret = m->len % HUGE_BYTES ? map_aligned(m, flags, -1) : map_at(m, NULL, flags, -1);
	if (ret)
		return ret;
	if (madvise(m->addr, m->map_len, MADV_HUGEPAGE) || mlock(m->addr, m->map_len))
		return -errno;
	return 0;
}

struct kind kinds[NR_KINDS] = {
	[KIND_PINBUF] = {
		"pinbuf", "pinbuf", 0, "/dev/pinbuf",
		make_nothing, pinbuf_map, free_fds },
	[KIND_PINBUF_ALLOC] = {
		"pinbuf-alloc", "by ALLOC", 0, "/dev/pinbuf",
		pinbuf_alloc_make, pinbuf_alloc_map, free_fds },
	[KIND_HEAP] = {
		"dma-heap", "dma-heap", 0, "/dev/dma_heap/system",
		heap_make, map_shared, free_fds },
	[KIND_UDMABUF] = {
		"memfd+udmabuf", "udmabuf", 0, "/dev/udmabuf",
		udmabuf_make, map_shared, free_fds },
	[KIND_MEMFD] = {
		"memfd+mlock", "memfd", 0, NULL,
		memfd_make, map_locked, free_fds },
	[KIND_ANON] = {
		"anonymous+mlock", "anon 4K", 0, NULL,
		make_nothing, anon_map, free_fds },
	[KIND_THP] = {
		"thp+mlock", "THP", HUGE_BYTES, NULL,
		make_nothing, thp_map, free_fds },
	[KIND_HUGETLB] = {
		"hugetlb-memfd", "hugetlb", HUGE_BYTES, NULL,
		hugetlb_make, map_shared, free_fds },
	[KIND_HUGETLB_UDMABUF] = {
		"hugetlb-memfd+udmabuf", "htlb+udma", HUGE_BYTES, "/dev/udmabuf",
		hugetlb_udmabuf_make, hugetlb_udmabuf_map, free_fds },
};

static bool name_listed(const char *names, const char *name)
{
	size_t len = strlen(name);
	const char *at = names;

	while ((at = strstr(at, name))) {
		bool starts = at == names || at[-1] == ',';

		if (starts && (at[len] == ',' || !at[len]))
			return true;
		at += len;
	}
	return false;
}

void kinds_choose(const char *names)
{
	int nr = 0;

	for (int i = 0; i < NR_KINDS; i++) {
		kinds[i].chosen = !names || name_listed(names, kinds[i].name);
		nr += kinds[i].chosen;
	}
	if (!nr)
		fail("--kinds %s: no kind of memory has such a name", names);
}

void kinds_open(void)
{
	for (int i = 0; i < NR_KINDS; i++) {
		struct kind *k = &kinds[i];

		if (!k->chosen || !k->node)
			continue;
		k->node_fd = open(k->node, O_RDWR | O_CLOEXEC);
		if (k->node_fd < 0)
			fail_errno(errno, "%s", k->node);
	}
}
