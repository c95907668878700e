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
#define HOLES_CLASSES	512U				/* up to 2^32 units */
#define HOLES_LEVELS	6				/* 64^6 places are enough */
#define HOLES_LAST	8U				/* words of the last level, at most */

/*
 * Sizes and places are counted in units.  For each class a tree of bitmaps says where
 * its holes begin: level 0 has a bit a place, and each level above a bit for each word
 * below that is not zero; the last has a cache line at most.  Another bitmap says which
 * classes have holes.
 *
 * Which word becomes zero no branch predictor can know where holes are few: the two
 * lowest levels are always written.  Whether a class becomes empty its number of holes
 * tells sooner than they do, which is what the next search waits for.
 */
struct holes {
	uint64_t classes[HOLES_CLASSES / 64];
	unsigned int nr_levels;
	size_t level_at[HOLES_LEVELS];	/* words from the start of a class's tree */
	size_t words;			/* of one class's tree */
	uint64_t *trees;
	uint32_t nr[HOLES_CLASSES];	/* holes of each class */
};

int pinbuf__holes_init(struct holes *h, size_t places);
void pinbuf__holes_fini(struct holes *h);

#define HOLES_NONE	SIZE_MAX

/* Of @units below 32 each is a class; above, their five upper bits are. */
static inline unsigned int holes_class_shift(size_t units)
{
	return 59 - (unsigned int)__builtin_clzl(units | HOLES_SUB);
}

/* The class that a hole of @units is in. */
static inline unsigned int holes_class(size_t units)
{
	unsigned int shift = holes_class_shift(units);

	return (shift << HOLES_SUB_BITS) + (unsigned int)(units >> shift);
}

/* The smallest class all of whose holes have @units. */
static inline unsigned int holes_class_above(size_t units)
{
	unsigned int shift = holes_class_shift(units);

	return (shift << HOLES_SUB_BITS) +
	       (unsigned int)((units + ((size_t)1 << shift) - 1) >> shift);
}

static inline uint64_t *holes_tree(const struct holes *h, unsigned int klass)
{
	return h->trees + klass * h->words;
}

/* Sets the bit of a place in a level; whether its word was 0. */
static inline bool holes_set(const struct holes *h, uint64_t *tree, unsigned int level,
			     size_t place)
{
	uint64_t *word = tree + (level ? h->level_at[level] : 0) + place / 64, was = *word;

	*word = was | 1ULL << place % 64;
	return !was;
}

/* Clears the bit if @gone; whether its word is 0 then. */
static inline bool holes_clear(const struct holes *h, uint64_t *tree, unsigned int level,
			       size_t place, bool gone)
{
	uint64_t *word = tree + (level ? h->level_at[level] : 0) + place / 64;

	*word &= ~((uint64_t)gone << place % 64);
	return !*word;
}

static inline void holes_add(struct holes *h, size_t place, size_t units)
{
	unsigned int klass = holes_class(units), level;
	uint64_t *tree = holes_tree(h, klass);
	bool was_empty;

	h->nr[klass]++;
	h->classes[klass / 64] |= 1ULL << klass % 64;
	holes_set(h, tree, 0, place);
	was_empty = holes_set(h, tree, 1, place / 64);
	place /= 64 * 64;
	for (level = 2; level < h->nr_levels && was_empty; level++, place /= 64)
		was_empty = holes_set(h, tree, level, place);
}

static inline void holes_remove(struct holes *h, size_t place, unsigned int klass)
{
	uint64_t *tree = holes_tree(h, klass);
	bool empty = !--h->nr[klass];
	unsigned int level;

	h->classes[klass / 64] &= ~((uint64_t)empty << klass % 64);
	empty = holes_clear(h, tree, 0, place, true);
	empty = holes_clear(h, tree, 1, place / 64, empty);
	place /= 64 * 64;
	for (level = 2; level < h->nr_levels && empty; level++, place /= 64)
		empty = holes_clear(h, tree, level, place, true);
}

/* The first class from @klass on that has a hole, or HOLES_NONE. */
static inline size_t holes_class_from(const struct holes *h, unsigned int klass)
{
	uint64_t word = h->classes[klass / 64] & ~0ULL << klass % 64;

	/* most lists are asked for less than 128 units, which one word has */
	for (klass /= 64; PINBUF_UNLIKELY(!word); word = h->classes[klass])
		if (++klass == HOLES_CLASSES / 64)
			return HOLES_NONE;
	return klass * 64 + (unsigned int)__builtin_ctzl(word);
}

/* From a bit of a level down to the lowest place below it. */
static inline size_t holes_descend(const struct holes *h, const uint64_t *tree, size_t place,
				   unsigned int level)
{
	while (level--)
		place = place * 64 + (size_t)__builtin_ctzl(tree[h->level_at[level] + place]);
	return place;
}

/* The lowest place of a class that has a hole. */
static inline size_t holes_lowest(const struct holes *h, unsigned int klass)
{
	const uint64_t *tree = holes_tree(h, klass);
	const uint64_t *last = tree + h->level_at[h->nr_levels - 1], *word = last;

	while (!*word)
		word++;
	return holes_descend(h, tree, (size_t)(word - last) * 64 + (size_t)__builtin_ctzl(*word),
			      h->nr_levels - 1);
}

size_t pinbuf__holes_nr(const struct holes *h);
size_t pinbuf__holes_next(const struct holes *h, unsigned int klass, size_t place);
size_t pinbuf__holes_last_class(const struct holes *h);

#endif /* PINBUF_HOLES_H */
