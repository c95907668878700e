// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "goals.h"
#include "size.h"

/* figures in all, zeroing included */
static const struct goal {
	const char *row;
	const char *peer;
	double most;		/* of the peer's figure */
} goals[] = {
	{ "alloc 4 KiB",		"dma-heap",		1.00 },
	{ "alloc 64 KiB",		"dma-heap",		0.85 },
	{ "alloc 1 MiB",		"dma-heap",		0.70 },
	{ "alloc 2 MiB",		"dma-heap",		0.42 },
	{ "alloc 16 MiB",		"dma-heap",		0.42 },
	{ "alloc 256 MiB",		"dma-heap",		0.42 },
	{ "alloc 2 MiB less 4 KiB",	"dma-heap",		0.60 },
	{ "alloc 3 MiB less 4 KiB",	"dma-heap",		0.60 },
	{ "alloc 4 MiB less 4 KiB",	"dma-heap",		0.60 },
	{ "alloc 16 MiB less 4 KiB",	"dma-heap",		0.60 },
	{ "alloc 4 KiB",		"memfd+udmabuf",	0.60 },
	{ "alloc 64 KiB",		"memfd+udmabuf",	0.25 },
	{ "alloc 1 MiB",		"memfd+udmabuf",	0.15 },
	{ "alloc 2 MiB",		"memfd+udmabuf",	0.08 },
	{ "alloc 16 MiB",		"memfd+udmabuf",	0.08 },
	{ "alloc 256 MiB",		"memfd+udmabuf",	0.08 },
	{ "register 16 MiB",		"anonymous+mlock",	0.18 },
	{ "read 4 KiB",			"anonymous+mlock",	1.00 },
	{ "read 64 KiB",		"anonymous+mlock",	0.45 },
	{ "read 1 MiB",			"anonymous+mlock",	0.25 },
	{ "import 1 MiB",		"memfd+udmabuf",	0.50 },
	{ "import 16 MiB",		"memfd+udmabuf",	0.50 },
	{ "import 256 MiB",		"memfd+udmabuf",	0.50 },
	{ "ioctl STATS of the user",	"unknown",		3.00 },
	{ "ioctl STATS of a node",	"unknown",		3.00 },
	{ "ioctl STATS of all",		"unknown",		3.00 },
	{ "attach 1 GiB",		"anew",			0.01 },
};

/* percent of the buffer's own size, for 1 GiB of huge folios */
static const char footprint_row[] = "own memory of 1 GiB";
static const double footprint_most = 0.02;

/* Both are parts of @whole; a door that was not measured leaves its column empty. */
static void got_print(const struct figure *f, double whole, double most, const char *format)
{
	double got = (double)f->count / whole;

	if (!f->known) {
		printf("%19s", "");
		return;
	}
	printf(format, got);
	printf(" %-9s", got <= most ? "reached" : "MISSED");
}

static void goal_report(const struct goal *g, const struct table *t)
{
	const struct row *row = table_find(t, g->row);
	int peer = table_find_column(t, g->peer);

	if (!row || peer < 0 || !row->figures[peer].known)
		return;
	printf("%-25s%-17s%8.2f", g->row, g->peer, g->most);
	for (int ours = 0; ours < t->nr_ours; ours++)
		got_print(&row->figures[ours], (double)row->figures[peer].count, g->most, "%9.3f");
	putchar('\n');
}

static void footprint_report(const struct table *t)
{
	const struct row *row = table_find(t, footprint_row);

	if (!row)
		return;
	printf("%-25s%-17s%8.2f", footprint_row, "its size, %", footprint_most);
	for (int ours = 0; ours < t->nr_ours; ours++)
		got_print(&row->figures[ours], GIB / 100.0, footprint_most, "%9.4f");
	putchar('\n');
}

void goals_report(const struct table *tables, int nr_tables)
{
	printf("%-25s%-17s%8s%9s%19s\n", "goals: in all, of", "", "at most", "pinbuf", "by ALLOC");
	for (unsigned int g = 0; g < sizeof(goals) / sizeof(goals[0]); g++)
		for (int i = 0; i < nr_tables; i++)
			goal_report(&goals[g], &tables[i]);
	for (int i = 0; i < nr_tables; i++)
		footprint_report(&tables[i]);
	putchar('\n');
}
