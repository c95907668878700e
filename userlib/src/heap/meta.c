// SPDX-License-Identifier: MIT
/*
 * A bump allocator over private anonymous memory.  Nothing goes back one by one:
 * owners keep free lists of their descriptors, so it is as large as the most that
 * was ever needed at one time.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../internal.h"
#include "meta.h"

enum { CHUNK = 256 * 1024, LINE = 64 };

struct heap_meta_chunk {
	struct heap_meta_chunk *next;
	size_t len;
} __attribute__((aligned(LINE)));

void *pinbuf__heap_meta_map(size_t len)
{
	void *ptr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return ptr == MAP_FAILED ? NULL : ptr;
}

void pinbuf__heap_meta_unmap(void *ptr, size_t len)
{
	munmap(ptr, len);
}

static int chunk_add(struct heap_meta *meta, size_t size)
{
	size_t len = size + sizeof(struct heap_meta_chunk);
	struct heap_meta_chunk *chunk;

	len = (len + CHUNK - 1) / CHUNK * CHUNK;
	chunk = pinbuf__heap_meta_map(len);
	if (!chunk) {
		struct pinbuf_error e = {
			.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = len,
		};

		return pinbuf__error(&e, "the system has no %zu bytes for what a heap knows of its blocks",
				     len);
	}
	chunk->next = meta->chunks;
	chunk->len = len;
	meta->chunks = chunk;
	meta->cur = (char *)(chunk + 1);
	meta->end = (char *)chunk + len;
	meta->held += len;
	return 0;
}

/* Zeroed, and on cache lines of its own; NULL with the thread's error filled. */
void *pinbuf__heap_meta_alloc(struct heap_meta *meta, size_t size)
{
	char *ptr;

	size = (size + LINE - 1) / LINE * LINE;
	if ((size_t)(meta->end - meta->cur) < size && chunk_add(meta, size))
		return NULL;
	ptr = meta->cur;
	meta->cur += size;
	return ptr;
}

void pinbuf__heap_meta_fini(struct heap_meta *meta)
{
	while (meta->chunks) {
		struct heap_meta_chunk *chunk = meta->chunks;

		meta->chunks = chunk->next;
		munmap(chunk, chunk->len);
	}
	*meta = (struct heap_meta){ 0 };
}
