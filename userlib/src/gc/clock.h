/* SPDX-License-Identifier: MIT */
/* How long pauses take. */
#ifndef PINBUF_GC_CLOCK_H
#define PINBUF_GC_CLOCK_H

#include <time.h>

#include "core.h"

/* a pause that is going on */
struct gc_pause {
	uint64_t cpu, wall;
};

struct gc_pause pinbuf__gc_pause_begin(void);
uint64_t pinbuf__gc_pause_end(struct pinbuf_gc *gc, const struct gc_pause *pause);
void pinbuf__gc_record(struct pinbuf_gc *gc, const struct pinbuf_gc_record *record);

static inline uint64_t gc_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#endif /* PINBUF_GC_CLOCK_H */
