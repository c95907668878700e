/* SPDX-License-Identifier: MIT */
/* QEMU's edu device by its test driver, which imports buffers. */
#ifndef TESTS_DEV_EDU_H
#define TESTS_DEV_EDU_H

#include "common.h"

#include <dirent.h>
#include <pinbuf_edu.h>

#define EDU_PATH "/dev/pinbuf_edu"

/* Opens it; skips the test where the guest has none. */
static inline int edu_open(void)
{
	int edu = open(EDU_PATH, O_RDWR | O_CLOEXEC);

	if (edu < 0)
		skip_because("no device " EDU_PATH " (tests/vm/run --edu)");
	return edu;
}

/* One transfer of a buffer, or of the one that is kept; 0 or errno. */
static inline int edu_dma(int edu, int fd, uint32_t direction, uint64_t offset,
			  uint32_t len)
{
	struct pinbuf_edu_dma arg = {
		.fd = fd, .direction = direction, .offset = offset, .len = len,
	};
	int err = errno_of(ioctl(edu, PINBUF_EDU_DMA, &arg));

	if (!err)
		assert_int_equal(arg.out_len, len);
	return err;
}

/* Attaches a buffer and keeps it mapped; the runs of bus addresses it became. */
static inline uint32_t edu_keep(int edu, int fd, uint32_t direction)
{
	struct pinbuf_edu_attach arg = { .fd = fd, .direction = direction };

	assert_ok(ioctl(edu, PINBUF_EDU_ATTACH, &arg));
	return arg.out_segments;
}

/* How many address bits the driver says that its device has; the old number */
static inline uint32_t edu_mask(int edu, uint32_t bits)
{
	struct pinbuf_edu_mask arg = { .bits = bits };

	assert_ok(ioctl(edu, PINBUF_EDU_MASK, &arg));
	return arg.out_old;
}

static inline bool has_iommu(void)
{
	DIR *dir = opendir("/sys/class/iommu");
	bool found = false;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		found = found || entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

#endif
