// SPDX-License-Identifier: MIT
#include "floor.h"
#include "measure.h"
#include "mem.h"
#include "report.h"
#include "settle.h"
#include "size.h"
#include "works.h"

static const struct size sizes[] = {
	{ 4 * KIB,		"4 KiB" },
	{ 64 * KIB,		"64 KiB" },
	{ 1 * MIB,		"1 MiB" },
	{ 2 * MIB,		"2 MiB" },
	{ 16 * MIB,		"16 MiB" },
	{ 256 * MIB,		"256 MiB" },
	/* no huge folio; the fewest, the next, many of them before the small ones */
	{ 2 * MIB - 4 * KIB,	"2 MiB less 4 KiB" },
	{ 3 * MIB - 4 * KIB,	"3 MiB less 4 KiB" },
	{ 4 * MIB - 4 * KIB,	"4 MiB less 4 KiB" },
	{ 16 * MIB - 4 * KIB,	"16 MiB less 4 KiB" },
};

enum {
	NR_SIZES	= sizeof(sizes) / sizeof(sizes[0]),
	NR_PARTS	= 5,
};

static const char * const part_names[NR_PARTS] = {
	"allocate", "map", "touch", "unmap", "free",
};

struct cycle {
	uint64_t total;
	uint64_t parts[NR_PARTS];
};

/* the least of each, which need not come from one round */
static struct cycle least[NR_SIZES][NR_KINDS];

static void cycle_run(struct cycle *c, const struct kind *k, size_t len)
{
	uint64_t at[NR_PARTS + 1];
	struct mem m;

	at[0] = measure_now();
	mem_make(&m, k, len);
	at[1] = measure_now();
	mem_map(&m, k);
	at[2] = measure_now();
	mem_touch(&m);
	at[3] = measure_now();
	mem_unmap(&m);
	at[4] = measure_now();
	mem_free(&m, k);
	at[5] = measure_now();

	for (int i = 0; i < NR_PARTS; i++)
		measure_least(&c->parts[i], at[i + 1] - at[i]);
	measure_least(&c->total, at[NR_PARTS] - at[0]);
}

static void cycle_measure(struct cycle *c, const struct kind *k, size_t len)
{
	struct cycle warm;

	settle();
	for (int i = 0; i < MEASURE_WARMUPS; i++)
		cycle_run(&warm, k, len);

	c->total = UINT64_MAX;
	for (int i = 0; i < NR_PARTS; i++)
		c->parts[i] = UINT64_MAX;
	for (int i = 0; i < MEASURE_ROUNDS; i++)
		cycle_run(c, k, len);
}

void work_alloc(struct table *t)
{
	table_init_kinds(t, "allocate, map, touch every page, unmap, free", "instructions");
	for (int s = 0; s < NR_SIZES; s++) {
		struct row *row;

		if (sizes[s].len > work_max_len)
			continue;
		row = table_add(t, floor_of(sizes[s].len), "alloc %s", sizes[s].text);
		for (int i = 0; i < NR_KINDS; i++) {
			if (!kinds[i].chosen || sizes[s].len < kinds[i].min_len)
				continue;
			cycle_measure(&least[s][i], &kinds[i], sizes[s].len);
			figure_set(&row->figures[i], least[s][i].total);
		}
	}
}

void work_alloc_parts(void)
{
	for (int s = 0; s < NR_SIZES; s++) {
		struct table t;

		if (sizes[s].len > work_max_len)
			continue;
		table_init_kinds(&t, sizes[s].text, "instructions");
		for (int p = 0; p < NR_PARTS; p++) {
			struct row *row = table_add(&t, 0, "%s", part_names[p]);

			for (int i = 0; i < NR_KINDS; i++)
				if (least[s][i].total)
					figure_set(&row->figures[i], least[s][i].parts[p]);
		}
		report_figures(&t);
	}
}
