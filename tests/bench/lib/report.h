/* SPDX-License-Identifier: MIT */
/* A suite's table on the terminal, and as JSON in the folder $BENCH_DIR. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "measure.h"

/*
 * A row: what is ours, what it cannot be below (the limit, which may be absent), what
 * others take, and what there is to reach.
 */
struct report_row {
	const char *name;
	const char *of;			/* "limit" or "best": what reach is a multiple of */
	double reach;			/* 0: nothing */
	struct contender *ours, *limit;	/* limit may be NULL */
	struct contender *const *peers;
	size_t nr_peers;
};

void report_begin(const char *suite, const char *unit);
/* @f: of ours, the limit if there is one, the peers */
void report_row(const struct report_row *row, const struct figure f[]);
void report_end(void);

/* With one figure each, which was not measured in turn. */
struct report_value {
	const char *name;
	double value;
	const char *skipped;
};

/* @reach: at most so much; 0 for nothing */
void report_values(const char *name, double ours, double reach, double limit,
		   const struct report_value *peers, size_t nr_peers);

/*
 * Runs rows as the environment asks: BENCH_ROW=TEXT those with TEXT in their names;
 * BENCH_ONLY=CONTENDER one column, once; BENCH_LIST=1 says which there are.
 */
void report_run(const struct report_row *row, int runs);

#endif /* BENCH_REPORT_H */
