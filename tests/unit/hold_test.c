// SPDX-License-Identifier: MIT
/* References and holds: the last put of a buffer that a device uses waits for it. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "locked_memory.h"

#include "child.h"

static void last_put_waits_for_the_release(void **state)
{
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);
	int fd = pinbuf_buf_fd(buf);
	char *mem = map(buf);

	(void)state;
	pinbuf_buf_hold(buf);
	pinbuf_buf_hold(buf);
	assert_int_equal(query(buf).held, 2);
	pinbuf_buf_put(buf);
	mem[MIB - 1] = 1;
	assert_true(pinbuf_is_pinned(mem));
	pinbuf_buf_release(buf);
	mem[MIB - 1] = 2;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	pinbuf_buf_release(buf);
	assert_false(pinbuf_is_pinned(mem));
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void release_before_the_put_changes_nothing(void **state)
{
	struct pinbuf_buf *buf = create(MIB, 0);
	char *mem = map(buf);

	(void)state;
	pinbuf_buf_hold(buf);
	pinbuf_buf_release(buf);
	assert_int_equal(query(buf).held, 0);
	mem[0] = 1;
	assert_ptr_equal(pinbuf_buf_get(buf), buf);
	pinbuf_buf_put(buf);
	mem[0] = 2;
	pinbuf_buf_put(buf);
	assert_false(pinbuf_is_pinned(mem));
}

/* a reference may be taken again from the one that holds it */
static void held_one_can_be_had_again(void **state)
{
	struct pinbuf_buf *buf = create(MIB, 0);
	char *mem = map(buf);

	(void)state;
	pinbuf_buf_hold(buf);
	pinbuf_buf_put(buf);
	pinbuf_buf_get(buf);
	pinbuf_buf_release(buf);
	mem[0] = 1;
	pinbuf_buf_put(buf);
	assert_false(pinbuf_is_pinned(mem));
}

static void release_of_what_is_not_held(void)
{
	pinbuf_buf_release(create(4096, 0));
}

static void put_too_often(void)
{
	struct pinbuf_buf *buf = create(4096, 0);

	pinbuf_buf_hold(buf);
	pinbuf_buf_put(buf);
	pinbuf_buf_put(buf);
}

static void misuse_ends_the_program(void **state)
{
	(void)state;
	dies_saying(release_of_what_is_not_held, "released more often than it was held");
	dies_saying(put_too_often, "put more often than there were references");
}

enum { THREADS = 4, ROUNDS = 300 };

static pthread_barrier_t barrier;
static struct pinbuf_buf *shared;

static void *device_runs(void *arg)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&barrier);		/* it is there, and held */
		if (arg)
			pinbuf_buf_release(shared);
		else
			pinbuf_buf_put(shared);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

/* Whoever comes last ends it, once. */
static void threads_agree_who_is_last(void **state)
{
	size_t before = status_bytes("VmLck:");
	pthread_t thread[THREADS];
	uintptr_t i;
	int round;
	char *mem;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, device_runs, (void *)(i % 2)), 0);
	for (round = 0; round < ROUNDS; round++) {
		shared = create(8192, 0);
		mem = map(shared);
		pinbuf_buf_get(shared);
		pinbuf_buf_hold(shared);
		pinbuf_buf_hold(shared);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		assert_false(pinbuf_is_pinned(mem));
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(status_bytes("VmLck:"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_put_waits_for_the_release),
		cmocka_unit_test(release_before_the_put_changes_nothing),
		cmocka_unit_test(held_one_can_be_had_again),
		cmocka_unit_test(misuse_ends_the_program),
		cmocka_unit_test(threads_agree_who_is_last),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, locked_open, locked_close);
}
