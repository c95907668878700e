// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "kinds.h"

static int fd_map(struct piece *piece, int fd)
{
	piece->mem = mmap(NULL, piece->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return piece->mem == MAP_FAILED ? errno : 0;
}

/* By the library, and with a mapping that outlives its object. */
static int pinbuf_make(struct piece *piece, struct pinbuf_dev *dev)
{
	struct pinbuf_buf *buf;
	void *chosen;
	int ret = pinbuf_buf_create(&buf, dev, piece->len, NULL);

	if (ret)
		return -ret;
	ret = -pinbuf_buf_map(buf, &chosen, NULL);
	if (!ret) {
		piece->fd = fcntl(pinbuf_buf_fd(buf), F_DUPFD_CLOEXEC, 0);
		/* the library found the address; the mapping is to be ours */
		if (pinbuf_buf_unmap(buf, chosen))
			ret = EINVAL;
		piece->mem = mmap(chosen, piece->len, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED_NOREPLACE, piece->fd, 0);
		if (piece->mem == MAP_FAILED)
			ret = errno;
	}
	pinbuf_buf_put(buf);
	return ret;
}

static int mlock_make(struct piece *piece, struct pinbuf_dev *dev)
{
	(void)dev;
	piece->mem = mmap(NULL, piece->len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (piece->mem == MAP_FAILED)
		return errno;
	madvise(piece->mem, piece->len, MADV_NOHUGEPAGE);
	return mlock(piece->mem, piece->len) ? errno : 0;
}

static int heap_make(struct piece *piece, struct pinbuf_dev *dev)
{
	struct dma_heap_allocation_data alloc = {
		.len = piece->len, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC), err = 0;

	(void)dev;
	if (heap < 0)
		return errno;
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &alloc))
		err = errno;
	close(heap);
	if (err)
		return err;
	piece->fd = (int)alloc.fd;
	return fd_map(piece, piece->fd);
}

/* A memfd in other_fd, and a dma-buf of the same memory in fd. */
static int udmabuf_pair_make(struct piece *piece)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = piece->len };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), err = 0;

	if (dev < 0)
		return errno;
	piece->other_fd = memfd_create("prove", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	create.memfd = (unsigned int)piece->other_fd;
	if (piece->other_fd < 0 || ftruncate(piece->other_fd, (off_t)piece->len) ||
	    fcntl(piece->other_fd, F_ADD_SEALS, F_SEAL_SHRINK))
		err = errno;
	if (!err) {
		piece->fd = ioctl(dev, UDMABUF_CREATE, &create);
		if (piece->fd < 0)
			err = errno;
	}
	close(dev);
	return err;
}

static int udmabuf_make(struct piece *piece, struct pinbuf_dev *dev)
{
	int err = udmabuf_pair_make(piece);

	(void)dev;
	return err ? err : fd_map(piece, piece->fd);
}

static int memfd_make(struct piece *piece, struct pinbuf_dev *dev)
{
	int err = udmabuf_pair_make(piece);

	(void)dev;
	return err ? err : fd_map(piece, piece->other_fd);
}

const struct kind kinds[] = {
	{ "pinbuf", "pinbuf", pinbuf_make },
	{ "mlock", "mlock()ed memory", mlock_make },
	{ "dma_heap", "dma-heap \"system\"", heap_make },
	{ "udmabuf", "a udmabuf's fd", udmabuf_make },
	{ "memfd_udmabuf", "memfd behind a udmabuf", memfd_make },
};
const size_t nr_kinds = sizeof(kinds) / sizeof(kinds[0]);

int piece_make(const struct kind *kind, struct piece *piece, size_t len, struct pinbuf_dev *dev)
{
	int err;

	*piece = (struct piece){ .mem = MAP_FAILED, .len = len, .fd = -1, .other_fd = -1 };
	err = kind->make(piece, dev);
	if (err)
		piece_drop(piece);
	return err;
}

void piece_drop(struct piece *piece)
{
	if (piece->mem != MAP_FAILED)
		munmap(piece->mem, piece->len);
	if (piece->fd >= 0)
		close(piece->fd);
	if (piece->other_fd >= 0)
		close(piece->other_fd);
}
