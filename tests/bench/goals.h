/* SPDX-License-Identifier: MIT */
#ifndef BENCH_GOALS_H
#define BENCH_GOALS_H

#include "table.h"

/*
 * Print what is to be reached, and whether it is, by each of pinbuf's doors.  A
 * goal whose figures were not measured is passed over.
 */
void goals_report(const struct table *tables, int nr_tables);

#endif
