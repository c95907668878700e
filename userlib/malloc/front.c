// SPDX-License-Identifier: MIT
/*
 * One heap over private anonymous memory serves everything.  It is made by the
 * first call, which comes before any constructor and maybe from inside another
 * library's; nothing here may need malloc before it is there.
 *
 * With PINBUF_PRELOAD_MIN=SIZE a second one, over pinned buffers, serves blocks of
 * at least SIZE bytes.  A fork child does not have its memory: there all new
 * blocks come from the first.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pinbuf/dev.h>
#include <pinbuf/error.h>
#include <pinbuf/heap.h>

#include "../src/heap/core.h"
#include "../src/heap/source.h"
#include "../src/internal.h"
#include "front.h"

enum { GROW = 4 << 20, KEEP = 16 << 20 };

struct pinbuf_heap *pinbuf__front;
size_t pinbuf__front_usual;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct pinbuf_heap *pinned;
static size_t pinned_min = SIZE_MAX;	/* of which size on @pinned serves */

/*
 * Where @pinned's buffers come from allocates, from a thread that has the heap locked:
 * what it needs meanwhile is the first heap's, whatever its size.
 */
static struct pinbuf_heap_source buffers;
static _Thread_local int is_growing __attribute__((tls_model("initial-exec")));

static void say(const char *text)
{
	static const char prefix[] = "pinbuf: ";

	if (write(STDERR_FILENO, prefix, sizeof(prefix) - 1) < 0 ||
	    write(STDERR_FILENO, text, __builtin_strlen(text)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		return;
}

/*
 * Pages as they are touched, where a pinned heap asks for huge ones: most programs
 * are small.
 */
static int pages_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	size_t before;
	char *addr;

	(void)ctx;
	addr = mmap(NULL, len + HEAP_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (addr == MAP_FAILED) {
		struct pinbuf_error e = {
			.kind = PINBUF_ERROR_MEMORY, .err = ENOMEM, .requested = len,
		};

		return pinbuf__error(&e, "the system has no %zu bytes of memory", len);
	}
	before = -(uintptr_t)addr % HEAP_CHUNK;
	if (before)
		munmap(addr, before);
	munmap(addr + before + len, HEAP_CHUNK - before);
	pages->addr = addr + before;
	pages->len = len;
	pages->zeroed = 1;
	return 0;
}

static void pages_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	munmap(pages->addr, pages->len);
}

static const struct pinbuf_heap_source front_source = {
	.size = sizeof(struct pinbuf_heap_source), .get = pages_get, .put = pages_put,
};

/* What it calls last, pthread_atfork(), allocates from the heap that it made. */
static void front_make(void)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;

	opts.name = "malloc";
	opts.source = &front_source;
	opts.grow = GROW;
	opts.keep = KEEP;
	if (pinbuf_heap_create(&pinbuf__front, &opts)) {
		say("malloc has no memory to begin with");
		abort();
	}
	pinbuf__front_usual = HEAP_SMALL_MAX + 1;
}

/**
 * pinbuf__front_heap() - which heap serves a new block
 * @size: its bytes
 *
 * Return: the heap, made at the first call; never NULL.
 */
struct pinbuf_heap *pinbuf__front_heap(size_t size)
{
	if (PINBUF_UNLIKELY(size >= PINBUF_LOAD(&pinned_min) && pinned && !is_growing))
		return pinned;
	if (PINBUF_UNLIKELY(!pinbuf__front))
		pthread_once(&once, front_make);
	return pinbuf__front;
}

/**
 * pinbuf__front_owner() - whose block a pointer is
 * @ptr: not NULL
 *
 * Return: its heap; a pointer into no heap's memory ends the program.
 */
struct pinbuf_heap *pinbuf__front_owner(const void *ptr)
{
	struct pinbuf_heap *heap = pinbuf__front_heap(0);

	if (PINBUF_LIKELY(heap_map_get(&heap->map, (uintptr_t)ptr)))
		return heap;
	if (pinned && heap_map_get(&pinned->map, (uintptr_t)ptr))
		return pinned;
	pinbuf__heap_misuse(heap, ptr, NULL);
}

static void forked(void)
{
	pinned_min = SIZE_MAX;
	pinbuf__front_usual = HEAP_SMALL_MAX + 1;
}

static int buffer_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	int ret;

	is_growing++;
	ret = buffers.get(ctx, len, pages);
	is_growing--;
	return ret;
}

static void buffer_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	is_growing++;
	buffers.put(ctx, pages);
	is_growing--;
}

static int pinned_make(struct pinbuf_dev **dev)
{
	static struct pinbuf_heap_source source = {
		.size = sizeof(source), .get = buffer_get, .put = buffer_put,
	};
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	int ret = pinbuf_open(&opts.dev, NULL);

	if (ret)
		return ret;
	*dev = opts.dev;
	opts.name = "malloc, pinned";
	ret = pinbuf__heap_source_choose(&opts, &buffers, &opts.source_ctx);
	if (ret)
		goto out_close;
	source.caps = buffers.caps;
	opts.dev = NULL;
	opts.source = &source;
	ret = pinbuf_heap_create(&pinned, &opts);
	if (ret)
		goto out_close;
	return 0;

out_close:
	pinbuf_close(*dev);
	return ret;
}

static void pinned_begin(size_t min)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_dev *dev;
	char text[640];

	if (pinned_make(&dev) || pinbuf_dev_info(dev, &info)) {
		snprintf(text, sizeof(text), "PINBUF_PRELOAD_MIN is without effect: %s",
			 pinbuf_error_text());
		say(text);
		return;
	}
	pthread_atfork(NULL, NULL, forked);
	snprintf(text, sizeof(text),
		 "blocks of at least %zu bytes are pinned%s; a fork child does not have them, and faults if it touches one",
		 min, info.source == PINBUF_SOURCE_LOCKED ? " (locked memory, there is no /dev/pinbuf)" : "");
	say(text);
	if (min <= HEAP_SMALL_MAX)
		pinbuf__front_usual = min;
	PINBUF_STORE(&pinned_min, min);
}

__attribute__((constructor))
static void front_begin(void)
{
	const char *env = getenv("PINBUF_PRELOAD_MIN");
	unsigned long long min;
	char *end;

	pinbuf__front_heap(0);
	if (!env || !*env)
		return;
	errno = 0;
	min = strtoull(env, &end, 0);
	if (errno || *end || !min || *env == '-' || min > PTRDIFF_MAX)
		say("PINBUF_PRELOAD_MIN must be a number of bytes, at least 1");
	else
		pinned_begin((size_t)min);
}
