/* SPDX-License-Identifier: MIT */
/* The guest's NVMe disk, whose contents belong to the tests. */
#ifndef TESTS_DEV_IO_DISK_H
#define TESTS_DEV_IO_DISK_H

#include "common.h"

#define DISK_PATH "/dev/nvme0n1"

/* Opens it with O_DIRECT; skips the test where the guest has none. */
static inline int disk_open(void)
{
	int fd = open(DISK_PATH, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		skip_because("no disk " DISK_PATH " (tests/vm/run --nvme 64M)");
	return fd;
}

/* Reads or writes by the page cache, in ordinary memory: the other witness. */
static inline void disk_put(size_t offset, const void *p, size_t len)
{
	int fd = open(DISK_PATH, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, p, len, (off_t)offset), len);
	assert_ok(fsync(fd));
	close(fd);
}

static inline void disk_get(size_t offset, void *p, size_t len)
{
	int fd = open(DISK_PATH, O_RDONLY | O_CLOEXEC);

	assert_ok(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	assert_int_equal(pread(fd, p, len, (off_t)offset), len);
	close(fd);
}

#endif
