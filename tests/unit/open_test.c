// SPDX-License-Identifier: MIT
/* Opening what is not there, not ours, or not allowed. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static int open_path(const char *path)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *dev = (void *)1;
	int ret;

	opts.path = path;
	ret = pinbuf_open(&dev, &opts);
	/* nothing is written on failure */
	assert_ptr_equal(dev, (void *)1);
	return ret;
}

static int open_fds(void)
{
	int fd, nr = 0;

	for (fd = 0; fd < 256; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

static void absent_node_is_unsupported(void **state)
{
	(void)state;
	assert_int_equal(open_path("/dev/no-such-pinbuf"), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("/dev/no-such-pinbuf");
	assert_string_equal(pinbuf_error_last()->name, "/dev/no-such-pinbuf");
}

static void another_device_is_told_apart(void **state)
{
	int before = open_fds();

	(void)state;
	assert_int_equal(open_path("/dev/null"), -EINVAL);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("/dev/null is not pinbuf's device");
	assert_int_equal(open_fds(), before);
}

static void folder_is_a_plain_error(void **state)
{
	(void)state;
	assert_int_equal(open_path("/tmp"), -EISDIR);
	assert_kind(PINBUF_ERROR_SYSTEM);
	assert_says("Is a directory");
}

static void unknown_flag_is_refused(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *dev;

	(void)state;
	opts.flags = 4;
	assert_int_equal(pinbuf_open(&dev, &opts), -EINVAL);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("flags is 0x4");
}

static void capability_that_nothing_has_is_unsupported(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *dev;

	(void)state;
	opts.require = PINBUF_PINNED | PINBUF_MOVES;
	assert_int_equal(pinbuf_open(&dev, &opts), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
}

static void short_struct_is_refused(void **state)
{
	struct pinbuf_dev_opts opts = { .size = 4 };
	struct pinbuf_dev *dev;

	(void)state;
	assert_int_equal(pinbuf_open(&dev, &opts), -EINVAL);
	assert_says("struct pinbuf_dev_opts.size is 4");
}

static int in_child(int (*test)(const char *path), const char *path)
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child)
		_exit(test(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static int closed_node_open(const char *path)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *dev;

	/* root passes every door */
	if (!geteuid() && (setegid(65534) || seteuid(65534)))
		return 1;
	opts.path = path;
	return !(pinbuf_open(&dev, &opts) == -EACCES &&
		 pinbuf_error_last()->kind == PINBUF_ERROR_PERMISSION &&
		 strstr(pinbuf_error_text(), "may not open") &&
		 strstr(pinbuf_error_text(), path));
}

static void closed_node_tells_the_group(void **state)
{
	char path[] = "/tmp/pinbuf-open-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	assert_int_equal(in_child(closed_node_open, path), 0);
	close(fd);
	unlink(path);
}

static int starved_open(const char *path)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct rlimit none = { 0, 0 };
	struct pinbuf_dev *dev;

	if (setrlimit(RLIMIT_NOFILE, &none))
		return 1;
	opts.path = path;
	return !(pinbuf_open(&dev, &opts) == -EMFILE &&
		 pinbuf_error_last()->kind == PINBUF_ERROR_LIMIT &&
		 strstr(pinbuf_error_text(), "ulimit -n"));
}

static void no_descriptor_left_names_the_limit(void **state)
{
	(void)state;
	assert_int_equal(in_child(starved_open, "/dev/null"), 0);
}

static void nothing_is_closed_and_put(void **state)
{
	(void)state;
	pinbuf_close(NULL);
	pinbuf_buf_put(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_node_is_unsupported),
		cmocka_unit_test(another_device_is_told_apart),
		cmocka_unit_test(folder_is_a_plain_error),
		cmocka_unit_test(unknown_flag_is_refused),
		cmocka_unit_test(capability_that_nothing_has_is_unsupported),
		cmocka_unit_test(short_struct_is_refused),
		cmocka_unit_test(closed_node_tells_the_group),
		cmocka_unit_test(no_descriptor_left_names_the_limit),
		cmocka_unit_test(nothing_is_closed_and_put),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
