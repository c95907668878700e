/* SPDX-License-Identifier: MIT */
/* What a thread's door to a shared pool does when its cache is empty or full. */
#ifndef PINBUF_SHARED_POOL_PRIVATE_H
#define PINBUF_SHARED_POOL_PRIVATE_H

#include <pinbuf/pool.h>

void *pinbuf__shared_get(struct pinbuf_pool *door);
void pinbuf__shared_put(struct pinbuf_pool *door, void *block);
size_t pinbuf__shared_free_count(const struct pinbuf_pool *door);

#endif /* PINBUF_SHARED_POOL_PRIVATE_H */
