/* SPDX-License-Identifier: MIT */
/* Where a thread runs. */
#ifndef TESTS_DEV_CPUS_H
#define TESTS_DEV_CPUS_H

/* CPUs that this thread may use, of @node or, where it is negative, of all. */
int cpus_of(int node);

/* This thread runs on @cpu alone. */
void cpus_bind(int cpu);

/* It goes to @node, and may go on from there. */
void cpus_start_on(int node);

#endif
