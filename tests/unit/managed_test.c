// SPDX-License-Identifier: MIT
/* Ownership: each rule, and what happens to those who break it. */
#include <pthread.h>
#include <stdlib.h>

#include "unit.h"

#include "child.h"

static struct pinbuf_stats global_stats(void)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &st), 0);
	return st;
}

#define LAYOUT	((struct pinbuf_layout){ 100, 64 })

static void a_second_free_does_nothing_and_says_so(void **state)
{
	struct pinbuf_stats before = global_stats(), after;
	struct pinbuf_managed m;

	(void)state;
	assert_int_equal(pinbuf_managed_init(&m, pinbuf_global(), LAYOUT), 0);
	assert_true(pinbuf_is_ptr_aligned(pinbuf_managed_ptr(&m), 64));
	memset(pinbuf_managed_ptr(&m), 1, 100);
	assert_int_equal(pinbuf_managed_free(&m), 0);
	assert_null(pinbuf_managed_ptr(&m));
	assert_int_equal(pinbuf_managed_free(&m), -EALREADY);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("was freed before; nothing was done");
	after = global_stats();
	assert_int_equal(after.deallocation_count, before.deallocation_count + 1);
	assert_int_equal(after.current_live, before.current_live);
}

static void a_handle_without_memory_is_as_if_freed(void **state)
{
	struct pinbuf_managed m;

	(void)state;
	assert_int_equal(pinbuf_managed_init(&m, pinbuf_global(), (struct pinbuf_layout){ 8, 3 }), -EINVAL);
	assert_null(pinbuf_managed_ptr(&m));
	assert_int_equal(pinbuf_managed_free(&m), -EALREADY);
}

#define THREADS	4
#define ROUNDS	2000

static struct pinbuf_managed contested;
static pthread_barrier_t barrier;
static int nr_freed;

static void *free_contested(void *arg)
{
	int i, ret;

	(void)arg;
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		ret = pinbuf_managed_free(&contested);
		if (!ret)
			__atomic_fetch_add(&nr_freed, 1, __ATOMIC_RELAXED);
		else
			assert_int_equal(ret, -EALREADY);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void of_threads_that_free_one_does(void **state)
{
	pthread_t threads[THREADS];
	int i, round;

	(void)state;
	nr_freed = 0;
	pthread_barrier_init(&barrier, NULL, THREADS + 1);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, free_contested, NULL), 0);
	for (round = 0; round < ROUNDS; round++) {
		assert_int_equal(pinbuf_managed_init(&contested, pinbuf_global(), LAYOUT), 0);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(nr_freed, ROUNDS);
}

/* every way out of a block */

static int calls;

static void count(void *arg)
{
	calls = calls * 10 + *(int *)arg;
}

static int leave(int how)
{
	static int one = 1, two = 2;
	PINBUF_DEFER(count, &one);
	int i;

	for (i = 0; i < 3; i++) {
		PINBUF_AUTO_MANAGED(m, pinbuf_global(), LAYOUT);
		PINBUF_DEFER(count, &two);

		assert_non_null(pinbuf_managed_ptr(&m));
		switch (how) {
		case 0:
			return 0;
		case 1:
			goto out;
		case 2:
			continue;
		case 3:
			assert_int_equal(pinbuf_managed_free(&m), 0);
		}
		break;
	}
out:
	return i;
}

static void cleanups_run_on_every_way_out(void **state)
{
	static const int expected[] = { 21, 21, 2221, 21, 21 };
	uint64_t live = global_stats().current_live;
	int how;

	(void)state;
	for (how = 0; how < 5; how++) {
		calls = 0;
		leave(how);
		assert_int_equal(calls, expected[how]);
		assert_int_equal(global_stats().current_live, live);
	}
}

static void cleanups_release_what_failed_to_begin(void **state)
{
	(void)state;
	{
		PINBUF_AUTO_MANAGED(m, pinbuf_global(), ((struct pinbuf_layout){ 8, 3 }));
		PINBUF_AUTO_SHARED(s);
		PINBUF_AUTO_TENSOR(t);

		assert_null(pinbuf_managed_ptr(&m));
		assert_null(s);
		assert_null(t.data);
	}
}

/* shared */

static void the_last_owner_frees(void **state)
{
	uint64_t live = global_stats().current_live;
	struct pinbuf_shared *s;

	(void)state;
	assert_int_equal(pinbuf_shared_create(&s, pinbuf_global(), LAYOUT), 0);
	assert_int_equal(pinbuf_shared_size(s), 100);
	assert_int_equal(pinbuf_shared_caps(s), PINBUF_THREADSAFE);
	memset(pinbuf_shared_data(s), 1, 100);
	assert_ptr_equal(pinbuf_shared_get(s), s);
	assert_int_equal(pinbuf_shared_count(s), 2);
	pinbuf_shared_put(s);
	assert_true(global_stats().current_live > live);
	pinbuf_shared_put(s);
	assert_int_equal(global_stats().current_live, live);
	pinbuf_shared_put(NULL);
	assert_int_equal(pinbuf_shared_create(&s, pinbuf_global(), (struct pinbuf_layout){ 8, 3 }), -EINVAL);
}

static void released(void *arg, void *data)
{
	*(void **)arg = data;
}

static void memory_of_others_is_released_by_them(void **state)
{
	struct pinbuf_shared_opts o = PINBUF_SHARED_OPTS_INIT;
	struct pinbuf_shared *s;
	void *seen = NULL;
	int mine;

	(void)state;
	o.data = &mine;
	o.bytes = sizeof(mine);
	o.caps = PINBUF_PINNED;
	o.release = released;
	o.arg = &seen;
	assert_int_equal(pinbuf_shared_wrap(&s, &o), 0);
	assert_int_equal(pinbuf_shared_caps(s), PINBUF_PINNED);
	assert_null(seen);
	pinbuf_shared_put(s);
	assert_ptr_equal(seen, &mine);
	o.data = NULL;
	assert_int_equal(pinbuf_shared_wrap(&s, &o), -EINVAL);
	o.size = 1;
	assert_int_equal(pinbuf_shared_wrap(&s, &o), -EINVAL);
}

static void a_weak_reference_knows_when_the_block_has_gone(void **state)
{
	struct pinbuf_shared *s, *again;
	struct pinbuf_weak *w;

	(void)state;
	assert_int_equal(pinbuf_shared_create(&s, pinbuf_global(), LAYOUT), 0);
	w = pinbuf_weak_get(s);
	assert_true(pinbuf_weak_is_live(w));
	again = pinbuf_weak_lock(w);
	assert_ptr_equal(again, s);
	pinbuf_shared_put(s);
	assert_true(pinbuf_weak_is_live(w));
	pinbuf_shared_put(again);
	assert_false(pinbuf_weak_is_live(w));
	assert_null(pinbuf_weak_lock(w));
	assert_int_equal(errno, ESTALE);
	assert_says("has no owner any more");
	pinbuf_weak_put(w);
	pinbuf_weak_put(NULL);
}

static void put_twice(void)
{
	struct pinbuf_shared *s;
	struct pinbuf_weak *w;

	assert_int_equal(pinbuf_shared_create(&s, pinbuf_global(), LAYOUT), 0);
	w = pinbuf_weak_get(s);
	pinbuf_shared_put(s);
	pinbuf_shared_put(s);
	pinbuf_weak_put(w);
}

static void a_put_too_many_ends_the_program(void **state)
{
	(void)state;
	dies_saying(put_twice, "a shared block of 100 bytes is put by more than have it");
}

/* Threads lock, keep, and put; the block goes once, when nobody has it. */
struct crowd {
	struct pinbuf_weak *weak;
	int nr_locked;
};

static void *crowd_run(void *arg)
{
	struct crowd *c = arg;
	struct pinbuf_shared *s, *more;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		s = pinbuf_weak_lock(c->weak);
		if (!s)
			break;
		more = pinbuf_shared_get(s);
		__atomic_fetch_add((int *)pinbuf_shared_data(s), 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&c->nr_locked, 1, __ATOMIC_RELAXED);
		pinbuf_shared_put(more);
		pinbuf_shared_put(s);
	}
	return NULL;
}

static void threads_may_own_and_let_go(void **state)
{
	uint64_t live = global_stats().current_live;
	struct crowd c = { .nr_locked = 0 };
	pthread_t threads[THREADS];
	struct pinbuf_shared *s;
	int i;

	(void)state;
	assert_int_equal(pinbuf_shared_create(&s, pinbuf_global(), LAYOUT), 0);
	*(int *)pinbuf_shared_data(s) = 0;
	c.weak = pinbuf_weak_get(s);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, crowd_run, &c), 0);
	while (!__atomic_load_n(&c.nr_locked, __ATOMIC_RELAXED))
		;
	pinbuf_shared_put(s);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_false(pinbuf_weak_is_live(c.weak));
	pinbuf_weak_put(c.weak);
	assert_int_equal(global_stats().current_live, live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_free_does_nothing_and_says_so),
		cmocka_unit_test(a_handle_without_memory_is_as_if_freed),
		cmocka_unit_test(of_threads_that_free_one_does),
		cmocka_unit_test(cleanups_run_on_every_way_out),
		cmocka_unit_test(cleanups_release_what_failed_to_begin),
		cmocka_unit_test(the_last_owner_frees),
		cmocka_unit_test(memory_of_others_is_released_by_them),
		cmocka_unit_test(a_weak_reference_knows_when_the_block_has_gone),
		cmocka_unit_test(a_put_too_many_ends_the_program),
		cmocka_unit_test(threads_may_own_and_let_go),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("managed", tests, NULL, NULL);
}
