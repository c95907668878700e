/* SPDX-License-Identifier: MIT */
/*
 * The kernel's fail-nth: the Nth place of this thread's next calls that could
 * fail for want of memory, or in a copy to or from user memory, does.
 */
#ifndef TESTS_DEV_FAULTS_NTH_H
#define TESTS_DEV_FAULTS_NTH_H

#include "common.h"

/* Lets every kind of allocation fail; skips the test on a kernel without it. */
void nth_begin(void);
void nth_end(void);

/* From now on, until nth_disarm(), the @n-th place fails, once. */
void nth_arm(unsigned int n);

/* Whether it failed: false means that there were fewer than @n places. */
bool nth_disarm(void);

#endif
