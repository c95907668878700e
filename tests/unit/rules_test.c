// SPDX-License-Identifier: MIT
/*
 * The memory rules of Documentation/reference-map.rst that no other test states: worked
 * examples from end to end, and what is told to be done and not to be done.
 */
#include <stdlib.h>
#include <unistd.h>

#include "gc_fixture.h"

#include "child.h"

static const ptrdiff_t shape[] = { 4, 8 };

static struct pinbuf_tensor ones(struct pinbuf_region *r)
{
	struct pinbuf_tensor t;
	ptrdiff_t i, k;

	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 2, shape, NULL), 0);
	for (i = 0; i < 4; i++)
		for (k = 0; k < 8; k++)
			PINBUF_AT(&t, float, i, k) = 1;
	return t;
}

/* locked memory, which needs no device */
static struct pinbuf_heap *pinned_heap(struct pinbuf_dev **dev)
{
	struct pinbuf_dev_opts d = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_heap_opts h = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;

	d.flags = PINBUF_OPEN_LOCKED;
	assert_int_equal(pinbuf_open(dev, &d), 0);
	h.dev = *dev;
	assert_int_equal(pinbuf_heap_create(&heap, &h), 0);
	return heap;
}

/* computeKernel: an intermediate lives in the arena, and only in its scope */
struct compute {
	const struct pinbuf_tensor *x;
	struct pinbuf_tensor *y;
};

static int compute_kernel(struct pinbuf_arena *a, void *arg)
{
	struct compute *c = arg;
	PINBUF_AUTO_TENSOR(tmp);
	ptrdiff_t i, k;
	int ret = pinbuf_tensor_clone(&tmp, c->x, &a->region);

	for (i = 0; !ret && i < 4; i++)
		for (k = 0; k < 8; k++)
			PINBUF_AT(&tmp, float, i, k) *= 3;
	return ret ? ret : pinbuf_tensor_copy(c->y, &tmp);
}

static void a_kernels_temporaries_are_the_arenas(void **state)
{
	struct pinbuf_tensor x = ones(pinbuf_global()), y = ones(pinbuf_global());
	struct compute c = { &x, &y };

	(void)state;
	assert_int_equal(pinbuf_with_arena(NULL, compute_kernel, &c), 0);
	assert_true(PINBUF_AT(&y, float, 3, 7) == 3);
	pinbuf_tensor_fini(&x);
	pinbuf_tensor_fini(&y);
}

/* leakArena: "Returns dangling pointer!" */
static int leak_arena(struct pinbuf_arena *a, void *arg)
{
	*(char **)arg = pinbuf_arena_alloc(a, 1024, 8);
	return 0;
}

static void use_leaked(void)
{
	char *ptr = NULL;

	assert_int_equal(pinbuf_with_arena(NULL, leak_arena, &ptr), 0);
	*(volatile char *)ptr = 1;
}

static void a_pointer_that_leaves_its_arena_is_named(void **state)
{
	(void)state;
#ifdef __SANITIZE_ADDRESS__
	dies_saying(use_leaked, "heap-use-after-free");
#else
	(void)use_leaked;	/* for the sanitizers' build */
#endif
}

/* withPinnedTensor and asyncWrite: what a foreign function gets does not move meanwhile */
static int write_to(void *ptr, size_t bytes, void *arg)
{
	assert_true(pinbuf_is_pinned(ptr));
	return write(*(int *)arg, ptr, bytes) == (ssize_t)bytes ? 0 : -errno;
}

static void foreign_functions_get_pinned_memory(void **state)
{
	struct pinbuf_dev *dev;
	struct pinbuf_heap *heap = pinned_heap(&dev);
	struct pinbuf_tensor there = ones(pinbuf_heap_region(heap)), here = ones(pinbuf_global());
	float got[32] = { 0 };
	int fds[2];

	(void)state;
	assert_true(pinbuf_region_caps(pinbuf_heap_region(heap)) & PINBUF_PINNED);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pinbuf_tensor_with_pinned(&there, NULL, PINBUF_PIN_READ, write_to, &fds[1]), 0);
	assert_int_equal(read(fds[0], got, sizeof(got)), sizeof(got));
	assert_true(got[31] == 1);
	/* "Forget to pin FFI buffers": refused, unless there is pinned memory to copy to */
	assert_int_equal(pinbuf_tensor_with_pinned(&here, NULL, PINBUF_PIN_READ, write_to, &fds[1]), -EOPNOTSUPP);
	assert_int_equal(pinbuf_tensor_with_pinned(&here, pinbuf_heap_region(heap), PINBUF_PIN_READ,
						   write_to, &fds[1]), 0);
	close(fds[0]);
	close(fds[1]);
	pinbuf_tensor_fini(&there);
	pinbuf_tensor_fini(&here);
	pinbuf_heap_destroy(heap);
	pinbuf_close(dev);
}

/* "MUST be explicitly freed or ref-counted" */
static void pinned_memory_is_freed_or_counted(void **state)
{
	struct pinbuf_dev *dev;
	struct pinbuf_heap *heap = pinned_heap(&dev);
	struct pinbuf_region *r = pinbuf_heap_region(heap);
	struct pinbuf_stats st = { .size = sizeof(st) };
	struct pinbuf_shared *s;
	void *ptr;

	(void)state;
	ptr = pinbuf_heap_malloc(heap, 100);		/* allocPinned */
	pinbuf_heap_free(heap, ptr);			/* freePinned */
	assert_int_equal(pinbuf_shared_create(&s, r, (struct pinbuf_layout){ 100, 8 }), 0);
	assert_true(pinbuf_is_pinned(pinbuf_shared_data(s)));
	pinbuf_shared_put(s);
	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	assert_int_equal(st.current_live, 0);
	assert_int_equal(st.deallocation_count, 2);
	pinbuf_heap_destroy(heap);
	pinbuf_close(dev);
}

/* "When to Use Each Region": what each scenario needs is what the region promises */
static void each_scenario_has_its_region(void **state)
{
	struct pinbuf_dev *dev;
	struct pinbuf_heap *heap = pinned_heap(&dev);
	struct pinbuf_arena *scratch = pinbuf_scratch();
	static const struct {
		const char *scenario;
		unsigned int needs;
	} rows[] = {
		{ "loop temporary buffer", PINBUF_NOFREE }, { "kernel scratch space", PINBUF_NOFREE },
		{ "FFI buffer", PINBUF_PINNED }, { "DMA buffer", PINBUF_PINNED },
		{ "GPU transfer", PINBUF_PINNED }, { "long-lived tensor data", PINBUF_PINNED },
	};
	struct pinbuf_region *take[] = {
		&scratch->region, &scratch->region, pinbuf_heap_region(heap),
		pinbuf_heap_region(heap), pinbuf_heap_region(heap), pinbuf_heap_region(heap),
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!(pinbuf_region_caps(take[i]) & rows[i].needs))
			fail_msg("%s: %s does not do", rows[i].scenario, pinbuf_region_name(take[i]));
	assert_false(pinbuf_region_caps(pinbuf_global()) & PINBUF_PINNED);
	pinbuf_heap_destroy(heap);
	pinbuf_close(dev);
}

/* newPinnedByteArray, isPinned; gcSafePoint and withNoGC around what may move */
static void pinned_objects_stay_where_others_move(void **state)
{
	struct node *loose, *fixed;
	unsigned char *array;
	PINBUF_GC_SCOPE(m);
	struct node **rooted;
	uintptr_t was, is;

	(void)state;
	array = pinbuf_gc_new_array(m, dma_type, 64);
	assert_non_null(array);
	assert_true(pinbuf_gc_is_pinned(gc, array));
	fixed = pinbuf_gc_new(m, fixed_type, struct node);
	assert_true(pinbuf_gc_is_pinned(gc, fixed));
	loose = pinbuf_gc_new(m, node_type, struct node);
	assert_false(pinbuf_gc_is_pinned(gc, loose));
	rooted = pinbuf_gc_root(m, loose);
	(*rooted)->id = 42;
	was = (uintptr_t)*rooted;
	pinbuf_gc_nogc_enter(m);
	pinbuf_gc_nogc_enter(m);
	pinbuf_gc_nogc_leave(m);
	pinbuf_gc_safepoint(m);
	is = (uintptr_t)*rooted;
	assert_int_equal(is, was);	/* a section within a section is still one */
	pinbuf_gc_nogc_leave(m);
	assert_int_equal(pinbuf_gc_pin(m, *rooted), 0);
	assert_true(pinbuf_gc_is_pinned(gc, *rooted));
	pinbuf_gc_unpin(m, *rooted);
	assert_int_equal((*rooted)->id, 42);
}

/* "Long-lived tensor data: Pinned or General": of the collected heap they do not move, either */
static void tensors_of_the_collected_heap_stay_where_they_are(void **state)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	struct pinbuf_dev *dev;
	struct pinbuf_heap *heap = pinned_heap(&dev);
	struct pinbuf_gc *own;
	struct pinbuf_tensor t;
	int fds[2];
	char *was;

	(void)state;
	o.pinned = heap;
	assert_int_equal(pinbuf_gc_create(&own, &o), 0);
	t = ones(pinbuf_gc_region(own));
	was = t.data;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pinbuf_tensor_with_pinned(&t, NULL, PINBUF_PIN_READ, write_to, &fds[1]), 0);
	assert_ptr_equal(t.data, was);
	close(fds[0]);
	close(fds[1]);
	pinbuf_tensor_fini(&t);
	pinbuf_gc_destroy(own);
	pinbuf_heap_destroy(heap);
	pinbuf_close(dev);
}

/* allocArena, allocPinned, allocGeneral; the collected heap is in the general sum */
static void the_three_sums_have_the_collected_heap(void **state)
{
	struct pinbuf_process_stats before = { .size = sizeof(before) }, after = before;
	int i;

	(void)state;
	assert_int_equal(pinbuf_stats_process(&before), 0);
	for (i = 0; i < 10000; i++) {
		PINBUF_GC_SCOPE(m);

		assert_non_null(pinbuf_gc_new_array(m, bytes_type, 100));
	}
	assert_int_equal(pinbuf_stats_process(&after), 0);
	assert_true(after.general > before.general || before.general >= 1000000);
	assert_int_equal(after.arena, before.arena);
}

/* "Mix pinned/unpinned in same data structure": each pointer can be asked */
static void any_pointer_can_be_asked_whether_it_is_pinned(void **state)
{
	struct pinbuf_dev *dev;
	struct pinbuf_heap *heap = pinned_heap(&dev);
	struct pinbuf_heap_place place;
	char *pinned = pinbuf_heap_malloc(heap, 100), *other = malloc(100);

	(void)state;
	assert_true(pinbuf_is_pinned(pinned) && pinbuf_is_pinned(pinned + 99));
	assert_false(pinbuf_is_pinned(other));
	assert_int_equal(pinbuf_heap_locate(heap, pinned, &place), 0);
	assert_int_equal(pinbuf_heap_locate(heap, other, &place), -EINVAL);
	free(other);
	pinbuf_heap_free(heap, pinned);
	pinbuf_heap_destroy(heap);
	pinbuf_close(dev);
}

/* "Allocate in tight loops without arena": with one, a million blocks take one chunk */
static void a_tight_loop_takes_one_chunk(void **state)
{
	struct pinbuf_stats before = { .size = sizeof(before) }, after = before;
	struct pinbuf_arena a;
	int i;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	assert_non_null(pinbuf_arena_alloc(&a, 1, 1));
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &before), 0);
	for (i = 0; i < 1000000; i++) {
		PINBUF_SCOPE(&a);

		assert_non_null(pinbuf_arena_alloc(&a, 64, 8));
	}
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &after), 0);
	assert_int_equal(after.allocation_count, before.allocation_count);
	pinbuf_arena_fini(&a);
}

/* vec_growth: 4, then 8; in place where the region can */
static void a_collection_grows_by_doubling(void **state)
{
	struct pinbuf_layout four, eight;
	struct pinbuf_arena a;
	int *v, *grown;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	assert_int_equal(pinbuf_layout_array(&four, PINBUF_LAYOUT(int), 4), 0);
	assert_int_equal(pinbuf_layout_array(&eight, PINBUF_LAYOUT(int), 8), 0);
	v = pinbuf_alloc(&a.region, four);
	assert_non_null(v);
	v[3] = 4;
	grown = pinbuf_realloc(&a.region, v, four, eight);
	assert_ptr_equal(grown, v);
	grown[7] = 8;
	assert_int_equal(grown[3], 4);
	pinbuf_arena_fini(&a);
}

/* test_heap_allocator: a growing region without a free, shared by threads */
static void a_heap_of_regions_shares_one_life(void **state)
{
	struct pinbuf_layout l = { 64, 8 };
	struct pinbuf_shared_arena *heap;
	struct pinbuf_region *r;
	int32_t *ptr;

	(void)state;
	assert_int_equal(pinbuf_shared_arena_create(&heap, NULL), 0);
	r = pinbuf_shared_arena_region(heap);
	ptr = pinbuf_alloc(r, l);
	assert_non_null(ptr);
	*ptr = 123;
	pinbuf_dealloc(r, ptr, l);	/* goes with the region */
	assert_int_equal(*ptr, 123);
	assert_int_equal(pinbuf_region_caps(r), PINBUF_NOFREE | PINBUF_THREADSAFE);
	pinbuf_shared_arena_destroy(heap);
	pinbuf_shared_arena_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernels_temporaries_are_the_arenas),
		cmocka_unit_test(a_pointer_that_leaves_its_arena_is_named),
		cmocka_unit_test(foreign_functions_get_pinned_memory),
		cmocka_unit_test(pinned_memory_is_freed_or_counted),
		cmocka_unit_test(each_scenario_has_its_region),
		cmocka_unit_test_setup_teardown(pinned_objects_stay_where_others_move, gc_open, gc_close),
		cmocka_unit_test(tensors_of_the_collected_heap_stay_where_they_are),
		cmocka_unit_test_setup_teardown(the_three_sums_have_the_collected_heap, gc_open, gc_close),
		cmocka_unit_test(any_pointer_can_be_asked_whether_it_is_pinned),
		cmocka_unit_test(a_tight_loop_takes_one_chunk),
		cmocka_unit_test(a_collection_grows_by_doubling),
		cmocka_unit_test(a_heap_of_regions_shares_one_life),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
