// SPDX-License-Identifier: MIT
/*
 * Best fit, lowest address first, coalesced at once; but the run that was freed last is
 * kept apart from the tree, and taken at once by who asks for just as many pages: a
 * program that gives back and asks again waits for no search among many holes.  Free runs of a buffer never
 * touch each other.  A descriptor is needed wherever a run is split, and is taken
 * before anything changes, so that no call stops half way; giving back needs none.
 */
#include <errno.h>

#include "../internal.h"
#include "core.h"
#include "pagemap.h"
#include "runs.h"

enum { TRIES = 8 };	/* short runs that are looked at for one that fits aligned */

static void run_mark(struct heap_run *run)
{
	run->buf->run[run->page] = run;
	run->buf->run[run->page + run->nr - 1] = run;
}

static void run_unmark(struct heap_run *run)
{
	run->buf->run[run->page] = NULL;
	run->buf->run[run->page + run->nr - 1] = NULL;
}

struct heap_run *pinbuf__heap_run_new(struct pinbuf_heap *heap, struct heap_buffer *buf,
				      size_t page, size_t nr)
{
	struct heap_run *run = heap->idle_runs;

	if (run) {
		heap->idle_runs = run->left;
	} else {
		run = pinbuf__heap_meta_alloc(&heap->meta, sizeof(*run));
		if (!run)
			return NULL;
		heap->seed = heap->seed * 1664525 + 1013904223;
		run->prio = heap->seed >> 8;
	}
	run->buf = buf;
	run->page = page;
	run->nr = nr;
	return run;
}

void pinbuf__heap_run_drop(struct pinbuf_heap *heap, struct heap_run *run)
{
	run->left = heap->idle_runs;
	heap->idle_runs = run;
}

/* The run that was freed last joins the others. */
static void recent_settle(struct pinbuf_heap *heap)
{
	if (heap->recent)
		pinbuf__heap_tree_add(&heap->free_runs, heap->recent);
	heap->recent = NULL;
}

struct heap_run *pinbuf__heap_run_largest(struct pinbuf_heap *heap)
{
	recent_settle(heap);
	return pinbuf__heap_tree_last(heap->free_runs);
}

static void free_add(struct pinbuf_heap *heap, struct heap_run *run)
{
	run->kind = HEAP_RUN_FREE;
	run_mark(run);
	heap->free_pages += run->nr;
	recent_settle(heap);
	heap->recent = run;
	if (run->nr == run->buf->nr_pages)
		heap->empty += run->buf->pages.len;
}

static void free_del(struct pinbuf_heap *heap, struct heap_run *run)
{
	if (run->nr == run->buf->nr_pages)
		heap->empty -= run->buf->pages.len;
	if (run == heap->recent)
		heap->recent = NULL;
	else
		pinbuf__heap_tree_del(&heap->free_runs, run);
	heap->free_pages -= run->nr;
	run_unmark(run);
}

static size_t align_skip(const struct heap_run *run, size_t align)
{
	return -(heap_run_addr(run) >> HEAP_PAGE_SHIFT) & (align - 1);
}

static struct heap_run *free_find(struct pinbuf_heap *heap, const struct heap_run_ask *ask)
{
	struct heap_run *run = heap->recent;
	int i;

	if (run && run->nr == ask->nr && !align_skip(run, ask->align) && !ask->roomy)
		return run;
	recent_settle(heap);
	if (ask->roomy) {
		run = pinbuf__heap_tree_last(heap->free_runs);
		return run && run->nr >= ask->nr + ask->align - 1 ? run : NULL;
	}
	run = pinbuf__heap_tree_find(heap->free_runs, ask->nr, 0);
	for (i = 0; run && i < TRIES; i++) {
		if (align_skip(run, ask->align) + ask->nr <= run->nr)
			return run;
		run = pinbuf__heap_tree_find(heap->free_runs, run->nr, heap_run_addr(run) + 1);
	}
	return pinbuf__heap_tree_find(heap->free_runs, ask->nr + ask->align - 1, 0);
}

static void grow_refused(const struct heap_run_ask *ask, const char *why)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = ask->nr * HEAP_PAGE,
	};

	pinbuf__error(&e, "%zu pages aligned to %zu %s", ask->nr, ask->align, why);
}

static struct heap_run *free_grow(struct pinbuf_heap *heap, const struct heap_run_ask *ask)
{
	size_t chunk = HEAP_CHUNK / HEAP_PAGE;
	size_t nr = ask->nr + (ask->align > chunk ? ask->align - chunk : 0);
	struct heap_buffer *buf;
	struct heap_run *run;

	if (nr < ask->nr || nr > PTRDIFF_MAX / HEAP_PAGE) {
		grow_refused(ask, "is more than there are addresses");
		return NULL;
	}
	run = pinbuf__heap_run_new(heap, NULL, 0, 0);
	if (!run)
		return NULL;
	buf = pinbuf__heap_buffer_get(heap, nr);
	if (!buf) {
		pinbuf__heap_run_drop(heap, run);
		return NULL;
	}
	heap->empty -= buf->pages.len;		/* free_add() counts it again */
	run->buf = buf;
	run->nr = buf->nr_pages;
	free_add(heap, run);
	if (align_skip(run, ask->align) + ask->nr <= run->nr)
		return run;
	grow_refused(ask, "were asked of the heap's source, which gave less");
	return NULL;
}

/* Descriptors for what is left at both ends; false if there are none. */
static bool split_prepare(struct pinbuf_heap *heap, struct heap_run *run, size_t skip, size_t nr,
			  struct heap_run *rest[2])
{
	size_t tail = run->nr - skip - nr;

	rest[0] = rest[1] = NULL;
	if (skip) {
		rest[0] = pinbuf__heap_run_new(heap, run->buf, run->page, skip);
		if (!rest[0])
			return false;
	}
	if (tail) {
		rest[1] = pinbuf__heap_run_new(heap, run->buf, run->page + skip + nr, tail);
		if (!rest[1]) {
			if (rest[0])
				pinbuf__heap_run_drop(heap, rest[0]);
			return false;
		}
	}
	return true;
}

static void fresh_take(struct heap_run *run, struct heap_run_ask *ask)
{
	struct heap_buffer *buf = run->buf;

	ask->was_zero = run->page >= buf->fresh;
	if (run->page + run->nr > buf->fresh)
		buf->fresh = run->page + run->nr;
}

/**
 * pinbuf__heap_run_alloc() - a run of pages
 * @heap: its pages lock is held
 * @ask: what it must be; was_zero is written
 *
 * Return: the run; NULL with the thread's error filled by whoever refused, or left
 * alone if it was not to grow.
 */
struct heap_run *pinbuf__heap_run_alloc(struct pinbuf_heap *heap, struct heap_run_ask *ask)
{
	struct heap_run *run = free_find(heap, ask), *rest[2];
	size_t skip;

	if (!run && ask->grow)
		run = free_grow(heap, ask);
	if (!run)
		return NULL;
	skip = align_skip(run, ask->align);
	if (!split_prepare(heap, run, skip, ask->nr, rest))
		return NULL;
	free_del(heap, run);
	run->page += skip;
	run->nr = ask->nr;
	run->kind = ask->kind;
	run_mark(run);
	fresh_take(run, ask);
	if (rest[0])
		free_add(heap, rest[0]);
	if (rest[1])
		free_add(heap, rest[1]);
	return run;
}

static struct heap_run *run_behind(const struct heap_run *run)
{
	size_t page = run->page + run->nr;

	return page < run->buf->nr_pages ? run->buf->run[page] : NULL;
}

static struct heap_run *run_ahead(const struct heap_run *run)
{
	return run->page ? run->buf->run[run->page - 1] : NULL;
}

/* Gives the buffer of a free run back if it is empty, and there is more than @keep. */
static void buffer_maybe_put(struct pinbuf_heap *heap, struct heap_run *run, size_t keep)
{
	struct heap_buffer *buf = run->buf;

	if (run->nr != buf->nr_pages || heap->empty <= keep)
		return;
	if (heap->held - buf->pages.len < heap->opts.initial)
		return;
	free_del(heap, run);
	heap->empty += buf->pages.len;		/* pinbuf__heap_buffer_put() takes it off */
	pinbuf__heap_run_drop(heap, run);
	pinbuf__heap_buffer_put(heap, buf);
}

void pinbuf__heap_run_free(struct pinbuf_heap *heap, struct heap_run *run)
{
	struct heap_run *ahead = run_ahead(run), *behind = run_behind(run);

	run_unmark(run);
	if (ahead && ahead->kind == HEAP_RUN_FREE) {
		free_del(heap, ahead);
		run->page = ahead->page;
		run->nr += ahead->nr;
		pinbuf__heap_run_drop(heap, ahead);
	}
	if (behind && behind->kind == HEAP_RUN_FREE) {
		free_del(heap, behind);
		run->nr += behind->nr;
		pinbuf__heap_run_drop(heap, behind);
	}
	free_add(heap, run);
	buffer_maybe_put(heap, run, heap->opts.keep);
}

static bool run_extend(struct pinbuf_heap *heap, struct heap_run *run, size_t nr)
{
	struct heap_run *behind = run_behind(run);
	size_t more = nr - run->nr;

	if (!behind || behind->kind != HEAP_RUN_FREE || behind->nr < more)
		return false;
	free_del(heap, behind);
	run_unmark(run);
	run->nr = nr;
	run_mark(run);
	if (run->page + nr > run->buf->fresh)
		run->buf->fresh = run->page + nr;
	behind->page += more;
	behind->nr -= more;
	if (behind->nr)
		free_add(heap, behind);
	else
		pinbuf__heap_run_drop(heap, behind);
	return true;
}

/**
 * pinbuf__heap_run_resize() - change a live run's length in place
 * @heap: its pages lock is held
 * @run: a live run
 * @nr: pages it shall have
 *
 * Return: whether it could; else nothing has changed.
 */
bool pinbuf__heap_run_resize(struct pinbuf_heap *heap, struct heap_run *run, size_t nr)
{
	struct heap_run *rest;

	if (nr > run->nr)
		return run_extend(heap, run, nr);
	if (nr == run->nr)
		return true;
	rest = pinbuf__heap_run_new(heap, run->buf, run->page + nr, run->nr - nr);
	if (!rest)
		return false;
	run_unmark(run);
	run->nr = nr;
	run_mark(run);
	run_mark(rest);
	pinbuf__heap_run_free(heap, rest);
	return true;
}

/* All empty buffers go, down to opts.initial. */
void pinbuf__heap_runs_trim(struct pinbuf_heap *heap)
{
	struct heap_buffer *buf, *next;

	for (buf = heap->buffers; buf; buf = next) {
		next = buf->next;
		if (buf->run[0] && buf->run[0]->kind == HEAP_RUN_FREE)
			buffer_maybe_put(heap, buf->run[0], 0);
	}
}
