// SPDX-License-Identifier: MIT
/*
 * The pinned heap beside general allocators, every call through a shared library.
 * Rows are run for all peers in turn, several times over, and the median counts.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap_peers.h"

enum { RUNS = 7, MANY = 16 };

static int runs = RUNS, middle = RUNS / 2;

/* of this thread's processor time: other programs count less */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Each returns ns an operation: an alloc and a free, or a realloc. */

static double pair(const struct peer *p)
{
	enum { NR = 2000000 };
	double start = now();
	int i;

	for (i = 0; i < NR; i++) {
		char *ptr = peer_alloc(p, 64);

		*(volatile char *)ptr = 1;
		peer_free(p, ptr);
	}
	return (now() - start) / NR;
}

static double replace(const struct peer *p, size_t live, int nr)
{
	void **slot = calloc(live, sizeof(*slot));
	uint64_t seed = 1;
	double start = 0;
	size_t i;
	int k;

	for (i = 0; i < live; i++)
		slot[i] = peer_alloc(p, 16 + next_random(&seed) % 1009);
	for (k = -nr / 4; k < nr; k++) {
		void **at = &slot[next_random(&seed) % live];

		if (!k)
			start = now();
		peer_free(p, *at);
		*at = peer_alloc(p, 16 + next_random(&seed) % 1009);
		*(volatile char *)*at = 1;
	}
	start = now() - start;
	for (i = 0; i < live; i++)
		peer_free(p, slot[i]);
	free(slot);
	return start / nr;
}

static double mix(const struct peer *p)
{
	return replace(p, 1000, 1000000);
}

static double live_100k(const struct peer *p)
{
	return replace(p, 100000, 1000000);
}

static double aligned(const struct peer *p)
{
	enum { NR = 1000000, LIVE = 256 };
	void *slot[LIVE] = { 0 };
	uint64_t seed = 1;
	double start = now();
	int i;

	for (i = 0; i < NR; i++) {
		size_t align = (size_t)64 << next_random(&seed) % 4;
		void **at = &slot[i % LIVE];

		peer_free(p, *at);
		*at = peer_aligned(p, align, 64 + next_random(&seed) % 449);
	}
	start = now() - start;
	for (i = 0; i < LIVE; i++)
		peer_free(p, slot[i]);
	return start / NR;
}

static double grow(const struct peer *p)
{
	enum { NR = 20000 };
	double start = now();
	long steps = 0;
	int i;

	for (i = 0; i < NR; i++) {
		size_t size;
		char *ptr = NULL;

		for (size = 16; size <= 65536; size = size * 3 / 2) {
			ptr = peer_realloc(p, ptr, size);
			ptr[size - 1] = 1;
			steps++;
		}
		peer_free(p, ptr);
	}
	return (now() - start) / (double)steps;
}

struct worker {
	const struct peer *peer;
	uint64_t seed;
	void **slot;
} __attribute__((aligned(128)));

enum { LARSON_LIVE = 1000, LARSON_NR = 500000 };

static void *larson_work(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < LARSON_NR; i++) {
		void **at = &w->slot[next_random(&w->seed) % LARSON_LIVE];

		peer_free(w->peer, *at);
		*at = peer_alloc(w->peer, 16 + next_random(&w->seed) % 497);
		*(volatile char *)*at = 1;
	}
	return NULL;
}

/* Two threads; each begins with blocks that the other one's predecessor made. */
static double larson(const struct peer *p)
{
	enum { THREADS = 2, ROUNDS = 3 };
	static void *slot[THREADS][LARSON_LIVE];
	struct worker w[THREADS];
	pthread_t thread[THREADS];
	double start = wall();
	int i, k;

	for (k = 0; k < ROUNDS; k++) {
		for (i = 0; i < THREADS; i++) {
			w[i] = (struct worker){ p, (uint64_t)(k * 7 + i + 1), slot[(i + k) % 2] };
			pthread_create(&thread[i], NULL, larson_work, &w[i]);
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
	}
	start = wall() - start;
	for (i = 0; i < THREADS; i++)
		for (k = 0; k < LARSON_LIVE; k++) {
			peer_free(p, slot[i][k]);
			slot[i][k] = NULL;
		}
	return start / (ROUNDS * (double)LARSON_NR);
}

enum { RING = 4096, REMOTE_NR = 1000000 };
static _Atomic(void *) ring[RING];

static void *remote_work(void *arg)
{
	const struct peer *p = arg;
	int i;

	for (i = 0; i < REMOTE_NR; i++) {
		void *ptr;

		while (!(ptr = atomic_load_explicit(&ring[i % RING], memory_order_acquire)))
			;
		atomic_store_explicit(&ring[i % RING], NULL, memory_order_release);
		peer_free(p, ptr);
	}
	return NULL;
}

/* One thread allocates, another one frees. */
static double remote(const struct peer *p)
{
	double start = wall();
	pthread_t thread;
	int i;

	pthread_create(&thread, NULL, remote_work, (void *)p);
	for (i = 0; i < REMOTE_NR; i++) {
		void *ptr = peer_alloc(p, 64);

		while (atomic_load_explicit(&ring[i % RING], memory_order_acquire))
			;
		atomic_store_explicit(&ring[i % RING], ptr, memory_order_release);
	}
	pthread_join(thread, NULL);
	return (wall() - start) / REMOTE_NR;
}

static const struct row {
	const char *name;
	double (*run)(const struct peer *p);
	double reach;			/* times the best peer */
} rows[] = {
	{ "pair 64 B", pair, 0.85 },
	{ "mix 16..1024, 1k live", mix, 1.0 },
	{ "100k live", live_100k, 0.9 },
	{ "larson 2 threads", larson, 1.0 },
	{ "all frees remote", remote, 0.9 },
	{ "aligned 64..512", aligned, 0.9 },
	{ "realloc x1.5 to 64 KiB", grow, 0.5 },
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void row_run(const struct row *row, double median[MANY])
{
	double ns[MANY][RUNS];
	size_t i;
	int run;

	for (run = 0; run < runs; run++)
		for (i = 0; i < nr_peers; i++)
			if (!peers[i].skipped)
				ns[i][run] = row->run(&peers[i]);
	for (i = 0; i < nr_peers; i++) {
		if (peers[i].skipped)
			continue;
		qsort(ns[i], (size_t)runs, sizeof(double), by_value);
		median[i] = ns[i][middle];
	}
}

static double best_peer(const double median[MANY])
{
	double best = 0;
	size_t i;

	for (i = 2; i < nr_peers; i++)
		if (!peers[i].skipped && (!best || median[i] < best))
			best = median[i];
	return best;
}

static void row_table(const struct row *row, const double median[MANY])
{
	size_t i;

	printf("%-24s", row->name);
	for (i = 0; i < nr_peers; i++) {
		if (peers[i].skipped)
			printf("%14s", "-");
		else
			printf("%14.2f", median[i]);
	}
	printf("   %.2f of the best (reach %.2f)\n", median[0] / best_peer(median), row->reach);
}

static void row_json(FILE *out, const struct row *row, const double median[MANY], int first)
{
	const char *comma = "";
	size_t i;

	fprintf(out, "%s\n  {\"name\": \"%s\", \"pinbuf\": %.3f, \"limit\": %.3f, \"peers\": {",
		first ? "" : ",", row->name, median[0], best_peer(median) * row->reach);
	for (i = 1; i < nr_peers; i++) {
		if (peers[i].skipped)
			continue;
		fprintf(out, "%s\"%s\": %.3f", comma, peers[i].name, median[i]);
		comma = ", ";
	}
	fprintf(out, "}}");
}

/* usage: heap LIBPINBUF-MALLOC.SO [JSON] */
int main(int argc, char **argv)
{
	double median[MANY];
	FILE *out = NULL;
	size_t i;

	if (argc < 2)
		return 2;
	peers_open(argv[1]);
	if (getenv("BENCH_LEAST"))
		middle = 0;
	if (getenv("BENCH_JSON"))
		out = fopen(getenv("BENCH_JSON"), "w");
	printf("%-24s", "ns an operation");
	for (i = 0; i < nr_peers; i++)
		printf("%14s", peers[i].name);
	printf("\n");
	for (i = 0; i < nr_peers; i++)
		if (peers[i].skipped)
			printf("# %s is skipped: %s\n", peers[i].name, peers[i].skipped);
	if (out)
		fprintf(out, "{\"suite\": \"heap\", \"unit\": \"ns\", \"rows\": [");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (getenv("BENCH_ROW") && !strstr(rows[i].name, getenv("BENCH_ROW")))
			continue;
		row_run(&rows[i], median);
		row_table(&rows[i], median);
		if (out)
			row_json(out, &rows[i], median, !i);
		fflush(stdout);
	}
	if (out) {
		fprintf(out, "\n]}\n");
		fclose(out);
	}
	return 0;
}
