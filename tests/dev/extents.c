// SPDX-License-Identifier: MIT
#include "extents.h"

struct extents extents_of(int fd)
{
	struct pinbuf_ioc_extents req = { .fd = fd };
	struct extents e;

	assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
	assert_int_not_equal(req.out_total, 0);
	e.count = req.out_total;
	e.runs = calloc(e.count, sizeof(*e.runs));
	assert_non_null(e.runs);
	req.array = (uintptr_t)e.runs;
	req.capacity = e.count;
	assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
	assert_int_equal(req.out_written, e.count);
	return e;
}

void extents_free(struct extents *e)
{
	free(e->runs);
}

uint64_t extents_end(int fd)
{
	struct extents e = extents_of(fd);
	uint64_t end = 0;

	for (size_t i = 0; i < e.count; i++)
		if (e.runs[i].addr + e.runs[i].len > end)
			end = e.runs[i].addr + e.runs[i].len;
	extents_free(&e);
	return end;
}
