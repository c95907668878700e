// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum {
	NAME_WIDTH	= 25,
	CELL_WIDTH	= 10,
};

static bool column_used(const struct table *t, int column)
{
	for (int i = 0; i < t->nr_rows; i++) {
		const struct figure *f = &t->rows[i].figures[column];

		if (f->known || f->error)
			return true;
	}
	return false;
}

static bool table_zeroes(const struct table *t)
{
	return t->nr_rows && t->rows[0].zeroing;
}

/* Three digits, as 517, 20.9k, 304k, 2.67M; bytes as they are. */
static void count_print(const struct table *t, uint64_t count)
{
	static const char units[] = { 0, 'k', 'M', 'G' };
	double value = count;
	int unit = 0;
	char text[32];

	if (!strcmp(t->unit, "bytes")) {
		printf("%*" PRIu64, CELL_WIDTH, count);
		return;
	}
	while (value >= 999.5 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(text, sizeof(text), "%.*f%c",
		 !unit || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value, units[unit]);
	printf("%*s", CELL_WIDTH, text);
}

static void figure_print(const struct table *t, const struct figure *f)
{
	if (f->known)
		count_print(t, f->count);
	else
		printf("%*s", CELL_WIDTH, f->error ? strerrorname_np(f->error) : "-");
}

static void headings_print(const struct table *t, const char *title, int first, bool zeroing)
{
	printf("%s\n%-*s", title, NAME_WIDTH, "");
	if (zeroing)
		printf("%*s", CELL_WIDTH, "zeroing");
	for (int c = first; c < t->nr_columns; c++)
		if (column_used(t, c))
			printf("%*s", CELL_WIDTH, t->columns[c].heading);
	putchar('\n');
}

void report_figures(const struct table *t)
{
	bool zeroing = table_zeroes(t);
	char title[128];

	snprintf(title, sizeof(title), "%s (%s)", t->title, t->unit);
	headings_print(t, title, 0, zeroing);
	for (int i = 0; i < t->nr_rows; i++) {
		const struct row *row = &t->rows[i];

		printf("%-*s", NAME_WIDTH, row->name);
		if (zeroing)
			count_print(t, row->zeroing);
		for (int c = 0; c < t->nr_columns; c++)
			if (column_used(t, c))
				figure_print(t, &row->figures[c]);
		putchar('\n');
	}
	putchar('\n');
}

static void ratio_print(const struct figure *ours, const struct figure *peer, uint64_t zeroing)
{
	char text[32] = "-";

	if (ours->known && peer->known)
		snprintf(text, sizeof(text), "%.2f",
			 (double)(ours->count - zeroing) / (double)(peer->count - zeroing));
	printf("%*s", CELL_WIDTH, text);
}

static void ratio_row_print(const struct table *t, const struct row *row, const char *name,
			    uint64_t zeroing)
{
	printf("%-*s", NAME_WIDTH, name);
	for (int c = t->nr_ours; c < t->nr_columns; c++)
		if (column_used(t, c))
			ratio_print(&row->figures[0], &row->figures[c], zeroing);
	putchar('\n');
}

void report_ratios(const struct table *t)
{
	char title[128];

	/* the other doors differ by some thousand instructions, which the figures show */
	if (!column_used(t, 0))
		return;
	snprintf(title, sizeof(title), "%s, of each peer: in all%s", t->columns[0].heading,
		 table_zeroes(t) ? ", then above zeroing" : "");
	headings_print(t, title, t->nr_ours, false);
	for (int i = 0; i < t->nr_rows; i++) {
		const struct row *row = &t->rows[i];

		ratio_row_print(t, row, row->name, 0);
		if (row->zeroing)
			ratio_row_print(t, row, "", row->zeroing);
	}
	putchar('\n');
}
