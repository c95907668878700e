// SPDX-License-Identifier: MIT
/* Limits that the kernel really has, and what the library makes of them. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define MIB ((size_t)1 << 20)
#define PARAMETERS "/sys/module/pinbuf/parameters/"
#define GROUP "/sys/fs/cgroup/pinbuf-limits"

static void file_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void file_read(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_non_null(fgets(text, (int)size, f));
	fclose(f);
}

/* Runs @test in a child, whose limits and user are its own. */
static void in_child(int (*test)(void))
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		int ret = test();

		if (ret)
			fprintf(stderr, "# step %d: %s\n", ret, pinbuf_error_text());
		_exit(ret);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* As somebody who may open the node, and has no capability. */
static int ordinary_become(void)
{
	struct stat st;

	if (stat("/dev/pinbuf", &st))
		return -1;
	return setgid(st.st_gid) || setuid(12345) ? -1 : 0;
}

static int memlock_child(void)
{
	const struct rlimit limit = { 8 * MIB, 16 * MIB };
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_dev *dev;
	struct pinbuf_buf *half, *buf;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || ordinary_become())
		return 1;
	if (pinbuf_open(&dev, NULL) || pinbuf_dev_info(dev, &info) || info.limit != 8 * MIB)
		return 2;
	if (pinbuf_buf_create(&half, dev, 4 * MIB, NULL))
		return 3;
	if (pinbuf_buf_create(&buf, dev, 6 * MIB, NULL) != -EDQUOT)
		return 4;
	if (e->kind != PINBUF_ERROR_LIMIT || strcmp(e->limit_name, "RLIMIT_MEMLOCK") ||
	    e->limit != 8 * MIB || e->available != 4 * MIB || e->requested != 6 * MIB)
		return 5;
	if (!strstr(pinbuf_error_text(), "8 MiB with 4 MiB of it in use") ||
	    !strstr(pinbuf_error_text(), "the hard limit, 16 MiB"))
		return 6;
	if (pinbuf_buf_create(&buf, dev, 4 * MIB, NULL))
		return 7;
	pinbuf_buf_put(buf);
	pinbuf_buf_put(half);
	pinbuf_close(dev);
	return 0;
}

static void memlock_is_told_and_how_to_raise_it(void **state)
{
	(void)state;
	in_child(memlock_child);
}

static int ceiling_child(void)
{
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;

	if (pinbuf_open(&dev, NULL))
		return 1;
	if (pinbuf_buf_create(&buf, dev, 32 * MIB, NULL) != -EDQUOT)
		return 2;
	if (strcmp(e->limit_name, "max_user_bytes") || e->limit != 16 * MIB)
		return 3;
	if (!strstr(pinbuf_error_text(), PARAMETERS "max_user_bytes"))
		return 4;
	pinbuf_close(dev);
	return 0;
}

static void ceiling_is_told_and_how_to_raise_it(void **state)
{
	char before[64];

	(void)state;
	file_read(PARAMETERS "max_user_bytes", before, sizeof(before));
	file_write(PARAMETERS "max_user_bytes", "16777216");
	in_child(ceiling_child);
	file_write(PARAMETERS "max_user_bytes", before);
}

static int cgroup_child(void)
{
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;

	file_write(GROUP "/cgroup.procs", "0");
	if (pinbuf_open(&dev, NULL))
		return 1;
	if (pinbuf_buf_create(&buf, dev, 64 * MIB, NULL) != -ENOMEM)
		return 2;
	if (e->kind != PINBUF_ERROR_MEMORY || !e->limit_name || strcmp(e->limit_name, "memory.max"))
		return 3;
	if (e->limit != 32 * MIB || !strstr(pinbuf_error_text(), "memory.max of /pinbuf-limits is 32 MiB"))
		return 4;
	pinbuf_close(dev);
	return 0;
}

static void memory_cgroup_is_told(void **state)
{
	(void)state;
	assert_int_equal(mkdir(GROUP, 0755), 0);
	file_write(GROUP "/memory.max", "33554432");
	in_child(cgroup_child);
	assert_int_equal(rmdir(GROUP), 0);
}

static int starved_child(void)
{
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;
	struct rlimit none;

	if (pinbuf_open(&dev, NULL))
		return 1;
	none.rlim_cur = none.rlim_max = (rlim_t)pinbuf_dev_fd(dev) + 1;
	if (setrlimit(RLIMIT_NOFILE, &none))
		return 2;
	if (pinbuf_buf_create(&buf, dev, 4096, NULL) != -EMFILE)
		return 3;
	if (strcmp(pinbuf_error_last()->limit_name, "RLIMIT_NOFILE"))
		return 4;
	pinbuf_close(dev);
	return 0;
}

static void want_of_descriptors_is_told(void **state)
{
	(void)state;
	in_child(starved_child);
}

static int closed_child(void)
{
	struct pinbuf_dev *dev;

	if (setgid(12345) || setuid(12345))
		return 1;
	if (pinbuf_open(&dev, NULL) != -EACCES)
		return 2;
	return !strstr(pinbuf_error_text(), "user 12345 may not open /dev/pinbuf");
}

static void outsider_is_told_the_group(void **state)
{
	(void)state;
	in_child(closed_child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memlock_is_told_and_how_to_raise_it),
		cmocka_unit_test(ceiling_is_told_and_how_to_raise_it),
		cmocka_unit_test(memory_cgroup_is_told),
		cmocka_unit_test(want_of_descriptors_is_told),
		cmocka_unit_test(outsider_is_told_the_group),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
