// SPDX-License-Identifier: MIT
/* Locked memory in several places: mapped again, in a child, in another process. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "locked_memory.h"

static void address_is_one_for_as_long_as_it_lives(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB, 0);
	char *mem = map(buf);
	void *part;

	(void)state;
	assert_ptr_equal(map(buf), mem);
	opts.offset = 8192;
	opts.len = 4096;
	assert_int_equal(pinbuf_buf_map(buf, &part, &opts), 0);
	assert_ptr_equal(part, mem + 8192);
	assert_int_equal(query(buf).mappings, 3);
	strcpy(mem, "stays");
	assert_int_equal(pinbuf_buf_unmap(buf, mem), 0);
	assert_int_equal(pinbuf_buf_unmap(buf, part), 0);
	assert_int_equal(pinbuf_buf_unmap(buf, mem), 0);
	assert_int_equal(pinbuf_buf_unmap(buf, mem), -EINVAL);
	assert_ptr_equal(map(buf), mem);
	assert_string_equal(mem, "stays");
	pinbuf_buf_put(buf);
}

static int write_there(void *mem)
{
	signal(SIGSEGV, SIG_DFL);
	strcpy(mem, "child");
	return 0;
}

static void shared_one_takes_every_access_and_fork_mode(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);
	char *mem = map(buf);
	void *read_only, *inherited;

	(void)state;
	opts.access = PINBUF_READ;
	assert_int_equal(pinbuf_buf_map(buf, &read_only, &opts), 0);
	opts.access = PINBUF_READWRITE;
	opts.fork = PINBUF_FORK_SHARED;
	assert_int_equal(pinbuf_buf_map(buf, &inherited, &opts), 0);
	strcpy(mem, "parent");
	assert_string_equal(read_only, "parent");
	assert_true(in_child(write_there, read_only) != 0);
	assert_true(in_child(write_there, mem) != 0);
	assert_string_equal(mem, "parent");
	assert_int_equal(in_child(write_there, inherited), 0);
	assert_string_equal(mem, "child");
	pinbuf_buf_put(buf);
}

static void private_one_says_what_it_cannot(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB, 0);
	void *mem;

	(void)state;
	opts.access = PINBUF_READ;
	assert_int_equal(pinbuf_buf_map(buf, &mem, &opts), -EOPNOTSUPP);
	assert_says("PINBUF_BUF_FD");
	opts.access = 0;
	opts.fork = PINBUF_FORK_SHARED;
	assert_int_equal(pinbuf_buf_map(buf, &mem, &opts), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("shared with a child");
	pinbuf_buf_put(buf);
}

static int child_of_private(void *arg)
{
	struct pinbuf_buf *buf = arg;
	void *mem;

	if (pinbuf_buf_map(buf, &mem, NULL) != -EOPNOTSUPP)
		return 1;
	if (!strstr(pinbuf_error_text(), "in a child of the process"))
		return 2;
	pinbuf_buf_put(buf);
	return 0;
}

static void child_has_the_record_alone(void **state)
{
	struct pinbuf_buf *buf = create(MIB, 0);
	char *mem = map(buf);

	(void)state;
	strcpy(mem, "parent");
	assert_int_equal(in_child(child_of_private, buf), 0);
	assert_int_equal(in_child(write_there, mem), 256 + SIGSEGV);
	assert_string_equal(mem, "parent");
	pinbuf_buf_put(buf);
}

static int child_of_shared(void *arg)
{
	struct pinbuf_buf *buf = arg;
	void *mem;

	if (pinbuf_buf_map(buf, &mem, NULL) || !pinbuf_is_pinned(mem))
		return 1;
	strcpy(mem, "child");
	pinbuf_buf_put(buf);
	return pinbuf_is_pinned(mem);
}

static void child_maps_a_shared_one_anew(void **state)
{
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);
	char *mem = map(buf);

	(void)state;
	assert_int_equal(in_child(child_of_shared, buf), 0);
	assert_string_equal(mem, "child");
	pinbuf_buf_put(buf);
}

static void received_descriptor_is_the_same_memory(void **state)
{
	struct pinbuf_buf *buf = create(3 * MIB, PINBUF_BUF_FD), *again;
	int fd = dup(pinbuf_buf_fd(buf));
	char *mem = map(buf), *same;

	(void)state;
	strcpy(mem, "one memory");
	assert_int_equal(pinbuf_buf_import(&again, dev, fd), 0);
	assert_int_equal(pinbuf_buf_fd(again), fd);
	assert_int_equal(pinbuf_buf_len(again), 3 * MIB);
	same = map(again);
	assert_ptr_not_equal(same, mem);
	assert_string_equal(same, "one memory");
	pinbuf_buf_put(buf);
	assert_string_equal(same, "one memory");
	pinbuf_buf_put(again);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void descriptor_of_another_sort_stays_the_callers(void **state)
{
	int memfd = memfd_create("may shrink", MFD_ALLOW_SEALING), file = open("/proc/self/exe", O_RDONLY);
	struct pinbuf_buf *none = NULL;

	(void)state;
	assert_int_equal(ftruncate(memfd, 4096), 0);
	assert_int_equal(pinbuf_buf_import(&none, dev, memfd), -EINVAL);
	assert_says("is no pinbuf buffer of locked memory");
	assert_int_equal(fcntl(memfd, F_GETFD), 0);
	close(memfd);
	assert_int_equal(pinbuf_buf_import(&none, dev, memfd), -EBADF);
	assert_int_equal(pinbuf_buf_import(&none, dev, file), -EINVAL);
	close(file);
	assert_null(none);
}

static void size_cannot_be_taken_away(void **state)
{
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);

	(void)state;
	assert_int_equal(ftruncate(pinbuf_buf_fd(buf), 0), -1);
	assert_int_equal(errno, EPERM);
	pinbuf_buf_put(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_is_one_for_as_long_as_it_lives),
		cmocka_unit_test(shared_one_takes_every_access_and_fork_mode),
		cmocka_unit_test(private_one_says_what_it_cannot),
		cmocka_unit_test(child_has_the_record_alone),
		cmocka_unit_test(child_maps_a_shared_one_anew),
		cmocka_unit_test(received_descriptor_is_the_same_memory),
		cmocka_unit_test(descriptor_of_another_sort_stays_the_callers),
		cmocka_unit_test(size_cannot_be_taken_away),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, locked_open, locked_close);
}
