// SPDX-License-Identifier: MIT
/* An arena, and a lock in front of it. */
#include <stdlib.h>

#include <pinbuf/locked.h>
#include <pinbuf/shared_arena.h>

#include "refuse.h"

struct pinbuf_shared_arena {
	struct pinbuf_arena arena;
	struct pinbuf_locked *locked;
};

int pinbuf_shared_arena_create(struct pinbuf_shared_arena **out,
			       const struct pinbuf_arena_opts *opts)
{
	struct pinbuf_shared_arena *sa = malloc(sizeof(*sa));
	int ret;

	if (!sa)
		return pinbuf__refuse_own(sizeof(*sa));
	ret = pinbuf_arena_init(&sa->arena, opts);
	if (ret)
		goto out_free;
	ret = pinbuf_locked_create(&sa->locked, &sa->arena.region, 0);
	if (ret)
		goto out_arena;
	*out = sa;
	return 0;

out_arena:
	pinbuf_arena_fini(&sa->arena);
out_free:
	free(sa);
	return ret;
}

void pinbuf_shared_arena_destroy(struct pinbuf_shared_arena *sa)
{
	if (!sa)
		return;
	pinbuf_locked_destroy(sa->locked);
	pinbuf_arena_fini(&sa->arena);
	free(sa);
}

struct pinbuf_region *pinbuf_shared_arena_region(struct pinbuf_shared_arena *sa)
{
	return pinbuf_locked_region(sa->locked);
}
