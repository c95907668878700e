// SPDX-License-Identifier: MIT
/*
 * How much memory is touched for 100 MiB that are live: while it grows, after
 * churn, after all sizes have changed.  It runs itself over each allocator by
 * LD_PRELOAD.
 *
 * usage: heap_touched LIBPINBUF-MALLOC.SO; without: prints three ratios
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

enum { SLOTS = 2000000, LIVE = 100 << 20 };

static void **slot;
static uint16_t *asked;
static size_t live, nr;
static uint64_t seed = 1;

static void fill(size_t i, size_t most)
{
	asked[i] = (uint16_t)(16 + next_random(&seed) % most);
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

/* The dynamic linker goes on without what it cannot preload. */
static bool is_preloaded(void)
{
	const char *library = getenv("LD_PRELOAD");

	return !library || !*library || dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
}

static int ratios(void)
{
	double grown, churned;
	size_t i;

	if (!is_preloaded())
		return 1;
	slot = malloc(SLOTS * sizeof(*slot));
	asked = malloc(SLOTS * sizeof(*asked));
	memset(slot, 0, SLOTS * sizeof(*slot));
	memset(asked, 0, SLOTS * sizeof(*asked));
	base = resident();
	for (nr = 0; live < LIVE; nr++)
		fill(nr, 1000);
	grown = ratio();
	for (i = 0; i < 2 * nr; i++) {
		size_t k = next_random(&seed) % nr;

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

static struct allocator {
	const char *name;
	const char *library;
	double ratio[3];
	const char *skipped;
} allocators[] = {
	{ .name = "pinbuf" },
	{ .name = "glibc" },
	{ .name = "mimalloc", .library = "libmimalloc.so.2" },
	{ .name = "jemalloc", .library = "libjemalloc.so.2" },
	{ .name = "tcmalloc", .library = "libtcmalloc_minimal.so.4" },
	{ .name = "TBB", .library = "libtbbmalloc_proxy.so.2" },
};
enum { NR = sizeof(allocators) / sizeof(allocators[0]) };

static void take(struct allocator *a, const char *self)
{
	char command[4096];
	FILE *f;

	snprintf(command, sizeof(command), "LD_PRELOAD='%s' '%s' 2>/dev/null",
		 a->library ? a->library : "", self);
	f = popen(command, "r");
	if (!f || fscanf(f, "%lf %lf %lf", &a->ratio[0], &a->ratio[1], &a->ratio[2]) != 3)
		a->skipped = "it is not installed";
	if (f)
		pclose(f);
}

static void row(const char *name, int which)
{
	struct report_value peers[NR - 1];
	double least = 1e9;
	int i;

	for (i = 1; i < NR; i++) {
		peers[i - 1] = (struct report_value){ allocators[i].name,
						      allocators[i].ratio[which],
						      allocators[i].skipped };
		if (!allocators[i].skipped && allocators[i].ratio[which] < least)
			least = allocators[i].ratio[which];
	}
	report_values(name, allocators[0].ratio[which], least, 1, peers, NR - 1);
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 1)
		return ratios();
	allocators[0].library = argv[1];
	for (i = 0; i < NR; i++)
		take(&allocators[i], argv[0]);
	report_begin("touched", "bytes resident over bytes live, 100 MiB of them");
	row("grown", 0);
	row("after churn", 1);
	row("all sizes changed", 2);
	report_end();
	return 0;
}
