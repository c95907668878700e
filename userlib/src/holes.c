// SPDX-License-Identifier: MIT
/*
 * The trees of all classes are one zeroed allocation, most of whose pages are never
 * touched: a tree costs memory only near its holes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "holes.h"
#include "refuse.h"

int pinbuf__holes_init(struct holes *h, size_t places)
{
	size_t nr = places, classes = holes_class(places) + 1;

	memset(h, 0, sizeof(*h));
	do {
		nr = (nr + 63) / 64;
		h->level_at[h->nr_levels++] = h->words;
		h->words += nr;
	} while (nr > HOLES_LAST || h->nr_levels < 2);
	h->trees = calloc(classes * h->words, sizeof(*h->trees));
	return h->trees ? 0 : pinbuf__refuse_own(classes * h->words * sizeof(*h->trees));
}

void pinbuf__holes_fini(struct holes *h)
{
	free(h->trees);
	h->trees = NULL;
}

size_t pinbuf__holes_nr(const struct holes *h)
{
	size_t nr = 0, klass;

	for (klass = 0; klass < HOLES_CLASSES; klass++)
		nr += h->nr[klass];
	return nr;
}

/* The next hole of a class above @place, or HOLES_NONE. */
size_t pinbuf__holes_next(const struct holes *h, unsigned int klass, size_t place)
{
	const uint64_t *tree = holes_tree(h, klass), *word;
	unsigned int level;
	uint64_t above = 0;

	for (level = 0; level < h->nr_levels; level++) {
		above = tree[h->level_at[level] + place / 64] & ~1ULL << place % 64;
		place /= 64;
		if (above)
			return holes_descend(h, tree, place * 64 + (size_t)__builtin_ctzl(above),
					     level);
	}
	level--;
	word = tree + h->level_at[level];
	for (place++; place < HOLES_LAST && place < h->words - h->level_at[level]; place++)
		if (word[place])
			return holes_descend(h, tree, place * 64 +
					     (size_t)__builtin_ctzl(word[place]), level);
	return HOLES_NONE;
}

/* The class of the largest holes, or HOLES_NONE. */
size_t pinbuf__holes_last_class(const struct holes *h)
{
	unsigned int word = HOLES_CLASSES / 64;

	while (word--)
		if (h->classes[word])
			return word * 64 + (63 - (unsigned int)__builtin_clzl(h->classes[word]));
	return HOLES_NONE;
}
