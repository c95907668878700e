/* SPDX-License-Identifier: MIT */
/* What dev.c lends to buf.c. */
#ifndef PINBUF_DEVICE_HANDLE_H
#define PINBUF_DEVICE_HANDLE_H

#include <pinbuf/dev.h>

#include "limits.h"

struct pinbuf_dev *pinbuf__dev_get(struct pinbuf_dev *dev);
uint64_t pinbuf__dev_huge_size(const struct pinbuf_dev *dev);
void pinbuf__dev_limits(struct pinbuf_dev *dev, struct pinbuf__limits *l);

#endif /* PINBUF_DEVICE_HANDLE_H */
