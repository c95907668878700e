/* SPDX-License-Identifier: MIT */
/*
 * Where chance comes from: numbers that a seed and a position determine, so that
 * what a thread does in its Nth step is the same whenever the seed is.
 */
#ifndef TESTS_STRESS_DICE_H
#define TESTS_STRESS_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

/* A position of up to four numbers: who, his life, his thread, the step. */
struct dice dice_at(uint64_t seed, uint32_t who, uint32_t life, uint32_t thread, uint32_t step);

uint64_t dice_next(struct dice *dice);

/* 0 <= answer < @end; @end is not 0. */
uint32_t dice_below(struct dice *dice, uint32_t end);

bool dice_one_in(struct dice *dice, uint32_t n);

/* One of @nr numbers. */
uint64_t dice_pick(struct dice *dice, const uint64_t *from, size_t nr);

#define DICE_PICK(dice, array) dice_pick(dice, array, sizeof(array) / sizeof((array)[0]))

#endif
