/* SPDX-License-Identifier: MIT */
/* A memory cgroup of a test's own, beside the one it runs in. */
#ifndef TESTS_DEV_CGROUP_H
#define TESTS_DEV_CGROUP_H

#include "common.h"

struct cgroup {
	char path[128];
};

/* Makes it; skips the test where cgroup2 or the controller is missing. */
void cgroup_create(struct cgroup *cg, const char *controller);

/* Waits until it is empty, and removes it. */
void cgroup_destroy(struct cgroup *cg);

/* In a child: moves it there.  0 or -1. */
int cgroup_enter(const struct cgroup *cg);

/* "memory.max" and the like. */
int cgroup_write(const struct cgroup *cg, const char *file, const char *text);
long long cgroup_number(const struct cgroup *cg, const char *file,
			const char *key);

#endif
