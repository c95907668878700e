/* SPDX-License-Identifier: MIT */
/* What a piece of memory, or what gives it, can promise. */
#ifndef PINBUF_CAPS_H
#define PINBUF_CAPS_H

#include <pinbuf/base.h>

/**
 * enum pinbuf_caps - promises, as bits
 * @PINBUF_PINNED: the address is fixed and the memory resident
 * @PINBUF_NEVER_MOVES: the physical pages never change; only the device gives it
 * @PINBUF_DMA: @PINBUF_NEVER_MOVES, and drivers accept its file descriptor
 * @PINBUF_NOFREE: single blocks are not given back
 * @PINBUF_MOVES: objects are moved by a collector
 * @PINBUF_THREADSAFE: any thread may use it
 */
enum pinbuf_caps {
	PINBUF_PINNED		= 1 << 0,
	PINBUF_NEVER_MOVES	= 1 << 1,
	PINBUF_DMA		= 1 << 2,
	PINBUF_NOFREE		= 1 << 3,
	PINBUF_MOVES		= 1 << 4,
	PINBUF_THREADSAFE	= 1 << 5,
};

#endif /* PINBUF_CAPS_H */
