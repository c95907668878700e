// SPDX-License-Identifier: MIT
/*
 * What stands between a caller and his memory, read where the kernel says it.
 * Only failures come here, so nothing is cached; what cannot be read is left
 * out of the sentence, and is never an error of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "limits.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define PATH_ROOM	512
#define CAP_IPC_LOCK	14

static int number_read(const char *path, uint64_t *out)
{
	FILE *f = fopen(path, "re");
	int ok;

	if (!f)
		return 0;
	ok = fscanf(f, "%" SCNu64, out) == 1;
	fclose(f);
	return ok;
}

/* 0 where it cannot be read. */
uint64_t pinbuf__number(const char *path)
{
	uint64_t number = 0;

	return number_read(path, &number) ? number : 0;
}

/* 0 where there is no ceiling, and where nobody can say. */
uint64_t pinbuf__ceiling(const char *parameter)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/sys/module/pinbuf/parameters/%s", parameter);
	return pinbuf__number(path);
}

static uint64_t available_read(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	fclose(f);
	return kib * 1024;
}

/* A group that leaves less room than those before it takes their place. */
static void cgroup_consider(struct pinbuf__limits *l, const char *root, const char *group)
{
	uint64_t max, current, had = l->cgroup_max - l->cgroup_current;
	size_t len = strlen(group), room = sizeof(l->cgroup) - 1;
	char file[2 * PATH_ROOM];

	snprintf(file, sizeof(file), "%s%s/memory.max", root, group);
	if (!number_read(file, &max))
		return;
	snprintf(file, sizeof(file), "%s%s/memory.current", root, group);
	if (!number_read(file, &current))
		current = 0;
	if (current > max)
		current = max;
	if (l->cgroup_max != UINT64_MAX && max - current >= had)
		return;
	l->cgroup_max = max;
	l->cgroup_current = current;
	strcpy(l->cgroup, len > room ? group + len - room : group);
}

/**
 * pinbuf__cgroup_read() - find the memory cgroup that leaves the least room
 * @l: cgroup, cgroup_max and cgroup_current are written
 * @root: where cgroup2 is mounted
 * @path: the group, from @root; starts with a slash
 *
 * A group is bound by the limits of all that it lies in.
 */
void pinbuf__cgroup_read(struct pinbuf__limits *l, const char *root, const char *path)
{
	char group[PATH_ROOM];

	l->cgroup_max = UINT64_MAX;
	l->cgroup_current = 0;
	snprintf(group, sizeof(group), "%s", path);
	while (strlen(group) > 1) {
		cgroup_consider(l, root, group);
		*strrchr(group, '/') = '\0';
	}
}

static void own_cgroup_read(struct pinbuf__limits *l)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_ROOM];

	l->cgroup_max = UINT64_MAX;
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::/", 4))
			pinbuf__cgroup_read(l, CGROUP_ROOT, line + 3);
	}
	fclose(f);
}

/**
 * pinbuf__limits_process() - what mlock(2) goes by
 * @l: memlock and locked are written: this process's
 *
 * CAP_IPC_LOCK of a user namespace is not the one that counts, and cannot be told from
 * it; who has it and is refused all the same is refused for want of memory.
 */
void pinbuf__limits_process(struct pinbuf__limits *l)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };
	FILE *f = fopen("/proc/self/status", "re");
	uint64_t kib, caps = 0;
	char line[128];

	getrlimit(RLIMIT_MEMLOCK, &r);
	l->locked = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "VmLck: %" SCNu64, &kib) == 1)
			l->locked = kib * 1024;
		else if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1)
			break;
	}
	if (f)
		fclose(f);
	l->memlock = r.rlim_cur == RLIM_INFINITY || caps >> CAP_IPC_LOCK & 1 ?
		     UINT64_MAX : r.rlim_cur;
}

/**
 * pinbuf__limits_read() - read what needs no device
 * @l: the rest is left alone
 */
void pinbuf__limits_read(struct pinbuf__limits *l)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	getrlimit(RLIMIT_MEMLOCK, &r);
	l->memlock_hard = r.rlim_max == RLIM_INFINITY ? UINT64_MAX : r.rlim_max;
	l->max_bytes = pinbuf__ceiling("max_bytes");
	l->max_user_bytes = pinbuf__ceiling("max_user_bytes");
	l->available = available_read();
	own_cgroup_read(l);
}
