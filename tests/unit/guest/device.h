/* SPDX-License-Identifier: MIT */
/* The open device that the tests of a program share. */
#ifndef GUEST_DEVICE_H
#define GUEST_DEVICE_H

#include "unit.h"

#define MIB ((size_t)1 << 20)

static struct pinbuf_dev *dev;

static inline int dev_open(void **state)
{
	(void)state;
	return pinbuf_open(&dev, NULL);
}

static inline int dev_close(void **state)
{
	(void)state;
	pinbuf_close(dev);
	return 0;
}

static inline uint64_t live_bytes(void)
{
	struct pinbuf_dev_stats s = { .size = sizeof(s) };

	assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_ALL, 0, &s), 0);
	assert_int_equal(s.total_allocated - s.total_deallocated, s.current_live);
	return s.current_live;
}

static inline struct pinbuf_buf *create(size_t len)
{
	struct pinbuf_buf *buf;

	assert_int_equal(pinbuf_buf_create(&buf, dev, len, NULL), 0);
	return buf;
}

#endif /* GUEST_DEVICE_H */
