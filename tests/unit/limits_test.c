// SPDX-License-Identifier: MIT
/* Which memory cgroup is in the way: files like cgroup2's, in a folder of ours. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "device/limits.h"
#include "unit.h"

static char root[] = "/tmp/pinbuf-limits-XXXXXX";

static void file_write(const char *group, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s/%s", root, group, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void group_make(const char *group, const char *max, const char *current)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root, group);
	mkdir(path, 0755);
	file_write(group, "memory.max", max);
	file_write(group, "memory.current", current);
}

static int folder_make(void **state)
{
	(void)state;
	return !mkdtemp(root);
}

static int folder_remove(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void no_limit_anywhere_is_none(void **state)
{
	struct pinbuf__limits l;

	(void)state;
	group_make("/free", "max\n", "4096\n");
	pinbuf__cgroup_read(&l, root, "/free");
	assert_true(l.cgroup_max == UINT64_MAX);
	pinbuf__cgroup_read(&l, root, "/");
	assert_true(l.cgroup_max == UINT64_MAX);
	pinbuf__cgroup_read(&l, root, "/not/there");
	assert_true(l.cgroup_max == UINT64_MAX);
}

static void tightest_of_all_above_is_found(void **state)
{
	struct pinbuf__limits l;

	(void)state;
	group_make("/a", "1000\n", "900\n");
	group_make("/a/b", "max\n", "800\n");
	group_make("/a/b/c", "500\n", "100\n");
	pinbuf__cgroup_read(&l, root, "/a/b/c");
	assert_string_equal(l.cgroup, "/a");
	assert_int_equal(l.cgroup_max, 1000);
	assert_int_equal(l.cgroup_current, 900);
	file_write("/a/b/c", "memory.current", "450\n");
	pinbuf__cgroup_read(&l, root, "/a/b/c");
	assert_string_equal(l.cgroup, "/a/b/c");
	assert_int_equal(l.cgroup_max, 500);
	/* over its limit, as a group may be for a moment */
	file_write("/a/b/c", "memory.current", "600\n");
	pinbuf__cgroup_read(&l, root, "/a/b/c");
	assert_int_equal(l.cgroup_current, 500);
}

static void long_path_keeps_its_end(void **state)
{
	static const char longish[] = "/0123456789012345678901234567890123456789";
	struct pinbuf__limits l;
	char path[128];

	(void)state;
	group_make(longish, "max", "0");
	snprintf(path, sizeof(path), "%s%s-end", longish, longish);
	group_make(path, "10", "5");
	pinbuf__cgroup_read(&l, root, path);
	assert_int_equal(strlen(l.cgroup), sizeof(l.cgroup) - 1);
	assert_string_equal(l.cgroup + strlen(l.cgroup) - 4, "-end");
}

static void machine_is_read(void **state)
{
	struct rlimit r = { 4096, 65536 };
	struct pinbuf__limits l = { .memlock = 1, .user_bytes = 2 };

	(void)state;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &r), 0);
	pinbuf__limits_read(&l);
	assert_int_equal(l.memlock_hard, 65536);
	assert_true(l.available > 0);
	/* the device's figures are left alone */
	assert_int_equal(l.memlock, 1);
	assert_int_equal(l.user_bytes, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_anywhere_is_none),
		cmocka_unit_test(tightest_of_all_above_is_found),
		cmocka_unit_test(long_path_keeps_its_end),
		cmocka_unit_test(machine_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
