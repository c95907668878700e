// SPDX-License-Identifier: MIT
/* What the rows of heap.c run. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "heap_work.h"
#include "measure.h"

bool heap_short;

double pair_ns(const struct peer *p)
{
	int nr = heap_short ? 20000 : 2000000, i;
	double start = now_cpu();

	for (i = 0; i < nr; i++) {
		char *ptr = peer_alloc(p, 64);

		*(volatile char *)ptr = 1;
		peer_free(p, ptr);
	}
	return (now_cpu() - start) / nr;
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
			start = now_cpu();
		peer_free(p, *at);
		*at = peer_alloc(p, 16 + next_random(&seed) % 1009);
		*(volatile char *)*at = 1;
	}
	start = now_cpu() - start;
	for (i = 0; i < live; i++)
		peer_free(p, slot[i]);
	free(slot);
	return start / nr;
}

double mix_ns(const struct peer *p)
{
	return replace(p, 1000, 1000000);
}

double live_100k_ns(const struct peer *p)
{
	return replace(p, 100000, 1000000);
}

double aligned_ns(const struct peer *p)
{
	enum { NR = 1000000, LIVE = 256 };
	void *slot[LIVE] = { 0 };
	uint64_t seed = 1;
	double start = now_cpu();
	int i;

	for (i = 0; i < NR; i++) {
		size_t align = (size_t)64 << next_random(&seed) % 4;
		void **at = &slot[i % LIVE];

		peer_free(p, *at);
		*at = peer_aligned(p, align, 64 + next_random(&seed) % 449);
	}
	start = now_cpu() - start;
	for (i = 0; i < LIVE; i++)
		peer_free(p, slot[i]);
	return start / NR;
}

double grow_ns(const struct peer *p)
{
	enum { NR = 20000 };
	double start = now_cpu();
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
	return (now_cpu() - start) / (double)steps;
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
double larson_ns(const struct peer *p)
{
	enum { THREADS = 2, ROUNDS = 3 };
	static void *slot[THREADS][LARSON_LIVE];
	struct worker w[THREADS];
	pthread_t thread[THREADS];
	double start = now_wall();
	int i, k;

	for (k = 0; k < ROUNDS; k++) {
		for (i = 0; i < THREADS; i++) {
			w[i] = (struct worker){ p, (uint64_t)(k * 7 + i + 1), slot[(i + k) % 2] };
			pthread_create(&thread[i], NULL, larson_work, &w[i]);
		}
		for (i = 0; i < THREADS; i++)
			pthread_join(thread[i], NULL);
	}
	start = now_wall() - start;
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
double remote_ns(const struct peer *p)
{
	double start = now_wall();
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
	return (now_wall() - start) / REMOTE_NR;
}
