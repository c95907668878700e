// SPDX-License-Identifier: MIT
#include "cgroup.h"
#include "proc.h"

#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"

static const char *file_path(const struct cgroup *cg, const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return path;
}

void cgroup_create(struct cgroup *cg, const char *controller)
{
	const char *enabled = file_text(ROOT "/cgroup.subtree_control");

	if (!enabled || !strstr(enabled, controller))
		skip_because("no cgroup2 %s controller in " ROOT, controller);
	snprintf(cg->path, sizeof(cg->path), ROOT "/pinbuf-test-%d-%s",
		 (int)getpid(), controller);
	assert_ok(mkdir(cg->path, 0755));
}

void cgroup_destroy(struct cgroup *cg)
{
	for (int tries = 0; rmdir(cg->path) && tries < 100; tries++)
		usleep(10000);
	assert_int_equal(access(cg->path, F_OK), -1);
}

int cgroup_enter(const struct cgroup *cg)
{
	return file_write(file_path(cg, "cgroup.procs"), "0");
}

int cgroup_write(const struct cgroup *cg, const char *file, const char *text)
{
	return file_write(file_path(cg, file), text);
}

long long cgroup_number(const struct cgroup *cg, const char *file,
			const char *key)
{
	return file_number(file_path(cg, file), key);
}
