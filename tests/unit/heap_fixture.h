/* SPDX-License-Identifier: MIT */
/* A heap over a source that counts, around each test of a program. */
#ifndef TESTS_HEAP_FIXTURE_H
#define TESTS_HEAP_FIXTURE_H

#include <string.h>

#include "heap_source.h"

static struct heap_source source;
static struct pinbuf_heap *heap;

static int heap_open(void **state)
{
	(void)state;
	memset(&source, 0, sizeof(source));
	heap = heap_of_source(&source, 0);
	return heap ? 0 : -1;
}

/* Whatever a test left in it, everything goes back. */
static int heap_close(void **state)
{
	(void)state;
	pinbuf_heap_destroy(heap);
	return source.pieces || source.bytes ? -1 : 0;
}

#endif /* TESTS_HEAP_FIXTURE_H */
