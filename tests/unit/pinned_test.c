// SPDX-License-Identifier: MIT
/* pinbuf_is_pinned() for any pointer, in any thread, in a child. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "device/live.h"
#include "locked_memory.h"

#define GIB ((size_t)1 << 30)

static void foreign_pointers_are_not(void **state)
{
	int on_stack;
	char *block = malloc(100), *locked = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
						  MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	(void)state;
	assert_false(pinbuf_is_pinned(NULL));
	assert_false(pinbuf_is_pinned((void *)1));
	assert_false(pinbuf_is_pinned((void *)-1L));
	assert_false(pinbuf_is_pinned((void *)(1UL << 48)));
	assert_false(pinbuf_is_pinned((void *)((1UL << 48) - 1)));
	assert_false(pinbuf_is_pinned((void *)0xffff888000000000UL));
	assert_false(pinbuf_is_pinned(&on_stack));
	assert_false(pinbuf_is_pinned(block));
	assert_false(pinbuf_is_pinned((void *)(uintptr_t)foreign_pointers_are_not));
	assert_false(pinbuf_is_pinned(locked));
	munmap(locked, 8192);
	free(block);
}

static void buffer_is_from_its_first_byte_to_its_last(void **state)
{
	static const size_t lens[] = { 1, 4096, 4097, 65536, 2 * MIB, 5 * MIB - 4096 };
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct pinbuf_buf *buf = create(lens[i], 0);
		size_t len = pinbuf_buf_len(buf);
		char *mem = map(buf);

		assert_false(pinbuf_is_pinned(mem - 1));
		for (at = 0; at < len; at += 2048)
			assert_true(pinbuf_is_pinned(mem + at));
		assert_true(pinbuf_is_pinned(mem + len - 1));
		assert_false(pinbuf_is_pinned(mem + len));
		pinbuf_buf_put(buf);
		for (at = 0; at < len; at += 2048)
			assert_false(pinbuf_is_pinned(mem + at));
	}
}

static void every_mapping_counts_until_it_goes(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);
	char *mem = map(buf);
	void *other;

	(void)state;
	opts.access = PINBUF_READ;
	opts.offset = 4096;
	opts.len = 8192;
	assert_int_equal(pinbuf_buf_map(buf, &other, &opts), 0);
	assert_true(pinbuf_is_pinned(other));
	assert_true(pinbuf_is_pinned((char *)other + 8191));
	/* unless the kernel has put the one right below the other */
	assert_int_equal(pinbuf_is_pinned((char *)other + 8192), (char *)other + 8192 == mem);
	assert_int_equal(pinbuf_buf_unmap(buf, other), 0);
	assert_false(pinbuf_is_pinned(other));
	pinbuf_buf_put(buf);
}

/* A range that no memory is needed for: it lies in three of the map's leaves. */
static void ranges_cross_the_leaves_of_the_map(void **state)
{
	char *room = mmap(NULL, 4 * GIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *start, *end, *at;
	int inherited;

	(void)state;
	assert_ptr_not_equal(room, MAP_FAILED);
	start = room + -(uintptr_t)room % GIB + GIB - 3 * 4096;
	end = start + GIB + 5 * 4096;
	for (inherited = 0; inherited < 2; inherited++) {
		assert_int_equal(pinbuf__live_add(start, (size_t)(end - start), inherited), 0);
		assert_false(pinbuf_is_pinned(start - 1));
		for (at = start; at < end; at += 4096 * 61)
			assert_true(pinbuf_is_pinned(at));
		assert_true(pinbuf_is_pinned(end - 1));
		assert_false(pinbuf_is_pinned(end));
		pinbuf__live_remove(start, (size_t)(end - start), inherited);
		for (at = start; at < end; at += 4096 * 61)
			assert_false(pinbuf_is_pinned(at));
	}
	assert_int_equal(pinbuf__live_add((void *)((1UL << 48) - 4096), 8192, false), -ENOMEM);
	munmap(room, 4 * GIB);
}

static void neighbours_are_left_alone(void **state)
{
	char *room = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	(void)state;
	assert_int_equal(pinbuf__live_add(room, MIB, false), 0);
	for (i = 0; i < 256; i += 3)
		pinbuf__live_remove(room + i * 4096, 4096, false);
	for (i = 0; i < 256; i++)
		assert_int_equal(pinbuf_is_pinned(room + i * 4096), i % 3 != 0);
	pinbuf__live_remove(room, MIB, false);
	munmap(room, MIB);
}

struct pair {
	void *own, *inherited;
};

static int child_asks(void *arg)
{
	struct pair *p = arg;

	return pinbuf_is_pinned(p->own) || !pinbuf_is_pinned(p->inherited);
}

static void child_is_told_what_it_has(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB, PINBUF_BUF_FD);
	struct pair p = { .own = map(buf) };

	(void)state;
	opts.fork = PINBUF_FORK_SHARED;
	assert_int_equal(pinbuf_buf_map(buf, &p.inherited, &opts), 0);
	assert_true(pinbuf_is_pinned(p.own));
	assert_true(pinbuf_is_pinned(p.inherited));
	assert_int_equal(in_child(child_asks, &p), 0);
	assert_true(pinbuf_is_pinned(p.own));
	pinbuf_buf_put(buf);
}

/* Where the kernel would put something of that length, if asked to; it is not kept. */
static void *place_at(void *addr, size_t len)
{
	void *p = mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	munmap(p, len);
	return p;
}

struct mapped {
	struct pinbuf_buf *buf;
	char *mem;
};

static int child_maps(void *arg)
{
	struct mapped *m = arg;
	size_t len = pinbuf_buf_len(m->buf);
	char *last = m->mem + len - 4096;

	return place_at(m->mem, 4096) == m->mem || place_at(last, 4096) == last;
}

/* Books that the child inherits, a heap's as well, speak of these addresses. */
static void childs_addresses_stay_taken(void **state)
{
	static const size_t lens[] = { 4096, 5 * MIB + 4096, 3 * MIB - 16384 };
	struct mapped m[3];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		m[i].buf = create(lens[i], 0);
		m[i].mem = map(m[i].buf);
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(in_child(child_maps, &m[i]), 0);
	for (i = 0; i < 3; i++)
		pinbuf_buf_put(m[i].buf);
}

enum { THREADS = 4, ROUNDS = 400 };

static char *steady;
static atomic_int wrong;

static void *map_and_ask(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct pinbuf_buf *buf;
		void *mem;

		if (pinbuf_buf_create(&buf, dev, 4096 * (1 + (uintptr_t)arg), NULL) ||
		    pinbuf_buf_map(buf, &mem, NULL)) {
			wrong++;
			break;
		}
		wrong += !pinbuf_is_pinned(mem);
		pinbuf_buf_put(buf);
		wrong += !pinbuf_is_pinned(steady + i);
	}
	return NULL;
}

static void threads_map_and_ask(void **state)
{
	struct pinbuf_buf *buf = create(MIB, 0);
	pthread_t thread[THREADS];
	uintptr_t i;

	(void)state;
	steady = map(buf);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, map_and_ask, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(wrong, 0);
	pinbuf_buf_put(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_pointers_are_not),
		cmocka_unit_test(buffer_is_from_its_first_byte_to_its_last),
		cmocka_unit_test(every_mapping_counts_until_it_goes),
		cmocka_unit_test(ranges_cross_the_leaves_of_the_map),
		cmocka_unit_test(neighbours_are_left_alone),
		cmocka_unit_test(child_is_told_what_it_has),
		cmocka_unit_test(childs_addresses_stay_taken),
		cmocka_unit_test(threads_map_and_ask),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, locked_open, locked_close);
}
