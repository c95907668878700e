// SPDX-License-Identifier: MIT
/* Limits, no-GC sections, and several threads at safe points. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "gc_fixture.h"

#include "child.h"

#define MIB	((size_t)1 << 20)
#define SOFT	(2 * MIB)
#define HARD	(4 * MIB)

static struct { int soft, hard; size_t used; struct node *cache; } told;

static void pressure(struct pinbuf_gc *heap, size_t used, size_t limit, void *ctx)
{
	assert_ptr_equal(heap, gc);
	assert_ptr_equal(ctx, &told);
	assert_true(used > 0);
	if (limit == HARD)
		told.hard++;
	else
		told.soft++;
	/* a cache that is dropped */
	told.cache = NULL;
}

static int limited_open(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;

	(void)state;
	memset(&told, 0, sizeof(told));
	o.nursery = 256 << 10;
	o.soft = SOFT;
	o.hard = HARD;
	o.pressure = pressure;
	o.ctx = &told;
	return gc_open_with(&o) || pinbuf_gc_root_add(gc, &told.cache);
}

/* Prepends until it is refused; how many. */
static size_t fill(struct node **list)
{
	size_t nr = 0;

	for (;;) {
		struct node *n = pinbuf_gc_new(m, node_type, struct node);

		if (!n)
			return nr;
		n->left = *list;
		*list = n;
		nr++;
	}
}

static void the_hard_limit_is_kept(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **list = pinbuf_gc_root(m, (struct node *)NULL);
	size_t nr = fill(list);

	assert_int_equal(errno, ENOMEM);
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_says("pinbuf_gc_opts.hard");
	assert_true(figures().used <= HARD);
	assert_true(nr * 32 > HARD / 4 * 3);
	assert_true(told.soft == 1 && told.hard == 1);
	heap_is_sound();
	/* large ones and blocks of the region count too */
	assert_null(pinbuf_gc_new_array(m, bytes_type, 4 * MIB));
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_null(pinbuf_alloc(pinbuf_gc_region(gc), (struct pinbuf_layout){ 4 * MIB, 8 }));
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_true(stats().failures >= 3);
	/* and it goes on when something is dropped */
	*list = NULL;
	assert_true(fill(list) > nr / 2);
}

static int small_open(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;

	(void)state;
	o.reserve = 64 * MIB;
	return gc_open_with(&o);
}

/* The same with arrays of 100, the first leads to the next. */
static size_t fill_arrays(void ***list)
{
	size_t nr = 0;

	for (;;) {
		void **array = pinbuf_gc_new_array(m, array_type, 100);

		if (!array)
			return nr;
		array[0] = *list;
		*list = array;
		nr++;
	}
}

/* Without a limit the address space is one, and there is a way back. */
static void a_full_address_space_is_refused_and_recovers(void **state)
{
	(void)state;
	PINBUF_GC_SCOPE(m);
	void ***list = pinbuf_gc_root(m, (void **)NULL);
	size_t nr = fill_arrays(list);

	assert_int_equal(errno, ENOMEM);
	assert_kind(PINBUF_ERROR_MEMORY);
	assert_says("pinbuf_gc_opts.reserve");
	assert_true(nr * 808 > 40 * MIB);
	heap_is_sound();
	*list = NULL;
	assert_true(fill_arrays(list) > nr / 2);
	*list = NULL;
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
}

static void the_callback_may_make_room(void **state)
{
	struct node *n;
	size_t i;

	(void)state;
	/* the cache is a rooted list that grows; whenever it is dropped there is room */
	for (i = 0; i < 200000; i++) {
		n = pinbuf_gc_new(m, node_type, struct node);
		assert_non_null(n);
		n->left = told.cache;
		told.cache = n;
	}
	assert_true(told.soft > 1);
	assert_int_equal(told.hard, 0);
}

static void a_section_at_the_limit_gets_an_error(void **state)
{
	struct node *first, *n;

	(void)state;
	pinbuf_gc_nogc_enter(m);
	pinbuf_gc_nogc_enter(m);
	first = node_new(1);
	do
		n = pinbuf_gc_new(m, node_type, struct node);
	while (n);
	assert_int_equal(errno, ENOMEM);
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_says("no-GC section");
	assert_int_equal(pinbuf_gc_collect(m, PINBUF_GC_FULL), -EBUSY);
	assert_says("no-GC section");
	assert_int_equal(pinbuf_gc_verify(m), -EBUSY);
	pinbuf_gc_nogc_leave(m);
	pinbuf_gc_safepoint(m);
	/* still inside the outer one: nothing has moved */
	assert_int_equal(first->id, 1);
	pinbuf_gc_nogc_leave(m);
	node_new(2);
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
}

static void leave_alone(void)
{
	pinbuf_gc_nogc_leave(m);
}

static void foreign_in_section(void)
{
	pinbuf_gc_nogc_enter(m);
	pinbuf_gc_foreign_enter(m);
}

static void destroy_attached(void)
{
	pinbuf_gc_destroy(gc);
}

static void wrong_type(void)
{
	struct wider { struct node n; char more[5000]; };

	if (!pinbuf_gc_new(m, dma_type, struct wider))
		_exit(0);
}

static void endless(void)
{
	int i;

	for (i = 0; i < 1 << 21; i++)
		pinbuf_gc_handle(m, NULL);
}

static void misuse_ends_the_program(void **state)
{
	(void)state;
	dies_saying(leave_alone, "left that was not entered");
	dies_saying(foreign_in_section, "inside a no-GC section");
	dies_saying(destroy_attached, "threads are attached");
	dies_saying(wrong_type, "which has 0");
	dies_saying(endless, "pinbuf_gc_opts.handles");
}

/* threads */

static atomic_int ready, leave;

static void *foreigner(void *arg)
{
	struct pinbuf_gc_mutator *own;

	assert_int_equal(pinbuf_gc_attach(&own, gc), 0);
	{
		PINBUF_GC_SCOPE(own);
		struct node **n = pinbuf_gc_root(own, pinbuf_gc_new(own, node_type, struct node));

		(*n)->id = 99;
		pinbuf_gc_foreign_enter(own);
		ready++;
		while (!leave)
			usleep(1000);
		pinbuf_gc_foreign_leave(own);
		assert_int_equal((*n)->id, 99);
	}
	pinbuf_gc_detach(own);
	return arg;
}

static void a_foreign_call_holds_up_nobody(void **state)
{
	pthread_t thread;
	int i;

	(void)state;
	ready = leave = 0;
	assert_int_equal(pthread_create(&thread, NULL, foreigner, NULL), 0);
	while (!ready)
		usleep(1000);
	for (i = 0; i < 8; i++)
		collect((enum pinbuf_gc_kind)(i % 4));
	leave = 1;
	pthread_join(thread, NULL);
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
}

static void *sectioner(void *arg)
{
	struct pinbuf_gc_mutator *own;
	struct node *raw;
	int i;

	assert_int_equal(pinbuf_gc_attach(&own, gc), 0);
	pinbuf_gc_nogc_enter(own);
	raw = pinbuf_gc_new(own, node_type, struct node);
	raw->id = 5;
	ready++;
	/* somebody waits for us by now, and we allocate more than a window */
	for (i = 0; i < 5000; i++) {
		assert_non_null(pinbuf_gc_new(own, node_type, struct node));
		pinbuf_gc_safepoint(own);
		assert_int_equal(raw->id, 5);
		if (i % 100 == 0)
			usleep(100);
	}
	pinbuf_gc_nogc_leave(own);
	pinbuf_gc_safepoint(own);
	pinbuf_gc_detach(own);
	return arg;
}

static void others_wait_for_a_section(void **state)
{
	pthread_t thread;

	(void)state;
	ready = 0;
	assert_int_equal(pthread_create(&thread, NULL, sectioner, NULL), 0);
	while (!ready)
		usleep(1000);
	collect(PINBUF_GC_MOVING);
	pthread_join(thread, NULL);
}

/* Lists of their own, while everybody collects. */
static void *lister(void *arg)
{
	struct pinbuf_gc_mutator *own;
	uint64_t i, round;

	assert_int_equal(pinbuf_gc_attach(&own, gc), 0);
	for (round = 0; round < 20; round++) {
		PINBUF_GC_SCOPE(own);
		struct node **list = pinbuf_gc_root(own, (struct node *)NULL);

		for (i = 1; i <= 3000; i++) {
			struct node *n = pinbuf_gc_new(own, node_type, struct node);

			assert_non_null(n);
			n->id = i;
			n->left = *list;
			*list = n;
		}
		list_check(*list, 3000);
		if (round % 4 == 3)
			assert_int_equal(pinbuf_gc_collect(own, (enum pinbuf_gc_kind)(round / 4 % 4)), 0);
	}
	pinbuf_gc_detach(own);
	return arg;
}

static void threads_share_a_heap(void **state)
{
	pthread_t threads[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, lister, NULL), 0);
	/* this thread is attached: it waits in a foreign call */
	pinbuf_gc_foreign_enter(m);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pinbuf_gc_foreign_leave(m);
	collect(PINBUF_GC_FULL);
	assert_int_equal(stats().current_live, 0);
	assert_int_equal(stats().allocation_count, 4 * 20 * 3000);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, gc_open, gc_close)
#define LIMITED(fn)	cmocka_unit_test_setup_teardown(fn, limited_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMITED(the_hard_limit_is_kept),
		cmocka_unit_test_setup_teardown(a_full_address_space_is_refused_and_recovers,
						small_open, gc_close),
		LIMITED(the_callback_may_make_room),
		LIMITED(a_section_at_the_limit_gets_an_error),
		TEST(misuse_ends_the_program),
		TEST(a_foreign_call_holds_up_nobody),
		TEST(others_wait_for_a_section),
		TEST(threads_share_a_heap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
