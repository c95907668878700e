// SPDX-License-Identifier: MIT
/*
 * A fork while other threads allocate.  All locks are taken, so that the child's
 * copy of every heap is in a state between two calls; the child makes them free.
 * The newest heap comes first: it may take locks of an older one, which its memory
 * comes from, with its own held.  What the caches of the parent's other threads held stays
 * unused there.
 *
 * The child of a heap over pinned buffers has its books, not its memory: it may
 * free what it inherited, and what it allocates faults when it is touched.
 */
#include <pthread.h>

#include "core.h"
#include "cache.h"
#include "fork.h"

static struct heap_lock list_lock;
static struct pinbuf_heap *heaps;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void pinbuf__heap_list_add(struct pinbuf_heap *heap)
{
	heap_lock(&list_lock);
	heap->prev = NULL;
	heap->next = heaps;
	if (heaps)
		heaps->prev = heap;
	heaps = heap;
	heap_unlock(&list_lock);
}

void pinbuf__heap_list_del(struct pinbuf_heap *heap)
{
	heap_lock(&list_lock);
	if (heap->next)
		heap->next->prev = heap->prev;
	if (heap->prev)
		heap->prev->next = heap->next;
	else
		heaps = heap->next;
	heap_unlock(&list_lock);
}

/* The heap whose memory a pointer is in; of a heap on a heap, the upper.  NULL: none. */
struct pinbuf_heap *pinbuf__heap_list_owner(const void *ptr)
{
	struct pinbuf_heap *heap;

	heap_lock(&list_lock);
	for (heap = heaps; heap; heap = heap->next)
		if (heap_map_get(&heap->map, (uintptr_t)ptr))
			break;
	heap_unlock(&list_lock);
	return heap;
}

static void fork_prepare(void)
{
	struct pinbuf_heap *heap;
	int i;

	heap_lock(&list_lock);
	for (heap = heaps; heap; heap = heap->next) {
		heap_lock(&heap->spare_lock);
		for (i = 0; i < HEAP_NR_CLASSES; i++)
			heap_lock(&heap->central[i].lock);
		heap_lock(&heap->pages);
	}
	pinbuf__heap_caches_lock();
}

static void fork_parent(void)
{
	struct pinbuf_heap *heap;
	int i;

	pinbuf__heap_caches_unlock();
	for (heap = heaps; heap; heap = heap->next) {
		heap_unlock(&heap->pages);
		for (i = 0; i < HEAP_NR_CLASSES; i++)
			heap_unlock(&heap->central[i].lock);
		heap_unlock(&heap->spare_lock);
	}
	heap_unlock(&list_lock);
}

static void fork_child(void)
{
	struct pinbuf_heap *heap;
	int i;

	pinbuf__heap_caches_child();
	for (heap = heaps; heap; heap = heap->next) {
		heap_lock_reset(&heap->pages);
		for (i = 0; i < HEAP_NR_CLASSES; i++)
			heap_lock_reset(&heap->central[i].lock);
		heap_lock_reset(&heap->spare_lock);
	}
	heap_lock_reset(&list_lock);
}

static void fork_register(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* May allocate by malloc. */
void pinbuf__heap_fork_init(void)
{
	pthread_once(&once, fork_register);
}
