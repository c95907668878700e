/* SPDX-License-Identifier: MIT */
/* Bytes for people. */
#ifndef PINBUFCTL_SIZE_H
#define PINBUFCTL_SIZE_H

#include <stdint.h>

#define SIZE_TEXT 48	/* room for what size_text() writes */

const char *size_text(char text[SIZE_TEXT], uint64_t bytes);

#endif /* PINBUFCTL_SIZE_H */
