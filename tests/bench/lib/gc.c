// SPDX-License-Identifier: MIT
/*
 * Trees of 8,191 nodes are built and dropped beside 1,048,575 live nodes: the collected
 * heap, the least code that could do it (a bump that is reset), calloc and free, and
 * Boehm's collector.  Then the same with live trees that are replaced one after the
 * other, so that old memory fills up.  Pauses are in processor time of the thread.
 *
 * All of a row runs in turn, several times over, and the medians count.  BENCH_JSON=FILE
 * writes the table there; BENCH_ONLY=CONTENDER runs one, for an instruction count.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pinbuf/gc.h>

enum { RUNS = 7, DEPTH = 12, NODES = (2 << DEPTH) - 1, TREES = 200, LIVE_DEPTH = 19, SLOTS = 128 };

struct node {
	struct node *left, *right;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static size_t next_slot(void)
{
	static uint64_t seed = 1;

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % SLOTS;
}

/* the collected heap */

static struct pinbuf_gc *gc;
static struct pinbuf_gc_mutator *m;
static const struct pinbuf_gc_type *type;
static struct node *our_live, *our_slots[SLOTS];

static struct node *our_tree(int depth)
{
	PINBUF_GC_SCOPE(m);
	struct node **left, **right, *n;

	if (!depth)
		return pinbuf_gc_new(m, type, struct node);
	left = pinbuf_gc_root(m, our_tree(depth - 1));
	right = pinbuf_gc_root(m, our_tree(depth - 1));
	n = pinbuf_gc_new(m, type, struct node);
	n->left = *left;
	n->right = *right;
	return n;
}

static const char *our_open(void)
{
	static const size_t pointers[] = { 0, sizeof(void *) };
	struct pinbuf_gc_type_opts o = PINBUF_GC_STRUCT(struct node, pointers);
	int i;

	if (pinbuf_gc_create(&gc, NULL) || pinbuf_gc_type_create(&type, gc, &o) ||
	    pinbuf_gc_attach(&m, gc) || pinbuf_gc_root_add(gc, &our_live))
		return pinbuf_error_text();
	for (i = 0; i < SLOTS; i++)
		if (pinbuf_gc_root_add(gc, &our_slots[i]))
			return pinbuf_error_text();
	return NULL;
}

static void our_keep(void)
{
	our_live = our_tree(LIVE_DEPTH);
}

static void our_trees(void)
{
	int i;

	for (i = 0; i < TREES; i++)
		our_tree(DEPTH);
}

static void our_replace(void)
{
	int i;

	our_live = NULL;
	for (i = 0; i < TREES; i++) {
		size_t at = next_slot();

		our_slots[at] = our_tree(DEPTH);
	}
}

/* the limit */

static char bump_memory[NODES * sizeof(struct node)], *bump;

static struct node *bump_tree(int depth)
{
	struct node *n = (struct node *)bump;

	bump += sizeof(*n);
	n->left = n->right = NULL;
	if (depth) {
		n->left = bump_tree(depth - 1);
		n->right = bump_tree(depth - 1);
	}
	return n;
}

static void bump_trees(void)
{
	int i;

	for (i = 0; i < TREES; i++) {
		bump = bump_memory;
		bump_tree(DEPTH);
	}
}

/* calloc and free */

static struct node *malloc_live, *malloc_slots[SLOTS];

static struct node *malloc_tree(int depth)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n && depth) {
		n->left = malloc_tree(depth - 1);
		n->right = malloc_tree(depth - 1);
	}
	return n;
}

static void malloc_drop(struct node *n)
{
	if (!n)
		return;
	malloc_drop(n->left);
	malloc_drop(n->right);
	free(n);
}

static void malloc_keep(void)
{
	malloc_live = malloc_tree(LIVE_DEPTH);
}

static void malloc_trees(void)
{
	int i;

	for (i = 0; i < TREES; i++)
		malloc_drop(malloc_tree(DEPTH));
}

static void malloc_replace(void)
{
	int i;

	malloc_drop(malloc_live);
	malloc_live = NULL;
	for (i = 0; i < TREES; i++) {
		size_t at = next_slot();

		malloc_drop(malloc_slots[at]);
		malloc_slots[at] = malloc_tree(DEPTH);
	}
}

/* Boehm's, whose roots are found in the program's data */

static void *(*boehm_malloc)(size_t size);
static struct node *volatile boehm_live, *volatile boehm_slots[SLOTS];
static uint64_t boehm_began, boehm_most;

static void boehm_event(int event)
{
	enum { START = 0, END = 5 };	/* GC_EVENT_START, GC_EVENT_END */

	if (event == START)
		boehm_began = now();
	else if (event == END && now() - boehm_began > boehm_most)
		boehm_most = now() - boehm_began;
}

static const char *boehm_open(void)
{
	void *handle = dlopen("libgc.so.1", RTLD_NOW | RTLD_LOCAL);
	void (*init)(void), (*on_event)(void (*fn)(int event));

	if (!handle)
		return dlerror();
	/* its helpers' time would not be seen */
	setenv("GC_MARKERS", "1", 1);
	init = (void (*)(void))dlsym(handle, "GC_init");
	on_event = (void (*)(void (*)(int)))dlsym(handle, "GC_set_on_collection_event");
	boehm_malloc = (void *(*)(size_t))dlsym(handle, "GC_malloc");
	if (!init || !on_event || !boehm_malloc)
		return "no functions";
	init();
	on_event(boehm_event);
	return NULL;
}

static struct node *boehm_tree(int depth)
{
	struct node *n = boehm_malloc(sizeof(*n));

	if (depth) {
		n->left = boehm_tree(depth - 1);
		n->right = boehm_tree(depth - 1);
	}
	return n;
}

static void boehm_keep(void)
{
	boehm_live = boehm_tree(LIVE_DEPTH);
	boehm_most = 0;
}

static void boehm_trees(void)
{
	int i;

	for (i = 0; i < TREES; i++)
		boehm_tree(DEPTH);
}

static void boehm_replace(void)
{
	int i;

	boehm_live = NULL;
	for (i = 0; i < TREES; i++)
		boehm_slots[next_slot()] = boehm_tree(DEPTH);
}

static struct contender {
	const char *name;
	const char *(*open)(void);
	void (*keep)(void), (*trees)(void), (*replace)(void);
	const char *skipped;
} contenders[] = {
	{ "pinbuf", our_open, our_keep, our_trees, our_replace, NULL },
	{ "limit", NULL, NULL, bump_trees, NULL, NULL },
	{ "calloc/free", NULL, malloc_keep, malloc_trees, malloc_replace, NULL },
	{ "boehm", boehm_open, boehm_keep, boehm_trees, boehm_replace, NULL },
};

enum { PINBUF, LIMIT, MALLOC, BOEHM, MANY };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void row_run(bool replace, double median[MANY])
{
	double ns[MANY][RUNS];
	uint64_t start;
	int i, run;

	for (run = 0; run < RUNS; run++) {
		for (i = 0; i < MANY; i++) {
			void (*fn)(void) = replace ? contenders[i].replace : contenders[i].trees;

			ns[i][run] = 0;
			if (!fn || contenders[i].skipped)
				continue;
			start = now();
			fn();
			ns[i][run] = (double)(now() - start) / TREES / NODES;
		}
	}
	for (i = 0; i < MANY; i++) {
		qsort(ns[i], RUNS, sizeof(double), by_value);
		median[i] = ns[i][RUNS / 2];
	}
}

static void row_tell(FILE *out, const char *name, const double value[MANY], bool first)
{
	const char *comma = "";
	int i;

	printf("%-34s", name);
	for (i = 0; i < MANY; i++) {
		if (value[i] > 0)
			printf("%14.2f", value[i]);
		else
			printf("%14s", "-");
	}
	printf("\n");
	if (!out)
		return;
	fprintf(out, "%s\n  {\"name\": \"%s\", \"pinbuf\": %.3f, ", first ? "" : ",", name,
		value[PINBUF]);
	if (value[LIMIT] > 0)
		fprintf(out, "\"limit\": %.3f, \"peers\": {", value[LIMIT]);
	else
		fprintf(out, "\"limit\": null, \"peers\": {");
	for (i = MALLOC; i < MANY; i++) {
		if (!(value[i] > 0))
			continue;
		fprintf(out, "%s\"%s\": %.3f", comma, contenders[i].name, value[i]);
		comma = ", ";
	}
	fprintf(out, "}}");
}

/* What the row before has shown of pauses, in microseconds. */
static void pauses_tell(FILE *out, const char *where)
{
	struct pinbuf_gc_pauses p = { .size = sizeof(p) };
	double value[MANY] = { 0 };
	char name[64];

	if (pinbuf_gc_pauses(gc, &p))
		return;
	value[PINBUF] = (double)p.p99 / 1000;
	snprintf(name, sizeof(name), "%s: pause p99, us", where);
	row_tell(out, name, value, false);
	value[PINBUF] = (double)p.most / 1000;
	value[BOEHM] = (double)boehm_most / 1000;
	snprintf(name, sizeof(name), "%s: longest pause, us", where);
	row_tell(out, name, value, false);
	pinbuf_gc_pauses_reset(gc);
	boehm_most = 0;
}

static int only(const char *name)
{
	int i;

	for (i = 0; i < MANY; i++)
		if (!strcmp(name, contenders[i].name) && !contenders[i].skipped)
			contenders[i].trees();
	return 0;
}

int main(void)
{
	const char *file = getenv("BENCH_JSON"), *name = getenv("BENCH_ONLY");
	FILE *out = file ? fopen(file, "w") : NULL;
	double median[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		if (contenders[i].open)
			contenders[i].skipped = contenders[i].open();
	if (contenders[PINBUF].skipped)
		return 1;
	if (name)
		return only(name);
	printf("%-34s", "ns a node, medians");
	for (i = 0; i < MANY; i++)
		printf("%14s", contenders[i].name);
	printf("\n");
	for (i = 0; i < MANY; i++) {
		if (contenders[i].skipped)
			printf("# %s is skipped: %s\n", contenders[i].name, contenders[i].skipped);
		else if (contenders[i].keep)
			contenders[i].keep();
	}
	pinbuf_gc_pauses_reset(gc);
	if (out)
		fprintf(out, "{\"suite\": \"gc\", \"unit\": \"ns\", \"rows\": [");
	row_run(false, median);
	row_tell(out, "trees under 1 M live nodes", median, true);
	pauses_tell(out, "trees");
	row_run(true, median);
	row_tell(out, "live trees replaced", median, false);
	pauses_tell(out, "replaced");
	if (out) {
		fprintf(out, "\n]}\n");
		fclose(out);
	}
	pinbuf_gc_detach(m);
	pinbuf_gc_destroy(gc);
	return 0;
}
