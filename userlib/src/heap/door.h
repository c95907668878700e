/* SPDX-License-Identifier: MIT */
/* The heap as a region. */
#ifndef PINBUF_HEAP_DOOR_H
#define PINBUF_HEAP_DOOR_H

#include <pinbuf/region.h>

extern const struct pinbuf_region_ops pinbuf__heap_ops;

#endif /* PINBUF_HEAP_DOOR_H */
