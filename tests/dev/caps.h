/* SPDX-License-Identifier: MIT */
/* Who a child is: a user with some capabilities, or root of a namespace of his own. */
#ifndef TESTS_DEV_CAPS_H
#define TESTS_DEV_CAPS_H

#include "common.h"

#include <linux/capability.h>

#define CAP_BIT(capability)	(1ULL << (capability))

/* In a child: an unprivileged user who kept the capabilities in the bits of @caps. */
void become_user_with(uint64_t caps);

/* In a child: become USER_UID, and root of a user namespace; false if that is forbidden. */
bool become_root_of_namespace(void);

#endif
