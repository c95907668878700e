/* SPDX-License-Identifier: MIT */
/*
 * A pinned buffer and beside it an mlock()ed one, the control, with their frames
 * as they were when the test began.
 */
#ifndef TESTS_DEV_MOVES_H
#define TESTS_DEV_MOVES_H

#include "common.h"

enum { PAGES = 1024 };		/* of each of the two: 4 MiB */
#define LEN (PAGES * PAGE)

extern char *pinned, *control;
extern uint64_t pinned_before[PAGES];

int moves_setup(void **state);
int moves_teardown(void **state);

#define MOVES(function) \
	cmocka_unit_test_setup_teardown(function, moves_setup, moves_teardown)

/* Pages whose frame is another than it was. */
size_t pinned_moved(void);
size_t control_moved(void);

/* The pinned buffer's bytes are what the set-up wrote. */
void assert_pinned_bytes(void);

void require_two_nodes(void);

#endif
