// SPDX-License-Identifier: MIT
/* The library on the device: buffers that outlive their process, by a name. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

#define OTHER_UID 1000

static struct pinbuf_buf_info query(struct pinbuf_buf *buf)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };

	assert_int_equal(pinbuf_buf_query(buf, 0, &info), 0);
	return info;
}

static void *map(struct pinbuf_buf *buf)
{
	void *mem;

	assert_int_equal(pinbuf_buf_map(buf, &mem, NULL), 0);
	return mem;
}

/* Exits with what @body answers, or dies of it. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int publish_and_die(void)
{
	struct pinbuf_buf *buf;
	void *mem;

	if (pinbuf_buf_create(&buf, dev, 8 * MIB, NULL) || pinbuf_buf_map(buf, &mem, NULL))
		return 1;
	memset(mem, 0x5a, 8 * MIB);
	if (pinbuf_buf_publish(buf, "dataset", 0600))
		return 2;
	return raise(SIGKILL);
}

static void buffer_is_there_after_kill_9(void **state)
{
	uint64_t before = live_bytes();
	struct pinbuf_buf *buf;
	unsigned char *mem;
	int status;

	(void)state;
	status = in_child(publish_and_die);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(live_bytes(), before + 8 * MIB);
	assert_int_equal(pinbuf_buf_attach(&buf, dev, PINBUF_UID_OWN, "dataset"), 0);
	assert_int_equal(pinbuf_buf_len(buf), 8 * MIB);
	assert_int_equal(fcntl(pinbuf_buf_fd(buf), F_GETFD), FD_CLOEXEC);
	assert_string_equal(query(buf).name, "dataset");
	assert_int_equal(query(buf).backing, PINBUF_BACKING_DEVICE);
	mem = map(buf);
	for (size_t i = 0; i < 8 * MIB; i++)
		assert_int_equal(mem[i], 0x5a);
	assert_true(pinbuf_is_pinned(mem));
	assert_int_equal(pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, "dataset"), 0);
	assert_int_equal(live_bytes(), before + 8 * MIB);
	pinbuf_buf_put(buf);
	assert_int_equal(live_bytes(), before);
}

static void names_are_told_their_rule(void **state)
{
	static const struct {
		const char *name;
		const char *words;
	} rows[] = {
		{ NULL, "an empty name" },
		{ "", "an empty name" },
		{ "a/b", "the byte 0x2f at place 1" },
		{ "caf\xc3\xa9", "the byte 0xc3 at place 3" },
		{ "0123456789012345678901234567890123456789012345678901234567890123",
		  "has 64 characters, 63 are the most" },
	};
	struct pinbuf_buf *buf = create(1), *none = (void *)1;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pinbuf_buf_publish(buf, rows[i].name, 0600), -EINVAL);
		assert_kind(PINBUF_ERROR_MISUSE);
		assert_says(rows[i].words);
		assert_int_equal(pinbuf_buf_attach(&none, dev, PINBUF_UID_OWN, rows[i].name),
				 -EINVAL);
		assert_says(rows[i].words);
		assert_int_equal(pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, rows[i].name), -EINVAL);
		assert_says(rows[i].words);
	}
	assert_int_equal(pinbuf_buf_publish(buf, "a", 0644), -EINVAL);
	assert_says("the mode 0644");
	assert_ptr_equal(none, (void *)1);
	pinbuf_buf_put(buf);
}

static void taken_names_are_told_apart(void **state)
{
	struct pinbuf_buf *a = create(1), *b = create(1);

	(void)state;
	assert_int_equal(pinbuf_buf_publish(a, "a", 0600), 0);
	assert_int_equal(pinbuf_buf_publish(a, "b", 0600), -EEXIST);
	assert_says("published as 'a' already");
	assert_int_equal(pinbuf_buf_publish(b, "a", 0600), -EEXIST);
	assert_says("another buffer as 'a'");
	assert_string_equal(pinbuf_error_last()->name, "a");
	assert_int_equal(pinbuf_buf_unpublish(dev, getuid(), "a"), 0);
	assert_int_equal(pinbuf_buf_unpublish(dev, getuid(), "a"), -ENOENT);
	assert_says("uid 0's");
	assert_says("or none that you may have");
	pinbuf_buf_put(a);
	pinbuf_buf_put(b);
}

/* In a child; the node's group stays, so that it can be opened. */
static int become_other(struct pinbuf_dev **own)
{
	struct stat st;

	if (stat("/dev/pinbuf", &st) || setgroups(0, NULL) || setgid(st.st_gid) ||
	    setuid(OTHER_UID))
		return -1;
	return pinbuf_open(own, NULL);
}

static int cannot_have_it(void)
{
	struct pinbuf_buf *buf;
	struct pinbuf_dev *own;

	if (become_other(&own))
		return 1;
	if (pinbuf_buf_attach(&buf, own, 0, "private") != -ENOENT ||
	    !strstr(pinbuf_error_text(), "there is no 'private'"))
		return 2;
	if (pinbuf_buf_unpublish(own, 0, "private") != -ENOENT)
		return 3;
	if (pinbuf_buf_attach(&buf, own, 0, "public"))
		return 4;
	if (pinbuf_buf_unpublish(own, 0, "public") != -EPERM ||
	    !strstr(pinbuf_error_text(), "uid 0's: only he"))
		return 5;
	/* his is the one that he allocated */
	if (pinbuf_buf_publish(buf, "mine", 0600) != -EPERM ||
	    pinbuf_error_last()->kind != PINBUF_ERROR_PERMISSION ||
	    !strstr(pinbuf_error_text(), "the buffer is uid 0's"))
		return 6;
	return 0;
}

static void another_user_has_what_the_mode_lets_him(void **state)
{
	struct pinbuf_buf *a = create(1), *b = create(1);

	(void)state;
	assert_int_equal(pinbuf_buf_publish(a, "private", 0600), 0);
	assert_int_equal(pinbuf_buf_publish(b, "public", 0666), 0);
	assert_int_equal(in_child(cannot_have_it), 0);
	assert_int_equal(pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, "private"), 0);
	assert_int_equal(pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, "public"), 0);
	pinbuf_buf_put(a);
	pinbuf_buf_put(b);
}

static void without_a_descriptor_left_it_says_so(void **state)
{
	struct pinbuf_buf *buf = create(1), *none = (void *)1;
	int next = dup(0);
	struct rlimit old, full;

	(void)state;
	assert_int_equal(pinbuf_buf_publish(buf, "n", 0600), 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	full = (struct rlimit){ (rlim_t)next, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &full), 0);
	assert_int_equal(pinbuf_buf_attach(&none, dev, PINBUF_UID_OWN, "n"), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_kind(PINBUF_ERROR_SYSTEM);
	assert_says("Too many open files");
	assert_ptr_equal(none, (void *)1);
	assert_int_equal(pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, "n"), 0);
	pinbuf_buf_put(buf);
}

static void locked_memory_has_no_names(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_buf *buf, *none = (void *)1;
	struct pinbuf_dev *locked;

	(void)state;
	opts.flags = PINBUF_OPEN_LOCKED;
	assert_int_equal(pinbuf_open(&locked, &opts), 0);
	assert_int_equal(pinbuf_buf_create(&buf, locked, 1, NULL), 0);
	assert_int_equal(pinbuf_buf_publish(buf, "n", 0600), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("ends with its process");
	assert_int_equal(pinbuf_buf_attach(&none, locked, PINBUF_UID_OWN, "n"), -EOPNOTSUPP);
	assert_int_equal(pinbuf_buf_unpublish(locked, PINBUF_UID_OWN, "n"), -EOPNOTSUPP);
	assert_ptr_equal(none, (void *)1);
	pinbuf_buf_put(buf);
	pinbuf_close(locked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_is_there_after_kill_9),
		cmocka_unit_test(names_are_told_their_rule),
		cmocka_unit_test(taken_names_are_told_apart),
		cmocka_unit_test(another_user_has_what_the_mode_lets_him),
		cmocka_unit_test(without_a_descriptor_left_it_says_so),
		cmocka_unit_test(locked_memory_has_no_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, dev_open, dev_close);
}
