// SPDX-License-Identifier: MIT
#include "dice.h"

/* splitmix64 */
uint64_t dice_next(struct dice *dice)
{
	uint64_t z = dice->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

struct dice dice_at(uint64_t seed, uint32_t who, uint32_t life, uint32_t thread, uint32_t step)
{
	struct dice dice = { seed };
	const uint32_t position[] = { who, life, thread, step };

	for (size_t i = 0; i < 4; i++)
		dice.state = dice_next(&dice) ^ position[i];
	dice.state = dice_next(&dice);
	return dice;
}

uint32_t dice_below(struct dice *dice, uint32_t end)
{
	return (uint32_t)((dice_next(dice) >> 32) * end >> 32);
}

bool dice_one_in(struct dice *dice, uint32_t n)
{
	return dice_below(dice, n) == 0;
}

uint64_t dice_pick(struct dice *dice, const uint64_t *from, size_t nr)
{
	return from[dice_below(dice, (uint32_t)nr)];
}
