/* SPDX-License-Identifier: MIT */
/* Each returns ns an operation: an alloc and a free, or a realloc. */
#ifndef BENCH_HEAP_WORK_H
#define BENCH_HEAP_WORK_H

#include <stdbool.h>

#include "heap_peers.h"

/* A pair is run 20,000 times only, for callgrind. */
extern bool heap_short;

double pair_ns(const struct peer *p);
double mix_ns(const struct peer *p);
double live_100k_ns(const struct peer *p);
double larson_ns(const struct peer *p);
double remote_ns(const struct peer *p);
double aligned_ns(const struct peer *p);
double grow_ns(const struct peer *p);

#endif /* BENCH_HEAP_WORK_H */
