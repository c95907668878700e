// SPDX-License-Identifier: MIT
#include "userns.h"
#include "common.h"
#include "proc.h"

#include <sched.h>

static int can_unshare(void *flags)
{
	become_user(USER_UID);
	return unshare(*(int *)flags) ? 1 : 0;
}

void require_user_namespaces(void)
{
	int flags = CLONE_NEWUSER;

	if (child_wait(child_start(can_unshare, &flags)))
		skip_because("a user may not make user namespaces here");
}

void enter_user_namespace(void)
{
	char map[32];

	snprintf(map, sizeof(map), "0 %d 1", (int)getuid());
	CHECK(!unshare(CLONE_NEWUSER));
	CHECK(!file_write("/proc/self/uid_map", map));
	CHECK(getuid() == 0);
}
