// SPDX-License-Identifier: MIT
/* The heap over a source that fails at its nth call, for every n: nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pinbuf/heap.h>

#include "heap_source.h"

enum { NR = 600, MANY = 200 };

static struct { unsigned char *ptr; size_t size; } block[NR];

static size_t size_of(size_t i)
{
	return i % 7 ? 1 + i * 37 % 9000 : 100000 * (i % 5 + 1);
}

/* Return: calls that were refused. */
static size_t run(struct pinbuf_heap *heap)
{
	size_t i, refused = 0;

	for (i = 0; i < NR; i++) {
		block[i].size = size_of(i);
		block[i].ptr = pinbuf_heap_malloc(heap, block[i].size);
		if (block[i].ptr)
			memset(block[i].ptr, (int)i, block[i].size);
		else
			refused++;
	}
	for (i = 0; i < NR; i += 3) {
		unsigned char *ptr;

		if (!block[i].ptr)
			continue;
		ptr = pinbuf_heap_realloc(heap, block[i].ptr, block[i].size * 2);
		if (!ptr) {
			refused++;
			continue;
		}
		assert_int_equal(ptr[block[i].size - 1], (unsigned char)i);
		block[i].ptr = ptr;
	}
	for (i = 0; i < NR; i++) {
		if (block[i].ptr) {
			assert_int_equal(block[i].ptr[0], (unsigned char)i);
			assert_int_equal(block[i].ptr[block[i].size - 1], (unsigned char)i);
		}
		pinbuf_heap_free(heap, block[i].ptr);
	}
	return refused;
}

static void nth_failure_leaks_nothing(void **state)
{
	/* where a piece of memory is dear, some of the calls will do */
	size_t n, refused = 1, needed, step = ground_dev() ? 16 : 1;
	struct heap_source s = { 0 };
	struct pinbuf_heap *heap = heap_of_source(&s, 0);

	(void)state;
	assert_int_equal(run(heap), 0);
	needed = s.calls;
	assert_true(needed > 10);
	pinbuf_heap_destroy(heap);
	for (n = 1; refused && n < MANY; n += step) {
		struct heap_source failing = { .fail_at = n };

		heap = heap_of_source(&failing, 0);
		assert_non_null(heap);
		refused = run(heap);
		assert_int_equal(heap_stats(heap).failures, refused);
		assert_int_equal(heap_stats(heap).current_live, 0);
		/* it works again as soon as its source does */
		failing.fail_at = 0;
		assert_int_equal(run(heap), 0);
		pinbuf_heap_trim(heap);
		assert_int_equal(failing.pieces, 0);
		pinbuf_heap_destroy(heap);
		assert_int_equal(failing.bytes, 0);
	}
	assert_int_equal(refused, 0);
}

static void create_that_fails_leaks_nothing(void **state)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct heap_source failing = { .fail_at = 1 };
	struct pinbuf_heap *heap;

	(void)state;
	opts.source = &heap_source;
	opts.source_ctx = &failing;
	opts.initial = 1 << 20;
	assert_int_equal(pinbuf_heap_create(&heap, &opts), -ENOMEM);
	assert_int_equal(failing.pieces, 0);
}

/* Memory that came, and that the heap then has no room to know of: it goes back. */
struct odd_source {
	void *addr;
	size_t len;		/* both 0: memory as it should be */
	size_t pieces;
	struct heap_source good;
};

static int odd_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	struct odd_source *s = ctx;

	if (!s->addr)
		return heap_source_get(&s->good, len, pages);
	s->pieces++;
	pages->addr = s->addr;
	pages->len = s->len;
	return 0;
}

static void odd_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	struct odd_source *s = ctx;

	if (pages->addr == s->addr)
		s->pieces--;
	else
		heap_source_put(&s->good, pages);
}

static void memory_that_cannot_be_kept_goes_back(void **state)
{
	static const struct pinbuf_heap_source odd = {
		.size = sizeof(odd), .get = odd_get, .put = odd_put,
	};
	static const struct {
		uintptr_t addr;
		size_t len;
	} rows[] = {
		{ (uintptr_t)1 << 52, 2 << 20 },	/* beyond the page map */
		{ (uintptr_t)1 << 30, (size_t)1 << 57 },	/* a table of 256 TiB */
	};
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct odd_source s = { 0 };
	struct pinbuf_heap *heap;
	size_t i;
	void *ptr;

	(void)state;
	opts.source = &odd;
	opts.source_ctx = &s;
	opts.keep = 0;
	assert_int_equal(pinbuf_heap_create(&heap, &opts), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s.addr = (void *)rows[i].addr;
		s.len = rows[i].len;
		errno = 0;
		assert_null(pinbuf_heap_malloc(heap, 100000));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_MEMORY);
		assert_non_null(strstr(pinbuf_error_text(), "what a heap knows of a buffer"));
		assert_int_equal(s.pieces, 0);
		assert_int_equal(heap_stats(heap).held, 0);
	}
	s.addr = NULL;
	ptr = pinbuf_heap_malloc(heap, 100000);
	assert_non_null(ptr);
	pinbuf_heap_free(heap, ptr);
	pinbuf_heap_destroy(heap);
	assert_int_equal(s.good.pieces, 0);
}

/* What a heap gives is never outside its pieces, to the byte. */
static void blocks_are_strictly_inside(void **state)
{
	struct heap_source s = { .skew = 4096 * 5 };
	struct pinbuf_heap *heap = heap_of_source(&s, 0);
	struct pinbuf_heap_place place;
	size_t i;

	(void)state;
	for (i = 0; i < NR; i++) {
		unsigned char *ptr = pinbuf_heap_malloc(heap, size_of(i));
		size_t usable = pinbuf_heap_usable_size(heap, ptr);

		assert_int_equal(pinbuf_heap_locate(heap, ptr, &place), 0);
		assert_true(place.offset + usable <= place.len);
		memset(ptr, 0x77, usable);
	}
	pinbuf_heap_destroy(heap);
	assert_int_equal(s.pieces, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nth_failure_leaks_nothing),
		cmocka_unit_test(create_that_fails_leaks_nothing),
		cmocka_unit_test(memory_that_cannot_be_kept_goes_back),
		cmocka_unit_test(blocks_are_strictly_inside),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_source", tests, NULL, NULL);
}
