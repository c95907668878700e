/* SPDX-License-Identifier: MIT */
/* The list of all heaps, and fork(2). */
#ifndef PINBUF_HEAP_FORK_H
#define PINBUF_HEAP_FORK_H

struct pinbuf_heap;

void pinbuf__heap_list_add(struct pinbuf_heap *heap);
void pinbuf__heap_list_del(struct pinbuf_heap *heap);
struct pinbuf_heap *pinbuf__heap_list_owner(const void *ptr);
void pinbuf__heap_fork_init(void);

#endif /* PINBUF_HEAP_FORK_H */
