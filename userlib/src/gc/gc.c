// SPDX-License-Identifier: MIT
/*
 * The collected heap: how it begins and ends.  Documentation/gc.rst says how it works.
 *
 *	block.c old.c big.c		where objects lie
 *	new.c type.c			how they are made
 *	remember.c root.c pin.c		what collections begin from
 *	copy.c moving.c			collections that copy
 *	mark.c cycle.c			marking and sweeping the old
 *	collect.c pace.c world.c	when, how much, and with whom stopped
 *	weak.c final.c region.c		what else there is
 *	verify.c clock.c figures.c	what can be seen
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../internal.h"
#include "../refuse.h"
#include "big.h"
#include "block.h"
#include "copy.h"
#include "old.h"
#include "pace.h"
#include "region.h"
#include "world.h"

#define MAX_TYPES	65536
#define MAX_ROOTS	((size_t)1 << 24)
#define FLAGS		(PINBUF_GC_STRESS | PINBUF_GC_STRESS_YOUNG)

#if UINTPTR_MAX > UINT32_MAX
_Static_assert(offsetof(struct pinbuf_gc_mutator, cur) == 0 &&
	       offsetof(struct pinbuf_gc_mutator, end) == 8 &&
	       offsetof(struct pinbuf_gc_mutator, nr_allocs) == 16 &&
	       offsetof(struct pinbuf_gc_mutator, top) == 24 &&
	       offsetof(struct pinbuf_gc_mutator, limit) == 32 &&
	       offsetof(struct pinbuf_gc_mutator, stop) == 48 &&
	       offsetof(struct pinbuf_gc_mutator, nogc) == 52 &&
	       sizeof(struct pinbuf_gc_mutator) == 64, "part of the binary interface");
#endif

static int opts_check(struct pinbuf_gc_opts *o)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };

	if (o->flags & ~FLAGS || o->reserved)
		return pinbuf__error(&e, "struct pinbuf_gc_opts has flags that there are not: %#x",
				     o->flags & ~FLAGS);
	e.limit = o->hard;
	e.requested = o->soft;
	if (o->hard && o->soft > o->hard)
		return pinbuf__error(&e, "a soft limit of %zu bytes lies above the hard one of %zu",
				     o->soft, o->hard);
	o->pause_us = o->pause_us ? o->pause_us : 500;
	o->nursery = o->nursery ? o->nursery : (size_t)5 << 18;
	o->nursery = (o->nursery + GC_BLOCK - 1) & ~(GC_BLOCK - 1);
	o->handles = o->handles ? o->handles : (size_t)1 << 20;
	o->reserve = o->reserve ? o->reserve : (size_t)64 << 30;
	o->reserve = (o->reserve + GC_BLOCK - 1) & ~(GC_BLOCK - 1);
	e.requested = o->reserve;
	if (o->pause_us > (size_t)60 * 1000000) {
		e.requested = o->pause_us;
		return pinbuf__error(&e, "a pause of %zu microseconds was asked for, which is more than a minute",
				     o->pause_us);
	}
	if (o->reserve < (size_t)64 << 20 || o->reserve > (size_t)1 << 44 ||
	    o->nursery > o->reserve / 4 || o->handles > (size_t)1 << 32)
		return pinbuf__error(&e, "an address space of %zu bytes for objects, of %zu new ones and for %zu handles cannot be: the first is 64 MiB to 16 TiB, the second a quarter of it at most",
				     o->reserve, o->nursery, o->handles);
	return 0;
}

static int parts_open(struct pinbuf_gc *gc)
{
	int ret = pinbuf__gc_blocks_open(gc);

	if (ret)
		return pinbuf__refuse_own(gc->opts.reserve);
	gc->types = pinbuf__gc_map(MAX_TYPES * sizeof(*gc->types), true);
	gc->max_types = MAX_TYPES;
	gc->nr_types = 1;
	/* an object has 16 bytes at least, and is in each of them once */
	if (!gc->types || pinbuf__gc_stack_open(&gc->grey, gc->reserve / 16) ||
	    pinbuf__gc_stack_open(&gc->work, gc->reserve / 16) ||
	    pinbuf__gc_stack_open(&gc->remembered, gc->reserve / 16) ||
	    pinbuf__gc_stack_open(&gc->roots, MAX_ROOTS))
		return pinbuf__refuse_own(gc->reserve);
	pinbuf__gc_old_open(gc);
	ret = pinbuf__gc_big_open(gc);
	if (ret)
		return ret;
	pinbuf__gc_region_open(gc);
	pinbuf__gc_pace_open(gc);
	return 0;
}

static void parts_close(struct pinbuf_gc *gc)
{
	size_t i;

	pinbuf__gc_weak_close(gc);
	pinbuf__gc_final_close(gc);
	pinbuf__gc_pins_close(gc);
	pinbuf__gc_region_close(gc);
	pinbuf__gc_big_close(gc);
	pinbuf__gc_blocks_close(gc);
	pinbuf__gc_stack_close(&gc->grey);
	pinbuf__gc_stack_close(&gc->work);
	pinbuf__gc_stack_close(&gc->remembered);
	pinbuf__gc_stack_close(&gc->roots);
	for (i = 1; i < gc->nr_types; i++)
		free((void *)gc->types[i]);
	if (gc->types)
		munmap(gc->types, MAX_TYPES * sizeof(*gc->types));
	pthread_cond_destroy(&gc->stopped);
	pthread_cond_destroy(&gc->resumed);
	pthread_mutex_destroy(&gc->lock);
	free(gc);
}

int pinbuf_gc_create(struct pinbuf_gc **out, const struct pinbuf_gc_opts *user)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	struct pinbuf_gc *gc;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_gc_opts");

	if (!ret)
		ret = opts_check(&o);
	if (ret)
		return ret;
	gc = calloc(1, sizeof(*gc));
	if (!gc)
		return pinbuf__refuse_own(sizeof(*gc));
	gc->opts = o;
	gc->reserve = o.reserve;
	gc->budget = (uint64_t)o.pause_us * 1000;
	gc->seed = 1;
	snprintf(gc->name, sizeof(gc->name), "%s", o.name ? o.name : "gc");
	gc->opts.name = gc->name;
	pthread_mutex_init(&gc->lock, NULL);
	pthread_cond_init(&gc->stopped, NULL);
	pthread_cond_init(&gc->resumed, NULL);
	ret = parts_open(gc);
	if (ret) {
		parts_close(gc);
		return ret;
	}
	*out = gc;
	return 0;
}

void pinbuf_gc_destroy(struct pinbuf_gc *gc)
{
	if (!gc)
		return;
	pinbuf__gc_mutators_close(gc);
	parts_close(gc);
}

struct pinbuf_heap *pinbuf_gc_pinned(struct pinbuf_gc *gc)
{
	return gc->pinned;
}

size_t pinbuf_gc_length(struct pinbuf_gc *gc, const void *object)
{
	const struct gc_big *big;
	size_t nr = 0;

	if (gc_inside(gc, object))
		return gc_header_length(*gc_header(object));
	pthread_mutex_lock(&gc->lock);
	big = pinbuf__gc_big_find(gc, object);
	if (big)
		nr = big->nr;
	pthread_mutex_unlock(&gc->lock);
	return nr;
}
