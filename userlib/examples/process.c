// SPDX-License-Identifier: MIT
/* What the process holds, by class: an arena on a heap is counted once. */
#include <stdio.h>

#include <pinbuf.h>

static int print(const char *when)
{
	struct pinbuf_process_stats st = { .size = sizeof(st) };

	printf("%s\n", when);
	return pinbuf_stats_process(&st) || pinbuf_process_print(&st, stdout);
}

int main(void)
{
	struct pinbuf_heap_opts ho = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_arena_opts ao = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_heap *heap;
	struct pinbuf_arena a;
	void *ptr;

	ho.initial = 4 << 20;
	if (pinbuf_heap_create(&heap, &ho) || print("a heap of 4 MiB:"))
		return 1;
	ao.bytes = 1 << 20;
	ao.parent = pinbuf_heap_region(heap);
	if (pinbuf_arena_init(&a, &ao) || print("with an arena of 1 MiB on it:"))
		return 1;
	ptr = pinbuf_alloc(pinbuf_global(), (struct pinbuf_layout){ 1000, 8 });
	if (!ptr || print("and a block of malloc's:"))
		return 1;
	pinbuf_dealloc(pinbuf_global(), ptr, (struct pinbuf_layout){ 1000, 8 });
	pinbuf_arena_fini(&a);
	pinbuf_heap_destroy(heap);
	return 0;
}
