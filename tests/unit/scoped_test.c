// SPDX-License-Identifier: MIT
/* Buffers that know whether the scope of their arena has ended. */
#include <pthread.h>

#include "unit.h"

#include "child.h"

#define LAYOUT	((struct pinbuf_layout){ 100, 64 })
#define THREADS	4

static void a_scoped_buffer_knows_that_its_scope_has_ended(void **state)
{
	struct pinbuf_scoped outer_one, inner_one, next_one;
	struct pinbuf_arena a;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	{
		PINBUF_BUFFER_SCOPE(outer, &a);

		assert_int_equal(pinbuf_scoped_alloc(&outer_one, &outer, LAYOUT), 0);
		{
			PINBUF_BUFFER_SCOPE(inner, &a);

			assert_int_equal(pinbuf_scoped_alloc(&inner_one, &inner, LAYOUT), 0);
			memset(pinbuf_scoped_ptr(&inner_one), 1, inner_one.bytes);
		}
		assert_false(pinbuf_scoped_is_live(&inner_one));
		assert_true(pinbuf_scoped_is_live(&outer_one));
		{
			PINBUF_BUFFER_SCOPE(next, &a);

			/* the same life and the same bytes, a generation later */
			assert_int_equal(pinbuf_scoped_alloc(&next_one, &next, LAYOUT), 0);
			assert_ptr_equal(next_one.life, inner_one.life);
			assert_ptr_equal(next_one.ptr, inner_one.ptr);
			assert_false(pinbuf_scoped_is_live(&inner_one));
			assert_true(pinbuf_scoped_is_live(&next_one));
		}
		memset(pinbuf_scoped_ptr(&outer_one), 1, outer_one.bytes);
	}
	assert_false(pinbuf_scoped_is_live(&outer_one));
	pinbuf_arena_fini(&a);
}

static void a_scoped_buffer_that_cannot_be_is_refused(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_scoped b;
	struct pinbuf_arena a;

	(void)state;
	o.bytes = 64;
	o.grow = 0;
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	{
		PINBUF_BUFFER_SCOPE(scope, &a);

		assert_int_equal(pinbuf_scoped_alloc(&b, &scope, LAYOUT), -ENOMEM);
		assert_kind(PINBUF_ERROR_EXHAUSTED);
	}
	pinbuf_arena_fini(&a);
}

/* more scopes at a time than lives are made at a time */
static void nest(struct pinbuf_arena *a, int depth)
{
	struct pinbuf_scoped b;
	PINBUF_BUFFER_SCOPE(scope, a);

	assert_int_equal(pinbuf_scoped_alloc(&b, &scope, (struct pinbuf_layout){ 8, 8 }), 0);
	if (depth)
		nest(a, depth - 1);
	assert_true(pinbuf_scoped_is_live(&b));
}

static void *nest_in_thread(void *arg)
{
	struct pinbuf_arena a;
	int i;

	(void)arg;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	for (i = 0; i < 20; i++)
		nest(&a, 100);
	pinbuf_arena_fini(&a);
	return NULL;
}

static void scopes_nest_deeply_in_several_threads(void **state)
{
	pthread_t threads[THREADS];
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, nest_in_thread, NULL), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* what the memory rules call leakBuffer */
static struct pinbuf_scoped escaping_buffer(struct pinbuf_arena *a)
{
	struct pinbuf_scoped b;
	PINBUF_BUFFER_SCOPE(scope, a);

	assert_int_equal(pinbuf_scoped_alloc(&b, &scope, LAYOUT), 0);
	return b;
}

static void use_escaped_buffer(void)
{
	struct pinbuf_scoped b;
	struct pinbuf_arena a;

	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	b = escaping_buffer(&a);
	*(char *)pinbuf_scoped_ptr(&b) = 1;
}

static void a_buffer_that_leaves_its_scope_is_caught(void **state)
{
	(void)state;
	dies_saying(use_escaped_buffer, "a buffer of 100 bytes");
	dies_saying(use_escaped_buffer, "is used after its scope has ended");
}

#ifdef __SANITIZE_ADDRESS__
static void use_escaped_pointer(void)
{
	struct pinbuf_scoped b;
	struct pinbuf_arena a;

	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	b = escaping_buffer(&a);
	*(volatile char *)b.ptr = 1;
}

static void the_sanitizer_sees_the_bare_pointer(void **state)
{
	(void)state;
	dies_saying(use_escaped_pointer, DEAD_MEMORY_IS_USED);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_scoped_buffer_knows_that_its_scope_has_ended),
		cmocka_unit_test(a_scoped_buffer_that_cannot_be_is_refused),
		cmocka_unit_test(scopes_nest_deeply_in_several_threads),
		cmocka_unit_test(a_buffer_that_leaves_its_scope_is_caught),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(the_sanitizer_sees_the_bare_pointer),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("scoped", tests, NULL, NULL);
}
