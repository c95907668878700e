/* SPDX-License-Identifier: MIT */
/* PUBLISH, ATTACH and UNPUBLISH as calls that answer 0 or an errno. */
#ifndef TESTS_DEV_NAMES_H
#define TESTS_DEV_NAMES_H

#include "common.h"

/* The user who opened the node. */
#define OWN ((uint32_t)-1)

int publish(int node, int fd, uint32_t mode, const char *name);

/* The descriptor, which is close-on-exec, goes to @fd (closed again if NULL). */
int attach(int node, uint32_t uid, const char *name, int *fd);

int unpublish(int node, uint32_t uid, const char *name);

/* In a child: @uid and @gid without capabilities, and in the groups of the node and @extra. */
void become(uid_t uid, gid_t gid, gid_t extra);

#endif
