// SPDX-License-Identifier: MIT
/*
 * Arena, stack, pool and free list beside a limit, which is the least code that does the
 * same, and beside what there is elsewhere.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "measure.h"
#include "regions_work.h"
#include "report.h"

enum { RUNS = 31 };

/* ns an operation */
static double work(const struct contender *c)
{
	double start = now_cpu();

	((const struct work *)c->arg)->run();
	return (now_cpu() - start) / OPS;
}

#define WORK(title, fn) \
	{ .name = title, .run = work, .arg = &(const struct work){ fn } }

static struct contender ours[] = {
	WORK("pinbuf", our_arena), WORK("pinbuf", our_scope), WORK("pinbuf", our_stack),
	WORK("pinbuf", our_pool), WORK("pinbuf", our_shared), WORK("pinbuf", our_slots),
	WORK("pinbuf", our_holes),
};
enum { ARENA, SCOPE, STACK, POOL, SHARED, SLOTS, HOLES };

static struct contender limits[] = {
	WORK("limit", limit_arena), WORK("limit", limit_arena), WORK("limit", limit_stack),
	WORK("limit", limit_pool), WORK("limit", limit_pool), WORK("limit", limit_slots),
};

static struct contender apr = WORK("APR", peer_apr), obstack = WORK("obstack", peer_obstack),
	talloc = WORK("talloc", peer_talloc), dpdk = WORK("DPDK", NULL),
	mutex = WORK("mutex", peer_mutex), cas = WORK("cas", peer_cas),
	libc = WORK("glibc", peer_slots);
static struct contender tlsf = { .name = "TLSF", .skipped = "not packaged for Debian" };

static const struct region_row {
	struct report_row row;
	void (*start)(void);
} rows[] = {
	{ { "arena alloc", "limit", 1.10, &ours[ARENA], &limits[ARENA],
	    (struct contender *[]){ &apr, &obstack, &talloc }, 3 }, arena_start },
	{ { "scope of 4 allocs", "limit", 1.10, &ours[SCOPE], &limits[SCOPE], NULL, 0 },
	  arena_start },
	{ { "stack push + pop", "limit", 1.15, &ours[STACK], &limits[STACK], NULL, 0 },
	  stack_start },
	{ { "pool get + put", "limit", 1.25, &ours[POOL], &limits[POOL],
	    (struct contender *[]){ &dpdk }, 1 }, pool_start },
	{ { "pool, thread-safe", "limit", 2.0, &ours[SHARED], &limits[SHARED],
	    (struct contender *[]){ &mutex, &cas, &dpdk }, 3 }, pool_start },
	{ { "free list, 512 slots", "limit", 5, &ours[SLOTS], &limits[SLOTS],
	    (struct contender *[]){ &libc, &tlsf }, 2 }, slots_start },
	{ { "1 KiB, no holes", NULL, 0, &ours[HOLES], NULL, NULL, 0 }, holes_none },
	{ { "1 KiB, 4096 holes", NULL, 0, &ours[HOLES], NULL, NULL, 0 }, holes_4096 },
	{ { "1 KiB, 65536 holes", NULL, 0, &ours[HOLES], NULL, NULL, 0 }, holes_65536 },
};

/* In a library of its own, which is built where Debian's libdpdk-dev is. */
static void dpdk_find(const char *file)
{
	static struct work found;
	void *lib = dlopen(file, RTLD_NOW);
	const char *(*open)(void);

	if (!lib) {
		dpdk.skipped = "not built: libdpdk-dev is not installed";
		return;
	}
	open = (const char *(*)(void))dlsym(lib, "dpdk_open");
	found.run = (void (*)(void))dlsym(lib, "dpdk_work");
	dpdk.arg = &found;
	dpdk.skipped = open();
}

/* usage: regions DPDK.SO */
int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		return 2;
	apr.skipped = apr_open();
	talloc.skipped = talloc_open();
	dpdk_find(argv[1]);
	report_begin("regions", "ns an operation");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].start();
		report_run(&rows[i].row, RUNS);
	}
	report_end();
	return 0;
}
