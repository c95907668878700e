// SPDX-License-Identifier: MIT
/*
 * The heap against a plain model: random calls, every live block checked for its
 * bytes, its alignment and its place, and all counters after each thousand.
 * PINBUF_SEED chooses another run, PINBUF_TEST_STEPS a shorter one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pinbuf/heap.h>

#include "heap_source.h"

enum { BLOCKS = 4000, STEPS = 300000, TAG_STRIDE = 61 };

static struct block {
	unsigned char *ptr;
	size_t size, usable;
	unsigned char tag;
} block[BLOCKS];

static struct model {
	uint64_t live, peak, allocs, frees;
} model;

static struct pinbuf_heap *heap;
static uint64_t seed;
static int steps = STEPS;

static uint32_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33);
}

static size_t any_size(void)
{
	switch (next_random() % 16) {
	case 0:
		return next_random() % 40000;
	case 1:
		return next_random() % 3;
	default:
		return next_random() % 1500;
	}
}

static void block_fill(struct block *b)
{
	size_t k;

	b->tag = (unsigned char)next_random();
	for (k = 0; k < b->size; k += TAG_STRIDE)
		b->ptr[k] = b->tag;
	if (b->size)
		b->ptr[b->size - 1] = b->tag;
}

static void block_check(const struct block *b, size_t size)
{
	size_t k;

	for (k = 0; k < size && k < b->size; k += TAG_STRIDE)
		assert_int_equal(b->ptr[k], b->tag);
}

static void model_add(struct block *b)
{
	b->usable = pinbuf_heap_usable_size(heap, b->ptr);
	assert_true(b->usable >= b->size);
	model.live += b->usable;
	if (model.live > model.peak)
		model.peak = model.live;
}

static void block_new(struct block *b)
{
	size_t align = (size_t)1 << next_random() % 15, k;

	b->size = any_size();
	switch (next_random() % 4) {
	case 0:
		b->ptr = pinbuf_heap_aligned_alloc(heap, align, b->size);
		assert_int_equal((uintptr_t)b->ptr % align, 0);
		break;
	case 1:
		b->ptr = pinbuf_heap_calloc(heap, b->size, 1);
		for (k = 0; k < b->size; k++)
			assert_int_equal(b->ptr[k], 0);
		break;
	default:
		b->ptr = pinbuf_heap_malloc(heap, b->size);
	}
	assert_non_null(b->ptr);
	model.allocs++;
	model_add(b);
	block_fill(b);
}

static void block_resize(struct block *b)
{
	struct block old = *b;

	b->size = any_size() + 1;
	b->ptr = pinbuf_heap_realloc(heap, b->ptr, b->size);
	assert_non_null(b->ptr);
	old.ptr = b->ptr;
	block_check(&old, b->size);
	b->usable = pinbuf_heap_usable_size(heap, b->ptr);
	block_fill(b);
}

static void block_drop(struct block *b)
{
	block_check(b, b->size);
	pinbuf_heap_free(heap, b->ptr);
	b->ptr = NULL;
	model.frees++;
	model.live -= b->usable;
}

static void step(bool resize)
{
	struct block *b = &block[next_random() % BLOCKS];

	if (!b->ptr)
		block_new(b);
	else if (resize && next_random() % 3 == 0)
		block_resize(b);
	else
		block_drop(b);
}

static void counters_check(void)
{
	struct pinbuf_stats s = heap_stats(heap);

	assert_int_equal(s.current_live, model.live);
	assert_int_equal(s.peak_usage, model.peak);
	assert_int_equal(s.allocation_count, model.allocs);
	assert_int_equal(s.deallocation_count, model.frees);
	assert_int_equal(s.total_allocated - s.total_deallocated, model.live);
	assert_true(s.held >= model.live);
}

static void all_drop(void)
{
	size_t i;

	for (i = 0; i < BLOCKS; i++)
		if (block[i].ptr)
			block_drop(&block[i]);
}

static void counters_are_the_models(void **state)
{
	struct heap_source source = { 0 };
	int i;

	(void)state;
	memset(&model, 0, sizeof(model));
	heap = heap_of_source(&source, 0);
	for (i = 0; i < steps; i++) {
		step(false);
		if (i % 1000 == 0)
			counters_check();
	}
	all_drop();
	counters_check();
	pinbuf_heap_trim(heap);
	assert_int_equal(source.pieces, 0);
	pinbuf_heap_destroy(heap);
}

static void bytes_are_the_models(void **state)
{
	struct heap_source source = { 0 };
	int i;

	(void)state;
	heap = heap_of_source(&source, 0);
	for (i = 0; i < steps; i++)
		step(true);
	all_drop();
	assert_int_equal(heap_stats(heap).current_live, 0);
	pinbuf_heap_trim(heap);
	assert_int_equal(source.pieces, 0);
	pinbuf_heap_destroy(heap);
}

static void full_heap_obeys_the_model_too(void **state)
{
	struct heap_source source = { 0 };
	size_t nr = 0, i;
	int k;

	(void)state;
	heap = heap_of_source(&source, 2 << 20);
	for (k = 0; k < steps; k++) {
		struct block *b = &block[next_random() % BLOCKS];

		if (b->ptr) {
			block_check(b, b->size);
			pinbuf_heap_free(heap, b->ptr);
			b->ptr = NULL;
			continue;
		}
		b->size = any_size();
		b->ptr = pinbuf_heap_malloc(heap, b->size);
		if (b->ptr)
			block_fill(b);
		else
			nr++;
		assert_true(source.bytes <= 2 << 20);
	}
	assert_true(nr > 0);
	assert_int_equal(heap_stats(heap).failures, nr);
	for (i = 0; i < BLOCKS; i++)
		pinbuf_heap_free(heap, block[i].ptr);
	pinbuf_heap_trim(heap);
	assert_int_equal(source.pieces, 0);
	pinbuf_heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_the_models),
		cmocka_unit_test(bytes_are_the_models),
		cmocka_unit_test(full_heap_obeys_the_model_too),
	};
	const char *env = getenv("PINBUF_SEED");

	seed = env ? strtoull(env, NULL, 0) : 1;
	env = getenv("PINBUF_TEST_STEPS");
	if (env)
		steps = atoi(env);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_model", tests, NULL, NULL);
}
