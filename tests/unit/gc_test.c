// SPDX-License-Identifier: MIT
/* The collected heap: types, objects, roots, the write barrier, what is counted. */
#include <stdlib.h>

#include "gc_fixture.h"

static void fresh_objects_are_zeroed_and_typed(void **state)
{
	unsigned char *bytes;
	struct node *n;
	size_t i, nr;

	(void)state;
	/* over memory that was used before */
	for (i = 0; i < 200000; i++) {
		n = pinbuf_gc_new(m, node_type, struct node);
		assert_true(!n->left && !n->right && !n->id);
		memset(n, 0, sizeof(*n));
		n->id = UINT64_MAX;
	}
	for (nr = 0; nr < 20000; nr = nr * 3 / 2 + 1) {
		bytes = pinbuf_gc_new_array(m, bytes_type, nr);
		assert_int_equal(pinbuf_gc_length(gc, bytes), nr);
		for (i = 0; i < nr; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xff, nr);
	}
	heap_is_sound();
}

static void what_is_rooted_lives_and_the_rest_goes(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = pinbuf_gc_root(m, list_new(100));
	uint64_t live;

	collect(PINBUF_GC_FULL);
	list_check(*list, 100);
	live = stats().current_live;
	assert_int_equal(live, 100 * 32);
	{
		PINBUF_GC_SCOPE(m);
		struct node **more = pinbuf_gc_root(m, list_new(1000));

		collect(PINBUF_GC_FULL);
		list_check(*more, 1000);
		assert_int_equal(stats().current_live, 1100 * 32);
	}
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, live);
	list_check(*list, 100);
}

static void survivors_of_two_collections_are_old(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, node_new(7)), *first = *n, *second;

	collect(PINBUF_GC_YOUNG);
	second = *n;
	assert_ptr_not_equal(second, first);
	assert_int_equal(figures().old_objects, 0);
	collect(PINBUF_GC_YOUNG);
	assert_ptr_not_equal(*n, second);
	assert_int_equal(figures().old_objects, 1);
	second = *n;
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	assert_ptr_equal(*n, second);
	collect(PINBUF_GC_MOVING);
	assert_ptr_not_equal(*n, second);
	assert_int_equal((*n)->id, 7);
}

static void old_objects_may_point_to_young_ones(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **old = pinbuf_gc_root(m, node_new(1));
	int i;

	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	for (i = 0; i < 10; i++) {
		pinbuf_gc_set(m, *old, left, list_new(50));
		heap_is_sound();
		if (i % 3)
			collect(PINBUF_GC_YOUNG);
		list_check((*old)->left, 50);
	}
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	list_check((*old)->left, 50);
	assert_true(figures().logged > 0);
}

static void large_arrays_of_pointers_are_looked_at_by_cards(void **state)
{
	enum { NR = 100000 };
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node ***array = pinbuf_gc_root(m, (struct node **)pinbuf_gc_new_array(m, array_type, NR));
	struct node **at;
	size_t i, round;

	assert_true(pinbuf_gc_is_pinned(gc, *array));
	assert_int_equal(pinbuf_gc_length(gc, *array), NR);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NR; i += 97) {
			struct node *n = node_new(i);

			pinbuf_gc_write(m, *array, &(*array)[i], n);
		}
		collect(round == 2 ? PINBUF_GC_MOVING : PINBUF_GC_YOUNG);
		at = *array;
		for (i = 0; i < NR; i++) {
			if (i % 97)
				assert_null(at[i]);
			else
				assert_int_equal(at[i]->id, i);
		}
	}
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, NR * 8 + (NR + 96) / 97 * 32);
}

/* A program that writes and writes is asked to let a collection look at it. */
static void many_writes_ask_for_a_collection(void **state)
{
	enum { NR = 60000 };
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = pinbuf_gc_root(m, list_new(NR)), *n;
	uint64_t before;

	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_YOUNG);
	assert_int_equal(figures().old_objects, NR);
	before = figures().young_collections;
	for (n = *list; n; n = n->left) {
		pinbuf_gc_set(m, n, right, n);
		/* old objects stay where they are */
		pinbuf_gc_safepoint(m);
	}
	assert_true(figures().young_collections >= before + NR / 20000);
	assert_true(figures().logged >= NR - 1024);
	for (n = *list; n; n = n->left)
		assert_ptr_equal(n->right, n);
	heap_is_sound();
}

/* a vector that traces itself: only the first @used of its elements are pointers */
struct vector {
	uint64_t used;
	void *items[];
};

static void vector_trace(struct pinbuf_gc_tracer *t, void *object, size_t nr)
{
	struct vector *v = object;
	uint64_t i;

	assert_true(v->used <= nr);
	for (i = 0; i < v->used; i++)
		pinbuf_gc_trace(t, &v->items[i]);
}

static void a_type_may_trace_itself(void **state)
{
	struct pinbuf_gc_type_opts o = PINBUF_GC_ARRAY(void *);
	const struct pinbuf_gc_type *type;

	(void)state;
	PINBUF_GC_SCOPE(m);
	o.bytes = sizeof(struct vector);
	o.trace = vector_trace;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), 0);
	struct vector **v = pinbuf_gc_root(m, (struct vector *)pinbuf_gc_new_array(m, type, 8));
	struct vector **large =
		pinbuf_gc_root(m, (struct vector *)pinbuf_gc_new_array(m, type, 8000));
	int i;

	(*v)->items[7] = (void *)0x123;	/* not one of the used */
	for (i = 0; i < 7; i++) {
		struct node *n = node_new((uint64_t)i);

		pinbuf_gc_write(m, *v, &(*v)->items[i], n);
		pinbuf_gc_write(m, *large, &(*large)->items[i], n);
		(*v)->used = (*large)->used = (uint64_t)i + 1;
		collect((enum pinbuf_gc_kind)(i % 4));
	}
	for (i = 0; i < 7; i++) {
		assert_int_equal(((struct node *)(*v)->items[i])->id, i);
		assert_ptr_equal((*v)->items[i], (*large)->items[i]);
	}
	assert_ptr_equal((*v)->items[7], (void *)0x123);
}

static void global_roots_are_followed(void **state)
{
	static struct node *global;

	(void)state;
	assert_int_equal(pinbuf_gc_root_add(gc, &global), 0);
	global = list_new(10);
	collect(PINBUF_GC_MOVING);
	list_check(global, 10);
	assert_int_equal(pinbuf_gc_root_del(gc, &global), 0);
	collect(PINBUF_GC_MOVING);
	assert_int_equal(stats().current_live, 0);
	assert_int_equal(pinbuf_gc_root_del(gc, &global), -ENOENT);
	assert_says("is no root");
}

static void types_that_cannot_be_are_refused(void **state)
{
	const size_t odd[] = { 4 }, outside[] = { 24 };
	struct pinbuf_gc_type_opts o = PINBUF_GC_STRUCT(struct node, odd);
	const struct pinbuf_gc_type *type;

	(void)state;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EINVAL);
	assert_says("no multiple of 8");
	o.pointers = outside;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EINVAL);
	assert_says("outside");
	o.pointers = node_pointers;
	o.align = 24;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EINVAL);
	o.align = 64;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_ALIGN);
	o.align = 8;
	o.flags = 2;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EINVAL);
	o.flags = 0;
	o.size = 8;
	assert_int_equal(pinbuf_gc_type_create(&type, gc, &o), -EINVAL);
	assert_null(pinbuf_gc_new_array(m, array_type, SIZE_MAX / 4));
	assert_int_equal(errno, ENOMEM);
	assert_kind(PINBUF_ERROR_OVERFLOW);
}

static void options_that_cannot_be_are_refused(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	struct pinbuf_gc *other;

	(void)state;
	o.flags = 64;
	assert_int_equal(pinbuf_gc_create(&other, &o), -EINVAL);
	o.flags = 0;
	o.soft = 2;
	o.hard = 1;
	assert_int_equal(pinbuf_gc_create(&other, &o), -EINVAL);
	assert_says("above the hard one");
	o.soft = 0;
	o.hard = 0;
	o.reserve = 4096;
	assert_int_equal(pinbuf_gc_create(&other, &o), -EINVAL);
	o.reserve = 0;
	o.pause_us = SIZE_MAX;
	assert_int_equal(pinbuf_gc_create(&other, &o), -EINVAL);
	o.size = 1;
	assert_int_equal(pinbuf_gc_create(&other, &o), -EINVAL);
}

static void counters_balance(void **state)
{
	struct pinbuf_stats before, st;

	(void)state;
	before = stats();
	assert_int_equal(before.allocation_count, 0);
	list_new(5000);
	assert_non_null(pinbuf_gc_new_array(m, bytes_type, 100000));
	assert_non_null(pinbuf_gc_new(m, fixed_type, struct node));
	st = stats();
	assert_int_equal(st.allocation_count, 5002);
	assert_int_equal(st.current_live, 5001 * 32 + 100000);
	collect(PINBUF_GC_FULL);
	st = stats();
	assert_int_equal(st.deallocation_count, 5002);
	assert_int_equal(st.current_live, 0);
	collect(PINBUF_GC_MOVING);
	assert_int_equal(figures().used, 0);
}

static void any_size_of_object_survives(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	unsigned char **all[40];
	size_t size = 0, i, k, nr = 0;

	for (; nr < 40; nr++, size = size * 5 / 4 + 3) {
		all[nr] = pinbuf_gc_root(m, (unsigned char *)pinbuf_gc_new_array(m, bytes_type, size));
		memset(*all[nr], (int)nr + 1, size);
		collect((enum pinbuf_gc_kind)(nr % 4));
	}
	for (i = 0; i < nr; i++)
		for (k = 0; k < pinbuf_gc_length(gc, *all[i]); k++)
			assert_int_equal((*all[i])[k], i + 1);
}

static void report_says_what_happened(void **state)
{
	struct pinbuf_gc_record last[16];
	char *text = NULL;
	size_t len, nr;
	FILE *out;

	(void)state;
	list_new(100);
	collect(PINBUF_GC_YOUNG);
	collect(PINBUF_GC_FULL);
	collect(PINBUF_GC_MOVING);
	nr = pinbuf_gc_last(gc, last, 16);
	assert_true(nr >= 3);
	assert_int_equal(last[0].kind, PINBUF_GC_MOVING);
	assert_int_equal(last[1].kind, PINBUF_GC_FULL);
	assert_int_equal(last[nr - 1].kind, PINBUF_GC_YOUNG);
	assert_int_equal(last[nr - 1].freed, 3200);
	assert_true(last[nr - 1].pause_ns > 0);
	out = open_memstream(&text, &len);
	assert_int_equal(pinbuf_gc_print(gc, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "full_collections"));
	assert_non_null(strstr(text, "p99"));
	assert_non_null(strstr(text, "moving"));
	free(text);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, gc_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fresh_objects_are_zeroed_and_typed),
		TEST(what_is_rooted_lives_and_the_rest_goes),
		TEST(survivors_of_two_collections_are_old),
		TEST(old_objects_may_point_to_young_ones),
		TEST(large_arrays_of_pointers_are_looked_at_by_cards),
		TEST(many_writes_ask_for_a_collection),
		TEST(a_type_may_trace_itself),
		TEST(global_roots_are_followed),
		TEST(types_that_cannot_be_are_refused),
		TEST(options_that_cannot_be_are_refused),
		TEST(counters_balance),
		TEST(any_size_of_object_survives),
		TEST(report_says_what_happened),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
