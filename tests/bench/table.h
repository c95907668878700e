/* SPDX-License-Identifier: MIT */
/*
 * What was measured: a row for each work, a column for each kind of memory.
 */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TABLE_ROWS	= 16,
	TABLE_COLUMNS	= 10,
};

struct figure {
	uint64_t count;		/* in the table's unit, where it is known */
	int error;		/* errno that the work was refused with, else 0 */
	bool known;
};

struct row {
	char name[40];
	uint64_t zeroing;	/* part of every figure: the clearing of the pages */
	struct figure figures[TABLE_COLUMNS];
};

struct column {
	const char *name;	/* in vm.json */
	const char *heading;
};

struct table {
	const char *title;
	const char *unit;
	int nr_columns;
	int nr_ours;		/* pinbuf's columns, which come first: its doors */
	int nr_rows;
	struct column columns[TABLE_COLUMNS];
	struct row rows[TABLE_ROWS];
};

/* Empty, with a column for each kind; or with the two that are named. */
void table_init_kinds(struct table *t, const char *title, const char *unit);
void table_init_pair(struct table *t, const char *title, const char *unit,
		     const char *ours, const char *peer);

/* A new row, its figures unknown; belongs to the table. */
struct row *table_add(struct table *t, uint64_t zeroing, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

const struct row *table_find(const struct table *t, const char *name);
int table_find_column(const struct table *t, const char *name);

void figure_set(struct figure *f, uint64_t count);
void figure_refuse(struct figure *f, int error);

#endif
