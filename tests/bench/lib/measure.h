/* SPDX-License-Identifier: MIT */
/*
 * Contenders of a row run in turn, several times over, so that what disturbs one
 * disturbs all; the medians count, and the least and the most tell the spread.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MANY = 12, MOST_RUNS = 31 };

struct contender {
	const char *name;
	double (*run)(const struct contender *c);	/* what it took, in the suite's unit */
	const void *arg;
	const char *skipped;		/* why it is not here */
};

struct figure {
	double median, least, most;
};

double now_cpu(void);		/* ns of this thread's: other programs count less */
double now_wall(void);
uint32_t next_random(uint64_t *seed);

/* @f: of those that are not skipped */
void measure(struct contender *const c[], size_t nr, int runs, struct figure f[]);

/* What callgrind counts the instructions of. */
double counted(const struct contender *c);

#endif /* BENCH_MEASURE_H */
