// SPDX-License-Identifier: MIT
#include "caps.h"
#include "proc.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

void become_user_with(uint64_t caps)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	CHECK(!prctl(PR_SET_KEEPCAPS, 1));
	become_user(USER_UID);
	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(caps >> (32 * i));

		data[i] = (struct __user_cap_data_struct){
			.permitted = half, .effective = half,
		};
	}
	CHECK(!syscall(SYS_capset, &head, data));
}

bool become_root_of_namespace(void)
{
	char map[32];

	become_user(USER_UID);
	if (unshare(CLONE_NEWUSER))
		return false;
	snprintf(map, sizeof(map), "0 %d 1", USER_UID);
	CHECK(!file_write("/proc/self/uid_map", map));
	CHECK(getuid() == 0);
	return true;
}
