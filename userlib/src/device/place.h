/* SPDX-License-Identifier: MIT */
/* NUMA nodes: where memory is to lie, and where it does. */
#ifndef PINBUF_DEVICE_PLACE_H
#define PINBUF_DEVICE_PLACE_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/buf.h>

enum { PINBUF__NODES = 1024, PINBUF__NODE_WORDS = PINBUF__NODES / (8 * sizeof(long)) };

/* a task's memory policy, while another is in its place */
struct pinbuf__policy {
	int mode;			/* -1: nothing was changed */
	unsigned long nodes[PINBUF__NODE_WORDS];
};

void pinbuf__policy_interleave(struct pinbuf__policy *before);
void pinbuf__policy_restore(const struct pinbuf__policy *before);

unsigned int pinbuf__nodes(unsigned int *end);
PINBUF_MUST_CHECK
int pinbuf__place(void *addr, size_t len, const struct pinbuf_buf_opts *opts);
int pinbuf__node_of(const void *addr, size_t len, size_t step);
uint64_t pinbuf__node_available(int node);

#endif /* PINBUF_DEVICE_PLACE_H */
