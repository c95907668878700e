/* SPDX-License-Identifier: MIT */
/* The system calls of memory policy, without libnuma. */
#ifndef TESTS_DEV_NUMA_H
#define TESTS_DEV_NUMA_H

#include "common.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>

/* Policy @mode over the nodes in the bits of @mask, of this task. */
static inline int policy_set(int mode, unsigned long mask)
{
	return (int)syscall(SYS_set_mempolicy, mode, &mask, 8 * sizeof(mask));
}

static inline int policy_bind_range(void *p, size_t len, int mode,
				    unsigned long mask, unsigned int flags)
{
	return (int)syscall(SYS_mbind, p, len, mode, &mask, 8 * sizeof(mask),
			    flags);
}

/* Asks for @pages from @p to go to @node (-1: only asks where they are). */
static inline int pages_move(void *p, size_t pages, int node, int *status)
{
	void **addrs = calloc(pages, sizeof(*addrs));
	int *nodes = calloc(pages, sizeof(*nodes));
	long ret;

	for (size_t i = 0; i < pages; i++) {
		addrs[i] = (char *)p + i * PAGE;
		nodes[i] = node;
	}
	ret = syscall(SYS_move_pages, 0, pages, addrs, node < 0 ? NULL : nodes,
		      status, MPOL_MF_MOVE_ALL);
	free(addrs);
	free(nodes);
	return (int)ret;
}

static inline int process_move(unsigned long from, unsigned long to)
{
	return (int)syscall(SYS_migrate_pages, 0, 8 * sizeof(from), &from, &to);
}

#endif
