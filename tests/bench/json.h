/* SPDX-License-Identifier: MIT */
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "table.h"

/*
 * Write @path: {"suite", "unit", "rows": [{"name", "pinbuf", "zeroing",
 * "peers": {name: figure}}]}, the rows of all @tables, which have one unit.  Each
 * of pinbuf's doors is a row; a peer that was refused is left out.
 */
void json_write(const char *path, const char *suite, const struct table *tables, int nr_tables);

#endif
