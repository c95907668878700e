/* SPDX-License-Identifier: MIT */
/* The kernel's own exporter of memory, to show what its mappings cannot do. */
#ifndef TESTS_DEV_HEAP_H
#define TESTS_DEV_HEAP_H

#include "common.h"

#include <linux/dma-heap.h>

/* A mapping of @len bytes of a dma-heap; skips the test where there is none. */
static inline void *heap_map(size_t len)
{
	struct dma_heap_allocation_data data = {
		.len = len, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	void *p;

	if (heap < 0)
		skip_because("this kernel has no dma-heap");
	assert_ok(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	close(heap);
	p = map_shared((int)data.fd, len);
	close((int)data.fd);
	memset(p, 1, len);
	return p;
}

#endif
