// SPDX-License-Identifier: MIT
/* Arenas that live somewhere else than in the caller's hands: the heap, a call, a thread. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <pinbuf/arena.h>

#include "refuse.h"

static _Thread_local struct pinbuf_arena *scratch;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;
static pthread_key_t scratch_key;	/* for its destructor: the value is scratch */
static bool scratch_has_key;

int pinbuf_arena_create(struct pinbuf_arena **out, const struct pinbuf_arena_opts *opts)
{
	struct pinbuf_arena *a = aligned_alloc(PINBUF_ALIGN_CACHE_LINE, sizeof(*a));
	int ret;

	if (!a)
		return pinbuf__refuse_own(sizeof(*a));
	ret = pinbuf_arena_init(a, opts);
	if (ret)
		free(a);
	else
		*out = a;
	return ret;
}

void pinbuf_arena_destroy(struct pinbuf_arena *a)
{
	if (!a)
		return;
	pinbuf_arena_fini(a);
	free(a);
}

void pinbuf__arena_static(struct pinbuf_arena *a, void *buffer, size_t len, const char *name)
{
	if (pinbuf_arena_init_buffer(a, buffer, len, name))
		abort();
}

int pinbuf_with_arena(const struct pinbuf_arena_opts *opts,
		      int (*fn)(struct pinbuf_arena *a, void *arg), void *arg)
{
	struct pinbuf_arena a;
	int ret = pinbuf_arena_init(&a, opts);

	if (ret)
		return ret;
	ret = fn(&a, arg);
	pinbuf_arena_fini(&a);
	return ret;
}

/* Destructors that run after this one and ask again get a new arena, and this again. */
static void scratch_end(void *arena)
{
	scratch = NULL;
	pinbuf_arena_destroy(arena);
}

static void scratch_make_key(void)
{
	scratch_has_key = !pthread_key_create(&scratch_key, scratch_end);
}

static struct pinbuf_arena *scratch_make(void)
{
	struct pinbuf_arena_opts opts = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena *a;
	int ret;

	pthread_once(&scratch_once, scratch_make_key);
	opts.name = "scratch";
	ret = pinbuf_arena_create(&a, &opts);
	if (ret) {
		errno = -ret;
		return NULL;
	}
	if (!scratch_has_key || pthread_setspecific(scratch_key, a)) {
		pinbuf_arena_destroy(a);
		errno = -pinbuf__refuse_own(sizeof(a));
		return NULL;
	}
	return scratch = a;
}

struct pinbuf_arena *pinbuf_scratch(void)
{
	return scratch ? scratch : scratch_make();
}
