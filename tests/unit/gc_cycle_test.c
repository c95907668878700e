// SPDX-License-Identifier: MIT
/*
 * Marking and sweeping in the smallest steps, and what a program may do to it between two
 * of them: hide what is white, change what is black, move everything, let go.
 */
#include <stdlib.h>

#include "gc_fixture.h"

enum { NR = 10000 };

static int slow_open(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;

	(void)state;
	o.pause_us = 1;
	return gc_open_with(&o);
}

static void step(void)
{
	assert_int_equal(pinbuf_gc_collect(m, PINBUF_GC_STEP), 0);
}

/* Until the cycle that is going on has ended, with @nr of them already over. */
static void finish(uint64_t nr)
{
	while (figures().cycles == nr)
		step();
	heap_is_sound();
}

/* A list that is old, and a cycle that has marked its beginning. */
static struct node **half_marked(uint64_t *cycles)
{
	struct node **list = pinbuf_gc_root(m, list_new(NR));

	collect(PINBUF_GC_FULL);
	collect(PINBUF_GC_FULL);
	*cycles = figures().cycles;
	step();
	heap_is_sound();
	return list;
}

static struct node *before_last(struct node *list)
{
	while (list->left->left)
		list = list->left;
	return list;
}

static void a_white_object_may_hide_in_a_handle(void **state)
{
	uint64_t cycles;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles), **hidden = pinbuf_gc_root(m, *list), *n;

	n = before_last(*list);
	*hidden = n->left;
	pinbuf_gc_set(m, n, left, (struct node *)NULL);
	finish(cycles);
	assert_int_equal((*hidden)->id, 1);
}

static void a_white_object_may_hide_in_a_black_one(void **state)
{
	uint64_t cycles;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles), *n = before_last(*list);

	pinbuf_gc_set(m, *list, right, n->left);
	pinbuf_gc_set(m, n, left, (struct node *)NULL);
	heap_is_sound();
	finish(cycles);
	assert_int_equal((*list)->right->id, 1);
}

static void a_white_object_may_hide_in_a_new_one(void **state)
{
	uint64_t cycles;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles), **fresh = pinbuf_gc_root(m, node_new(0)), *n;
	struct node ***array =
		pinbuf_gc_root(m, (struct node **)pinbuf_gc_new_array(m, array_type, 3000));

	n = before_last(*list);
	(*fresh)->left = n->left;
	pinbuf_gc_write(m, *array, &(*array)[2999], n->left);
	pinbuf_gc_set(m, n, left, (struct node *)NULL);
	finish(cycles);
	assert_int_equal((*fresh)->left->id, 1);
	assert_ptr_equal((*array)[2999], (*fresh)->left);
	*fresh = NULL;
	finish(cycles + 1);
	assert_int_equal((*array)[2999]->id, 1);
}

static void a_white_object_may_hide_behind_a_weak_handle(void **state)
{
	struct pinbuf_gc_weak *weak;
	uint64_t cycles;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles), **hidden = pinbuf_gc_root(m, *list), *n;

	n = before_last(*list);
	assert_int_equal(pinbuf_gc_weak_create(&weak, m, n->left), 0);
	pinbuf_gc_set(m, n, left, (struct node *)NULL);
	*hidden = pinbuf_gc_weak_get(m, weak);
	finish(cycles);
	assert_int_equal((*hidden)->id, 1);
	*hidden = NULL;
	finish(cycles + 1);
	finish(cycles + 2);
	assert_null(pinbuf_gc_weak_get(m, weak));
	pinbuf_gc_weak_destroy(m, weak);
}

static void what_dies_in_a_cycle_goes_with_the_next(void **state)
{
	uint64_t cycles, was;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles);

	was = figures().old_objects;
	*list = NULL;
	finish(cycles);
	finish(cycles + 1);
	assert_true(was >= NR);
	assert_int_equal(figures().old_objects, 0);
}

/* Whatever phase it is in. */
static void a_collection_of_everything_ends_a_cycle(void **state)
{
	uint64_t cycles;
	int steps, i;

	(void)state;
	for (steps = 0; steps < 40; steps += 5) {
		PINBUF_GC_SCOPE(m);
		struct node **list = half_marked(&cycles);

		for (i = 0; i < steps; i++)
			step();
		collect(steps % 2 ? PINBUF_GC_MOVING : PINBUF_GC_FULL);
		list_check(*list, NR);
		finish(figures().cycles);
		list_check(*list, NR);
	}
}

static void the_program_goes_on_between_steps(void **state)
{
	uint64_t cycles, i = 0;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = half_marked(&cycles);
	struct node **young = pinbuf_gc_root(m, (struct node *)NULL);

	while (figures().cycles < cycles + 3) {
		step();
		*young = list_new(100);
		pinbuf_gc_set(m, *list, right, *young);
		if (i++ % 64 == 0)
			heap_is_sound();
	}
	list_check((*list)->right, 100);
	assert_true(i > 20);
	*list = (*list)->left;
	list_check(*list, NR - 1);
}

/* Cells of the dead are used again: memory stays in proportion to what lives. */
static void swept_cells_are_given_out_again(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 40; i++) {
		PINBUF_GC_SCOPE(m);

		pinbuf_gc_root(m, list_new(NR));
		collect(PINBUF_GC_YOUNG);
		collect(PINBUF_GC_YOUNG);
		finish(figures().cycles);
	}
	assert_int_equal(figures().old_bytes, NR * 32);
	assert_true(figures().used <= 2 * NR * 32 + NR * 32 / 4);
	/* and close together after a collection that moves */
	{
		PINBUF_GC_SCOPE(m);
		struct node **list = pinbuf_gc_root(m, list_new(NR));

		collect(PINBUF_GC_MOVING);
		assert_true(figures().used <= NR * 32 + 65536);
		list_check(*list, NR);
	}
}

static void pauses_are_counted(void **state)
{
	struct pinbuf_gc_pauses p = { .size = sizeof(p) };
	uint64_t cycles;

	(void)state;
	PINBUF_GC_SCOPE(m);
	half_marked(&cycles);
	finish(cycles);
	assert_int_equal(pinbuf_gc_pauses(gc, &p), 0);
	assert_true(p.nr > 10);
	assert_true(p.least > 0 && p.least <= p.mean && p.mean <= p.most);
	assert_true(p.p99 >= p.least && p.p99 <= p.most);
	assert_int_equal(p.budget, 1000);
	/* full collections have no budget, and no step keeps one of a microsecond */
	assert_true(p.over > 0 && p.over <= p.nr);
	assert_true(p.most_wall >= p.mean);
	pinbuf_gc_pauses_reset(gc);
	assert_int_equal(pinbuf_gc_pauses(gc, &p), 0);
	assert_int_equal(p.nr, 0);
	assert_int_equal(p.most, 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, slow_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_white_object_may_hide_in_a_handle),
		TEST(a_white_object_may_hide_in_a_black_one),
		TEST(a_white_object_may_hide_in_a_new_one),
		TEST(a_white_object_may_hide_behind_a_weak_handle),
		TEST(what_dies_in_a_cycle_goes_with_the_next),
		TEST(a_collection_of_everything_ends_a_cycle),
		TEST(the_program_goes_on_between_steps),
		TEST(swept_cells_are_given_out_again),
		TEST(pauses_are_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
