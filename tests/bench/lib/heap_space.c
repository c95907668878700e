// SPDX-License-Identifier: MIT
/*
 * What the pinned heap takes beside what it is asked for, and how a full heap affects a
 * small one: the smallest region for so many live bytes, bytes held for large blocks of
 * odd sizes, time among holes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/heap.h>

#include "measure.h"
#include "report.h"

#define MIB ((size_t)1 << 20)

static struct pinbuf_heap *heap_of(size_t max, size_t keep)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;

	opts.max = max;
	opts.keep = keep;
	return pinbuf_heap_create(&heap, &opts) ? NULL : heap;
}

static size_t any_size(uint64_t *seed)
{
	return next_random(seed) % 16 ? 16 + next_random(seed) % 1009 : 16 + next_random(seed) % 16384;
}

/* Return: whether @max bytes were enough for churn with @live live. */
static int churns_in(size_t max, size_t live)
{
	enum { SLOTS = 100000, STEPS = 200000 };
	static void *slot[SLOTS];
	static size_t size[SLOTS];
	struct pinbuf_heap *heap = heap_of(max, 0);
	size_t now_live = 0;
	uint64_t seed = 1;
	int i, enough = 1;

	memset(slot, 0, sizeof(slot));
	for (i = 0; i < STEPS && enough; i++) {
		size_t k = next_random(&seed) % SLOTS;

		while (slot[k] || now_live > live - 16400) {
			if (slot[k])
				now_live -= size[k];
			pinbuf_heap_free(heap, slot[k]);
			slot[k] = NULL;
			if (now_live > live - 16400)
				k = (k + 1) % SLOTS;
		}
		size[k] = any_size(&seed);
		slot[k] = pinbuf_heap_malloc(heap, size[k]);
		now_live += size[k];
		enough = !!slot[k];
	}
	pinbuf_heap_destroy(heap);
	return enough;
}

static void smallest(const char *name, size_t live, double limit)
{
	size_t max = live + live / 16;

	while (!churns_in(max, live))
		max += live / 16;
	report_values(name, (double)max / MIB, limit, (double)live / MIB, NULL, 0);
}

/* bytes held for one block of an odd size, over those asked for */
static double waste(size_t size)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	struct pinbuf_heap *heap = heap_of(0, 0);
	void *ptr = pinbuf_heap_malloc(heap, size);

	if (!ptr || pinbuf_region_stats(pinbuf_heap_region(heap), &stats))
		exit(1);
	pinbuf_heap_free(heap, ptr);
	pinbuf_heap_destroy(heap);
	return (double)stats.held / (double)size;
}

/* as PyTorch's allocator of pinned memory does */
static double power_of_two(size_t size)
{
	return (double)((size_t)1 << (64 - __builtin_clzl(size - 1))) / (double)size;
}

static void wastes(void)
{
	char name[32];
	size_t mib;

	report_begin("waste", "bytes held over bytes asked for");
	for (mib = 1; mib <= 64; mib *= 2) {
		size_t size = mib * MIB + mib * 12345 + 1;
		struct report_value rounding = { "rounded to a power of two", power_of_two(size),
						 NULL };

		snprintf(name, sizeof(name), "%.2f MiB", (double)size / MIB);
		report_values(name, waste(size), (double)(size + 4096) / (double)size, 1,
			      &rounding, 1);
	}
	report_end();
}

static void smallest_regions(void)
{
	report_begin("region", "MiB that a heap needs for so much live");
	smallest("4 MiB", 4 * MIB, 10);
	smallest("30 MiB", 30 * MIB, 60);
	report_end();
}

/* A pair of @size among holes that nothing else fills. */
static double among_holes(size_t nr_holes, size_t hole, size_t size)
{
	enum { NR = 200000 };
	struct pinbuf_heap *heap = heap_of(0, 8 * MIB);
	void **slot = malloc((2 * nr_holes + 1) * sizeof(*slot));
	double start, least = 0;
	size_t i;
	int run, k;

	for (i = 0; i < 2 * nr_holes; i++)
		slot[i] = pinbuf_heap_malloc(heap, hole);
	for (i = 0; i < nr_holes; i++)
		pinbuf_heap_free(heap, slot[2 * i]);
	for (run = 0; run < 7; run++) {
		start = now_cpu();
		for (k = 0; k < NR; k++)
			pinbuf_heap_free(heap, pinbuf_heap_malloc(heap, size));
		start = (now_cpu() - start) / NR;
		if (!run || start < least)
			least = start;
	}
	pinbuf_heap_destroy(heap);
	free(slot);
	return least;
}

static void holes(void)
{
	double small = among_holes(0, 1024, 1024), pages = among_holes(0, 8192, 8192);

	report_begin("holes", "time of malloc and free among holes, over that without");
	report_values("1 KiB, 4,096 holes", among_holes(4096, 1024, 1024) / small, 1.2, 1, NULL, 0);
	report_values("1 KiB, 65,536 holes", among_holes(65536, 1024, 1024) / small, 1.2, 1, NULL,
		      0);
	report_values("8 KiB, 4,096 holes", among_holes(4096, 8192, 8192) / pages, 1.2, 1, NULL, 0);
	report_values("8 KiB, 65,536 holes", among_holes(65536, 8192, 8192) / pages, 1.2, 1, NULL,
		      0);
	report_end();
}

int main(void)
{
	smallest_regions();
	wastes();
	holes();
	return 0;
}
