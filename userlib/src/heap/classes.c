// SPDX-License-Identifier: MIT
/*
 * The table of the classes, four bytes for every granule up to a page.  A program
 * uses a few of its sixteen cache lines.
 */
#include "classes.h"

/* the class of granules first to last */
#define ROW(cls, first, last) \
	[(first) ... (last)] = { (cls) * HEAP_BIN, (last) * HEAP_GRANULE }

/* eight classes in steps of as many granules each */
#define ROWS(cls, first, step)							\
	ROW((cls) + 0, (first) + 0 * (step), (first) + 1 * (step) - 1),		\
	ROW((cls) + 1, (first) + 1 * (step), (first) + 2 * (step) - 1),		\
	ROW((cls) + 2, (first) + 2 * (step), (first) + 3 * (step) - 1),		\
	ROW((cls) + 3, (first) + 3 * (step), (first) + 4 * (step) - 1),		\
	ROW((cls) + 4, (first) + 4 * (step), (first) + 5 * (step) - 1),		\
	ROW((cls) + 5, (first) + 5 * (step), (first) + 6 * (step) - 1),		\
	ROW((cls) + 6, (first) + 6 * (step), (first) + 7 * (step) - 1),		\
	ROW((cls) + 7, (first) + 7 * (step), (first) + 8 * (step) - 1)

const struct heap_class pinbuf__heap_classes[HEAP_SMALL_MAX / HEAP_GRANULE + 1] = {
	[0] = { 0, HEAP_GRANULE },
	ROWS(0, 1, 1),
	ROWS(8, 9, 1),
	ROWS(16, 17, 2),
	ROWS(24, 33, 4),
	ROWS(32, 65, 8),
	ROWS(40, 129, 16),
};
