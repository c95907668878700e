/* SPDX-License-Identifier: MIT */
/* Reading a disk through io_uring. */
#ifndef PROVE_RING_H
#define PROVE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring_answer {
	int registered;	/* errno of the buffer's registration, 0 if it was taken */
	int read;	/* errno of the first read that failed, else 0 */
};

/*
 * Fill @mem with the first @len bytes of @disk, through a registered buffer; where
 * the kernel does not take the registration, through a plain one if @else_plain.
 * Returns 0 with @answer written, or -errno if there is no ring to be had.
 */
int ring_read(int disk, void *mem, size_t len, bool else_plain, struct ring_answer *answer);

#endif /* PROVE_RING_H */
