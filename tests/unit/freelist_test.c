// SPDX-License-Identifier: MIT
/* What the free list has beyond the laws: where blocks go, against a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "check.h"
#include "child.h"

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

#define UNIT	PINBUF_FREELIST_UNIT

static struct pinbuf_freelist *list_make(size_t bytes)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;

	o.bytes = bytes;
	o.name = "messages";
	assert_int_equal(pinbuf_freelist_create(&f, &o), 0);
	return f;
}

/* the model: a flag a unit */
#define UNITS	2048

struct model {
	bool used[UNITS];
};

static size_t model_hole(const struct model *m, size_t at)
{
	size_t n = 0;

	while (at + n < UNITS && !m->used[at + n])
		n++;
	return n;
}

static void model_figures(const struct model *m, size_t *holes, size_t *largest, size_t *left)
{
	size_t at, n;

	*holes = *largest = *left = 0;
	for (at = 0; at < UNITS; at += n ? n : 1) {
		n = model_hole(m, at);
		if (!n)
			continue;
		++*holes;
		*left += n * UNIT;
		if (n * UNIT > *largest)
			*largest = n * UNIT;
	}
}

static void it_agrees_with_a_plain_model(void **state)
{
	struct pinbuf_freelist *f = list_make(UNITS * UNIT);
	struct { char *ptr; size_t units; } live[300];
	static struct model m;
	char *base = pinbuf_freelist_alloc(f, 1, 1), *p;
	size_t nr = 0, step, size, units, at, i, holes, largest, left;
	unsigned int seed = 1;

	(void)state;
	pinbuf_freelist_free(f, base);
	for (step = 0; step < 30000; step++) {
		model_figures(&m, &holes, &largest, &left);
		assert_int_equal(pinbuf_freelist_holes(f), holes);
		assert_int_equal(pinbuf_freelist_remaining(f), left);
		if (rand_r(&seed) % 8 == 0)
			assert_int_equal(pinbuf_freelist_largest(f), largest);
		if (nr < 300 && rand_r(&seed) % 2) {
			size = (size_t)rand_r(&seed) % (rand_r(&seed) % 4 ? 500 : 5000) + 1;
			if (rand_r(&seed) % 16 == 0 && largest)
				size = largest;		/* must succeed */
			p = pinbuf_freelist_alloc(f, size, 1);
			if (!p) {
				assert_true(size > largest);
				assert_int_equal(pinbuf_error_last()->largest_free, largest);
				assert_int_equal(pinbuf_error_last()->available, left);
				continue;
			}
			units = (size + UNIT - 1) / UNIT;
			at = (size_t)(p - base) / UNIT;
			assert_true(model_hole(&m, at) >= units);
			memset(m.used + at, 1, units);
			live[nr].ptr = p;
			live[nr++].units = units;
		} else if (nr) {
			i = (size_t)rand_r(&seed) % nr;
			memset(m.used + (size_t)(live[i].ptr - base) / UNIT, 0, live[i].units);
			pinbuf_freelist_free(f, live[i].ptr);
			live[i] = live[--nr];
		}
	}
	pinbuf_freelist_reset(f);
	assert_int_equal(pinbuf_freelist_holes(f), 1);
	assert_int_equal(pinbuf_freelist_largest(f), UNITS * UNIT);
	pinbuf_freelist_destroy(f);
}

static void the_lowest_of_the_smallest_class_is_taken(void **state)
{
	struct pinbuf_freelist *f = list_make(1 << 20);
	char *a[12], *p;
	size_t i;

	(void)state;
	/* holes of 32, 8, 16, 8 units, kept apart, and the rest */
	static const size_t units[12] = { 32, 1, 8, 1, 16, 1, 8, 1 };

	for (i = 0; i < 8; i++)
		a[i] = pinbuf_freelist_alloc(f, units[i] * UNIT, 1);
	for (i = 0; i < 8; i += 2)
		pinbuf_freelist_free(f, a[i]);
	p = pinbuf_freelist_alloc(f, 8 * UNIT, 1);
	assert_ptr_equal(p, a[2]);
	p = pinbuf_freelist_alloc(f, 7 * UNIT, 1);
	assert_ptr_equal(p, a[6]);
	p = pinbuf_freelist_alloc(f, 9 * UNIT, 1);
	assert_ptr_equal(p, a[4]);
	p = pinbuf_freelist_alloc(f, 20 * UNIT, 1);
	assert_ptr_equal(p, a[0]);
	pinbuf_freelist_destroy(f);
}

/* and the same hole again afterwards */
static void a_request_of_the_largest_hole_succeeds(void **state)
{
	struct pinbuf_freelist *f = list_make(100 * UNIT);
	char *a = pinbuf_freelist_alloc(f, 33 * UNIT, 1);
	char *b = pinbuf_freelist_alloc(f, 34 * UNIT, 1);
	char *c = pinbuf_freelist_alloc(f, 33 * UNIT, 1);

	(void)state;
	assert_true(a && b && c);
	assert_int_equal(pinbuf_freelist_largest(f), 0);
	assert_null(pinbuf_freelist_alloc(f, 1, 1));
	pinbuf_freelist_free(f, b);
	assert_int_equal(pinbuf_freelist_largest(f), 34 * UNIT);
	assert_null(pinbuf_freelist_alloc(f, 34 * UNIT + 1, 1));
	assert_ptr_equal(pinbuf_freelist_alloc(f, 34 * UNIT, 1), b);
	pinbuf_freelist_destroy(f);
}

static void separated_holes_do_not_matter(void **state)
{
	enum { HOLES = 4096 };
	struct pinbuf_freelist *f = list_make((size_t)HOLES * 2048 + (1 << 20));
	static char *even[HOLES], *odd[HOLES];
	size_t i;
	char *p;

	(void)state;
	for (i = 0; i < HOLES; i++) {
		even[i] = pinbuf_freelist_alloc(f, 1024, 8);
		odd[i] = pinbuf_freelist_alloc(f, 1024, 8);
		assert_true(even[i] && odd[i]);
	}
	for (i = 0; i < HOLES; i++)
		pinbuf_freelist_free(f, even[i]);
	assert_int_equal(pinbuf_freelist_holes(f), HOLES + 1);
	for (i = 0; i < HOLES; i++) {
		p = pinbuf_freelist_alloc(f, 1024, 8);
		assert_ptr_equal(p, even[i]);	/* lowest address first */
	}
	pinbuf_freelist_destroy(f);
}

static void late_writes_break_nothing(void **state)
{
	static char buffer[65536] __attribute__((aligned(64)));
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;
	char *blocks[64];
	size_t i, round;

	(void)state;
	o.bytes = sizeof(buffer);
	o.buffer = buffer;
	assert_int_equal(pinbuf_freelist_create(&f, &o), 0);
	for (round = 0; round < 5; round++) {
		for (i = 0; i < 64; i++)
			assert_non_null(blocks[i] = pinbuf_freelist_alloc(f, 900, 8));
		for (i = 0; i < 64; i++)
			pinbuf_freelist_free(f, blocks[i ^ 21]);
		if (!pinbuf__checked)	/* who look would see it */
			memset(buffer, 0xff, sizeof(buffer));	/* a device that is late */
		assert_int_equal(pinbuf_freelist_holes(f), 1);
	}
	pinbuf_freelist_destroy(f);
}

static void the_map_shows_the_holes(void **state)
{
	struct pinbuf_freelist *f = list_make(64 * UNIT);
	char *text, *a, *b;
	size_t len;
	FILE *out;

	(void)state;
	a = pinbuf_freelist_alloc(f, 4 * UNIT, 1);
	b = pinbuf_freelist_alloc(f, 2 * UNIT, 1);
	assert_non_null(b);
	pinbuf_freelist_free(f, a);
	out = open_memstream(&text, &len);
	assert_int_equal(pinbuf_freelist_print(f, out), 0);
	fclose(out);
	assert_string_equal(text,
			    "freelist 'messages': 2048 bytes, 1984 in 2 holes, the largest 1856\n"
			    "[....##..........................................................]\n"
			    "  at          0         128 bytes\n"
			    "  at        192        1856 bytes\n");
	free(text);
	pinbuf_freelist_destroy(f);
}

static void rounding_is_counted_as_waste(void **state)
{
	struct pinbuf_freelist *f = list_make(4096);
	char *a = pinbuf_freelist_alloc(f, 1, 1), *b = pinbuf_freelist_alloc(f, 100, 1);

	(void)state;
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).wasted, 31 + 28);
	pinbuf_freelist_free(f, a);
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).wasted, 28);
	pinbuf_freelist_free(f, b);
	pinbuf_freelist_free(f, NULL);
	assert_int_equal(stats_of(pinbuf_freelist_region(f)).wasted, 0);
	pinbuf_freelist_destroy(f);
}

static void create_refuses_what_cannot_be(void **state)
{
	static char buffer[256] __attribute__((aligned(64)));
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;

	(void)state;
	assert_int_equal(pinbuf_freelist_create(&f, &o), -EINVAL);
	o.bytes = PINBUF_FREELIST_MAX + 1;
	assert_int_equal(pinbuf_freelist_create(&f, &o), -EINVAL);
	o.bytes = 64;
	o.buffer = buffer + 8;
	assert_int_equal(pinbuf_freelist_create(&f, &o), -EINVAL);
}

static void free_twice(void)
{
	struct pinbuf_freelist *f = list_make(4096);
	void *a = pinbuf_freelist_alloc(f, 100, 8);

	pinbuf_freelist_free(f, a);
	pinbuf_freelist_free(f, a);
}

static void free_after_merging(void)
{
	struct pinbuf_freelist *f = list_make(4096);
	void *a = pinbuf_freelist_alloc(f, 100, 8), *b = pinbuf_freelist_alloc(f, 100, 8);

	pinbuf_freelist_free(f, a);
	pinbuf_freelist_free(f, b);
	pinbuf_freelist_free(f, b);
}

static void free_foreign(void)
{
	static char foreign[64];

	pinbuf_freelist_free(list_make(4096), foreign);
}

static void free_inside(void)
{
	struct pinbuf_freelist *f = list_make(4096);
	char *a = pinbuf_freelist_alloc(f, 100, 8);

	pinbuf_freelist_free(f, a + 32);
}

static void free_with_a_wrong_layout(void)
{
	struct pinbuf_freelist *f = list_make(4096);
	struct pinbuf_region *r = pinbuf_freelist_region(f);

	pinbuf_dealloc(r, pinbuf_alloc(r, (struct pinbuf_layout){ 100, 8 }),
		       (struct pinbuf_layout){ 300, 8 });
}

static void misuse_is_caught(void **state)
{
	(void)state;
	dies_saying(free_twice, "freelist 'messages': 0x");
	dies_saying(free_twice, "which is free already");
	dies_saying(free_after_merging, "free already");
	dies_saying(free_foreign, "which is no block of the list");
	dies_saying(free_inside, "inside a block or free already");
	dies_saying(free_with_a_wrong_layout, "with a layout of 300 bytes, and it takes 128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_a_plain_model),
		cmocka_unit_test(the_lowest_of_the_smallest_class_is_taken),
		cmocka_unit_test(a_request_of_the_largest_hole_succeeds),
		cmocka_unit_test(separated_holes_do_not_matter),
		cmocka_unit_test(late_writes_break_nothing),
		cmocka_unit_test(the_map_shows_the_holes),
		cmocka_unit_test(rounding_is_counted_as_waste),
		cmocka_unit_test(create_refuses_what_cannot_be),
		cmocka_unit_test(misuse_is_caught),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("free list", tests, NULL, NULL);
}
