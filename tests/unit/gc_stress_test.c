// SPDX-License-Identifier: MIT
/*
 * What the verifier and the stress mode are for: mistakes that a program gets away with
 * for years are found at the next allocation.  Each is planted here.
 */
#include "gc_fixture.h"

#include "child.h"

static int stress_open(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;

	(void)state;
	o.flags = PINBUF_GC_STRESS;
	return gc_open_with(&o);
}

static void everything_moves_at_every_allocation(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, list_new(30)), **pinned = pinbuf_gc_root(m, node_new(5));
	struct node *at = *pinned, *was;
	int i;

	assert_int_equal(pinbuf_gc_pin(m, at), 0);
	for (i = 0; i < 100; i++) {
		was = *n;
		node_new(0);
		assert_ptr_not_equal(*n, was);
		assert_ptr_equal(*pinned, at);
		list_check(*n, 30);
	}
	pinbuf_gc_unpin(m, at);
}

static void addresses_do_not_come_back_at_once(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(1));
	struct node *was[64];
	int i, k, same = 0;

	for (i = 0; i < 64; i++) {
		was[i] = *n;
		node_new(0);
		for (k = 0; k < i; k++)
			same += *n == was[k] && i - k < 16;
	}
	assert_int_equal(same, 0);
}

/* Two objects, and one is not rooted while the other one is made. */
static void root_forgotten(void)
{
	PINBUF_GC_SCOPE(m);
	struct node **pair = pinbuf_gc_root(m, node_new(0));
	struct node *left = node_new(1);
	struct node *right = node_new(2);

	(*pair)->left = left;
	(*pair)->right = right;
	node_new(3);
}

static void handle_of_a_dead_object(void)
{
	PINBUF_GC_SCOPE(m);
	struct node *left = node_new(1);

	node_new(2);
	pinbuf_gc_root(m, left);
	node_new(3);
}

/* It is poisoned: the barrier meets it, or AddressSanitizer does. */
static void write_to_a_dead_object(void)
{
	struct node *left = node_new(1);

	node_new(2);
	pinbuf_gc_set(m, left, left, (struct node *)NULL);
}

static void barrier_forgotten(void)
{
	PINBUF_GC_SCOPE(m);
	struct node **old = pinbuf_gc_root(m, node_new(0));
	struct node *fresh = node_new(1);

	(*old)->left = fresh;
	node_new(2);
}

static void barrier_of_an_array_forgotten(void)
{
	PINBUF_GC_SCOPE(m);
	struct node ***array =
		pinbuf_gc_root(m, (struct node **)pinbuf_gc_new_array(m, array_type, 1000));
	struct node *fresh = node_new(1);

	(*array)[999] = fresh;
	node_new(2);
}

static void global_forgotten(void)
{
	static struct node *global;
	PINBUF_GC_SCOPE(m);
	struct node **n;

	global = node_new(1);
	n = pinbuf_gc_root(m, node_new(2));
	pinbuf_gc_set(m, *n, left, global);
	node_new(3);
}

static void pointer_into_an_object(void)
{
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(1));

	pinbuf_gc_set(m, *n, left, (struct node *)&(*n)->right);
	node_new(2);
}

#ifdef __SANITIZE_ADDRESS__
#define DEAD_IS_WRITTEN	"use-after-poison"
#else
#define DEAD_IS_WRITTEN	"is written to, which is no object"
#endif

static void planted_mistakes_are_caught(void **state)
{
	(void)state;
	dies_saying(root_forgotten, "was not rooted");
	dies_saying(handle_of_a_dead_object, "was not rooted");
	dies_saying(write_to_a_dead_object, DEAD_IS_WRITTEN);
	dies_saying(barrier_forgotten, "without pinbuf_gc_write()");
	dies_saying(barrier_of_an_array_forgotten, "without pinbuf_gc_write()");
	dies_saying(global_forgotten, "leads to no object");
	dies_saying(pointer_into_an_object, "leads to no object");
}

/* The same without stress: the verifier is asked. */
static void the_verifier_names_what_is_wrong(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **old = pinbuf_gc_root(m, node_new(0)), *saved;

	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	(*old)->left = node_new(1);
	assert_int_equal(pinbuf_gc_verify(m), -EUCLEAN);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("'struct node' has at offset 0 a pointer to the young");
	assert_says("pinbuf_gc_write()");
	(*old)->left = NULL;
	heap_is_sound();

	saved = *old;
	*old = (struct node *)((char *)saved + 8);
	assert_int_equal(pinbuf_gc_verify(m), -EUCLEAN);
	assert_says("the root at");
	*old = saved;

	((uint64_t *)saved)[-1] ^= 0xff00;	/* its type */
	assert_int_equal(pinbuf_gc_verify(m), -EUCLEAN);
	assert_says("there is no object");
	((uint64_t *)saved)[-1] ^= 0xff00;
	heap_is_sound();
}

static int slow_open(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;

	(void)state;
	o.pause_us = 1;
	return gc_open_with(&o);
}

/* A marked object is given a pointer to a white one behind the barrier's back. */
static void a_missing_barrier_is_seen_while_marking(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **all = pinbuf_gc_root(m, list_new(40000)), *last;

	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	/* a list is marked from its beginning, and a step of 1 us is short */
	collect(PINBUF_GC_STEP);
	for (last = *all; last->left; last = last->left)
		;
	(*all)->right = last;
	assert_int_equal(pinbuf_gc_verify(m), -EUCLEAN);
	assert_says("which is not marked");
	/* with the barrier it is in order */
	pinbuf_gc_set(m, *all, right, last);
	heap_is_sound();
	while (figures().cycles < 3)
		assert_int_equal(pinbuf_gc_collect(m, PINBUF_GC_STEP), 0);
	heap_is_sound();
	assert_ptr_equal((*all)->right, last);
}

#define STRESS(fn)	cmocka_unit_test_setup_teardown(fn, stress_open, gc_close)
#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, gc_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STRESS(everything_moves_at_every_allocation),
		STRESS(addresses_do_not_come_back_at_once),
		STRESS(planted_mistakes_are_caught),
		TEST(the_verifier_names_what_is_wrong),
		cmocka_unit_test_setup_teardown(a_missing_barrier_is_seen_while_marking, slow_open, gc_close),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
