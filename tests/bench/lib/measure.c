// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <time.h>

#include "measure.h"

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double now_cpu(void)
{
	return now(CLOCK_THREAD_CPUTIME_ID);
}

double now_wall(void)
{
	return now(CLOCK_MONOTONIC);
}

uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

__attribute__((noinline))
double counted(const struct contender *c)
{
	double took = c->run(c);

	__asm__ volatile("" : : : "memory");	/* no tail call */
	return took;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void measure(struct contender *const c[], size_t nr, int runs, struct figure f[])
{
	static double took[MANY][MOST_RUNS];
	size_t i;
	int run;

	for (run = 0; run < runs; run++)
		for (i = 0; i < nr; i++)
			if (!c[i]->skipped)
				took[i][run] = counted(c[i]);
	for (i = 0; i < nr; i++) {
		qsort(took[i], (size_t)runs, sizeof(double), by_size);
		f[i] = (struct figure){ took[i][runs / 2], took[i][0], took[i][runs - 1] };
	}
}
