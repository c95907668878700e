/* SPDX-License-Identifier: MIT */
#ifndef PINBUF_DEVICE_EXPLAIN_H
#define PINBUF_DEVICE_EXPLAIN_H

#include <pinbuf/buf.h>

#include "limits.h"

/* A request for a buffer that was refused. */
struct pinbuf__request {
	size_t len;
	struct pinbuf_buf_opts opts;
	struct pinbuf_dev_info info;
	struct pinbuf__limits limits;
};

int pinbuf__explain_open(const char *path, int err);
int pinbuf__explain_create(const struct pinbuf__request *r, int err);

#endif /* PINBUF_DEVICE_EXPLAIN_H */
