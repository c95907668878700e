// SPDX-License-Identifier: MIT
/*
 * A pause is measured in the processor time of the thread that collects, since what other
 * programs take is not the collector's, and by the clock on the wall as well.  Lengths go
 * into a histogram with 32 steps an octave, from 1 ns to 9 minutes.
 */
#include <errno.h>
#include <string.h>

#include "../internal.h"
#include "clock.h"

static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

struct gc_pause pinbuf__gc_pause_begin(void)
{
	return (struct gc_pause){ cpu_now(), gc_now() };
}

/* 0..31 as they are, then the five bits behind the highest. */
static unsigned int step_of(uint64_t ns)
{
	unsigned int octave;

	if (ns < 32)
		return (unsigned int)ns;
	octave = 63 - (unsigned int)__builtin_clzll(ns) - 5;
	if (octave >= GC_OCTAVES - 1)
		return GC_OCTAVES * 32 - 1;
	return (octave + 1) * 32 + (unsigned int)(ns >> octave) % 32;
}

/* the longest that a step stands for */
static uint64_t step_most(unsigned int step)
{
	unsigned int octave = step / 32;

	if (!octave)
		return step;
	return ((uint64_t)(32 + step % 32 + 1) << (octave - 1)) - 1;
}

/* Its nanoseconds of processor time. */
uint64_t pinbuf__gc_pause_end(struct pinbuf_gc *gc, const struct gc_pause *pause)
{
	uint64_t ns = cpu_now() - pause->cpu, wall = gc_now() - pause->wall;
	struct gc_clock *c = &gc->clock;

	if (!c->nr || ns < c->least)
		c->least = ns;
	if (ns > c->most)
		c->most = ns;
	if (wall > c->most_wall)
		c->most_wall = wall;
	c->over += ns > gc->budget;
	c->nr++;
	c->sum += ns;
	c->steps[step_of(ns)]++;
	return ns;
}

void pinbuf__gc_record(struct pinbuf_gc *gc, const struct pinbuf_gc_record *record)
{
	gc->records[gc->nr_records++ % GC_RECORDS] = *record;
}

static uint64_t p99(const struct gc_clock *c)
{
	uint64_t rank = c->nr - c->nr / 100, sum = 0, most;
	unsigned int i;

	for (i = 0; i < GC_OCTAVES * 32; i++) {
		sum += c->steps[i];
		if (sum >= rank) {
			most = step_most(i);
			return most < c->most ? most : c->most;
		}
	}
	return c->most;
}

int pinbuf_gc_pauses(struct pinbuf_gc *gc, struct pinbuf_gc_pauses *out)
{
	struct pinbuf_gc_pauses p = { .size = sizeof(p), .budget = gc->budget };
	const struct gc_clock *c = &gc->clock;

	pthread_mutex_lock(&gc->lock);
	p.nr = c->nr;
	if (c->nr) {
		p.least = c->least;
		p.mean = c->sum / c->nr;
		p.p99 = p99(c);
	}
	p.most = c->most;
	p.over = c->over;
	p.most_wall = c->most_wall;
	p.most_stop = c->most_stop;
	pthread_mutex_unlock(&gc->lock);
	return pinbuf__info_copy(out, sizeof(p), &p, sizeof(p), "struct pinbuf_gc_pauses");
}

void pinbuf_gc_pauses_reset(struct pinbuf_gc *gc)
{
	pthread_mutex_lock(&gc->lock);
	memset(&gc->clock, 0, sizeof(gc->clock));
	pthread_mutex_unlock(&gc->lock);
}

size_t pinbuf_gc_last(struct pinbuf_gc *gc, struct pinbuf_gc_record *records, size_t nr)
{
	size_t i;

	pthread_mutex_lock(&gc->lock);
	if (nr > gc->nr_records)
		nr = gc->nr_records;
	if (nr > GC_RECORDS)
		nr = GC_RECORDS;
	for (i = 0; i < nr; i++)
		records[i] = gc->records[(gc->nr_records - 1 - i) % GC_RECORDS];
	pthread_mutex_unlock(&gc->lock);
	return nr;
}
