// SPDX-License-Identifier: MIT
/*
 * Counters and the report.  A thread's own counters are read while it may be running:
 * they are exact when it is not.
 */
#include <errno.h>
#include <inttypes.h>

#include "../internal.h"
#include "block.h"
#include "figures.h"
#include "region.h"

/* Bytes of objects in the open window of a thread. */
static uint64_t open_bytes(const struct pinbuf_gc *gc, const struct gc_mutator *t)
{
	uintptr_t cur = PINBUF_LOAD(&t->pub.cur);

	return t->block && cur ? cur - gc_block_start(gc, t->block) : 0;
}

/* Objects that no collection has found dead, without blocks of the region. */
uint64_t pinbuf__gc_live_bytes(const struct pinbuf_gc *gc)
{
	uint64_t sum = gc_old(gc) + gc->aged_bytes;
	const struct gc_mutator *t;
	size_t i;

	for (i = 0; i < gc->young.nr; i++)
		if (gc->kind[gc->young.base[i]] == GC_NEW)
			sum += gc->blocks[gc->young.base[i]].top;
	GC_FOR_EACH_MUTATOR(gc, t)
		sum += open_bytes(gc, t);
	return sum;
}

/* With the lock held. */
void pinbuf__gc_sum(struct pinbuf_gc *gc, struct pinbuf_stats *st)
{
	uint64_t allocs = gc->gone_allocs, live, bytes;
	const struct gc_mutator *t;

	st->total_allocated = gc->closed_bytes + gc->direct_bytes + gc->grown_bytes;
	GC_FOR_EACH_MUTATOR(gc, t) {
		allocs += PINBUF_LOAD(&t->pub.nr_allocs);
		st->total_allocated += open_bytes(gc, t);
	}
	live = gc->old_objects + gc->aged_objects + gc->big.nr + allocs - gc->young_allocs;
	bytes = pinbuf__gc_live_bytes(gc);
	st->allocation_count = allocs + gc->direct_allocs;
	st->deallocation_count = st->allocation_count - live;
	st->total_deallocated = st->total_allocated - bytes;
	st->held = gc_used(gc);
	st->peak_usage = gc->peak > bytes ? gc->peak : bytes;
	st->wasted = st->held > bytes ? st->held - bytes : 0;
}

int pinbuf_gc_stats(struct pinbuf_gc *gc, struct pinbuf_stats *out)
{
	struct pinbuf_stats st = { .size = sizeof(st) }, region = { .size = sizeof(region) };

	pthread_mutex_lock(&gc->lock);
	pinbuf__gc_sum(gc, &st);
	pthread_mutex_unlock(&gc->lock);
	pinbuf__gc_region_sum(gc, &region);
	st.total_allocated += region.total_allocated;
	st.total_deallocated += region.total_deallocated;
	st.allocation_count += region.allocation_count;
	st.deallocation_count += region.deallocation_count;
	st.failures = PINBUF_LOAD(&gc->region.failures);
	st.current_live = st.total_allocated - st.total_deallocated;
	if (st.peak_usage < st.current_live)
		st.peak_usage = st.current_live;
	return pinbuf__info_copy(out, sizeof(st), &st, sizeof(st), "struct pinbuf_stats");
}

int pinbuf_gc_figures(struct pinbuf_gc *gc, struct pinbuf_gc_figures *out)
{
	struct pinbuf_gc_figures fig;

	pthread_mutex_lock(&gc->lock);
	fig = gc->fig;
	fig.size = sizeof(fig);
	fig.used = gc_used(gc);
	fig.old_bytes = gc->old_bytes;
	fig.large_bytes = gc->big.bytes;
	fig.region_bytes = PINBUF_LOAD(&gc->region_bytes);
	fig.old_objects = gc->old_objects;
	fig.pinned_objects = gc->pins.nr;
	pthread_mutex_unlock(&gc->lock);
	return pinbuf__info_copy(out, sizeof(fig), &fig, sizeof(fig), "struct pinbuf_gc_figures");
}

static void records_print(struct pinbuf_gc *gc, FILE *out)
{
	static const char *const names[] = { "young", "cycle", "full", "moving" };
	struct pinbuf_gc_record last[GC_RECORDS];
	size_t nr = pinbuf_gc_last(gc, last, GC_RECORDS), i;

	fprintf(out, "%-8s %14s %14s %14s %8s %10s\n", "newest", "live", "freed", "moved",
		"pinned", "pause us");
	for (i = 0; i < nr; i++)
		fprintf(out, "%-8s %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %8" PRIu64 " %10.1f\n",
			names[last[i].kind], last[i].live, last[i].freed, last[i].moved,
			last[i].pinned, (double)last[i].pause_ns / 1000);
}

int pinbuf_gc_print(struct pinbuf_gc *gc, FILE *out)
{
	struct pinbuf_gc_pauses p = { .size = sizeof(p) };
	struct pinbuf_gc_figures f = { .size = sizeof(f) };

	pinbuf_gc_figures(gc, &f);
	pinbuf_gc_pauses(gc, &p);
	fprintf(out, "gc '%s'\n", gc->name);
#define ROW(name, help)	fprintf(out, "%-20s %14" PRIu64 "  %s\n", #name, f.name, help);
	PINBUF_GC_FIGURES(ROW)
#undef ROW
	fprintf(out, "%" PRIu64 " pauses, us: least %.1f, mean %.1f, p99 %.1f, most %.1f; budget %.1f, %" PRIu64 " over it\n",
		p.nr, (double)p.least / 1000, (double)p.mean / 1000, (double)p.p99 / 1000,
		(double)p.most / 1000, (double)p.budget / 1000, p.over);
	records_print(gc, out);
	return ferror(out) ? -EIO : 0;
}
