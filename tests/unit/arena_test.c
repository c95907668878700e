// SPDX-License-Identifier: MIT
/* What arenas have beyond the laws: scopes, chunks, buffers, threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "check.h"
#include "child.h"

PINBUF_STATIC_ARENA(early, 1024);

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

static struct pinbuf_arena *arena_make(size_t bytes, size_t grow)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena *a;

	o.bytes = bytes;
	o.grow = grow;
	assert_int_equal(pinbuf_arena_create(&a, &o), 0);
	return a;
}

static void scopes_nest(void **state)
{
	struct pinbuf_arena *a = arena_make(4096, 0);
	char *outer, *inner;

	(void)state;
	{
		PINBUF_SCOPE(a);
		outer = pinbuf_arena_alloc(a, 100, 8);
		{
			PINBUF_SCOPE(a);
			inner = pinbuf_arena_alloc(a, 200, 8);
			assert_ptr_equal(inner, outer + 104);
			assert_int_equal(stats_of(&a->region).current_live, 304);
		}
		assert_int_equal(stats_of(&a->region).current_live, 100);
		assert_ptr_equal(pinbuf_arena_alloc(a, 8, 8), inner);
	}
	assert_int_equal(pinbuf_arena_remaining(a), 4096);
	assert_int_equal(stats_of(&a->region).deallocation_count, 3);
	assert_int_equal(stats_of(&a->region).peak_usage, 304);
	pinbuf_arena_destroy(a);
}

static void scopes_span_chunks(void **state)
{
	struct pinbuf_arena *a = arena_make(256, 1024);
	struct pinbuf_arena_mark mark;
	struct pinbuf_stats st;
	size_t i;

	(void)state;
	assert_non_null(pinbuf_arena_alloc(a, 200, 8));
	mark = pinbuf_arena_mark(a);
	for (i = 0; i < 20; i++)
		assert_non_null(pinbuf_arena_alloc(a, 300, 8));
	assert_int_equal(stats_of(&a->region).current_live, 200 + 300 + 19 * 304 - 6 * 4);
	pinbuf_arena_release(a, mark);
	st = stats_of(&a->region);
	assert_int_equal(st.current_live, 200);
	assert_int_equal(st.allocation_count, 21);
	assert_int_equal(st.deallocation_count, 20);
	assert_int_equal(pinbuf_arena_remaining(a), 56);
	pinbuf_arena_destroy(a);
}

static void reset_keeps_chunks_and_gives_back_oversized_ones(void **state)
{
	struct pinbuf_stats ground = stats_of(pinbuf_global()), st;
	struct pinbuf_arena *a = arena_make(0, 65536);
	uint64_t usual;
	size_t round;

	(void)state;
	for (round = 0; round < 3; round++) {
		assert_non_null(pinbuf_arena_alloc(a, 60000, 8));
		assert_non_null(pinbuf_arena_alloc(a, 60000, 8));
		usual = stats_of(&a->region).held;
		assert_int_equal(usual, 2 * 65536);
		assert_non_null(pinbuf_arena_alloc(a, (size_t)4 << 20, 8));
		assert_true(stats_of(&a->region).held > ((size_t)4 << 20));
		pinbuf_arena_reset(a);
		assert_int_equal(stats_of(&a->region).held, usual);
		assert_int_equal(stats_of(&a->region).current_live, 0);
	}
	st = stats_of(pinbuf_global());
	/* two usual chunks once, an oversized one each round */
	assert_int_equal(st.allocation_count - ground.allocation_count, 2 + 3);
	assert_int_equal(st.deallocation_count - ground.deallocation_count, 3);
	pinbuf_arena_destroy(a);
	assert_int_equal(stats_of(pinbuf_global()).current_live, ground.current_live);
}

static void fits_tells_before_and_asks_nobody(void **state)
{
	struct pinbuf_arena *a = arena_make(1024, 4096);
	uint64_t held = stats_of(&a->region).held;

	(void)state;
	assert_true(pinbuf_arena_fits(a, (struct pinbuf_layout){ 1024, 8 }));
	assert_false(pinbuf_arena_fits(a, (struct pinbuf_layout){ 1025, 8 }));
	assert_false(pinbuf_arena_fits(a, (struct pinbuf_layout){ 8, 3 }));
	assert_non_null(pinbuf_arena_alloc(a, 1, 1));
	assert_false(pinbuf_arena_fits(a, (struct pinbuf_layout){ 1020, 8 }));
	assert_int_equal(stats_of(&a->region).held, held);
	pinbuf_arena_destroy(a);
}

static void the_newest_block_grows_in_place(void **state)
{
	struct pinbuf_arena *a = arena_make(4096, 0);
	struct pinbuf_layout small = { 100, 8 }, large = { 1000, 8 };
	void *p = pinbuf_alloc(&a->region, small), *q;

	(void)state;
	assert_ptr_equal(pinbuf_realloc(&a->region, p, small, large), p);
	assert_int_equal(stats_of(&a->region).current_live, 1000);
	assert_ptr_equal(pinbuf_realloc(&a->region, p, large, small), p);
	assert_int_equal(stats_of(&a->region).current_live, 100);
	assert_int_equal(stats_of(&a->region).allocation_count, 1);
	assert_int_equal(stats_of(&a->region).peak_usage, 1000);
	q = pinbuf_alloc(&a->region, small);
	assert_ptr_not_equal(pinbuf_realloc(&a->region, p, small, large), p);
	(void)q;
	pinbuf_arena_destroy(a);
}

/* else the scope's end would cut it */
static void a_block_of_an_outer_scope_does_not_grow_into_an_inner_one(void **state)
{
	struct pinbuf_arena *a = arena_make(4096, 0);
	struct pinbuf_layout small = { 64, 8 }, large = { 256, 8 };
	unsigned char *p = pinbuf_alloc(&a->region, small), *q;

	(void)state;
	memset(p, 7, 64);
	{
		PINBUF_SCOPE(a);
		q = pinbuf_realloc(&a->region, p, small, large);
		assert_ptr_not_equal(q, p);
		/* shrinking leaves the scope's mark in place too */
		assert_ptr_equal(pinbuf_realloc(&a->region, p, small, (struct pinbuf_layout){ 8, 8 }), p);
	}
	assert_int_equal(p[63], 7);
	assert_int_equal(stats_of(&a->region).current_live, 64);
	pinbuf_arena_destroy(a);
}

/* what scopes within scopes did, and what the arena says of it */
struct play {
	struct pinbuf_arena *a;
	unsigned int seed;
	uint64_t nr_allocs;	/* ever */
	uint64_t nr_live;
	uint64_t peak;
};

static void play_check(struct play *p)
{
	struct pinbuf_stats st = stats_of(&p->a->region);

	if (st.current_live > p->peak)
		p->peak = st.current_live;
	assert_int_equal(st.allocation_count, p->nr_allocs);
	assert_int_equal(st.deallocation_count, p->nr_allocs - p->nr_live);
	assert_int_equal(st.peak_usage, p->peak);
}

/* A block of a random size; or the last one with another size. */
static void play_block(struct play *p, unsigned char **block, struct pinbuf_layout *l)
{
	struct pinbuf_layout to = { 1 + (size_t)rand_r(&p->seed) % 700, 1u << rand_r(&p->seed) % 8 };
	unsigned char *got = pinbuf_realloc(&p->a->region, *block, *l, to);
	size_t i, kept = l->size < to.size ? l->size : to.size;

	assert_non_null(got);
	for (i = 0; *block && i < kept; i++)
		assert_int_equal(got[i], (unsigned char)l->size);
	if (got != *block) {	/* the old one stays until its scope ends */
		p->nr_allocs++;
		p->nr_live++;
	}
	memset(got, (int)to.size, to.size);
	*block = got;
	*l = to;
}

static void play_scope(struct play *p, int depth)
{
	unsigned char *block = NULL;
	struct pinbuf_layout l = { 0, 1 };
	uint64_t nr_live = p->nr_live, live = stats_of(&p->a->region).current_live;
	int step;

	{
		PINBUF_SCOPE(p->a);
		for (step = 0; step < 6; step++) {
			if (rand_r(&p->seed) % 3 == 0)
				block = NULL;
			if (depth && rand_r(&p->seed) % 2)
				play_scope(p, depth - 1);
			else
				play_block(p, &block, &l);
			play_check(p);
		}
	}
	p->nr_live = nr_live;
	play_check(p);
	assert_int_equal(stats_of(&p->a->region).current_live, live);
}

static void random_scopes_keep_bytes_and_figures(void **state)
{
	struct play p = { .a = arena_make(1000, 3000), .seed = 7 };
	int round;

	(void)state;
	for (round = 0; round < 100; round++) {
		play_scope(&p, 4);
		if (round % 10 == 9)
			pinbuf_arena_reset(p.a);
	}
	pinbuf_arena_destroy(p.a);
}

static void a_static_arena_is_ready(void **state)
{
	(void)state;
	assert_int_equal(pinbuf_arena_remaining(&early), 1024);
	assert_string_equal(pinbuf_region_name(&early.region), "early");
	assert_non_null(pinbuf_arena_alloc(&early, 1024, 64));
	assert_null(pinbuf_arena_alloc(&early, 1, 1));
	pinbuf_arena_reset(&early);
}

static void *scratch_of(void *out)
{
	struct pinbuf_arena *a = pinbuf_scratch();
	char *p;

	assert_non_null(a);
	PINBUF_SCOPE(a);
	p = pinbuf_arena_alloc(a, 100000, 64);
	assert_non_null(p);
	memset(p, 1, 100000);
	*(struct pinbuf_arena **)out = a;
	return NULL;
}

static void each_thread_has_a_scratch_arena_that_ends_with_it(void **state)
{
	struct pinbuf_arena *mine, *its = NULL;
	uint64_t live;
	pthread_t t;

	(void)state;
	scratch_of(&mine);
	assert_ptr_equal(pinbuf_scratch(), mine);
	live = stats_of(pinbuf_global()).current_live;
	assert_int_equal(pthread_create(&t, NULL, scratch_of, &its), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_non_null(its);
	assert_ptr_not_equal(its, mine);
	assert_int_equal(stats_of(pinbuf_global()).current_live, live);
}

static void init_refuses_an_arena_of_nothing(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena a;

	(void)state;
	o.grow = 0;
	assert_int_equal(pinbuf_arena_init(&a, &o), -EINVAL);
	assert_non_null(strstr(pinbuf_error_text(), "would hold nothing"));
	o.grow = 56;
	assert_int_equal(pinbuf_arena_init(&a, &o), -EINVAL);
	o.grow = SIZE_MAX;
	assert_int_equal(pinbuf_arena_init(&a, &o), -EINVAL);
	o.grow = 0;
	o.bytes = SIZE_MAX;
	assert_int_equal(pinbuf_arena_init(&a, &o), -EINVAL);
	assert_int_equal(pinbuf_arena_init_buffer(&a, NULL, 10, NULL), -EINVAL);
	o.size = 3;
	assert_int_equal(pinbuf_arena_init(&a, &o), -EINVAL);
}

/* misuse */

static void release_twice(void)
{
	struct pinbuf_arena *a = arena_make(4096, 0);
	struct pinbuf_arena_mark outer = pinbuf_arena_mark(a), inner;

	assert_non_null(pinbuf_arena_alloc(a, 64, 8));
	inner = pinbuf_arena_mark(a);
	pinbuf_arena_release(a, outer);
	pinbuf_arena_release(a, inner);
}

static void release_foreign(void)
{
	struct pinbuf_arena *a = arena_make(4096, 0), *b = arena_make(4096, 0);

	pinbuf_arena_release(a, pinbuf_arena_mark(b));
}

static void a_void_mark_is_caught(void **state)
{
	(void)state;
	dies_saying(release_twice, "arena 'arena': a scope ends that is not open");
	dies_saying(release_foreign, "arena 'arena': a scope ends that is not open");
}

/* with checkers, or PINBUF_CHECK=1, dead memory can be told */
static void use_after_scope(void)
{
	struct pinbuf_arena *a = arena_make(4096, 0);
	volatile unsigned char *p;

	{
		PINBUF_SCOPE(a);
		p = pinbuf_arena_alloc(a, 64, 8);
		p[0] = 1;
	}
	if (p[0] == 0xdb) {	/* AddressSanitizer ends the program here */
		fputs("dead memory was read\n", stderr);
		abort();
	}
}

static void memory_used_after_its_scope_is_seen(void **state)
{
	bool was = pinbuf__checked;

	(void)state;
	if (was && !DEAD_MEMORY_IS_USED)
		return;		/* Valgrind says so, and goes on */
	pinbuf__checked = true;
	dies_saying(use_after_scope, DEAD_MEMORY_IS_USED ?: "dead memory was read");
	pinbuf__checked = was;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_nest),
		cmocka_unit_test(scopes_span_chunks),
		cmocka_unit_test(reset_keeps_chunks_and_gives_back_oversized_ones),
		cmocka_unit_test(fits_tells_before_and_asks_nobody),
		cmocka_unit_test(the_newest_block_grows_in_place),
		cmocka_unit_test(a_block_of_an_outer_scope_does_not_grow_into_an_inner_one),
		cmocka_unit_test(random_scopes_keep_bytes_and_figures),
		cmocka_unit_test(a_static_arena_is_ready),
		cmocka_unit_test(each_thread_has_a_scratch_arena_that_ends_with_it),
		cmocka_unit_test(init_refuses_an_arena_of_nothing),
		cmocka_unit_test(a_void_mark_is_caught),
		cmocka_unit_test(memory_used_after_its_scope_is_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
