// SPDX-License-Identifier: MIT
/*
 * Peers are opened with dlopen(), each with its own names, so that one program has
 * them all.  Their thread-local storage needs room that the dynamic linker only
 * keeps on request: the program asks for it and runs itself again.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pinbuf/heap.h>

#include "heap_peers.h"

/* The loop alone: the caller writes one byte to what it gets. */
static char nowhere[65536 + 1024] __attribute__((aligned(4096)));

static void *nothing_malloc(size_t size)
{
	(void)size;
	return nowhere;
}

static void nothing_free(void *ptr)
{
	(void)ptr;
}

static void *nothing_realloc(void *ptr, size_t size)
{
	(void)ptr;
	(void)size;
	return nowhere;
}

static int nothing_memalign(void **out, size_t align, size_t size)
{
	(void)align;
	(void)size;
	*out = nowhere;
	return 0;
}

struct peer peers[] = {
	{ .name = "pinbuf" },
	{ .name = "nothing", .malloc = nothing_malloc, .free = nothing_free,
	  .realloc = nothing_realloc, .posix_memalign = nothing_memalign },
	{ .name = "pinbuf as malloc", .prefix = "" },
	{ .name = "glibc", .prefix = "" },
	{ .name = "mimalloc", .library = "libmimalloc.so.2", .prefix = "mi_" },
	{ .name = "jemalloc", .library = "libjemalloc.so.2", .prefix = "" },
	{ .name = "tcmalloc", .library = "libtcmalloc_minimal.so.4", .prefix = "tc_" },
	{ .name = "TBB", .library = "libtbbmalloc.so.2", .prefix = "scalable_" },
};

const size_t nr_peers = sizeof(peers) / sizeof(peers[0]);

static void *symbol(void *handle, const char *prefix, const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s", prefix, name);
	return dlsym(handle, text);
}

static void peer_open(struct peer *p)
{
	void *handle = dlopen(p->library, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		p->skipped = dlerror();
		return;
	}
	p->malloc = (void *(*)(size_t))symbol(handle, p->prefix, "malloc");
	p->free = (void (*)(void *))symbol(handle, p->prefix, "free");
	p->realloc = (void *(*)(void *, size_t))symbol(handle, p->prefix, "realloc");
	p->posix_memalign = (int (*)(void **, size_t, size_t))symbol(handle, p->prefix,
								      "posix_memalign");
	if (!p->malloc || !p->free || !p->realloc || !p->posix_memalign)
		p->skipped = "a function is missing";
}

/* @front: libpinbuf-malloc.so */
void peers_open(const char *front)
{
	size_t i;

	if (!getenv("GLIBC_TUNABLES")) {
		setenv("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384", 1);
		execl("/proc/self/exe", "heap", front, (char *)NULL);
	}
	peers[PEER_OTHERS].library = front;
	for (i = PEER_OTHERS; i < nr_peers; i++)
		peer_open(&peers[i]);
	if (pinbuf_heap_create(&peers[PEER_PINBUF].heap, NULL))
		abort();
	peers[PEER_PINBUF].heap_malloc = pinbuf_heap_malloc;
	peers[PEER_PINBUF].heap_free = pinbuf_heap_free;
	peers[PEER_PINBUF].heap_realloc = pinbuf_heap_realloc;
	peers[PEER_PINBUF].heap_aligned = pinbuf_heap_aligned_alloc;
}
