// SPDX-License-Identifier: MIT
/*
 * Heaps are made and destroyed here, and the calls of heap.h lead to heap/.  A
 * heap's own memory comes from the system, never from malloc, which may be this
 * very heap.
 */
#include <errno.h>
#include <string.h>

#include "heap/block.h"
#include "heap/core.h"
#include "heap/door.h"
#include "heap/fork.h"
#include "heap/runs.h"
#include "heap/source.h"
#include "internal.h"
#include "process.h"
#include "refuse.h"

enum { GROW = 2 << 20 };

static int opts_refused(const char *what, size_t value)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = value,
	};

	return pinbuf__error(&e, "pinbuf_heap_opts %s", what);
}

static int opts_check(struct pinbuf_heap_opts *o)
{
	if (!o->grow)
		o->grow = GROW;
	if (o->grow < HEAP_CHUNK || o->grow % HEAP_CHUNK || o->grow > PTRDIFF_MAX)
		return opts_refused("grow must be a multiple of 64 KiB", o->grow);
	if (o->initial > PTRDIFF_MAX - HEAP_CHUNK || (o->max && o->initial > o->max))
		return opts_refused("initial is more than the heap may hold", o->initial);
	if (!!o->dev + !!o->parent + !!o->source > 1)
		return opts_refused("has more than one of dev, parent and source", 0);
	if (o->source && (o->source->size < sizeof(struct pinbuf_heap_source) ||
			  !o->source->get || !o->source->put))
		return opts_refused("source is incomplete", o->source->size);
	if (o->flags || o->reserved)
		return opts_refused("flags and reserved must be 0", o->flags);
	if (o->name && strlen(o->name) >= HEAP_NAME)
		return opts_refused("name has more than 31 bytes", strlen(o->name));
	return 0;
}

/* The stores of all classes: as large as two full bins each. */
static int stores_make(struct pinbuf_heap *heap)
{
	unsigned int cls;
	size_t nr = 0;
	struct heap_entry *store;

	for (cls = 0; cls < HEAP_NR_CLASSES; cls++)
		nr += 2 * heap_class_cap(cls);
	store = pinbuf__heap_meta_alloc(&heap->meta, nr * sizeof(*store));
	if (!store)
		return -ENOMEM;
	for (cls = 0; cls < HEAP_NR_CLASSES; cls++) {
		heap->central[cls].store = store;
		heap->central[cls].cap = 2 * heap_class_cap(cls);
		store += heap->central[cls].cap;
	}
	heap->spare = pinbuf__heap_cache_new(heap);
	return heap->spare ? 0 : -ENOMEM;
}

/* opts.initial bytes as one free run */
static int initial_get(struct pinbuf_heap *heap)
{
	struct heap_run_ask ask = {
		.nr = (heap->opts.initial + HEAP_PAGE - 1) >> HEAP_PAGE_SHIFT, .align = 1,
		.grow = true,
	};
	struct heap_run *run;

	if (!ask.nr)
		return 0;
	heap_lock(&heap->pages);
	run = pinbuf__heap_run_alloc(heap, &ask);
	if (run) {
		if (ask.was_zero)
			run->buf->fresh = run->page;	/* it still is */
		pinbuf__heap_run_free(heap, run);
	}
	heap_unlock(&heap->pages);
	return run ? 0 : -pinbuf_error_last()->err;
}

static int heap_init(struct pinbuf_heap *heap, const struct pinbuf_heap_opts *o)
{
	int ret;

	heap->opts = *o;
	ret = pinbuf__heap_source_choose(o, &heap->source, &heap->opts.source_ctx);
	if (ret)
		return ret;
	strcpy(heap->name, o->name ? o->name : "heap");
	pinbuf_region_init(&heap->region, &pinbuf__heap_ops, heap->name,
			   heap->source.caps | PINBUF_THREADSAFE);
	pinbuf__process_join(&heap->region);
	ret = stores_make(heap);
	return ret ? ret : initial_get(heap);
}

/* No thread is using it; all its buffers go, whatever lies in them. */
static void heap_fini(struct pinbuf_heap *heap)
{
	pinbuf__heap_cache_orphan_all(heap);
	if (heap->spare)
		pinbuf__heap_cache_recycle(heap->spare);
	while (heap->buffers)
		pinbuf__heap_buffer_put(heap, heap->buffers);
	pinbuf__heap_map_fini(&heap->map);
	pinbuf__heap_meta_fini(&heap->meta);
	pinbuf__heap_meta_unmap(heap, sizeof(*heap));
}

int pinbuf_heap_create(struct pinbuf_heap **out, const struct pinbuf_heap_opts *user)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;
	int ret;

	ret = pinbuf__opts_copy(&opts, sizeof(opts), sizeof(opts), user,
				"struct pinbuf_heap_opts");
	if (!ret)
		ret = opts_check(&opts);
	if (ret)
		return ret;
	heap = pinbuf__heap_meta_map(sizeof(*heap));
	if (!heap)
		return pinbuf__refuse_own(sizeof(*heap));
	ret = heap_init(heap, &opts);
	if (ret) {
		heap_fini(heap);
		return ret;
	}
	pinbuf__heap_list_add(heap);
	*out = heap;
	pinbuf__heap_fork_init();
	return 0;
}

void pinbuf_heap_destroy(struct pinbuf_heap *heap)
{
	if (!heap)
		return;
	pinbuf__heap_list_del(heap);
	heap_fini(heap);
}

struct pinbuf_region *pinbuf_heap_region(struct pinbuf_heap *heap)
{
	return &heap->region;
}

void *pinbuf_heap_malloc(struct pinbuf_heap *heap, size_t size)
{
	return heap_alloc(heap, size);
}

void pinbuf_heap_free(struct pinbuf_heap *heap, void *ptr)
{
	heap_dealloc(heap, ptr);
}

void *pinbuf_heap_aligned_alloc(struct pinbuf_heap *heap, size_t align, size_t size)
{
	return heap_alloc_aligned(heap, size, align);
}

PINBUF_COLD static void *overflow_refused(struct pinbuf_heap *heap, size_t nr, size_t size)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_OVERFLOW, .err = ENOMEM, .requested = SIZE_MAX,
	};

	return pinbuf_region_refuse(&heap->region, &e, "was asked for %zu objects of %zu bytes, which is more than there are addresses",
				    nr, size);
}

void *pinbuf_heap_calloc(struct pinbuf_heap *heap, size_t nr, size_t size)
{
	size_t len;

	if (PINBUF_UNLIKELY(__builtin_mul_overflow(nr, size, &len)))
		return overflow_refused(heap, nr, size);
	return pinbuf__heap_zeroed(heap, len, HEAP_GRANULE);
}

PINBUF_COLD static void *size_0_refused(struct pinbuf_heap *heap)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_LAYOUT, .err = EINVAL };

	return pinbuf_region_refuse(&heap->region, &e, "does not reallocate to 0 bytes: pinbuf_heap_free() gives a block back");
}

void *pinbuf_heap_realloc(struct pinbuf_heap *heap, void *ptr, size_t size)
{
	if (!ptr)
		return heap_alloc(heap, size);
	if (PINBUF_UNLIKELY(!size))
		return size_0_refused(heap);
	return pinbuf__heap_realloc(heap, ptr, size, HEAP_GRANULE);
}

void pinbuf_heap_free_sized(struct pinbuf_heap *heap, void *ptr, size_t size)
{
	if (ptr && PINBUF_UNLIKELY(size > pinbuf__heap_usable(heap, ptr)))
		pinbuf__heap_misuse(heap, ptr, "is smaller than the size that it is freed with");
	heap_dealloc(heap, ptr);
}

size_t pinbuf_heap_usable_size(struct pinbuf_heap *heap, const void *ptr)
{
	return ptr ? pinbuf__heap_usable(heap, ptr) : 0;
}

size_t pinbuf_heap_malloc_batch(struct pinbuf_heap *heap, size_t size, size_t nr, void **ptrs)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		ptrs[i] = heap_alloc(heap, size);
		if (!ptrs[i])
			break;
	}
	return i;
}

void pinbuf_heap_free_batch(struct pinbuf_heap *heap, size_t nr, void *const *ptrs)
{
	size_t i;

	for (i = 0; i < nr; i++)
		heap_dealloc(heap, ptrs[i]);
}

int pinbuf_heap_locate(struct pinbuf_heap *heap, const void *ptr, struct pinbuf_heap_place *out)
{
	uintptr_t addr = (uintptr_t)ptr, entry = heap_map_get(&heap->map, addr);
	struct heap_buffer *buf = heap_entry_buffer(entry);

	if (heap_entry_is_span(entry))
		buf = heap_entry_span(entry)->run->buf;
	if (!buf || addr >= buf->base + buf->nr_pages * HEAP_PAGE) {
		struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };

		return pinbuf__error(&e, "%p is not in memory of heap '%s'", ptr, heap->name);
	}
	out->buf = buf->pages.buf;
	out->addr = buf->pages.addr;
	out->len = buf->pages.len;
	out->offset = addr - (uintptr_t)buf->pages.addr;
	return 0;
}

size_t pinbuf_heap_trim(struct pinbuf_heap *heap)
{
	size_t held = PINBUF_LOAD(&heap->held), now;

	pinbuf__heap_reclaim(heap);
	heap_lock(&heap->pages);
	pinbuf__heap_runs_trim(heap);
	now = heap->held;
	heap_unlock(&heap->pages);
	return held > now ? held - now : 0;
}
