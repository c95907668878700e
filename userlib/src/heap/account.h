/* SPDX-License-Identifier: MIT */
/* A heap's counters. */
#ifndef PINBUF_HEAP_ACCOUNT_H
#define PINBUF_HEAP_ACCOUNT_H

#include <pinbuf/stats.h>

struct pinbuf_heap;

void pinbuf__heap_stats(struct pinbuf_heap *heap, struct pinbuf_stats *stats);

#endif /* PINBUF_HEAP_ACCOUNT_H */
