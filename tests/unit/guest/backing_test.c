// SPDX-License-Identifier: MIT
/*
 * Where memory comes from, on a machine that has it all: the device beside locked
 * memory, hugetlb pages that somebody set aside, two NUMA nodes.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"

#define HUGE	(2 * MIB)
#define POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/"

static struct pinbuf_dev *locked;

static int both_open(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;

	opts.flags = PINBUF_OPEN_LOCKED;
	return dev_open(state) || pinbuf_open(&locked, &opts);
}

static int both_close(void **state)
{
	pinbuf_close(locked);
	return dev_close(state);
}

static size_t number(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t value = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%zu", &value), 1);
	fclose(f);
	return value;
}

static void pool_set(size_t pages)
{
	FILE *f = fopen(POOL "nr_hugepages", "w");

	assert_non_null(f);
	fprintf(f, "%zu", pages);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(number(POOL "nr_hugepages"), pages);
}

static struct pinbuf_buf_info make(struct pinbuf_dev *from, struct pinbuf_buf **buf, size_t len,
				   unsigned int flags, int node)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;

	opts.flags = flags;
	opts.node = node;
	assert_int_equal(pinbuf_buf_create(buf, from, len, &opts), 0);
	assert_int_equal(pinbuf_buf_query(*buf, 0, &info), 0);
	return info;
}

static void device_is_taken_where_it_is(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_buf *buf;

	(void)state;
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	assert_int_equal(info.source, PINBUF_SOURCE_DEVICE);
	assert_string_equal(info.why, "");
	assert_int_equal(make(dev, &buf, MIB, 0, -1).backing, PINBUF_BACKING_DEVICE);
	pinbuf_buf_put(buf);
	assert_int_equal(pinbuf_dev_info(locked, &info), 0);
	assert_int_equal(info.source, PINBUF_SOURCE_LOCKED);
	assert_int_equal(info.caps, PINBUF_PINNED);
}

static void kinds_do_not_take_each_others_descriptors(void **state)
{
	struct pinbuf_buf *ours, *theirs, *none = NULL;

	(void)state;
	make(dev, &ours, MIB, 0, -1);
	make(locked, &theirs, MIB, PINBUF_BUF_FD, -1);
	assert_int_equal(pinbuf_buf_import(&none, locked, pinbuf_buf_fd(ours)), -EINVAL);
	assert_int_equal(pinbuf_buf_import(&none, dev, pinbuf_buf_fd(theirs)), -EINVAL);
	assert_null(none);
	pinbuf_buf_put(ours);
	pinbuf_buf_put(theirs);
}

static void device_buffer_is_pinned_and_held(void **state)
{
	uint64_t before = live_bytes();
	struct pinbuf_buf *buf = create(3 * MIB);
	int fd = pinbuf_buf_fd(buf);
	void *mem;

	(void)state;
	assert_int_equal(pinbuf_buf_map(buf, &mem, NULL), 0);
	assert_true(pinbuf_is_pinned((char *)mem + 3 * MIB - 1));
	assert_false(pinbuf_is_pinned((char *)mem + 3 * MIB));
	pinbuf_buf_hold(buf);
	pinbuf_buf_put(buf);
	assert_int_equal(live_bytes(), before + 3 * MIB);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	memset(mem, 1, 3 * MIB);
	pinbuf_buf_release(buf);
	assert_int_equal(live_bytes(), before);
	assert_false(pinbuf_is_pinned(mem));
}

static void hugetlb_pages_are_taken_where_they_are_free(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_buf *four, *rest, *odd;
	struct pinbuf_buf_info is;
	void *mem;

	(void)state;
	if (access(POOL, F_OK))
		skip_because("this kernel has no hugetlb pages of 2 MiB");
	pool_set(5);
	is = make(locked, &four, 4 * HUGE, 0, -1);
	assert_int_equal(is.backing, PINBUF_BACKING_HUGETLB);
	assert_int_equal(is.huge_bytes, 4 * HUGE);
	assert_int_equal(is.flags, PINBUF_BUF_HUGE);
	assert_int_equal(number(POOL "free_hugepages"), 1);
	assert_int_equal(pinbuf_buf_map(four, &mem, NULL), 0);
	assert_int_equal((uintptr_t)mem % HUGE, 0);
	assert_true(pinbuf_is_pinned((char *)mem + 4 * HUGE - 1));
	memset(mem, 1, 4 * HUGE);
	/* no multiple, and more than are left: anonymous memory */
	assert_int_equal(make(locked, &odd, HUGE - 4096, 0, -1).backing, PINBUF_BACKING_ANON);
	assert_int_equal(make(locked, &rest, 2 * HUGE, 0, -1).backing, PINBUF_BACKING_ANON);
	pinbuf_buf_put(rest);
	pinbuf_buf_put(odd);
	assert_int_equal(pinbuf_dev_info(locked, &info), 0);
	assert_null(strstr(info.why, "No hugetlb pages are free"));
	pinbuf_buf_put(four);
	assert_int_equal(number(POOL "free_hugepages"), 5);
	pool_set(0);
	assert_int_equal(pinbuf_dev_info(locked, &info), 0);
	assert_non_null(strstr(info.why, "No hugetlb pages are free (0 are set aside"));
}

static void hugetlb_pages_are_shared_by_descriptor(void **state)
{
	struct pinbuf_buf *buf, *again;
	void *mem, *same;

	(void)state;
	if (access(POOL, F_OK))
		skip_because("this kernel has no hugetlb pages of 2 MiB");
	pool_set(2);
	assert_int_equal(make(locked, &buf, 2 * HUGE, PINBUF_BUF_FD, -1).backing,
			 PINBUF_BACKING_HUGETLB);
	assert_int_equal(pinbuf_buf_map(buf, &mem, NULL), 0);
	assert_int_equal(pinbuf_buf_import(&again, locked, dup(pinbuf_buf_fd(buf))), 0);
	assert_int_equal(pinbuf_buf_map(again, &same, NULL), 0);
	strcpy(mem, "huge and shared");
	assert_string_equal(same, "huge and shared");
	pinbuf_buf_put(buf);
	assert_string_equal(same, "huge and shared");
	assert_int_equal(number(POOL "free_hugepages"), 0);
	pinbuf_buf_put(again);
	assert_int_equal(number(POOL "free_hugepages"), 2);
	pool_set(0);
}

static bool one_node(void)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };

	assert_int_equal(pinbuf_dev_info(locked, &info), 0);
	return info.nr_nodes < 2;
}

/* Both sources, each node, preferred and strict. */
static void node_is_where_it_was_asked(void **state)
{
	static const unsigned int flags[] = {
		0, PINBUF_BUF_STRICT_NODE, PINBUF_BUF_FD, PINBUF_BUF_FD | PINBUF_BUF_STRICT_NODE,
	};
	struct pinbuf_dev *from[] = { dev, locked };
	struct pinbuf_buf *buf;
	size_t i, f;
	int node;

	(void)state;
	if (one_node())
		skip_because("this machine has one NUMA node");
	for (i = 0; i < 2; i++) {
		for (f = 0; f < 4; f++) {
			for (node = 0; node < 2; node++) {
				assert_int_equal(make(from[i], &buf, 4 * MIB, flags[f], node).node, node);
				pinbuf_buf_put(buf);
			}
		}
	}
}

static int mode_now(void)
{
	int mode = -1;

	assert_int_equal(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
	return mode;
}

static void interleaving_goes_round_and_leaves_the_policy(void **state)
{
	struct pinbuf_dev *from[] = { dev, locked };
	unsigned long second = 2;
	struct pinbuf_buf *buf;
	size_t i;

	(void)state;
	if (one_node())
		skip_because("this machine has one NUMA node");
	assert_int_equal(syscall(SYS_set_mempolicy, MPOL_BIND, &second, 64), 0);
	for (i = 0; i < 2; i++) {
		/* the task's own policy */
		assert_int_equal(make(from[i], &buf, 8 * MIB, 0, -1).node, 1);
		pinbuf_buf_put(buf);
		assert_int_equal(make(from[i], &buf, 8 * MIB, PINBUF_BUF_INTERLEAVE, -1).node, -1);
		pinbuf_buf_put(buf);
		assert_int_equal(mode_now(), MPOL_BIND);
	}
	assert_int_equal(syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0), 0);
}

/* More than a node has: refused, and nobody is killed for it. */
static void strict_node_that_is_full_refuses(void **state)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *none = NULL;

	(void)state;
	if (one_node())
		skip_because("this machine has one NUMA node");
	opts.node = 1;
	opts.flags = PINBUF_BUF_STRICT_NODE;
	assert_int_equal(pinbuf_buf_create(&none, locked, 700 * MIB, &opts), -ENOMEM);
	assert_says("on that NUMA node alone");
	assert_null(none);
}

#define GROUP "/sys/fs/cgroup/pinbuf-backing"

static void text_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void cgroup_that_is_too_small_refuses(void **state)
{
	struct pinbuf_buf *none = NULL;

	(void)state;
	assert_int_equal(mkdir(GROUP, 0755), 0);
	text_write(GROUP "/memory.max", "67108864");
	text_write(GROUP "/cgroup.procs", "0");
	assert_int_equal(pinbuf_buf_create(&none, locked, 128 * MIB, NULL), -ENOMEM);
	assert_says("memory.max of /pinbuf-backing is 64 MiB");
	text_write("/sys/fs/cgroup/cgroup.procs", "0");
	assert_int_equal(rmdir(GROUP), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_is_taken_where_it_is),
		cmocka_unit_test(kinds_do_not_take_each_others_descriptors),
		cmocka_unit_test(device_buffer_is_pinned_and_held),
		cmocka_unit_test(hugetlb_pages_are_taken_where_they_are_free),
		cmocka_unit_test(hugetlb_pages_are_shared_by_descriptor),
		cmocka_unit_test(node_is_where_it_was_asked),
		cmocka_unit_test(interleaving_goes_round_and_leaves_the_policy),
		cmocka_unit_test(strict_node_that_is_full_refuses),
		cmocka_unit_test(cgroup_that_is_too_small_refuses),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, both_open, both_close);
}
