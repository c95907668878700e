// SPDX-License-Identifier: MIT
/*
 * The laws that every region obeys, run for every row of law_subjects.c: each allocator,
 * and stacks of them.
 */
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

#include "laws.h"

static uint64_t ground_live(const struct world *w)
{
	return w->ground.stats.total_allocated - w->ground.stats.total_deallocated;
}

typedef void (*law_fn)(struct world *w);

/* what cmocka hands to a test */
struct trial {
	const struct law_subject *subject;
	law_fn fn;
};

static void run(void **state)
{
	const struct trial *t = *state;
	struct world w = { .subject = t->subject };

	flaky_init(&w.ground);
	assert_int_equal(t->subject->open(&w), 0);
	t->fn(&w);
	t->subject->close(&w);
	assert_int_equal(ground_live(&w), 0);
	assert_int_equal(w.ground.stats.allocation_count, w.ground.stats.deallocation_count);
}

/* What a user does, up to the first failure; whether there was one. */
static bool script(struct world *w)
{
	struct pinbuf_layout l = { at_most(3000, w->subject->max_size), 8 };
	struct block blocks[40];
	bool failed = false;
	size_t nr = 0;
	void *ptr;

	while (nr < 40 && !failed) {
		blocks[nr].layout = l;
		blocks[nr].ptr = pinbuf_alloc(w->region, l);
		failed = !blocks[nr].ptr;
		if (failed)
			break;
		block_fill(&blocks[nr], (unsigned char)nr);
		nr++;
	}
	if (!failed) {
		ptr = pinbuf_realloc(w->region, blocks[nr - 1].ptr, l, (struct pinbuf_layout){ l.size / 2, 8 });
		failed = !ptr;
		if (ptr) {
			blocks[nr - 1].ptr = ptr;
			blocks[nr - 1].layout.size = l.size / 2;
		}
	}
	if (failed) {
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_MEMORY);
		assert_string_equal(pinbuf_error_last()->name, "ground");
	}
	blocks_drop(w, blocks, nr);
	return failed;
}

/* the parent fails at its nth call, for every n until nothing fails */
static void a_parent_that_fails_at_its_nth_call_leaks_nothing(void **state)
{
	const struct trial *t = *state;
	bool failed = true;
	uint64_t n;
	int ret;

	for (n = 1; failed; n++) {
		struct world w = { .subject = t->subject };

		assert_true(n < 1000);
		flaky_init(&w.ground);
		w.ground.fail_at = n;
		ret = t->subject->open(&w);
		if (ret) {
			assert_int_equal(ret, -ENOMEM);
		} else {
			failed = script(&w);
			t->subject->close(&w);
		}
		assert_int_equal(ground_live(&w), 0);
		assert_int_equal(w.ground.stats.allocation_count,
				 w.ground.stats.deallocation_count);
	}
}

/* threads, for those that say so */
#define THREADS	4

static void *user(void *arg)
{
	struct world *w = arg;
	struct block blocks[32];
	uint64_t seed = (uint64_t)(uintptr_t)&blocks | 1;
	size_t nr = 0, step, i;
	struct pinbuf_stats st = { .size = sizeof(st) };

	for (step = 0; step < 3000; step++) {
		if (nr < 32 && dice(&seed) % 2) {
			blocks[nr].layout = (struct pinbuf_layout){
				1 + dice(&seed) % at_most(200, w->subject->max_size), 8,
			};
			blocks[nr].ptr = pinbuf_alloc(w->region, blocks[nr].layout);
			if (!blocks[nr].ptr)
				continue;
			block_fill(&blocks[nr], (unsigned char)dice(&seed));
			nr++;
		} else if (nr) {
			i = dice(&seed) % nr;
			block_check(&blocks[i], blocks[i].layout.size);
			pinbuf_dealloc(w->region, blocks[i].ptr, blocks[i].layout);
			blocks[i] = blocks[--nr];
		} else {
			assert_int_equal(pinbuf_region_stats(w->region, &st), 0);
		}
	}
	while (nr--)
		pinbuf_dealloc(w->region, blocks[nr].ptr, blocks[nr].layout);
	return NULL;
}

static void threads_may_share_it(void **state)
{
	const struct trial *t = *state;
	struct world w = { .subject = t->subject };
	pthread_t threads[THREADS];
	struct pinbuf_stats before, st;
	size_t i;

	flaky_init(&w.ground);
	assert_int_equal(t->subject->open(&w), 0);
	before = stats_of(w.region);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, user, &w), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	st = stats_of(w.region);
	if (frees(w.region) && !(pinbuf_region_caps(w.region) & PINBUF_NOFREE)) {
		assert_int_equal(st.allocation_count - before.allocation_count,
				 st.deallocation_count - before.deallocation_count);
		assert_int_equal(st.current_live, before.current_live);
	}
	t->subject->close(&w);
	assert_int_equal(ground_live(&w), 0);
}

/* what there must be for a law to apply */
#define BOUNDED		1	/* an end */
#define CLOSED		2	/* a close that drops blocks */
#define SHARED		4	/* PINBUF_THREADSAFE */

static const struct law {
	const char *name;
	law_fn fn;
	CMUnitTestFunction test;
	unsigned int needs;
} laws[] = {
#define LAW(fn)			{ #fn, fn, run, 0 }
#define LAW_FOR(needs, fn)	{ #fn, fn, run, needs }
#define LAW_TEST(needs, test)	{ #test, NULL, test, needs }
	LAW(alignment_is_honoured_or_refused),
	LAW(layouts_that_cannot_be_are_refused),
	LAW(size_zero_gives_a_unique_pointer),
	LAW(blocks_are_disjoint),
	LAW(zeroed_is_zero_after_dirty_reuse),
	LAW_FOR(BOUNDED, exhaustion_returns_null_and_the_region_still_works),
	LAW(all_six_counters_balance),
	LAW(realloc_keeps_the_bytes),
	LAW(realloc_of_null_allocates),
	LAW(any_order_of_calls_is_safe),
	LAW(typed_blocks_clean_up_after_themselves),
	LAW_FOR(CLOSED, nothing_leaks_on_close),
	LAW_TEST(0, a_parent_that_fails_at_its_nth_call_leaks_nothing),
	LAW_TEST(SHARED, threads_may_share_it),
};
#define NR_LAWS	(sizeof(laws) / sizeof(laws[0]))

static unsigned int has(const struct law_subject *subject)
{
	struct world w = { .subject = subject };
	unsigned int has = 0;

	flaky_init(&w.ground);
	if (subject->open(&w))
		abort();
	if (w.region != pinbuf_global())
		has |= BOUNDED;
	if (w.region != pinbuf_global() && w.region != &w.ground.region)
		has |= CLOSED;
	if (pinbuf_region_caps(w.region) & PINBUF_THREADSAFE)
		has |= SHARED;
	subject->close(&w);
	return has;
}

static void test_add(struct CMUnitTest *test, struct trial *trial, const struct law *law)
{
	char *name;

	trial->fn = law->fn;
	if (asprintf(&name, "%s: %s", trial->subject->name, law->name) < 0)
		abort();
	*test = (struct CMUnitTest){
		.name = name, .test_func = law->test, .initial_state = trial,
	};
}

int main(void)
{
	size_t most = nr_law_subjects * NR_LAWS, i, k, nr = 0;
	struct CMUnitTest *tests = calloc(most, sizeof(*tests));
	struct trial *trials = calloc(most, sizeof(*trials));
	int ret;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (i = 0; i < nr_law_subjects; i++) {
		for (k = 0; k < NR_LAWS; k++) {
			if (laws[k].needs & ~has(&law_subjects[i]))
				continue;
			trials[nr].subject = &law_subjects[i];
			test_add(&tests[nr], &trials[nr], &laws[k]);
			nr++;
		}
	}
	ret = _cmocka_run_group_tests("region laws", tests, nr, NULL, NULL);
	for (i = 0; i < nr; i++)
		free((char *)tests[i].name);
	free(tests);
	free(trials);
	return ret;
}
