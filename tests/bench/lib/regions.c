// SPDX-License-Identifier: MIT
/*
 * Arena, stack, pool and free list beside a limit, which is the least code that does the
 * same, and beside what there is elsewhere.  All of a row runs in turn, several times
 * over, in this thread's processor time, and the medians count.
 *
 * BENCH_JSON=FILE writes the table there; BENCH_ROW=TEXT runs the rows with TEXT in
 * their names; BENCH_ONLY=CONTENDER runs one column once, for an instruction count.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "regions_work.h"

enum { RUNS = 31, MANY = 6 };

/* a contender of a row: runs OPS operations; NULL marks the end */
struct contender {
	const char *name;
	void (*run)(void);
	const char *skipped;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* rows */

#define DPDK	"not built in: mempools need its environment (libdpdk-dev, --no-huge)"
#define TLSF	"not packaged for Debian"

static struct row {
	const char *name;
	double reach;			/* multiples of the limit; 0 for none */
	void (*start)(void);
	struct contender ours, limit, peers[4];
} rows[] = {
	{ "arena alloc", 1.10, arena_start, { "pinbuf", our_arena, NULL },
	  { "limit", limit_arena, NULL },
	  { { "apr", peer_apr, NULL }, { "obstack", peer_obstack, NULL },
	    { "talloc", peer_talloc, NULL } } },
	{ "scope of 4 allocs", 1.10, arena_start, { "pinbuf", our_scope, NULL },
	  { "limit", limit_arena, NULL }, { { NULL, NULL, NULL } } },
	{ "stack push + pop", 1.15, stack_start, { "pinbuf", our_stack, NULL },
	  { "limit", limit_stack, NULL }, { { NULL, NULL, NULL } } },
	{ "pool get + put", 1.25, pool_start, { "pinbuf", our_pool, NULL },
	  { "limit", limit_pool, NULL }, { { "dpdk", NULL, DPDK } } },
	{ "pool, thread-safe", 2.0, pool_start, { "pinbuf", our_shared, NULL },
	  { "limit", limit_pool, NULL },
	  { { "mutex", peer_mutex, NULL }, { "cas", peer_cas, NULL }, { "dpdk", NULL, DPDK } } },
	{ "free list, 512 slots", 5, slots_start, { "pinbuf", our_slots, NULL },
	  { "limit", limit_slots, NULL },
	  { { "glibc", peer_slots, NULL }, { "tlsf", NULL, TLSF } } },
	{ "1 KiB, no holes", 0, holes_none, { "pinbuf", our_holes, NULL },
	  { NULL, NULL, NULL }, { { NULL, NULL, NULL } } },
	{ "1 KiB, 4096 holes", 0, holes_4096, { "pinbuf", our_holes, NULL },
	  { NULL, NULL, NULL }, { { NULL, NULL, NULL } } },
	{ "1 KiB, 65536 holes", 0, holes_65536, { "pinbuf", our_holes, NULL },
	  { NULL, NULL, NULL }, { { NULL, NULL, NULL } } },
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

struct figure {
	double median, least, most;
};

/* Contenders run in turn, so that what disturbs one disturbs all. */
static size_t row_run(struct row *row, struct contender *c[MANY], struct figure f[MANY])
{
	static double times[MANY][RUNS];
	size_t nr = 0, i, run;
	double start;

	c[nr++] = &row->ours;
	if (row->limit.run)
		c[nr++] = &row->limit;
	for (i = 0; i < 4 && row->peers[i].name; i++)
		if (!row->peers[i].skipped)
			c[nr++] = &row->peers[i];
	for (run = 0; run < RUNS; run++) {
		for (i = 0; i < nr; i++) {
			start = now();
			c[i]->run();
			times[i][run] = (now() - start) / OPS;
		}
	}
	for (i = 0; i < nr; i++) {
		qsort(times[i], RUNS, sizeof(double), by_size);
		f[i] = (struct figure){ times[i][RUNS / 2], times[i][0], times[i][RUNS - 1] };
	}
	return nr;
}

static void row_table(const struct row *row, struct contender *const c[], const struct figure f[],
		      size_t nr)
{
	size_t i;

	printf("%-22s", row->name);
	for (i = 0; i < nr; i++)
		printf("  %s %.2f (%.2f..%.2f)", c[i]->name, f[i].median, f[i].least, f[i].most);
	if (row->reach > 0)
		printf("  ratio %.2f, reach %.2f%s", f[0].median / f[1].median, row->reach,
		       f[0].median <= row->reach * f[1].median ? "" : ", NOT REACHED");
	printf("\n");
	for (i = 0; i < 4 && row->peers[i].name; i++)
		if (row->peers[i].skipped)
			printf("# %s is skipped: %s\n", row->peers[i].name, row->peers[i].skipped);
}

static void row_json(FILE *out, const struct row *row, struct contender *const c[],
		     const struct figure f[], size_t nr, bool first)
{
	size_t i, peers = row->limit.run ? 2 : 1;

	fprintf(out, "%s\n  {\"name\": \"%s\", \"pinbuf\": %.3f, ", first ? "" : ",", row->name,
		f[0].median);
	if (row->limit.run)
		fprintf(out, "\"limit\": %.3f, ", f[1].median);
	else
		fprintf(out, "\"limit\": null, ");
	fprintf(out, "\"peers\": {");
	for (i = peers; i < nr; i++)
		fprintf(out, "%s\"%s\": %.3f", i == peers ? "" : ", ", c[i]->name, f[i].median);
	fprintf(out, "}}");
}

static void only(struct row *row, const char *name)
{
	size_t i;

	if (!strcmp(name, "pinbuf"))
		row->ours.run();
	if (!strcmp(name, "limit") && row->limit.run)
		row->limit.run();
	for (i = 0; i < 4 && row->peers[i].name; i++)
		if (!strcmp(name, row->peers[i].name) && row->peers[i].run)
			row->peers[i].run();
}

int main(void)
{
	const char *filter = getenv("BENCH_ROW"), *name = getenv("BENCH_ONLY");
	const char *file = getenv("BENCH_JSON");
	struct contender *c[MANY];
	struct figure f[MANY];
	FILE *out = file ? fopen(file, "w") : NULL;
	bool first = true;
	size_t i, nr;

	rows[0].peers[0].skipped = apr_open();
	rows[0].peers[2].skipped = talloc_open();
	printf("ns an operation: median (least..most) of %d\n", RUNS);
	if (out)
		fprintf(out, "{\"suite\": \"regions\", \"unit\": \"ns\", \"rows\": [");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (filter && !strstr(rows[i].name, filter))
			continue;
		rows[i].start();
		if (name) {
			only(&rows[i], name);
			continue;
		}
		nr = row_run(&rows[i], c, f);
		row_table(&rows[i], c, f, nr);
		if (out)
			row_json(out, &rows[i], c, f, nr, first);
		first = false;
		fflush(stdout);
	}
	if (out) {
		fprintf(out, "\n]}\n");
		fclose(out);
	}
	return 0;
}
