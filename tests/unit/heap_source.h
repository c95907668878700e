/* SPDX-License-Identifier: MIT */
/* A source of memory that counts, and refuses its nth call. */
#ifndef TESTS_HEAP_SOURCE_H
#define TESTS_HEAP_SOURCE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <pinbuf/heap.h>

#include "ground.h"

struct heap_source {
	size_t calls;
	size_t fail_at;		/* this call and all later ones fail; 0: none */
	size_t pieces;		/* given and not taken back */
	size_t bytes;
	unsigned int skew;	/* bytes past a multiple of 64 KiB where pieces begin */
};

static inline int heap_source_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	struct heap_source *s = ctx;
	struct pinbuf_buf *buf;
	char *addr;

	s->calls++;
	if (s->fail_at && s->calls >= s->fail_at)
		return -ENOMEM;
	addr = ground_get(len + 2 * 65536, &buf);
	if (!addr)
		return -ENOMEM;
	pages->cookie = addr;
	pages->buf = buf;
	pages->addr = addr + -(uintptr_t)addr % 65536 + s->skew;
	pages->len = s->skew ? len + 65536 - s->skew : len;
	pages->zeroed = 1;
	s->pieces++;
	s->bytes += pages->len;
	return 0;
}

static inline void heap_source_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	struct heap_source *s = ctx;
	size_t len = s->skew ? pages->len - 65536 + s->skew : pages->len;

	ground_put(pages->cookie, len + 2 * 65536, pages->buf);
	s->pieces--;
	s->bytes -= pages->len;
}

static const struct pinbuf_heap_source heap_source = {
	.size = sizeof(struct pinbuf_heap_source),
	.get = heap_source_get, .put = heap_source_put,
};

static inline struct pinbuf_heap *heap_of_source(struct heap_source *s, size_t max)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;

	opts.name = "tested";
	opts.source = &heap_source;
	opts.source_ctx = s;
	opts.max = max;
	opts.keep = 0;
	return pinbuf_heap_create(&heap, &opts) ? NULL : heap;
}

static inline struct pinbuf_stats heap_stats(struct pinbuf_heap *heap)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };

	if (pinbuf_region_stats(pinbuf_heap_region(heap), &stats))
		abort();
	return stats;
}

#endif /* TESTS_HEAP_SOURCE_H */
