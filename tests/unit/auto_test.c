// SPDX-License-Identifier: MIT
/* What is made ends with its scope, and what was not made does no harm. */
#include "locked_memory.h"
#include "laws.h"

static bool is_balanced(const struct flaky *f)
{
	return f->stats.allocation_count == f->stats.deallocation_count;
}

/* one of each, as far as @ground lets them be made; how many were */
static int objects_make(struct flaky *ground)
{
	struct pinbuf_freelist_opts freelist_opts = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_arena_opts arena_opts = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_stack_opts stack_opts = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_heap_opts heap_opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_pool_opts pool_opts = PINBUF_POOL_OPTS_INIT;

	PINBUF_AUTO_PTR(arena, created);
	PINBUF_AUTO_PTR(freelist, list);
	PINBUF_AUTO_PTR(shared_pool, shared);
	PINBUF_AUTO_PTR(heap, heap);
	PINBUF_AUTO_PTR(locked, locked);
	PINBUF_AUTO_OBJ(arena, arena);
	PINBUF_AUTO_OBJ(stack, stack);
	PINBUF_AUTO_OBJ(pool, pool);
	PINBUF_AUTO_OBJ(frames, frames);
	int made = 0;

	arena_opts.parent = stack_opts.parent = pool_opts.parent = &ground->region;
	freelist_opts.parent = heap_opts.parent = &ground->region;
	arena_opts.bytes = stack_opts.bytes = freelist_opts.bytes = 65536;
	heap_opts.initial = heap_opts.grow = 65536;
	pool_opts.block_size = 64;
	pool_opts.nr_blocks = 100;
	made += !pinbuf_arena_create(&created, &arena_opts);
	made += !pinbuf_freelist_create(&list, &freelist_opts);
	made += !pinbuf_shared_pool_create(&shared, &pool_opts, 8);
	made += !pinbuf_heap_create(&heap, &heap_opts);
	if (list)
		made += !pinbuf_locked_create(&locked, pinbuf_freelist_region(list), 0);
	made += !pinbuf_arena_init(&arena, &arena_opts);
	made += !pinbuf_stack_init(&stack, &stack_opts);
	made += !pinbuf_pool_init(&pool, &pool_opts);
	made += !pinbuf_frames_init(&frames, 2, &arena_opts);
	return made;
}

static void everything_ends_with_its_scope(void **state)
{
	struct flaky ground;

	(void)state;
	flaky_init(&ground);
	assert_int_equal(objects_make(&ground), 9);
	assert_true(ground.stats.allocation_count >= 9);
	assert_true(is_balanced(&ground));
}

static void what_was_not_made_does_no_harm(void **state)
{
	struct flaky ground;
	uint64_t n, calls = 1;

	(void)state;
	for (n = 1; n <= calls; n++) {
		flaky_init(&ground);
		ground.fail_at = n;
		assert_true(objects_make(&ground) >= 7);
		assert_true(is_balanced(&ground));
		calls = ground.nr_calls;
	}
	flaky_init(&ground);
	ground.budget = 0;
	assert_int_equal(objects_make(&ground), 0);
}

static void ended_by_hand_is_not_ended_again(void **state)
{
	struct pinbuf_pool_opts pool_opts = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_stack_opts stack_opts = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_arena_opts arena_opts = PINBUF_ARENA_OPTS_INIT;
	struct flaky ground;

	(void)state;
	flaky_init(&ground);
	arena_opts.parent = stack_opts.parent = pool_opts.parent = &ground.region;
	arena_opts.bytes = stack_opts.bytes = 65536;
	pool_opts.block_size = pool_opts.nr_blocks = 64;
	{
		PINBUF_AUTO_OBJ(arena, arena);
		PINBUF_AUTO_OBJ(stack, stack);
		PINBUF_AUTO_OBJ(pool, pool);

		assert_int_equal(pinbuf_arena_init(&arena, &arena_opts), 0);
		assert_int_equal(pinbuf_stack_init(&stack, &stack_opts), 0);
		assert_int_equal(pinbuf_pool_init(&pool, &pool_opts), 0);
		pinbuf_arena_fini(&arena);
		pinbuf_stack_fini(&stack);
		pinbuf_pool_fini(&pool);
		assert_true(is_balanced(&ground));
	}
	assert_true(is_balanced(&ground));
}

static int pinned_ends(char **mem)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	PINBUF_AUTO_PTR(dev, device);
	PINBUF_AUTO_PTR(buf, buf);
	void *addr;

	opts.flags = PINBUF_OPEN_LOCKED;
	if (pinbuf_open(&device, &opts) || pinbuf_buf_create(&buf, device, 8192, NULL) ||
	    pinbuf_buf_map(buf, &addr, NULL))
		return -1;
	*mem = addr;
	return pinbuf_is_pinned(addr);
}

static void buffers_and_devices_do_too(void **state)
{
	size_t before = status_bytes("VmLck:");
	char *mem = NULL;

	(void)state;
	assert_int_equal(pinned_ends(&mem), 1);
	assert_false(pinbuf_is_pinned(mem));
	assert_int_equal(status_bytes("VmLck:"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_ends_with_its_scope),
		cmocka_unit_test(what_was_not_made_does_no_harm),
		cmocka_unit_test(ended_by_hand_is_not_ended_again),
		cmocka_unit_test(buffers_and_devices_do_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
