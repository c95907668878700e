// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static FILE *json;
static int nr_rows;
static const char *comma;

static bool quiet(void)
{
	return getenv("BENCH_ONLY") || getenv("BENCH_LIST");
}

void report_begin(const char *suite, const char *unit)
{
	const char *folder = getenv("BENCH_DIR");
	char path[4096];

	nr_rows = 0;
	if (quiet())
		return;
	printf("\n%s, %s\n", suite, unit);
	if (!folder)
		return;
	snprintf(path, sizeof(path), "%s/%s.json", folder, suite);
	json = fopen(path, "w");
	if (!json) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	fprintf(json, "{\"suite\": \"%s\", \"unit\": \"%s\", \"rows\": [", suite, unit);
}

void report_end(void)
{
	if (!json)
		return;
	fprintf(json, "\n]}\n");
	fclose(json);
	json = NULL;
}

static void json_row(const char *name, double ours, double limit)
{
	if (!json)
		return;
	fprintf(json, "%s\n  {\"name\": \"%s\", \"pinbuf\": %.4f, ", nr_rows++ ? "," : "", name,
		ours);
	if (isnan(limit))
		fprintf(json, "\"limit\": null, \"peers\": {");
	else
		fprintf(json, "\"limit\": %.4f, \"peers\": {", limit);
	comma = "";
}

static void json_peer(const char *name, double value)
{
	if (!json)
		return;
	fprintf(json, "%s\"%s\": %.4f", comma, name, value);
	comma = ", ";
}

static void json_row_end(void)
{
	if (json)
		fprintf(json, "}}");
}

static void verdict(double ratio, const char *of, double reach)
{
	if (reach > 0)
		printf("  = %.2f of %s, to reach %.2f%s", ratio, of, reach,
		       ratio <= reach ? "" : ": NOT REACHED");
	printf("\n");
	fflush(stdout);
}

static void cell(const struct contender *c, const struct figure *f)
{
	printf("  %s %.2f (%.2f..%.2f)", c->name, f->median, f->least, f->most);
}

static double best(const struct report_row *row, const struct figure f[])
{
	double least = NAN;
	size_t i;

	for (i = 0; i < row->nr_peers; i++)	/* "pinbuf as malloc" is no rival */
		if (!row->peers[i]->skipped && strncmp(row->peers[i]->name, "pinbuf", 6))
			least = fmin(least, f[i].median);
	return least;
}

void report_row(const struct report_row *row, const struct figure f[])
{
	const struct figure *peers = f + 1 + !!row->limit;
	bool limited = row->of && !strcmp(row->of, "limit");
	size_t i;

	printf("%-24s", row->name);
	cell(row->ours, &f[0]);
	if (row->limit)
		cell(row->limit, &f[1]);
	json_row(row->name, f[0].median, row->limit ? f[1].median : NAN);
	for (i = 0; i < row->nr_peers; i++) {
		if (row->peers[i]->skipped)
			continue;
		cell(row->peers[i], &peers[i]);
		json_peer(row->peers[i]->name, peers[i].median);
	}
	json_row_end();
	verdict(f[0].median / (limited ? f[1].median : best(row, peers)),
		limited ? "the limit" : "the best", row->reach);
	for (i = 0; i < row->nr_peers; i++)
		if (row->peers[i]->skipped)
			printf("# %s is skipped: %s\n", row->peers[i]->name, row->peers[i]->skipped);
}

void report_values(const char *name, double ours, double reach, double limit,
		   const struct report_value *peers, size_t nr_peers)
{
	size_t i;

	printf("%-40s %10.3f", name, ours);
	json_row(name, ours, limit);
	for (i = 0; i < nr_peers; i++) {
		if (peers[i].skipped)
			continue;
		printf("  %s %.3f", peers[i].name, peers[i].value);
		json_peer(peers[i].name, peers[i].value);
	}
	json_row_end();
	if (reach > 0)
		printf("  at most %.3f%s", reach, ours <= reach ? "" : ": NOT REACHED");
	printf("\n");
	for (i = 0; i < nr_peers; i++)
		if (peers[i].skipped)
			printf("# %s is skipped: %s\n", peers[i].name, peers[i].skipped);
	fflush(stdout);
}

static size_t contenders(const struct report_row *row, struct contender *c[MANY])
{
	size_t nr = 0, i;

	c[nr++] = row->ours;
	if (row->limit)
		c[nr++] = row->limit;
	for (i = 0; i < row->nr_peers && nr < MANY; i++)
		c[nr++] = row->peers[i];
	return nr;
}

void report_run(const struct report_row *row, int runs)
{
	const char *wanted = getenv("BENCH_ROW"), *only = getenv("BENCH_ONLY");
	struct contender *c[MANY];
	struct figure f[MANY];
	size_t nr = contenders(row, c), i;

	if (wanted && !strstr(row->name, wanted))
		return;
	if (quiet()) {
		for (i = 0; i < nr; i++) {
			if (c[i]->skipped)
				continue;
			if (only && !strcmp(only, c[i]->name))
				counted(c[i]);
			else if (!only)
				printf("%s|%s\n", row->name, c[i]->name);
		}
		return;
	}
	measure(c, nr, runs, f);
	report_row(row, f);
}
