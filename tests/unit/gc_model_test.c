// SPDX-License-Identifier: MIT
/*
 * Random programs beside a model: allocate, link, unlink, pin, weak handles, finalizers,
 * collections of every kind.  The model has every object ever made, with what it should
 * point to; now and then both are walked together from the roots.  In several threads,
 * which hand each other objects, and in both stress modes.  MODEL_SEED=N runs others.
 */
#include <stdlib.h>

#include "gc_program.h"

static void *program_run(void *arg)
{
	struct program *p = arg;
	int i;

	assert_int_equal(pinbuf_gc_attach(&p->m, gc), 0);
	{
		PINBUF_GC_SCOPE(p->m);

		for (i = 0; i < ROOTS; i++)
			p->roots[i] = pinbuf_gc_root(p->m, (struct object *)NULL);
		for (i = 0; i < p->steps; i++) {
			program_step(p);
			if (i % 64 == 63) {
				pinbuf_gc_foreign_enter(p->m);
				pinbuf_gc_foreign_leave(p->m);
			}
		}
		program_walk(p);
		for (i = 0; i < WEAKS; i++)
			pinbuf_gc_weak_destroy(p->m, p->weaks[i].handle);
		for (i = 0; i < PINS; i++)
			if (p->pins[i].object)
				pinbuf_gc_unpin(p->m, p->pins[i].object);
	}
	pinbuf_gc_detach(p->m);
	return NULL;
}

/* Nothing is left when nothing is rooted, and every finalizer was called. */
static void end_check(struct program *p, int nr)
{
	struct pinbuf_stats st = { .size = sizeof(st) };
	struct pinbuf_gc_mutator *m;
	struct twin *t, *next;
	int i;

	box.object = NULL;
	box.twin = NULL;
	assert_int_equal(pinbuf_gc_attach(&m, gc), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(pinbuf_gc_collect(m, i == 1 ? PINBUF_GC_MOVING : PINBUF_GC_FULL), 0);
	assert_int_equal(pinbuf_gc_verify(m), 0);
	assert_int_equal(pinbuf_gc_stats(gc, &st), 0);
	assert_int_equal(st.current_live, 0);
	assert_int_equal(st.allocation_count, st.deallocation_count);
	pinbuf_gc_detach(m);
	for (i = 0; i < nr; i++)
		for (t = p[i].all; t; t = next) {
			next = t->all;
			assert_int_equal(t->finalized, t->finalizer);
			free(t);
		}
}

struct plan {
	unsigned int flags;
	int threads, steps;
	size_t pause_us;
};

static void programs_agree_with_the_model(void **state)
{
	const struct plan *plan = *state;
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	static struct program p[MAX_THREADS];
	pthread_t threads[MAX_THREADS];
	const char *seed = getenv("MODEL_SEED");
	int i;

	memset(p, 0, sizeof(p));
	o.flags = plan->flags;
	o.nursery = plan->flags ? 0 : 128 << 10;
	o.pause_us = plan->pause_us;
	assert_int_equal(pinbuf_gc_create(&gc, &o), 0);
	program_types_make();
	assert_int_equal(pinbuf_gc_root_add(gc, &box.object), 0);
	for (i = 0; i < plan->threads; i++) {
		p[i].seed = (seed ? strtoull(seed, NULL, 0) : 1) * 100 + (uint64_t)i;
		p[i].steps = plan->steps;
		p[i].walk = (uint64_t)i << 48;
	}
	for (i = 1; i < plan->threads; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, program_run, &p[i]), 0);
	program_run(&p[0]);
	for (i = 1; i < plan->threads; i++)
		pthread_join(threads[i], NULL);
	end_check(p, plan->threads);
	pinbuf_gc_destroy(gc);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LESS	4
#else
#define LESS	1
#endif

#define PLAN(name_, ...) \
	{ .name = name_, .test_func = programs_agree_with_the_model, \
	  .initial_state = &(struct plan){ __VA_ARGS__ } }

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN("one_thread", 0, 1, 200000 / LESS, 0),
		PLAN("one_thread_in_the_smallest_steps", 0, 1, 100000 / LESS, 1),
		PLAN("three_threads_in_the_smallest_steps", 0, 3, 30000 / LESS, 1),
		PLAN("one_thread_under_stress", PINBUF_GC_STRESS, 1, 6000 / LESS, 0),
		PLAN("one_thread_under_stress_of_the_young", PINBUF_GC_STRESS_YOUNG, 1, 6000 / LESS, 0),
		PLAN("three_threads", 0, 3, 60000 / LESS, 0),
		PLAN("three_threads_under_stress", PINBUF_GC_STRESS, 3, 1500 / LESS, 0),
		PLAN("three_threads_under_stress_of_the_young", PINBUF_GC_STRESS_YOUNG, 3,
		     1500 / LESS, 0),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
