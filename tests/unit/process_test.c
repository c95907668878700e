// SPDX-License-Identifier: MIT
/* The process's three sums: every byte once, and a word before the limit. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"

static struct pinbuf_process_stats now(void)
{
	struct pinbuf_process_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_stats_process(&st), 0);
	return st;
}

/* what came since then */
#define GREW(what, since)	((int64_t)(now().what - (since).what))

static void regions_count_in_their_class(void **state)
{
	struct pinbuf_process_stats before = now();
	struct pinbuf_arena_opts ao = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_stack_opts so = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_pool_opts po = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_freelist_opts fo = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_heap_opts ho = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_freelist *f;
	struct pinbuf_stack s;
	struct pinbuf_arena a;
	struct pinbuf_pool p;
	struct pinbuf_heap *h;

	(void)state;
	ao.bytes = 10000;
	assert_int_equal(pinbuf_arena_init(&a, &ao), 0);
	assert_in_range(GREW(arena, before), 10000, 10100);
	so.bytes = 20000;
	assert_int_equal(pinbuf_stack_init(&s, &so), 0);
	po.block_size = 100;
	po.nr_blocks = 300;
	assert_int_equal(pinbuf_pool_init(&p, &po), 0);
	fo.bytes = 40000;
	assert_int_equal(pinbuf_freelist_create(&f, &fo), 0);
	assert_in_range(GREW(arena, before), 100000, 102000);
	assert_int_equal(GREW(pinned, before), 0);
	/* what malloc rounds up stays general */
	assert_in_range(GREW(general, before), 0, 4 * 64);
	ho.initial = 1 << 20;
	assert_int_equal(pinbuf_heap_create(&h, &ho), 0);
	assert_in_range(GREW(pinned, before), 1 << 20, 3 << 20);
	pinbuf_heap_destroy(h);
	pinbuf_freelist_destroy(f);
	pinbuf_pool_fini(&p);
	pinbuf_stack_fini(&s);
	pinbuf_arena_fini(&a);
	assert_int_equal(GREW(arena, before), 0);
	assert_int_equal(GREW(pinned, before), 0);
	assert_int_equal(GREW(general, before), 0);
}

static void nested_bytes_count_once(void **state)
{
	struct pinbuf_process_stats before = now(), with_heap;
	struct pinbuf_heap_opts ho = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_arena_opts ao = PINBUF_ARENA_OPTS_INIT, io = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena a, inner;
	struct pinbuf_locked *locked;
	struct pinbuf_heap *h;

	(void)state;
	ho.initial = 4 << 20;
	assert_int_equal(pinbuf_heap_create(&h, &ho), 0);
	with_heap = now();
	/* through a lock, which has no memory of its own */
	assert_int_equal(pinbuf_locked_create(&locked, pinbuf_heap_region(h), 0), 0);
	ao.bytes = 1 << 20;
	ao.parent = pinbuf_locked_region(locked);
	assert_int_equal(pinbuf_arena_init(&a, &ao), 0);
	assert_in_range(GREW(arena, with_heap), 1 << 20, (1 << 20) + 100);
	assert_int_equal(GREW(pinned, with_heap), -GREW(arena, with_heap));
	/* an arena of an arena takes nothing from the sum */
	io.bytes = 1 << 18;
	io.parent = &a.region;
	assert_int_equal(pinbuf_arena_init(&inner, &io), 0);
	assert_in_range(GREW(arena, with_heap), 1 << 20, (1 << 20) + 100);
	assert_int_equal(GREW(arena, with_heap) + GREW(pinned, with_heap), 0);
	pinbuf_arena_fini(&inner);
	pinbuf_arena_fini(&a);
	pinbuf_locked_destroy(locked);
	assert_int_equal(GREW(pinned, with_heap), 0);
	pinbuf_heap_destroy(h);
	assert_int_equal(GREW(arena, before), 0);
	assert_int_equal(GREW(pinned, before), 0);
}

static void a_heap_on_malloc_takes_from_the_general_sum(void **state)
{
	struct pinbuf_process_stats before = now();
	struct pinbuf_heap_opts o = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *h;

	(void)state;
	o.parent = pinbuf_global();
	o.initial = 1 << 20;
	assert_int_equal(pinbuf_heap_create(&h, &o), 0);
	assert_in_range(GREW(pinned, before), 1 << 20, 4 << 20);
	assert_in_range(GREW(general, before), 0, 65536 + 4096);	/* what malloc rounds up */
	pinbuf_heap_destroy(h);
	assert_int_equal(GREW(pinned, before), 0);
	assert_int_equal(GREW(general, before), 0);
}

static void blocks_of_malloc_are_general(void **state)
{
	struct pinbuf_process_stats before = now();
	void *ptr = pinbuf_alloc(pinbuf_global(), (struct pinbuf_layout){ 5000, 8 });

	(void)state;
	assert_in_range(GREW(general, before), 5000, 5100);
	pinbuf_dealloc(pinbuf_global(), ptr, (struct pinbuf_layout){ 5000, 8 });
	assert_int_equal(GREW(general, before), 0);
}

static void the_callers_own_memory_is_in_no_sum(void **state)
{
	static char buffer[65536];
	struct pinbuf_process_stats before = now();
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_arena a, inner;

	(void)state;
	assert_int_equal(pinbuf_arena_init_buffer(&a, buffer, sizeof(buffer), NULL), 0);
	assert_int_equal(GREW(arena, before), 0);
	o.bytes = 10000;
	o.parent = &a.region;
	assert_int_equal(pinbuf_arena_init(&inner, &o), 0);
	assert_in_range(GREW(arena, before), 10000, 10100);
	pinbuf_arena_fini(&inner);
	pinbuf_arena_fini(&a);
	assert_int_equal(GREW(arena, before), 0);
}

static int nr_calls;
static struct pinbuf_process_stats told;

static void tell(const struct pinbuf_process_stats *stats, void *arg)
{
	assert_ptr_equal(arg, &nr_calls);
	nr_calls++;
	told = *stats;
}

/* As a user whom RLIMIT_MEMLOCK binds; buffers of locked memory, which need no device. */
static void buffers_near_their_limit_are_told_once(void **state)
{
	struct rlimit old, low = { 1 << 20, 1 << 20 };
	struct pinbuf_dev_opts o = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_process_stats st;
	struct pinbuf_buf *bufs[4];
	struct pinbuf_dev *dev;
	uid_t uid = geteuid();
	char text[1024] = "";
	FILE *out;
	int i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &old), 0);
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &low), 0);
	assert_int_equal(uid ? 0 : seteuid(65534), 0);
	o.flags = PINBUF_OPEN_LOCKED;
	assert_int_equal(pinbuf_open(&dev, &o), 0);
	assert_int_equal(pinbuf_pressure_watch(101, tell, &nr_calls), -EINVAL);
	assert_int_equal(pinbuf_pressure_watch(70, tell, &nr_calls), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(pinbuf_buf_create(&bufs[i], dev, 256 << 10, NULL), 0);
	assert_int_equal(nr_calls, 0);
	for (; i < 4; i++)
		assert_int_equal(pinbuf_buf_create(&bufs[i], dev, i == 3 ? 128 << 10 : 256 << 10, NULL), 0);
	assert_int_equal(nr_calls, 1);		/* at 75 %; not again at 87 */
	assert_int_equal(told.buffers, 768 << 10);
	assert_int_equal(told.percent, 75);
	assert_string_equal(told.limit_name, "RLIMIT_MEMLOCK");
	st = now();
	assert_int_equal(st.limit, 1 << 20);
	assert_int_equal(st.percent, 87);
	assert_true(st.percent >= PINBUF_PRESSURE);
	out = fmemopen(text, sizeof(text), "w");
	assert_int_equal(pinbuf_process_print(&st, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "87 % of RLIMIT_MEMLOCK"));
	assert_non_null(strstr(text, "WARNING: pinned buffers near their limit"));
	/* below, and above again */
	pinbuf_buf_put(bufs[2]);
	assert_int_equal(pinbuf_buf_create(&bufs[2], dev, 256 << 10, NULL), 0);
	assert_int_equal(nr_calls, 2);
	assert_int_equal(pinbuf_pressure_watch(0, NULL, NULL), 0);
	for (i = 0; i < 4; i++)
		pinbuf_buf_put(bufs[i]);
	assert_int_equal(now().buffers, 0);
	pinbuf_close(dev);
	assert_int_equal(uid ? 0 : seteuid(uid), 0);
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &old), 0);
}

static void a_struct_that_is_too_short_is_refused(void **state)
{
	struct pinbuf_process_stats st = { .size = 8 };

	(void)state;
	assert_int_equal(pinbuf_stats_process(&st), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_count_in_their_class),
		cmocka_unit_test(nested_bytes_count_once),
		cmocka_unit_test(a_heap_on_malloc_takes_from_the_general_sum),
		cmocka_unit_test(blocks_of_malloc_are_general),
		cmocka_unit_test(the_callers_own_memory_is_in_no_sum),
		cmocka_unit_test(buffers_near_their_limit_are_told_once),
		cmocka_unit_test(a_struct_that_is_too_short_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
