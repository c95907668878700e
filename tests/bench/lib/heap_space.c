// SPDX-License-Identifier: MIT
/*
 * What the pinned heap takes beside what it is asked for, and how a full heap
 * affects a small one: the smallest region for so many live bytes, bytes held for
 * large blocks of odd sizes, time among holes, a gibibyte made ready.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <pinbuf/heap.h>

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static FILE *json;
static int nr_rows;

static void row(const char *name, const char *unit, double pinbuf, double limit)
{
	printf("%-44s %10.3f %-6s (reach %.3f)\n", name, pinbuf, unit, limit);
	fflush(stdout);
	if (json)
		fprintf(json, "%s\n  {\"name\": \"%s, %s\", \"pinbuf\": %.4f, \"limit\": %.4f, \"peers\": {}}",
			nr_rows++ ? "," : "", name, unit, pinbuf, limit);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

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
	row(name, "MiB", (double)max / MIB, limit);
}

static void waste(void)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	double worst = 0, bytes;
	size_t mib;

	for (mib = 1; mib <= 64; mib++) {
		struct pinbuf_heap *heap = heap_of(0, 0);
		size_t size = mib * MIB + mib * 12345;
		void *ptr = pinbuf_heap_malloc(heap, size);

		if (!ptr || pinbuf_region_stats(pinbuf_heap_region(heap), &stats))
			exit(1);
		bytes = (double)(stats.held - size);
		worst = bytes > worst ? bytes : worst;
		pinbuf_heap_destroy(heap);
	}
	row("held over asked, 1..64 MiB, most", "bytes", worst, 4096);
}

/* A pair of @size among holes that nothing else fills. */
static double among_holes(size_t nr_holes, size_t hole, size_t size)
{
	enum { NR = 200000 };
	struct pinbuf_heap *heap = heap_of(0, 8 * MIB);
	void **slot = malloc((2 * nr_holes + 1) * sizeof(*slot));
	double start, best = 0;
	size_t i;
	int run, k;

	for (i = 0; i < 2 * nr_holes; i++)
		slot[i] = pinbuf_heap_malloc(heap, hole);
	for (i = 0; i < nr_holes; i++)
		pinbuf_heap_free(heap, slot[2 * i]);
	for (run = 0; run < 7; run++) {
		start = now();
		for (k = 0; k < NR; k++)
			pinbuf_heap_free(heap, pinbuf_heap_malloc(heap, size));
		start = (now() - start) / NR;
		if (!run || start < best)
			best = start;
	}
	pinbuf_heap_destroy(heap);
	free(slot);
	return best;
}

static void holes(void)
{
	double none = among_holes(0, 1024, 1024), pages = among_holes(0, 8192, 8192);

	row("1 KiB among 4,096 holes over none", "x", among_holes(4096, 1024, 1024) / none, 1.2);
	row("1 KiB among 65,536 holes over none", "x", among_holes(65536, 1024, 1024) / none, 1.2);
	row("8 KiB among 4,096 holes over none", "x", among_holes(4096, 8192, 8192) / pages, 1.2);
	row("8 KiB among 65,536 holes over none", "x", among_holes(65536, 8192, 8192) / pages, 1.2);
}

/* Resident and locked, as the library's locked memory is. */
static int locked_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	size_t huge = 2 * MIB;
	char *addr = mmap(NULL, len + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	(void)ctx;
	if (addr == MAP_FAILED)
		return -1;
	pages->cookie = addr;
	pages->addr = addr + -(uintptr_t)addr % huge;
	pages->len = len;
	pages->zeroed = 1;
	madvise(pages->addr, len, MADV_HUGEPAGE);
	return mlock(pages->addr, len) ? -1 : 0;
}

static void locked_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	munmap(pages->cookie, pages->len + 2 * MIB);
}

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double heap_ready(int flags)
{
	static const struct pinbuf_heap_source source = {
		.size = sizeof(source), .caps = PINBUF_PINNED,
		.get = locked_get, .put = locked_put,
	};
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;
	double start = wall();

	(void)flags;
	opts.source = &source;
	opts.initial = GIB;
	if (pinbuf_heap_create(&heap, &opts))
		return 0;
	start = wall() - start;
	pinbuf_heap_destroy(heap);
	return start;
}

static double mapped_ready(int flags)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | flags);
	double start = wall();
	void *ptr;

	if (fd < 0 || ftruncate(fd, (off_t)GIB))
		return 0;
	ptr = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ptr == MAP_FAILED || mlock(ptr, GIB)) {
		close(fd);
		return 0;
	}
	start = wall() - start;
	munmap(ptr, GIB);
	close(fd);
	return start;
}

static double least(double (*ready)(int), int arg)
{
	double best = 0, ms;
	int i;

	for (i = 0; i < 3; i++) {	/* the first finds memory that nobody used yet */
		ms = ready(arg);
		if (!i || ms < best)
			best = ms;
	}
	return best;
}

static void startup(void)
{
	double ours = least(heap_ready, 0), small, huge;

	if (!ours) {
		printf("# 1 GiB heap ready is skipped: it cannot be locked here\n");
		return;
	}
	small = least(mapped_ready, 0);
	huge = least(mapped_ready, MFD_HUGETLB);
	printf("# a GiB ready: memfd of 4 KiB pages %.1f ms, hugetlb %.1f ms%s\n", small, huge,
	       huge ? "" : " (none are to be had)");
	row("1 GiB heap ready", "ms", ours, huge ? 1.3 * huge : small);
}

int main(void)
{
	if (getenv("BENCH_JSON"))
		json = fopen(getenv("BENCH_JSON"), "w");
	if (json)
		fprintf(json, "{\"suite\": \"heap space\", \"unit\": \"as named\", \"rows\": [");
	smallest("smallest region for 4 MiB live", 4 * MIB, 10);
	smallest("smallest region for 30 MiB live", 30 * MIB, 60);
	waste();
	holes();
	startup();
	if (json) {
		fprintf(json, "\n]}\n");
		fclose(json);
	}
	return 0;
}
