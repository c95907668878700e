/* SPDX-License-Identifier: MIT */
/*
 * The kinds of memory that are compared.  Each is made, mapped, unmapped and
 * freed in the way its users do it.
 */
#ifndef BENCH_KINDS_H
#define BENCH_KINDS_H

#include <stdbool.h>
#include <stddef.h>

struct mem;

/*
 * Each operation returns 0 or -errno; unmap and free undo map and make.  A kind
 * without a descriptor makes its memory in map.
 */
struct kind {
	const char *name;	/* as in vm.json */
	const char *heading;	/* of its column */
	size_t min_len;		/* smaller pieces would be another kind's */
	const char *node;	/* device that it needs, or NULL */
	int (*make)(struct mem *m, int node);
	int (*map)(struct mem *m, int node);
	void (*free)(struct mem *m);
	bool chosen;
	int node_fd;
};

enum {
	KIND_PINBUF,
	KIND_PINBUF_ALLOC,
	KIND_HEAP,
	KIND_UDMABUF,
	KIND_MEMFD,
	KIND_ANON,
	KIND_THP,
	KIND_HUGETLB,
	KIND_HUGETLB_UDMABUF,
	NR_KINDS
};

extern struct kind kinds[NR_KINDS];

/* Choose the kinds of a comma-separated list of names, all for NULL. */
void kinds_choose(const char *names);
/* Open the devices that the chosen ones need. */
void kinds_open(void);

#endif
