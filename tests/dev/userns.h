/* SPDX-License-Identifier: MIT */
/* User namespaces that an ordinary user makes. */
#ifndef TESTS_DEV_USERNS_H
#define TESTS_DEV_USERNS_H

/* Skips the test where a user may not make any. */
void require_user_namespaces(void);

/* In a child: an unprivileged user who is root of a namespace of his own. */
void enter_user_namespace(void);

#endif
