/* SPDX-License-Identifier: MIT */
/* The holes of a free list, by size and by address. */
#ifndef PINBUF_HOLES_H
#define PINBUF_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>

#define HOLES_SUB_BITS	4				/* classes in a power of two, as bits */
#define HOLES_SUB	(1U << HOLES_SUB_BITS)
#define HOLES_ROWS	32				/* powers of two */
#define HOLES_LEVELS	6				/* 64^6 places are enough */

/*
 * Sizes and places are counted in units.  For each class a tree of bitmaps says where
 * its holes begin: level 0 has a bit a place, and each level above a bit for each word
 * below that is not zero.
 */
struct holes {
	/*
	 * Of each class, 2 * the lowest place + 1; or if that is not known, 2 * a place
	 * that none of its holes is below.
	 */
	uint32_t first[HOLES_ROWS * HOLES_SUB];
	uint32_t rows;			/* which powers of two have a hole */
	uint16_t subs[HOLES_ROWS];	/* which classes of it */
	unsigned int nr_levels;
	size_t level_at[HOLES_LEVELS];	/* words from the start of a class's tree */
	size_t words;			/* of one class's tree */
	uint64_t *trees;
	size_t nr_holes;
};

int pinbuf__holes_init(struct holes *h, size_t places);
void pinbuf__holes_fini(struct holes *h);

#define HOLES_NONE	SIZE_MAX
#define HOLES_EMPTY	(UINT32_MAX - 1)	/* the first of a class without holes */

/* The class that a hole of @units is in: the row and the class in one number. */
static inline unsigned int holes_class(size_t units)
{
	unsigned int row;

	if (units < HOLES_SUB)
		return (unsigned int)units;
	row = 63 - (unsigned int)__builtin_clzl(units);
	return (row - HOLES_SUB_BITS + 1) << HOLES_SUB_BITS |
	       (units >> (row - HOLES_SUB_BITS) & (HOLES_SUB - 1));
}

/* The smallest class all of whose holes have @units. */
static inline unsigned int holes_class_above(size_t units)
{
	unsigned int row;

	if (units < HOLES_SUB)
		return (unsigned int)units;
	row = 63 - (unsigned int)__builtin_clzl(units);
	return holes_class(units + ((size_t)1 << (row - HOLES_SUB_BITS)) - 1);
}

static inline uint64_t *holes_tree(const struct holes *h, unsigned int klass)
{
	return h->trees + klass * h->words;
}

static inline void holes_add(struct holes *h, size_t place, size_t units)
{
	unsigned int klass = holes_class(units), level;
	uint64_t *tree = holes_tree(h, klass), *word, was;

	h->nr_holes++;
	if (place <= h->first[klass] / 2)
		h->first[klass] = (uint32_t)place * 2 + 1;
	for (level = 0; level < h->nr_levels; level++) {
		word = tree + h->level_at[level] + place / 64;
		was = *word;
		*word = was | 1ULL << place % 64;
		if (was)
			return;
		place /= 64;
	}
	h->subs[klass >> HOLES_SUB_BITS] |= (uint16_t)(1U << (klass & (HOLES_SUB - 1)));
	h->rows |= 1U << (klass >> HOLES_SUB_BITS);
}

static inline void holes_remove(struct holes *h, size_t place, unsigned int klass)
{
	unsigned int row = klass >> HOLES_SUB_BITS, level;
	uint64_t *tree = holes_tree(h, klass), *word;

	h->nr_holes--;
	h->first[klass] -= h->first[klass] == place * 2 + 1;
	for (level = 0; level < h->nr_levels; level++) {
		word = tree + h->level_at[level] + place / 64;
		*word &= ~(1ULL << place % 64);
		if (*word)
			return;
		place /= 64;
	}
	h->first[klass] = HOLES_EMPTY;
	h->subs[row] &= (uint16_t)~(1U << (klass & (HOLES_SUB - 1)));
	if (!h->subs[row])
		h->rows &= ~(1U << row);
}

/* The first class from @klass on that has a hole, or HOLES_NONE. */
static inline size_t holes_class_from(const struct holes *h, unsigned int klass)
{
	unsigned int row = klass >> HOLES_SUB_BITS;
	uint32_t subs, rows;

	if (row >= HOLES_ROWS)
		return HOLES_NONE;
	subs = h->subs[row] & ~0U << (klass & (HOLES_SUB - 1));
	if (subs)
		return row << HOLES_SUB_BITS | (unsigned int)__builtin_ctz(subs);
	rows = row + 1 < HOLES_ROWS ? h->rows & ~0U << (row + 1) : 0;
	if (!rows)
		return HOLES_NONE;
	row = (unsigned int)__builtin_ctz(rows);
	return row << HOLES_SUB_BITS | (unsigned int)__builtin_ctz(h->subs[row]);
}

size_t pinbuf__holes_lowest(struct holes *h, unsigned int klass);

/* The lowest place of a class that has a hole. */
static inline size_t holes_lowest(struct holes *h, unsigned int klass)
{
	uint32_t first = h->first[klass];

	return first & 1 ? first / 2 : pinbuf__holes_lowest(h, klass);
}

size_t pinbuf__holes_next(const struct holes *h, unsigned int klass, size_t place);
size_t pinbuf__holes_last_class(const struct holes *h);

#endif /* PINBUF_HOLES_H */
