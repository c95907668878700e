/* SPDX-License-Identifier: MIT */
/* Which addresses are in mappings of buffers. */
#ifndef PINBUF_DEVICE_LIVE_H
#define PINBUF_DEVICE_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <pinbuf/base.h>

/* @len is a multiple of 4096; @inherited: a child of fork has the mapping too */
PINBUF_MUST_CHECK int pinbuf__live_add(const void *addr, size_t len, bool inherited);
void pinbuf__live_remove(const void *addr, size_t len, bool inherited);

#endif /* PINBUF_DEVICE_LIVE_H */
