// SPDX-License-Identifier: MIT
/* The arena for several threads, and a region that is watched, as subjects of the region laws. */
#include <stdlib.h>

#include "law_shared.h"

int shared_arena_open(struct world *w)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_shared_arena *sa;
	int ret;

	o.bytes = 4096;
	o.parent = &w->ground.region;
	ret = pinbuf_shared_arena_create(&sa, &o);
	if (ret)
		return ret;
	w->other = sa;
	w->region = pinbuf_shared_arena_region(sa);
	return 0;
}

void shared_arena_close(struct world *w)
{
	pinbuf_shared_arena_destroy(w->other);
}

int tracked_open(struct world *w)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_track *t;
	int ret;

	o.bytes = LAWS_BYTES;
	o.parent = &w->ground.region;
	ret = pinbuf_freelist_create(&w->list, &o);
	if (ret)
		return ret;
	ret = pinbuf_track_create(&t, pinbuf_freelist_region(w->list), NULL);
	if (ret) {
		pinbuf_freelist_destroy(w->list);
		return ret;
	}
	w->other = t;
	w->region = pinbuf_track_region(t);
	return 0;
}

void tracked_close(struct world *w)
{
	pinbuf_track_destroy(w->other);
	pinbuf_freelist_destroy(w->list);
}
