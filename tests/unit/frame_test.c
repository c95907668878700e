// SPDX-License-Identifier: MIT
/* Frame arenas: their figures, and how long a frame's data lasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include <pinbuf.h>

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

static void frames_have_their_figures(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_frame_figures figures = { .size = sizeof(figures) };
	struct pinbuf_frames f;
	struct pinbuf_arena *a;
	size_t i;

	(void)state;
	assert_int_equal(pinbuf_frames_init(&f, 3, &o), -EINVAL);
	assert_int_equal(pinbuf_frames_init(&f, 1, &o), 0);
	for (i = 1; i <= 4; i++) {
		a = pinbuf_frame_begin(&f);
		assert_int_equal(stats_of(&a->region).current_live, 0);
		assert_non_null(pinbuf_arena_alloc(a, i * 1000, 8));
		pinbuf_frame_end(&f);
	}
	a = pinbuf_frame_begin(&f);
	for (i = 0; i < 10; i++) {
		PINBUF_SCOPE(a);
		assert_non_null(pinbuf_arena_alloc(a, 800, 8));
	}
	pinbuf_frame_end(&f);
	assert_int_equal(pinbuf_frame_figures(&f, &figures), 0);
	assert_int_equal(figures.nr_frames, 5);
	assert_int_equal(figures.least, 1000);
	assert_int_equal(figures.most, 8000);
	assert_int_equal(figures.mean, (1000 + 2000 + 3000 + 4000 + 8000) / 5);
	assert_int_equal(figures.high_water, 4000);
	pinbuf_frames_fini(&f);
}

static void a_double_buffered_frame_stays_valid_for_one_more(void **state)
{
	struct pinbuf_frames f;
	int *last = NULL, *now;
	int i;

	(void)state;
	assert_int_equal(pinbuf_frames_init(&f, 2, NULL), 0);
	for (i = 0; i < 10; i++) {
		now = pinbuf_new(&pinbuf_frame_begin(&f)->region, int);
		assert_non_null(now);
		*now = i;
		if (last)
			assert_int_equal(*last, i - 1);
		last = now;
		pinbuf_frame_end(&f);
	}
	pinbuf_frames_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_have_their_figures),
		cmocka_unit_test(a_double_buffered_frame_stays_valid_for_one_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("frames", tests, NULL, NULL);
}
