/* SPDX-License-Identifier: MIT */
/*
 * What must be as it was when everybody has gone: what lives in the module, what
 * each user has locked, what the workers' cgroups are charged.
 */
#ifndef TESTS_STRESS_BASELINE_H
#define TESTS_STRESS_BASELINE_H

#include "common.h"

#define MAX_USERS 8

struct baseline {
	struct pinbuf_ioc_stats stats;
	size_t nr_users;
	uid_t users[MAX_USERS];
	uint64_t locked[MAX_USERS];	/* bytes */
};

void baseline_take(struct baseline *base, const uid_t *users, size_t nr);

/* Takes every published name away. */
void baseline_unpublish(void);

/* Each prints what differs, and tells whether nothing does, within seconds. */
bool baseline_live_is_back(const struct baseline *base);
bool baseline_locked_is_back(const struct baseline *base);

/* Whether a cgroup without processes is charged for no more than @most bytes. */
bool baseline_cgroup_is_back(const char *path, long long most);

#endif
