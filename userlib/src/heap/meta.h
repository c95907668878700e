/* SPDX-License-Identifier: MIT */
/* Memory for what a heap knows: outside the pinned bytes, and not from malloc. */
#ifndef PINBUF_HEAP_META_H
#define PINBUF_HEAP_META_H

#include <stddef.h>

struct heap_meta_chunk;

/* The caller's lock protects it. */
struct heap_meta {
	struct heap_meta_chunk *chunks;
	char *cur, *end;
	size_t held;		/* bytes mapped */
};

void *pinbuf__heap_meta_alloc(struct heap_meta *meta, size_t size);
void pinbuf__heap_meta_fini(struct heap_meta *meta);
void *pinbuf__heap_meta_map(size_t len);
void pinbuf__heap_meta_unmap(void *ptr, size_t len);

#endif /* PINBUF_HEAP_META_H */
