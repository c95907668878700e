// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "kinds.h"
#include "table.h"

_Static_assert((int)NR_KINDS <= (int)TABLE_COLUMNS, "a column for each kind");

void table_init_kinds(struct table *t, const char *title, const char *unit)
{
	*t = (struct table){
		.title = title,
		.unit = unit,
		.nr_columns = NR_KINDS,
		.nr_ours = KIND_PINBUF_ALLOC + 1,
	};
	for (int i = 0; i < NR_KINDS; i++)
		t->columns[i] = (struct column){ kinds[i].name, kinds[i].heading };
}

void table_init_pair(struct table *t, const char *title, const char *unit,
		     const char *ours, const char *peer)
{
	*t = (struct table){
		.title = title,
		.unit = unit,
		.nr_columns = 2,
		.nr_ours = 1,
		.columns = { { ours, ours }, { peer, peer } },
	};
}

struct row *table_add(struct table *t, uint64_t zeroing, const char *format, ...)
{
	struct row *row = &t->rows[t->nr_rows];
	va_list args;

	if (t->nr_rows++ == TABLE_ROWS)
		fail("more than %d rows in \"%s\"", TABLE_ROWS, t->title);
	va_start(args, format);
	vsnprintf(row->name, sizeof(row->name), format, args);
	va_end(args);
	row->zeroing = zeroing;
	fprintf(stderr, "bench: %s\n", row->name);
	return row;
}

const struct row *table_find(const struct table *t, const char *name)
{
	for (int i = 0; i < t->nr_rows; i++)
		if (!strcmp(t->rows[i].name, name))
			return &t->rows[i];
	return NULL;
}

int table_find_column(const struct table *t, const char *name)
{
	for (int i = 0; i < t->nr_columns; i++)
		if (!strcmp(t->columns[i].name, name))
			return i;
	return -1;
}

void figure_set(struct figure *f, uint64_t count)
{
	*f = (struct figure){ .count = count, .known = true };
}

void figure_refuse(struct figure *f, int error)
{
	*f = (struct figure){ .error = error };
}
