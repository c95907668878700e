/* SPDX-License-Identifier: MIT */
/*
 * The words for people.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

#include "table.h"

/* The figures, three digits each; a refused work shows its errno. */
void report_figures(const struct table *t);

/* What pinbuf's figures are of each peer's, in all and above zeroing. */
void report_ratios(const struct table *t);

#endif
