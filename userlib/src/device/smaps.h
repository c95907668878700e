/* SPDX-License-Identifier: MIT */
#ifndef PINBUF_DEVICE_SMAPS_H
#define PINBUF_DEVICE_SMAPS_H

#include <stddef.h>
#include <stdint.h>

uint64_t pinbuf__huge_bytes(const void *addr, size_t len);

#endif /* PINBUF_DEVICE_SMAPS_H */
