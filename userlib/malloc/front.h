/* SPDX-License-Identifier: MIT */
/* The heaps behind malloc. */
#ifndef PINBUF_MALLOC_FRONT_H
#define PINBUF_MALLOC_FRONT_H

#include <stddef.h>

#include "../src/heap/block.h"

struct pinbuf_heap;

/* NULL until the first call; private anonymous memory, copied by fork */
extern struct pinbuf_heap *pinbuf__front __attribute__((visibility("hidden")));
/* sizes below it the usual path may serve: fewer with PINBUF_PRELOAD_MIN */
extern size_t pinbuf__front_usual __attribute__((visibility("hidden")));

struct pinbuf_heap *pinbuf__front_heap(size_t size);
struct pinbuf_heap *pinbuf__front_owner(const void *ptr);

#endif /* PINBUF_MALLOC_FRONT_H */
