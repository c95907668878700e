/* SPDX-License-Identifier: MIT */
/* The sources of memory that the library brings. */
#ifndef PINBUF_HEAP_SOURCE_H
#define PINBUF_HEAP_SOURCE_H

#include <pinbuf/heap.h>

/* @source and its context for @opts, which have been checked */
PINBUF_MUST_CHECK
int pinbuf__heap_source_choose(const struct pinbuf_heap_opts *opts,
			       struct pinbuf_heap_source *source, void **ctx);

#endif /* PINBUF_HEAP_SOURCE_H */
