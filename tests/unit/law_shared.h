/* SPDX-License-Identifier: MIT */
/* The arena for several threads, and a region that is watched, as rows of law_subjects.c. */
#ifndef TESTS_UNIT_LAW_SHARED_H
#define TESTS_UNIT_LAW_SHARED_H

#include "laws.h"

int shared_arena_open(struct world *w);
void shared_arena_close(struct world *w);
int tracked_open(struct world *w);
void tracked_close(struct world *w);

#define LAW_SHARED_ROWS								\
	{ "shared arena", shared_arena_open, shared_arena_close, NULL, SIZE_MAX, SIZE_MAX, 0, 0 }, \
	{ "tracked free list", tracked_open, tracked_close, NULL, SIZE_MAX, SIZE_MAX, 0, 0 }

#endif /* TESTS_UNIT_LAW_SHARED_H */
