// SPDX-License-Identifier: MIT
/* Who holds what: labels, call sites, reports, leaks, hooks, and what costs nothing. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "unit.h"

#include "child.h"

#define BYTES(nr)	((struct pinbuf_layout){ (nr), 8 })

static struct pinbuf_track *watch(struct pinbuf_track_opts *o)
{
	struct pinbuf_track *t;

	assert_int_equal(pinbuf_track_create(&t, pinbuf_global(), o), 0);
	return t;
}

/* what a report says */
static char text[16384];

static const char *report(struct pinbuf_track *t, enum pinbuf_track_by by)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(pinbuf_track_report(t, by, out), 0);
	fclose(out);
	return text;
}

static const char *json(struct pinbuf_track *t, enum pinbuf_track_by by)
{
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(pinbuf_track_json(t, by, out), 0);
	fclose(out);
	return text;
}

static void has(const char *what, const char *words)
{
	if (!strstr(what, words))
		fail_msg("'%s' is not in:\n%s", words, what);
}

static void every_live_block_is_known_with_its_label_and_line(void **state)
{
	struct pinbuf_track *t = watch(NULL);
	struct pinbuf_region *r = pinbuf_track_region(t);
	struct pinbuf_track_block b[4];
	unsigned int line;
	void *one, *two, *three;

	(void)state;
	line = __LINE__ + 1;
	one = PINBUF_TRACED("matrix", pinbuf_alloc(r, BYTES(1000)));
	{
		PINBUF_TRACK_LABEL("parser");
		two = pinbuf_alloc_zeroed(r, BYTES(3000));
	}
	three = pinbuf_alloc(r, BYTES(20));
	assert_int_equal(pinbuf_track_leaks(t, b, 4), 3);
	assert_ptr_equal(b[0].ptr, two);
	assert_int_equal(b[0].bytes, 3000);
	assert_string_equal(b[0].label, "parser");
	assert_ptr_equal(b[1].ptr, one);
	assert_string_equal(b[1].label, "matrix");
	has(b[1].file, "track_test.c");
	assert_int_equal(b[1].line, line);
	assert_ptr_equal(b[2].ptr, three);
	assert_null(b[2].label);
	assert_null(b[2].file);
	assert_non_null(b[2].caller);
	/* room for fewer: the largest */
	assert_int_equal(pinbuf_track_leaks(t, b, 1), 3);
	assert_ptr_equal(b[0].ptr, two);
	pinbuf_dealloc(r, two, BYTES(3000));
	assert_int_equal(pinbuf_track_leaks(t, b, 4), 2);
	pinbuf_dealloc(r, one, BYTES(1000));
	pinbuf_dealloc(r, three, BYTES(20));
	assert_int_equal(pinbuf_track_leaks(t, NULL, 0), 0);
	pinbuf_track_destroy(t);
}

static void labels_nest_and_belong_to_a_thread(void **state)
{
	struct pinbuf_track *t = watch(NULL);
	struct pinbuf_region *r = pinbuf_track_region(t);
	struct pinbuf_track_block b;
	void *ptr;

	(void)state;
	{
		PINBUF_TRACK_LABEL("outer");
		{
			PINBUF_TRACK_LABEL("inner");
		}
		ptr = pinbuf_alloc(r, BYTES(10));
	}
	assert_int_equal(pinbuf_track_leaks(t, &b, 1), 1);
	assert_string_equal(b.label, "outer");
	pinbuf_dealloc(r, ptr, BYTES(10));
	pinbuf_track_destroy(t);
}

static void reports_are_by_label_site_age_and_block(void **state)
{
	struct pinbuf_track_opts o = PINBUF_TRACK_OPTS_INIT;
	struct pinbuf_region *r;
	struct pinbuf_track *t;
	void *p[4];
	int i;

	(void)state;
	o.name = "mine";
	o.frames = 4;
	t = watch(&o);
	r = pinbuf_track_region(t);
	has(report(t, PINBUF_TRACK_BY_LABEL), "region 'mine': 0 bytes live in 0 blocks");
	for (i = 0; i < 3; i++)
		p[i] = PINBUF_TRACED("small", pinbuf_alloc(r, BYTES(100)));
	p[3] = PINBUF_TRACED("the \"large\" one", pinbuf_alloc(r, BYTES(5000)));
	report(t, PINBUF_TRACK_BY_LABEL);
	has(text, "region 'mine': 5300 bytes live in 4 blocks");
	assert_true(strstr(text, "large") < strstr(text, "small"));
	has(text, "           300        3");
	report(t, PINBUF_TRACK_BY_SITE);
	has(text, "track_test.c:");
	has(text, "           300        3");
	report(t, PINBUF_TRACK_BY_AGE);
	has(text, "5300        4");
	has(text, "less than a second");
	report(t, PINBUF_TRACK_BY_BLOCK);
	has(text, "by track_test");	/* a frame: the program's name */
	json(t, PINBUF_TRACK_BY_LABEL);
	has(text, "{\"region\": \"mine\", \"by\": \"label\", \"bytes\": 5300, \"blocks\": 4, \"rows\": [");
	has(text, "{\"label\": \"the \\\"large\\\" one\", \"bytes\": 5000, \"blocks\": 1, ");
	json(t, PINBUF_TRACK_BY_BLOCK);
	has(text, "\"frames\": [\"track_test");
	assert_int_equal(pinbuf_track_report(t, (enum pinbuf_track_by)4, stderr), -EINVAL);
	for (i = 0; i < 4; i++)
		pinbuf_dealloc(r, p[i], BYTES(i == 3 ? 5000 : 100));
	pinbuf_track_destroy(t);
}

static void the_oldest_is_as_old_as_it_is(void **state)
{
	struct timespec wait = { 0, 20000000 };
	struct pinbuf_track *t = watch(NULL);
	struct pinbuf_region *r = pinbuf_track_region(t);
	struct pinbuf_track_block b[2];
	void *old = pinbuf_alloc(r, BYTES(10)), *young;

	(void)state;
	nanosleep(&wait, NULL);
	young = pinbuf_alloc(r, BYTES(10));
	assert_int_equal(pinbuf_track_leaks(t, b, 2), 2);
	assert_ptr_equal(b[0].ptr, old);	/* of the same size the older comes first */
	assert_true(b[0].age >= b[1].age + 20000000);
	pinbuf_dealloc(r, old, BYTES(10));
	pinbuf_dealloc(r, young, BYTES(10));
	pinbuf_track_destroy(t);
}

static void realloc_keeps_who_asked_first(void **state)
{
	struct pinbuf_track *t = watch(NULL);
	struct pinbuf_region *r = pinbuf_track_region(t);
	struct pinbuf_track_block b;
	void *ptr = PINBUF_TRACED("first", pinbuf_alloc(r, BYTES(10)));

	(void)state;
	ptr = PINBUF_TRACED("second", pinbuf_realloc(r, ptr, BYTES(10), BYTES(100000)));
	assert_int_equal(pinbuf_track_leaks(t, &b, 1), 1);
	assert_ptr_equal(b.ptr, ptr);
	assert_int_equal(b.bytes, 100000);
	assert_string_equal(b.label, "first");
	assert_null(pinbuf_realloc(r, ptr, BYTES(100000), BYTES(SIZE_MAX)));
	assert_int_equal(pinbuf_track_leaks(t, &b, 1), 1);
	assert_int_equal(b.bytes, 100000);
	pinbuf_dealloc(r, ptr, BYTES(100000));
	pinbuf_track_destroy(t);
}

/* bhc_heap_alloc and bhc_heap_free, as a profiler would have them */
struct profile {
	size_t live, nr_allocs, nr_frees;
	const char *label;
};

static void profile_alloc(void *arg, void *ptr, size_t bytes, const char *label)
{
	struct profile *p = arg;

	assert_non_null(ptr);
	p->live += bytes;
	p->nr_allocs++;
	p->label = label;
}

static void profile_free(void *arg, void *ptr, size_t bytes)
{
	struct profile *p = arg;

	*(volatile char *)ptr = 1;	/* it is still there */
	p->live -= bytes;
	p->nr_frees++;
}

static void hooks_and_trace_see_every_block(void **state)
{
	struct pinbuf_track_opts o = PINBUF_TRACK_OPTS_INIT;
	struct profile p = { 0 };
	struct pinbuf_region *r;
	struct pinbuf_track *t;
	char line[128];
	void *ptr;

	(void)state;
	o.trace = fmemopen(text, sizeof(text), "w");
	o.hooks = (struct pinbuf_track_hooks){ profile_alloc, profile_free, &p };
	t = watch(&o);
	r = pinbuf_track_region(t);
	ptr = PINBUF_TRACED("traced", pinbuf_alloc(r, BYTES(64)));
	assert_int_equal(p.live, 64);
	assert_string_equal(p.label, "traced");
	snprintf(line, sizeof(line), "+ global %p 64 traced\n- global %p 64 traced\n", ptr, ptr);
	pinbuf_dealloc(r, ptr, BYTES(64));
	assert_int_equal(p.live, 0);
	assert_int_equal(p.nr_allocs, 1);
	assert_int_equal(p.nr_frees, 1);
	assert_null(pinbuf_alloc(r, (struct pinbuf_layout){ 8, 3 }));
	assert_int_equal(p.nr_allocs, 1);
	pinbuf_track_destroy(t);
	fclose(o.trace);
	assert_string_equal(text, line);
}

static void an_arena_that_dropped_its_blocks_is_forgotten(void **state)
{
	struct pinbuf_arena a;
	struct pinbuf_track *t;
	struct pinbuf_region *r;
	void *first;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	assert_int_equal(pinbuf_track_create(&t, &a.region, NULL), 0);
	r = pinbuf_track_region(t);
	assert_int_equal(pinbuf_region_caps(r), pinbuf_region_caps(&a.region));
	first = pinbuf_alloc(r, BYTES(10));
	pinbuf_alloc(r, BYTES(10)) ? (void)0 : abort();
	assert_int_equal(pinbuf_track_leaks(t, NULL, 0), 2);
	pinbuf_arena_reset(&a);
	/* even one that nobody told of: the address is known once, to the new block */
	assert_ptr_equal(pinbuf_alloc(r, BYTES(10)), first);
	assert_int_equal(pinbuf_track_leaks(t, NULL, 0), 2);
	pinbuf_arena_reset(&a);
	pinbuf_track_forget(t);
	assert_int_equal(pinbuf_track_leaks(t, NULL, 0), 0);
	pinbuf_track_destroy(t);
	pinbuf_arena_fini(&a);
}

static void options_that_cannot_be_are_refused(void **state)
{
	struct pinbuf_track_opts o = PINBUF_TRACK_OPTS_INIT;
	struct pinbuf_track *t;

	(void)state;
	o.frames = PINBUF_TRACK_FRAMES + 1;
	assert_int_equal(pinbuf_track_create(&t, pinbuf_global(), &o), -EINVAL);
	o.frames = 0;
	o.reserved = 1;
	assert_int_equal(pinbuf_track_create(&t, pinbuf_global(), &o), -EINVAL);
}

static void free_twice(void)
{
	struct pinbuf_track *t = watch(NULL);
	struct pinbuf_region *r = pinbuf_track_region(t);
	void *ptr = pinbuf_alloc(r, BYTES(10));

	pinbuf_dealloc(r, ptr, BYTES(10));
	pinbuf_dealloc(r, ptr, BYTES(10));
}

static void a_block_that_goes_twice_ends_the_program(void **state)
{
	(void)state;
	dies_saying(free_twice, "which is not live here");
}

/* What is left is told when the tracker ends, and when the program does. */
static void leaks_are_told_at_the_end(void **state)
{
	char name[] = "/tmp/pinbuf-track-XXXXXX.json";
	struct pinbuf_track *t;
	void *ptr;
	int fd = mkstemps(name, 5);
	FILE *f;
	pid_t pid;
	size_t len;
	int status;

	(void)state;
	assert_true(fd >= 0);
	fflush(NULL);
	pid = fork();
	if (!pid) {
		setenv("PINBUF_TRACK", name, 1);
		t = watch(NULL);
		ptr = PINBUF_TRACED("first", pinbuf_alloc(pinbuf_track_region(t), BYTES(777)));
		pinbuf_track_destroy(t);
		free(ptr);
		t = watch(NULL);
		ptr = PINBUF_TRACED("second", pinbuf_alloc(pinbuf_track_region(t), BYTES(888)));
		exit(ptr ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	f = fdopen(fd, "r");
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = 0;
	fclose(f);
	unlink(name);
	has(text, "{\"region\": \"global\", \"by\": \"site\", \"bytes\": 777, \"blocks\": 1, ");
	has(text, "{\"region\": \"global\", \"by\": \"site\", \"bytes\": 888, \"blocks\": 1, ");
}

#define THREADS	4

static void *churn(void *arg)
{
	struct pinbuf_region *r = pinbuf_track_region(arg);
	void *ptrs[64];
	int round, i;

	for (round = 0; round < 100; round++) {
		PINBUF_TRACK_LABEL("churn");
		for (i = 0; i < 64; i++)
			ptrs[i] = pinbuf_alloc(r, BYTES(16 + i));
		for (i = 0; i < 64; i++) {
			ptrs[i] = pinbuf_realloc(r, ptrs[i], BYTES(16 + i), BYTES(2000));
			assert_non_null(ptrs[i]);
		}
		for (i = 0; i < 64; i++)
			pinbuf_dealloc(r, ptrs[i], BYTES(2000));
	}
	return NULL;
}

static void threads_share_a_tracker(void **state)
{
	struct pinbuf_track *t = watch(NULL);
	pthread_t threads[THREADS];
	int i;

	(void)state;
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, t), 0);
	for (i = 0; i < 20; i++)
		report(t, PINBUF_TRACK_BY_LABEL);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(pinbuf_track_leaks(t, NULL, 0), 0);
	pinbuf_track_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_live_block_is_known_with_its_label_and_line),
		cmocka_unit_test(labels_nest_and_belong_to_a_thread),
		cmocka_unit_test(reports_are_by_label_site_age_and_block),
		cmocka_unit_test(the_oldest_is_as_old_as_it_is),
		cmocka_unit_test(realloc_keeps_who_asked_first),
		cmocka_unit_test(hooks_and_trace_see_every_block),
		cmocka_unit_test(an_arena_that_dropped_its_blocks_is_forgotten),
		cmocka_unit_test(options_that_cannot_be_are_refused),
		cmocka_unit_test(a_block_that_goes_twice_ends_the_program),
		cmocka_unit_test(leaks_are_told_at_the_end),
		cmocka_unit_test(threads_share_a_tracker),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("track", tests, NULL, NULL);
}
