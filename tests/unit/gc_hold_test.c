// SPDX-License-Identifier: MIT
/* Pins, large and pinned objects, weak handles, finalizers, the heap as a region. */
#include <stdlib.h>

#include <pinbuf/heap.h>

#include "gc_fixture.h"

#include "child.h"

static void a_pinned_object_stays_where_it_is(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **young = pinbuf_gc_root(m, node_new(1));
	struct node **old = pinbuf_gc_root(m, node_new(2)), *at[2];
	int i;

	for (i = 0; i < 2; i++)
		collect(PINBUF_GC_YOUNG);
	*young = node_new(1);
	(*young)->left = list_new(20);
	at[0] = *young;
	at[1] = *old;
	assert_false(pinbuf_gc_is_pinned(gc, at[0]));
	for (i = 0; i < 2; i++)
		assert_int_equal(pinbuf_gc_pin(m, at[0]) | pinbuf_gc_pin(m, at[1]), 0);
	assert_true(pinbuf_gc_is_pinned(gc, at[0]));
	assert_int_equal(figures().pinned_objects, 2);
	for (i = 0; i < 16; i++) {
		list_new(1000);
		collect((enum pinbuf_gc_kind)(i % 4));
		assert_ptr_equal(*young, at[0]);
		assert_ptr_equal(*old, at[1]);
		assert_int_equal(at[0]->id, 1);
		assert_int_equal(at[1]->id, 2);
		list_check(at[0]->left, 20);
	}
	pinbuf_gc_unpin(m, at[0]);
	pinbuf_gc_unpin(m, at[1]);
	collect(PINBUF_GC_MOVING);
	assert_ptr_equal(*young, at[0]);
	pinbuf_gc_unpin(m, at[0]);
	pinbuf_gc_unpin(m, at[1]);
	assert_false(pinbuf_gc_is_pinned(gc, at[0]));
	collect(PINBUF_GC_MOVING);
	assert_ptr_not_equal(*young, at[0]);
	assert_ptr_not_equal(*old, at[1]);
	list_check((*young)->left, 20);
}

static void a_pin_keeps_its_object_alive(void **state)
{
	struct node *n = list_new(5);
	int i;

	(void)state;
	assert_int_equal(pinbuf_gc_pin(m, n), 0);
	for (i = 0; i < 8; i++)
		collect((enum pinbuf_gc_kind)(i % 4));
	list_check(n, 5);
	pinbuf_gc_unpin(m, n);
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
	assert_int_equal(figures().used, 0);
}

static void pinned_from_birth_means_collected_but_never_moved(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, pinbuf_gc_new(m, fixed_type, struct node)), *at = *n;
	int i;

	assert_true(pinbuf_gc_is_pinned(gc, at));
	/* a fresh object's fields need no barrier */
	at->left = node_new(77);
	for (i = 0; i < 8; i++) {
		collect((enum pinbuf_gc_kind)(i % 4));
		assert_ptr_equal(*n, at);
		assert_int_equal(at->left->id, 77);
	}
	*n = NULL;
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
}

static void large_leaves_lie_in_the_pinned_heap(void **state)
{
	struct pinbuf_heap_place place;
	unsigned char **page, **dma;

	(void)state;
	PINBUF_GC_SCOPE(m);
	page = pinbuf_gc_root(m, (unsigned char *)pinbuf_gc_new_array(m, bytes_type, 1 << 20));
	dma = pinbuf_gc_root(m, (unsigned char *)pinbuf_gc_new_array(m, dma_type, 100));
	assert_int_equal((uintptr_t)*page % 4096, 0);
	assert_int_equal((uintptr_t)*dma % 512, 0);
	assert_int_equal(pinbuf_heap_locate(pinbuf_gc_pinned(gc), *page, &place), 0);
	assert_int_equal(pinbuf_heap_locate(pinbuf_gc_pinned(gc), *dma, &place), 0);
	assert_true(pinbuf_gc_is_pinned(gc, *dma));
	/* nothing of the collector's lies beside it */
	memset(*page, 0xff, 1 << 20);
	memset(*dma, 0xff, 100);
	collect(PINBUF_GC_FULL);
	collect(PINBUF_GC_MOVING);
	assert_int_equal((*page)[12345], 0xff);
	assert_int_equal(figures().large_bytes, (1 << 20) + 100);
	*page = NULL;
	collect(PINBUF_GC_FULL);
	assert_int_equal(figures().large_bytes, 100);
}

static void pins_that_cannot_be_are_refused(void **state)
{
	int local;

	(void)state;
	assert_int_equal(pinbuf_gc_pin(m, &local), -EINVAL);
	assert_says("is no object");
	assert_int_equal(pinbuf_gc_pin(m, NULL), -EINVAL);
}

static void unpin_too_often(void)
{
	pinbuf_gc_unpin(m, node_new(1));
}

static void one_unpin_too_many_ends_the_program(void **state)
{
	(void)state;
	dies_saying(unpin_too_often, "which has no pin");
}

static void weak_handles_do_not_keep(void **state)
{
	struct pinbuf_gc_weak *weak[4];
	int i;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(0));

	for (i = 0; i < 4; i++) {
		struct node *fresh = node_new((uint64_t)i);

		*n = i == 2 ? fresh : *n;
		assert_int_equal(pinbuf_gc_weak_create(&weak[i], m, fresh), 0);
	}
	collect(PINBUF_GC_YOUNG);
	for (i = 0; i < 4; i++)
		assert_ptr_equal(pinbuf_gc_weak_get(m, weak[i]), i == 2 ? *n : NULL);
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	assert_ptr_equal(pinbuf_gc_weak_get(m, weak[2]), *n);
	collect(PINBUF_GC_MOVING);
	assert_ptr_equal(pinbuf_gc_weak_get(m, weak[2]), *n);
	*n = NULL;
	collect(PINBUF_GC_FULL);
	assert_null(pinbuf_gc_weak_get(m, weak[2]));
	assert_int_equal(figures().weak_cleared, 4);
	for (i = 0; i < 4; i++)
		pinbuf_gc_weak_destroy(m, weak[i]);
}

/* Cleared bit by bit, and yet for who asks at once. */
static void weak_handles_are_void_as_soon_as_marking_is_complete(void **state)
{
	enum { NR = 5000 };
	static struct pinbuf_gc_weak *weak[NR];
	int i, kept = NR, was;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, (struct node *)NULL);

	for (i = 0; i < NR; i++) {
		struct node *fresh = node_new((uint64_t)i);

		fresh->left = *n;
		*n = fresh;
		assert_int_equal(pinbuf_gc_weak_create(&weak[i], m, fresh), 0);
	}
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	*n = NULL;
	while (kept) {
		assert_int_equal(pinbuf_gc_collect(m, PINBUF_GC_STEP), 0);
		was = kept;
		for (i = kept = 0; i < NR; i++)
			kept += !!pinbuf_gc_weak_get(m, weak[i]);
		assert_true(kept == was || !kept);
	}
	for (i = 0; i < NR; i++)
		pinbuf_gc_weak_destroy(m, weak[i]);
}

static int nr_final;
static struct node *revived;

static void final_count(struct pinbuf_gc_mutator *mutator, void *object, void *arg)
{
	assert_int_equal(((struct node *)object)->id, (uintptr_t)arg);
	assert_ptr_equal(mutator, m);
	nr_final++;
	list_new(10000);
}

static void final_revive(struct pinbuf_gc_mutator *mutator, void *object, void *arg)
{
	(void)mutator;
	(void)arg;
	revived = object;
}

static void finalizers_are_called_once_outside_the_pause(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(1));
	uintptr_t i;

	nr_final = 0;
	for (i = 0; i < 20; i++)
		assert_int_equal(pinbuf_gc_finalizer(m, node_new(i), final_count, (void *)i), 0);
	assert_int_equal(pinbuf_gc_finalizer(m, *n, final_count, (void *)1), 0);
	collect(PINBUF_GC_YOUNG);
	assert_int_equal(nr_final, 20);
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	assert_int_equal(nr_final, 20);
	*n = NULL;
	collect(PINBUF_GC_FULL);
	assert_int_equal(nr_final, 21);
	collect(PINBUF_GC_MOVING);
	assert_int_equal(nr_final, 21);
	assert_int_equal(figures().finalized, 21);
}

static void final_steps(struct pinbuf_gc_mutator *mutator, void *object, void *arg)
{
	assert_int_equal(((struct node *)object)->id, (uintptr_t)arg);
	assert_int_equal(pinbuf_gc_collect(mutator, PINBUF_GC_STEP), 0);
	nr_final++;
}

/* A cycle that the finalizers set going keeps none of those that are left waiting. */
static void all_are_called_whatever_a_cycle_is_at(void **state)
{
	enum { NR = 100 };
	static const enum pinbuf_gc_kind kinds[] = {
		PINBUF_GC_YOUNG, PINBUF_GC_FULL, PINBUF_GC_MOVING,
	};
	size_t k;
	uintptr_t i;

	(void)state;
	PINBUF_GC_SCOPE(m);
	for (k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct node **n = pinbuf_gc_root(m, (struct node *)NULL);

		for (i = nr_final = 0; i < NR; i++) {
			struct node *fresh = node_new(i);

			fresh->left = *n;
			*n = fresh;
			assert_int_equal(pinbuf_gc_finalizer(m, fresh, final_steps, (void *)i), 0);
		}
		for (i = 0; i < 2 && kinds[k] != PINBUF_GC_YOUNG; i++)
			collect(PINBUF_GC_YOUNG);
		*n = NULL;
		collect(kinds[k]);
		assert_int_equal(nr_final, NR);
	}
}

static void a_finalizer_may_revive_and_finds_what_its_object_reaches(void **state)
{
	struct pinbuf_gc_weak *weak;
	int i;

	(void)state;
	assert_int_equal(pinbuf_gc_root_add(gc, &revived), 0);
	for (i = 0; i < 2; i++) {
		revived = list_new(100);
		collect(PINBUF_GC_YOUNG);
		collect(PINBUF_GC_YOUNG);
		assert_int_equal(pinbuf_gc_weak_create(&weak, m, revived), 0);
		assert_int_equal(pinbuf_gc_finalizer(m, revived, final_revive, NULL), 0);
		revived = NULL;
		collect(i ? PINBUF_GC_MOVING : PINBUF_GC_FULL);
		list_check(revived, 100);
		assert_null(pinbuf_gc_weak_get(m, weak));
		pinbuf_gc_weak_destroy(m, weak);
	}
	revived = NULL;
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
}

static void blocks_of_the_region_are_no_objects(void **state)
{
	struct pinbuf_region *region = pinbuf_gc_region(gc);
	struct pinbuf_layout l = { 1000, 64 };

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(1));
	char *block = pinbuf_alloc(region, l);

	assert_non_null(block);
	strcpy(block, "stays");
	/* an object may point to it */
	pinbuf_gc_write(m, *n, &(*n)->left, block);
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	collect(PINBUF_GC_MOVING);
	assert_ptr_equal((*n)->left, block);
	assert_string_equal(block, "stays");
	assert_true(figures().region_bytes >= 1000);
	(*n)->left = NULL;
	pinbuf_dealloc(region, block, l);
	assert_int_equal(figures().region_bytes, 0);
}

/* Every byte counts once, where it is cut up last: here. */
static void the_process_knows_its_bytes(void **state)
{
	struct pinbuf_process_stats before = { .size = sizeof(before) }, now = before;
	struct pinbuf_layout l = { 1 << 20, 8 };
	void *block;

	(void)state;
	PINBUF_GC_SCOPE(m);
	assert_int_equal(pinbuf_stats_process(&before), 0);
	block = pinbuf_alloc(pinbuf_gc_region(gc), l);
	pinbuf_gc_root(m, pinbuf_gc_new_array(m, bytes_type, 3 << 20));
	assert_int_equal(pinbuf_stats_process(&now), 0);
	assert_int_equal(now.general - before.general, 4 << 20);
	pinbuf_dealloc(pinbuf_gc_region(gc), block, l);
	assert_int_equal(pinbuf_stats_process(&now), 0);
	assert_int_equal(now.general - before.general, 3 << 20);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, gc_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pinned_object_stays_where_it_is),
		TEST(a_pin_keeps_its_object_alive),
		TEST(pinned_from_birth_means_collected_but_never_moved),
		TEST(large_leaves_lie_in_the_pinned_heap),
		TEST(pins_that_cannot_be_are_refused),
		TEST(one_unpin_too_many_ends_the_program),
		TEST(weak_handles_do_not_keep),
		TEST(weak_handles_are_void_as_soon_as_marking_is_complete),
		TEST(finalizers_are_called_once_outside_the_pause),
		TEST(all_are_called_whatever_a_cycle_is_at),
		TEST(a_finalizer_may_revive_and_finds_what_its_object_reaches),
		TEST(blocks_of_the_region_are_no_objects),
		TEST(the_process_knows_its_bytes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
