/* SPDX-License-Identifier: MIT */
#ifndef BENCH_MEM_H
#define BENCH_MEM_H

#include <stddef.h>

#include "kinds.h"

#define PAGE_BYTES	((size_t)4096)
#define HUGE_BYTES	((size_t)2 << 20)

/* one piece of memory, of a kind */
struct mem {
	size_t len;		/* bytes asked for */
	size_t map_len;		/* bytes mapped: hugetlb rounds up */
	char *addr;		/* NULL while it is not mapped */
	int fd;			/* -1 where the kind has none */
	int memfd;		/* behind a udmabuf, else -1 */
};

/* The life of one, in its order.  Each ends the program where it fails. */
void mem_make(struct mem *m, const struct kind *k, size_t len);
void mem_map(struct mem *m, const struct kind *k);
void mem_touch(const struct mem *m);	/* writes to each page */
void mem_unmap(struct mem *m);
void mem_free(struct mem *m, const struct kind *k);

#endif
