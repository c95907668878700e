// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/ioctl.h>

#include <pinbuf_edu.h>

#include "edu.h"

_Static_assert(EDU_PIECE <= PINBUF_EDU_MAX_LEN, "the device takes a piece at a time");

static int transfer(int edu, int fd, uint32_t direction, uint64_t offset, uint32_t device_offset)
{
	struct pinbuf_edu_dma dma = {
		.fd = fd, .direction = direction, .offset = offset,
		.len = EDU_PIECE, .device_offset = device_offset,
	};

	if (ioctl(edu, PINBUF_EDU_DMA, &dma))
		return errno;
	return dma.out_len == EDU_PIECE ? 0 : EIO;
}

int edu_out(int edu, int fd, uint64_t offset, uint32_t device_offset)
{
	return transfer(edu, fd, PINBUF_EDU_TO_DEVICE, offset, device_offset);
}

int edu_back(int edu, int fd, uint64_t offset, uint32_t device_offset)
{
	return transfer(edu, fd, PINBUF_EDU_FROM_DEVICE, offset, device_offset);
}
