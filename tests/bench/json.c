// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "error.h"
#include "json.h"

static void peers_write(FILE *f, const struct table *t, const struct row *row)
{
	const char *comma = "";

	for (int c = t->nr_ours; c < t->nr_columns; c++) {
		if (!row->figures[c].known)
			continue;
		fprintf(f, "%s\"%s\": %" PRIu64, comma, t->columns[c].name, row->figures[c].count);
		comma = ", ";
	}
}

static void row_write(FILE *f, const struct table *t, const struct row *row, int ours,
		      const char *comma)
{
	fprintf(f, "%s\n    {\"name\": \"%s%s%s\", \"pinbuf\": %" PRIu64
		", \"zeroing\": %" PRIu64 ", \"peers\": {", comma, row->name,
		ours ? ", " : "", ours ? t->columns[ours].heading : "",
		row->figures[ours].count, row->zeroing);
	peers_write(f, t, row);
	fputs("}}", f);
}

static void rows_write(FILE *f, const struct table *t, const char **comma)
{
	for (int i = 0; i < t->nr_rows; i++)
		for (int ours = 0; ours < t->nr_ours; ours++) {
			if (!t->rows[i].figures[ours].known)
				continue;
			row_write(f, t, &t->rows[i], ours, *comma);
			*comma = ",";
		}
}

void json_write(const char *path, const char *suite, const struct table *tables, int nr_tables)
{
	const char *comma = "";
	FILE *f = fopen(path, "w");

	if (!f)
		fail_errno(errno, "%s", path);
	fprintf(f, "{\n  \"suite\": \"%s\",\n  \"unit\": \"%s\",\n  \"rows\": [",
		suite, tables[0].unit);
	for (int i = 0; i < nr_tables; i++)
		rows_write(f, &tables[i], &comma);
	fputs("\n  ]\n}\n", f);
	if (ferror(f) | fclose(f))
		fail_errno(errno, "%s", path);
}
