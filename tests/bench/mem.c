// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/mman.h>

#include "error.h"
#include "mem.h"

void mem_make(struct mem *m, const struct kind *k, size_t len)
{
	int ret;

	*m = (struct mem){ .len = len, .map_len = len, .fd = -1, .memfd = -1 };
	ret = k->make(m, k->node_fd);
	if (ret)
		fail_errno(-ret, "%s: %zu bytes cannot be allocated", k->name, len);
}

void mem_map(struct mem *m, const struct kind *k)
{
	int ret = k->map(m, k->node_fd);

	if (ret)
		fail_errno(-ret, "%s: %zu bytes cannot be mapped", k->name, m->map_len);
}

void mem_touch(const struct mem *m)
{
	for (size_t at = 0; at < m->len; at += PAGE_BYTES)
		*(volatile char *)(m->addr + at) = 1;
}

void mem_unmap(struct mem *m)
{
	if (munmap(m->addr, m->map_len))
		fail_errno(errno, "munmap of %zu bytes", m->map_len);
	m->addr = NULL;
}

void mem_free(struct mem *m, const struct kind *k)
{
	k->free(m);
}
