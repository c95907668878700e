/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

/*
 * Give the program's mappings the same places in every run: starts the program
 * again where addresses are random.  To be called first.
 */
void place_fix(char **argv);

#endif
