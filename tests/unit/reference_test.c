// SPDX-License-Identifier: MIT
/* The worked examples of Documentation/reference-map.rst, with the numbers they promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "child.h"

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

/* the six figures of AllocStats */
static void allocation_statistics(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena a;
	struct pinbuf_stats st;

	(void)state;
	o.bytes = 4096;
	o.grow = 0;
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	assert_non_null(pinbuf_arena_alloc(&a, 100, 1));
	assert_non_null(pinbuf_arena_alloc(&a, 8, 8));
	st = stats_of(&a.region);
	assert_int_equal(st.total_allocated, 112);	/* 4 of padding */
	assert_int_equal(st.total_deallocated, 0);
	assert_int_equal(st.current_live, 112);
	assert_int_equal(st.allocation_count, 2);
	assert_int_equal(st.deallocation_count, 0);
	assert_int_equal(st.peak_usage, 112);
	pinbuf_arena_reset(&a);
	assert_non_null(pinbuf_arena_alloc(&a, 16, 8));
	st = stats_of(&a.region);
	assert_int_equal(st.total_allocated, 128);
	assert_int_equal(st.total_deallocated, 112);
	assert_int_equal(st.current_live, 16);
	assert_int_equal(st.allocation_count, 3);
	assert_int_equal(st.deallocation_count, 2);
	assert_int_equal(st.peak_usage, 112);
	pinbuf_arena_fini(&a);
}

/* the four errors of AllocError */
static void allocation_errors(void **state)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_pool p;
	volatile size_t huge = (size_t)1 << 62;

	(void)state;
	o.block_size = 64;
	o.nr_blocks = 1;
	assert_int_equal(pinbuf_pool_init(&p, &o), 0);
	assert_null(pinbuf_alloc(pinbuf_global(), (struct pinbuf_layout){ huge, 8 }));
	assert_int_equal(e->kind, PINBUF_ERROR_MEMORY);
	assert_int_equal(e->requested, huge);
	assert_null(pinbuf_alloc(&p.region, (struct pinbuf_layout){ 8, 24 }));
	assert_int_equal(e->kind, PINBUF_ERROR_LAYOUT);
	assert_null(pinbuf_alloc(&p.region, (struct pinbuf_layout){ 8, 4096 }));
	assert_int_equal(e->kind, PINBUF_ERROR_ALIGN);
	assert_int_equal(e->requested, 4096);
	assert_non_null(pinbuf_pool_get(&p));
	assert_null(pinbuf_pool_get(&p));
	assert_int_equal(e->kind, PINBUF_ERROR_EXHAUSTED);
	assert_string_equal(e->name, "pool");
	pinbuf_pool_fini(&p);
}

/* Global Allocator: one i64 */
static void global_allocator(void **state)
{
	struct pinbuf_stats before = stats_of(pinbuf_global()), after;
	int64_t *v = pinbuf_new(pinbuf_global(), int64_t);

	(void)state;
	assert_non_null(v);
	*v = 42;
	assert_int_equal(*v, 42);
	pinbuf_delete(pinbuf_global(), v);
	after = stats_of(pinbuf_global());
	assert_int_equal(after.allocation_count, before.allocation_count + 1);
	assert_int_equal(after.current_live, before.current_live);
}

/* Bump Allocator: 4 KiB, an i64, an i32, ten of 8 bytes, reset, a pointer, drop */
static void bump_allocator(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_layout ten;
	struct pinbuf_arena a;
	char *a1, *a2, *a3, *a4;

	(void)state;
	o.bytes = 4096;
	o.grow = 0;
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	assert_int_equal(pinbuf_arena_remaining(&a), 4096);
	assert_int_equal(pinbuf_layout_array(&ten, (struct pinbuf_layout){ 8, 8 }, 10), 0);
	a1 = (char *)pinbuf_new(&a.region, int64_t);
	a2 = (char *)pinbuf_new(&a.region, int32_t);
	a3 = pinbuf_alloc(&a.region, ten);
	assert_ptr_equal(a2, a1 + 8);
	assert_ptr_equal(a3, a1 + 16);
	assert_int_equal(pinbuf_arena_remaining(&a), 4096 - 96);
	assert_int_equal(stats_of(&a.region).total_allocated, 96);
	pinbuf_arena_reset(&a);
	assert_int_equal(pinbuf_arena_remaining(&a), 4096);
	a4 = (char *)pinbuf_new(&a.region, void *);
	assert_ptr_equal(a4, a1);
	pinbuf_arena_fini(&a);
}

/* Pool Allocator: 100 blocks of 64; three out, one back: 98 free */
static void pool_allocator(void **state)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_pool p;
	void *ptr1, *ptr2, *ptr3;

	(void)state;
	o.block_size = 64;
	o.nr_blocks = 100;
	assert_int_equal(pinbuf_pool_init(&p, &o), 0);
	assert_int_equal(pinbuf_pool_free_count(&p), 100);
	ptr1 = pinbuf_pool_get(&p);
	ptr2 = pinbuf_pool_get(&p);
	ptr3 = pinbuf_pool_get(&p);
	assert_true(ptr1 && ptr2 && ptr3);
	pinbuf_pool_put(&p, ptr2);
	assert_int_equal(pinbuf_pool_free_count(&p), 98);
	assert_int_equal(pinbuf_pool_used_count(&p), 2);
	assert_ptr_equal(pinbuf_pool_get(&p), ptr2);
	pinbuf_pool_fini(&p);
}

/* "Minimum block size is 8 bytes": ours has no list in its blocks, so 1 will do */
static void pool_blocks_may_be_smaller_than_a_pointer(void **state)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_pool p;
	char *one, *two;

	(void)state;
	o.block_size = 1;
	o.align = 1;
	o.nr_blocks = 10;
	assert_int_equal(pinbuf_pool_init(&p, &o), 0);
	one = pinbuf_pool_get(&p);
	two = pinbuf_pool_get(&p);
	assert_ptr_equal(two, one + 1);
	pinbuf_pool_fini(&p);
}

/* Free List Allocator: 8 KiB; 100, 500, 200; back in any order; 300 in their place */
static void free_list_allocator(void **state)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;
	char *a1, *a2, *a3, *a4, *least;

	(void)state;
	o.bytes = 8192;
	assert_int_equal(pinbuf_freelist_create(&f, &o), 0);
	assert_int_equal(pinbuf_freelist_remaining(f), 8192);
	a1 = pinbuf_freelist_alloc(f, 100, 8);
	a2 = pinbuf_freelist_alloc(f, 500, 8);
	a3 = pinbuf_freelist_alloc(f, 200, 8);
	assert_ptr_equal(a2, a1 + 128);
	assert_ptr_equal(a3, a1 + 128 + 512);
	assert_int_equal(pinbuf_freelist_remaining(f), 8192 - 128 - 512 - 224);
	pinbuf_freelist_free(f, a2);
	pinbuf_freelist_free(f, a1);
	assert_int_equal(pinbuf_freelist_holes(f), 2);	/* they became one */
	a4 = pinbuf_freelist_alloc(f, 300, 8);
	assert_ptr_equal(a4, a1);			/* the lower one was split */
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).current_live, 320 + 224);

	/* "Minimum allocation size: 32 bytes"; the header is outside */
	least = pinbuf_freelist_alloc(f, 1, 1);
	assert_ptr_equal(least, a4 + 320);
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).current_live, 320 + 224 + 32);
	pinbuf_freelist_destroy(f);
}

/* Stack Allocator: 2 KiB; an i64, an i32, a pointer; two pops; reset; 8-byte headers */
static void stack_allocator(void **state)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_stack s;
	void *a1, *a2, *a3;

	(void)state;
	o.bytes = 2048;
	assert_int_equal(pinbuf_stack_init(&s, &o), 0);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048);
	a1 = pinbuf_stack_push(&s, 8, 8);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048 - 16);
	a2 = pinbuf_stack_push(&s, 4, 4);
	a3 = pinbuf_stack_push(&s, sizeof(void *), 8);
	assert_true(a1 && a2 && a3);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048 - 48);
	pinbuf_stack_pop(&s, a3);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048 - 32);
	pinbuf_stack_pop(&s, a2);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048 - 16);
	pinbuf_stack_reset(&s);
	assert_int_equal(pinbuf_stack_remaining(&s), 2048);
	assert_int_equal(stats_of(&s.region).deallocation_count, 3);
	pinbuf_stack_fini(&s);
}

/* Layout Extension: { i64, i32, ptr } from the global allocator */
static void layout_extension(void **state)
{
	struct pinbuf_layout l;
	void *ptr;

	(void)state;
	assert_int_equal(pinbuf_layout_extend(&l, NULL, PINBUF_LAYOUT(int64_t), PINBUF_LAYOUT(int32_t)), 0);
	assert_int_equal(pinbuf_layout_extend(&l, NULL, l, PINBUF_LAYOUT(void *)), 0);
	assert_int_equal(l.size, 24);
	ptr = pinbuf_alloc(pinbuf_global(), l);
	assert_non_null(ptr);
	pinbuf_dealloc(pinbuf_global(), ptr, l);
}

/* Zeroed Allocation: a hundred of 8 bytes from the global one, one from a bump */
static void zeroed_allocation(void **state)
{
	static const char zero[800];
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena a;
	struct pinbuf_layout l;
	int64_t *one;
	char *many;

	(void)state;
	assert_int_equal(pinbuf_layout_array(&l, (struct pinbuf_layout){ 8, 8 }, 100), 0);
	many = pinbuf_alloc_zeroed(pinbuf_global(), l);
	assert_memory_equal(many, zero, 800);
	o.bytes = 4096;
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	one = pinbuf_alloc_zeroed(&a.region, PINBUF_LAYOUT(int64_t));
	assert_int_equal(*one, 0);
	pinbuf_arena_fini(&a);
	pinbuf_dealloc(pinbuf_global(), many, l);
}

/* Custom Arena Pattern: 1 MiB of malloc's, which reset does not free */
static void custom_arena_pattern(void **state)
{
	struct pinbuf_arena a;
	char *buffer = malloc(1048576);

	(void)state;
	assert_non_null(buffer);
	assert_int_equal(pinbuf_arena_init_buffer(&a, buffer, 1048576, "custom"), 0);
	assert_ptr_equal(pinbuf_arena_alloc(&a, 1048576, 1), buffer);
	assert_int_equal(pinbuf_arena_remaining(&a), 0);
	assert_null(pinbuf_arena_alloc(&a, 1, 1));
	pinbuf_arena_reset(&a);
	pinbuf_arena_fini(&a);
	buffer[0] = buffer[1048575] = 1;	/* still the caller's */
	free(buffer);
}

/* withArena: what the function returns, and nothing left */
struct kernel {
	size_t need;
};

static int kernel_run(struct pinbuf_arena *a, void *arg)
{
	struct kernel *k = arg;
	char *tmp;

	/* "Validate arena size before kernel" */
	if (!pinbuf_arena_fits(a, (struct pinbuf_layout){ k->need, 64 }))
		return -ENOSPC;
	tmp = pinbuf_arena_alloc(a, k->need, 64);
	assert_non_null(tmp);
	memset(tmp, 1, k->need);
	return 7;
}

static void with_arena(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct kernel k = { .need = 1000 };
	uint64_t live = stats_of(pinbuf_global()).current_live;

	(void)state;
	o.bytes = 4096;
	o.grow = 0;
	assert_int_equal(pinbuf_with_arena(&o, kernel_run, &k), 7);
	k.need = 5000;
	assert_int_equal(pinbuf_with_arena(&o, kernel_run, &k), -ENOSPC);
	assert_int_equal(stats_of(pinbuf_global()).current_live, live);
}

/* arenaAlloc: "Arena exhausted", with the figures to act on */
static void arena_exhausted(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_arena a;

	(void)state;
	o.bytes = 65536;
	o.grow = 0;
	o.name = "frame";
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	assert_non_null(pinbuf_arena_alloc(&a, 65536 - 512, 8));
	errno = 0;
	assert_null(pinbuf_arena_alloc(&a, 4096, 8));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(e->kind, PINBUF_ERROR_EXHAUSTED);
	assert_int_equal(e->requested, 4096);
	assert_int_equal(e->available, 512);
	assert_int_equal(e->largest_free, 512);
	assert_string_equal(e->name, "frame");
	assert_non_null(strstr(e->text, "arena 'frame' is exhausted: 4096 bytes asked"));
	assert_non_null(strstr(e->text, "512 left of 65536; grow it with pinbuf_arena_opts.grow"));
	pinbuf_arena_fini(&a);
}

/* test_allocator_trait: a default bump, 42 in it; through the interface only */
static void allocator_trait(void **state)
{
	struct pinbuf_arena a;
	struct pinbuf_region *r = &a.region;
	int64_t *v;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	v = pinbuf_new(r, int64_t);
	assert_non_null(v);
	*v = 42;
	assert_int_equal(*v, 42);
	pinbuf_delete(r, v);	/* Region-based: goes with the region */
	assert_int_equal(stats_of(r).deallocation_count, 0);
	assert_true(pinbuf_region_caps(r) & PINBUF_NOFREE);
	pinbuf_arena_fini(&a);
}

/* test_allocator_is_send_sync: who may be used from any thread says so */
static void allocators_say_whether_threads_may_share_them(void **state)
{
	struct pinbuf_locked *l;
	struct pinbuf_arena a;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	assert_false(pinbuf_region_caps(&a.region) & PINBUF_THREADSAFE);
	assert_int_equal(pinbuf_locked_create(&l, &a.region, 0), 0);
	assert_true(pinbuf_region_caps(pinbuf_locked_region(l)) & PINBUF_THREADSAFE);
	assert_true(pinbuf_region_caps(pinbuf_global()) & PINBUF_THREADSAFE);
	pinbuf_locked_destroy(l);
	pinbuf_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocation_statistics),
		cmocka_unit_test(allocation_errors),
		cmocka_unit_test(global_allocator),
		cmocka_unit_test(bump_allocator),
		cmocka_unit_test(pool_allocator),
		cmocka_unit_test(pool_blocks_may_be_smaller_than_a_pointer),
		cmocka_unit_test(free_list_allocator),
		cmocka_unit_test(stack_allocator),
		cmocka_unit_test(layout_extension),
		cmocka_unit_test(zeroed_allocation),
		cmocka_unit_test(custom_arena_pattern),
		cmocka_unit_test(with_arena),
		cmocka_unit_test(arena_exhausted),
		cmocka_unit_test(allocator_trait),
		cmocka_unit_test(allocators_say_whether_threads_may_share_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
