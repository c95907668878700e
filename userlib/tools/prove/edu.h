/* SPDX-License-Identifier: MIT */
/* The device that imports buffers. */
#ifndef PROVE_EDU_H
#define PROVE_EDU_H

#include <stdint.h>

#define EDU_PIECE 2048U	/* bytes of a transfer */

/* One transfer each; 0 or an errno. */
int edu_out(int edu, int fd, uint64_t offset, uint32_t device_offset);
int edu_back(int edu, int fd, uint64_t offset, uint32_t device_offset);

#endif /* PROVE_EDU_H */
