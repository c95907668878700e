// SPDX-License-Identifier: MIT
/*
 * How much memory is touched for 100 MiB that are live: while it grows, after
 * churn, after all sizes have changed.  Run over each allocator by LD_PRELOAD.
 *
 * usage: heap_touched: prints three ratios
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLOTS = 2000000, LIVE = 100 << 20 };

static void **slot;
static uint16_t *asked;
static size_t live, nr;
static uint64_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33);
}

static void fill(size_t i, size_t most)
{
	asked[i] = (uint16_t)(16 + next_random() % most);
	slot[i] = malloc(asked[i]);
	memset(slot[i], 1, asked[i]);
	live += asked[i];
}

static void drop(size_t i)
{
	live -= asked[i];
	free(slot[i]);
}

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		exit(1);
	fclose(f);
	return pages * 4096;
}

static size_t base;

static double ratio(void)
{
	return (double)(resident() - base) / (double)live;
}

int main(void)
{
	double grown, churned;
	size_t i;

	slot = malloc(SLOTS * sizeof(*slot));
	asked = malloc(SLOTS * sizeof(*asked));
	memset(slot, 0, SLOTS * sizeof(*slot));
	memset(asked, 0, SLOTS * sizeof(*asked));
	base = resident();
	for (nr = 0; live < LIVE; nr++)
		fill(nr, 1000);
	grown = ratio();
	for (i = 0; i < 2 * nr; i++) {
		size_t k = next_random() % nr;

		drop(k);
		fill(k, 1000);
	}
	churned = ratio();
	for (i = 0; i < nr; i++) {
		drop(i);
		asked[i] = 0;
		slot[i] = NULL;
	}
	for (nr = 0; live < LIVE; nr++)
		fill(nr, 4000);
	printf("%.3f %.3f %.3f\n", grown, churned, ratio());
	return 0;
}
