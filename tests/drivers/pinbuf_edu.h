/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/pinbuf_edu: QEMU's edu device as an importer of dma-bufs, for tests.
 *
 * Commands return 0, or -1 with errno set: EBADF and EINVAL for a descriptor that
 * is not open or no dma-buf, EINVAL for a range or direction that cannot be, EBUSY
 * where an import is kept already, ENOENT where none is kept, ETIMEDOUT if the
 * device does not finish, and whatever the exporter or the DMA API answers (EIO:
 * the device cannot reach that memory).
 */
#ifndef PINBUF_EDU_H
#define PINBUF_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PINBUF_EDU_TYPE		0xED

/* bytes of one transfer */
#define PINBUF_EDU_MAX_LEN	2048U

/* bytes of the device's memory that may be used: its last one may not */
#define PINBUF_EDU_ROOM		4095U

#define PINBUF_EDU_TO_DEVICE	1U	/* the device reads the buffer */
#define PINBUF_EDU_FROM_DEVICE	2U	/* the device writes the buffer */

#define PINBUF_EDU_KEPT		(-1)		/* the import that ATTACH keeps */

/**
 * struct pinbuf_edu_dma - one transfer between a buffer and the device's memory
 * @fd: a dma-buf, imported for this transfer, or PINBUF_EDU_KEPT
 * @direction: PINBUF_EDU_TO_DEVICE or PINBUF_EDU_FROM_DEVICE
 * @offset: bytes from the start of the buffer
 * @len: bytes, 1 to PINBUF_EDU_MAX_LEN
 * @device_offset: bytes from the start of the device's memory;
 *	@device_offset + @len is at most PINBUF_EDU_ROOM
 * @out_len: bytes that were transferred
 * @out_segments: runs of bus addresses that the whole buffer consists of
 */
struct pinbuf_edu_dma {
	__s32 fd;
	__u32 direction;
	__aligned_u64 offset;
	__u32 len;
	__u32 device_offset;
	__u32 out_len;
	__u32 out_segments;
};

/**
 * struct pinbuf_edu_attach - import a buffer and keep it
 * @fd: a dma-buf
 * @direction: directions that it is mapped for; 0 attaches without mapping
 * @out_segments: runs of bus addresses, 0 if not mapped
 * @reserved: must be zero
 *
 * One for each open file, until DETACH or the last close.
 */
struct pinbuf_edu_attach {
	__s32 fd;
	__u32 direction;
	__u32 out_segments;
	__u32 reserved;
};

/**
 * struct pinbuf_edu_vmap - copy through the kernel's own mapping of a buffer
 * @fd: a dma-buf
 * @direction: PINBUF_EDU_TO_DEVICE reads the buffer, PINBUF_EDU_FROM_DEVICE
 *	writes it
 * @offset: bytes from the start of the buffer
 * @user: pointer to @len bytes
 * @len: bytes, 1 to PINBUF_EDU_MAX_LEN
 */
struct pinbuf_edu_vmap {
	__s32 fd;
	__u32 direction;
	__aligned_u64 offset;
	__aligned_u64 user;
	__aligned_u64 len;
};

/**
 * struct pinbuf_edu_mask - how many address bits the driver says the device has
 * @bits: 12 to 64; nothing may be imported meanwhile (EBUSY)
 * @out_old: what it was
 */
struct pinbuf_edu_mask {
	__u32 bits;
	__u32 out_old;
};

#define PINBUF_EDU_DMA		_IOWR(PINBUF_EDU_TYPE, 0, struct pinbuf_edu_dma)
#define PINBUF_EDU_ATTACH	_IOWR(PINBUF_EDU_TYPE, 1, struct pinbuf_edu_attach)
#define PINBUF_EDU_DETACH	_IO(PINBUF_EDU_TYPE, 2)
#define PINBUF_EDU_VMAP		_IOW(PINBUF_EDU_TYPE, 3, struct pinbuf_edu_vmap)
#define PINBUF_EDU_MASK		_IOWR(PINBUF_EDU_TYPE, 4, struct pinbuf_edu_mask)

#endif /* PINBUF_EDU_H */
