// SPDX-License-Identifier: MIT
/*
 * The pinned heap, driven by bytes: each pair of them is a call and a size.  Every
 * live block keeps its own bytes, and the counters those of the model.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/heap.h>

enum { BLOCKS = 64 };

static struct block {
	unsigned char *ptr;
	size_t size;
	unsigned char tag;
} block[BLOCKS];

#define MUST(x)								\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "line %d: %s\n", __LINE__, #x);	\
			abort();					\
		}							\
	} while (0)

static void check(const struct block *b, size_t size)
{
	if (size > b->size)
		size = b->size;
	if (size) {
		MUST(b->ptr[0] == b->tag);
		MUST(b->ptr[size / 2] == b->tag);
		MUST(b->ptr[size - 1] == b->tag);
	}
}

static void set(struct block *b, void *ptr, size_t size, unsigned char tag)
{
	b->ptr = ptr;
	b->size = ptr ? size : 0;
	b->tag = tag;
	if (ptr)
		memset(ptr, tag, size);
}

static void resize(struct pinbuf_heap *heap, struct block *b, size_t size, unsigned char tag)
{
	void *ptr = pinbuf_heap_realloc(heap, b->ptr, size + 1);
	struct block moved = *b;

	if (!ptr) {
		check(b, b->size);
		return;
	}
	moved.ptr = ptr;
	check(&moved, size + 1);
	set(b, ptr, size + 1, tag);
}

static void step(struct pinbuf_heap *heap, uint8_t op, uint8_t arg)
{
	struct block *b = &block[(op >> 2) % BLOCKS];
	/* up to 1 KiB, 16 KiB, 256 KiB, by the two upper bits */
	size_t size = (size_t)arg << (arg >> 6 << 2);
	size_t align = (size_t)1 << arg % 14;

	if (b->ptr && (op & 3) != 3) {
		check(b, b->size);
		pinbuf_heap_free(heap, b->ptr);
		set(b, NULL, 0, 0);
		return;
	}
	switch (op & 3) {
	case 0:
		set(b, pinbuf_heap_malloc(heap, size), size, arg);
		break;
	case 1:
		b->ptr = pinbuf_heap_aligned_alloc(heap, align, size);
		MUST(!((uintptr_t)b->ptr & (align - 1)));
		set(b, b->ptr, size, arg);
		break;
	case 2:
		b->ptr = pinbuf_heap_calloc(heap, 1, size);
		MUST(!b->ptr || !size || (!b->ptr[0] && !b->ptr[size - 1]));
		set(b, b->ptr, size, arg);
		break;
	default:
		resize(heap, b, size, arg);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	struct pinbuf_heap *heap;
	size_t i;

	opts.grow = 256 << 10;
	opts.max = 4 << 20;
	opts.keep = 0;
	MUST(!pinbuf_heap_create(&heap, &opts));
	for (i = 0; i + 1 < len; i += 2)
		step(heap, data[i], data[i + 1]);
	for (i = 0; i < BLOCKS; i++) {
		check(&block[i], block[i].size);
		pinbuf_heap_free(heap, block[i].ptr);
		set(&block[i], NULL, 0, 0);
	}
	pinbuf_heap_trim(heap);
	MUST(!pinbuf_region_stats(pinbuf_heap_region(heap), &stats));
	MUST(!stats.current_live && stats.allocation_count == stats.deallocation_count);
	MUST(!stats.held);
	pinbuf_heap_destroy(heap);
	return 0;
}
