// SPDX-License-Identifier: MIT
/* Statistics in words and JSON, from other threads, and windows on a locked region. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>


static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

static void printer_and_json_have_every_field(void **state)
{
	struct pinbuf_stats st = { .size = sizeof(st), .total_allocated = 112, .failures = 3 };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	assert_int_equal(pinbuf_stats_print(&st, out), 0);
	assert_int_equal(pinbuf_stats_json(&st, out), 0);
	fclose(out);
#define IS_THERE(name, help)				\
	assert_non_null(strstr(text, #name "  "));	\
	assert_non_null(strstr(text, "\"" #name "\": "));
	PINBUF_STATS_FIELDS(IS_THERE)
	assert_non_null(strstr(text, "{\"total_allocated\": 112, \"total_deallocated\": 0, "));
	assert_non_null(strstr(text, "\"failures\": 3}"));
	free(text);
	out = fopen("/dev/full", "w");
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(pinbuf_stats_json(&st, out), -EIO);
	fclose(out);
}

static void a_size_that_cannot_be_is_refused(void **state)
{
	struct pinbuf_stats st = { .size = 8 };

	(void)state;
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &st), -EINVAL);
}

/* an older program's struct was shorter, a newer one's is longer */
static void a_longer_struct_is_filled_with_zero(void **state)
{
	struct { struct pinbuf_stats st; uint64_t more; } s = { { .size = sizeof(s) }, 9 };

	(void)state;
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &s.st), 0);
	assert_int_equal(s.more, 0);
	assert_int_equal(s.st.size, sizeof(s));
}

static bool done;

static void *reader(void *region)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	/* Counts are exact when the owner is idle; what is live is the difference always. */
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		assert_int_equal(pinbuf_region_stats(region, &st), 0);
		assert_int_equal(st.current_live, st.total_allocated - st.total_deallocated);
	}
	return NULL;
}

static void any_thread_may_read_while_the_owner_works(void **state)
{
	struct pinbuf_stack_opts so = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_pool_opts po = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_arena arena;
	struct pinbuf_stack stack;
	struct pinbuf_pool pool;
	pthread_t t[3];
	size_t i;

	(void)state;
	so.bytes = 4096;
	po.block_size = 64;
	po.nr_blocks = 8;
	assert_int_equal(pinbuf_arena_init(&arena, NULL), 0);
	assert_int_equal(pinbuf_stack_init(&stack, &so), 0);
	assert_int_equal(pinbuf_pool_init(&pool, &po), 0);
	assert_int_equal(pthread_create(&t[0], NULL, reader, &arena.region), 0);
	assert_int_equal(pthread_create(&t[1], NULL, reader, &stack.region), 0);
	assert_int_equal(pthread_create(&t[2], NULL, reader, &pool.region), 0);
	for (i = 0; i < 20000; i++) {
		PINBUF_SCOPE(&arena);
		/* now and then in a chunk of its own, which the scope's end gives back */
		assert_non_null(pinbuf_arena_alloc(&arena, i % 64 ? 64 : 100000, 8));
		pinbuf_stack_pop(&stack, pinbuf_stack_push(&stack, 64, 8));
		pinbuf_pool_put(&pool, pinbuf_pool_get(&pool));
	}
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_int_equal(stats_of(&arena.region).allocation_count, 20000);
	assert_int_equal(stats_of(&stack.region).allocation_count, 20000);
	assert_int_equal(stats_of(&pool.region).allocation_count, 20000);
	assert_int_equal(stats_of(&arena.region).current_live, 0);
	pinbuf_pool_fini(&pool);
	pinbuf_stack_fini(&stack);
	pinbuf_arena_fini(&arena);
}

/* windows */

static struct pinbuf_locked *locked;

static void *window_user(void *arg)
{
	struct pinbuf_region *r = pinbuf_locked_local(locked);
	char *p[100];
	size_t i, k, round;

	assert_non_null(r);
	assert_ptr_equal(pinbuf_locked_local(locked), r);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 100; i++) {
			p[i] = pinbuf_alloc(r, (struct pinbuf_layout){ 100, 8 });
			assert_non_null(p[i]);
			memset(p[i], (int)(uintptr_t)arg, 100);
		}
		for (i = 0; i < 100; i++)
			for (k = 0; k < 100; k++)
				assert_int_equal(p[i][k], (int)(uintptr_t)arg);
	}
	return NULL;
}

static void threads_have_windows_that_end_with_them(void **state)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;
	pthread_t t[4];
	uintptr_t i;

	(void)state;
	o.bytes = 8 << 20;
	assert_int_equal(pinbuf_freelist_create(&f, &o), 0);
	assert_int_equal(pinbuf_locked_create(&locked, pinbuf_freelist_region(f), 16384), 0);
	window_user((void *)99);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, window_user, (void *)i), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	assert_true(stats_of(pinbuf_locked_region(locked)).current_live > 200000);	/* ours */
	assert_true(stats_of(pinbuf_locked_region(locked)).current_live < 300000);
	pinbuf_locked_destroy(locked);
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).current_live, 0);
	pinbuf_freelist_destroy(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printer_and_json_have_every_field),
		cmocka_unit_test(a_size_that_cannot_be_is_refused),
		cmocka_unit_test(a_longer_struct_is_filled_with_zero),
		cmocka_unit_test(any_thread_may_read_while_the_owner_works),
		cmocka_unit_test(threads_have_windows_that_end_with_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
