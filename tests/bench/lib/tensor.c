// SPDX-License-Identifier: MIT
/*
 * What an element costs: through a pointer and strides written out by hand, unchecked,
 * checked, and as an array of a constant shape beside one of C's own.  All of a row run
 * in turn, many times over, in this thread's processor time, and the medians count.
 *
 * BENCH_JSON=FILE writes the table there; BENCH_ONLY=ROW/CONTENDER runs one of them
 * once, for an instruction count.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pinbuf.h>

enum { ROWS = 256, COLUMNS = 256, OPS = ROWS * COLUMNS, RUNS = 301, MANY = 3 };

static struct pinbuf_tensor tensor, transposed, flat;
static volatile float sink;

#define HOT	static __attribute__((noinline)) float

HOT raw(const float *p, ptrdiff_t n, ptrdiff_t m, ptrdiff_t step, ptrdiff_t side)
{
	ptrdiff_t i, k;
	float sum = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < m; k++)
			sum += p[i * step + k * side];
	return sum;
}

HOT unchecked(const struct pinbuf_tensor *t)
{
	ptrdiff_t i, k, n = t->shape[0], m = t->shape[1];
	float sum = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < m; k++)
			sum += PINBUF_AT_UNCHECKED(t, float, i, k);
	return sum;
}

HOT checked(const struct pinbuf_tensor *t)
{
	ptrdiff_t i, k, n = t->shape[0], m = t->shape[1];
	float sum = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < m; k++)
			sum += PINBUF_AT(t, float, i, k);
	return sum;
}

/* Indices that the compiler cannot follow: each access stands alone. */
static ptrdiff_t places[OPS];

HOT raw_anywhere(float *p, ptrdiff_t step, ptrdiff_t side)
{
	int i;

	for (i = 1; i < OPS; i++)
		p[places[i] * step + places[i - 1] * side] += 1;
	return p[0];
}

HOT unchecked_anywhere(struct pinbuf_tensor *t)
{
	int i;

	for (i = 1; i < OPS; i++)
		PINBUF_AT_UNCHECKED(t, float, places[i], places[i - 1]) += 1;
	return *(float *)(void *)t->data;
}

HOT checked_anywhere(struct pinbuf_tensor *t)
{
	int i;

	for (i = 1; i < OPS; i++)
		PINBUF_AT(t, float, places[i], places[i - 1]) += 1;
	return *(float *)(void *)t->data;
}

/* every element doubled: what a compiler makes vectors of */
HOT raw_array(float (*m)[COLUMNS])
{
	int i, k;

	for (i = 0; i < ROWS; i++)
		for (k = 0; k < COLUMNS; k++)
			m[i][k] *= 2;
	return m[0][0];
}

HOT our_array(float (*m)[ROWS][COLUMNS])
{
	int i, k;

	for (i = 0; i < ROWS; i++)
		for (k = 0; k < COLUMNS; k++)
			PINBUF_ARRAY_AT(m, i, k) *= 2;
	return PINBUF_ARRAY_AT(m, 0, 0);
}

static void by_hand(const struct pinbuf_tensor *t)
{
	sink = raw((float *)(void *)t->data, t->shape[0], t->shape[1], t->strides[0], t->strides[1]);
}

static void rows_raw(void) { by_hand(&tensor); }
static void rows_unchecked(void) { sink = unchecked(&tensor); }
static void rows_checked(void) { sink = checked(&tensor); }
static void columns_raw(void) { by_hand(&transposed); }
static void columns_unchecked(void) { sink = unchecked(&transposed); }
static void columns_checked(void) { sink = checked(&transposed); }
static void anywhere_unchecked(void) { sink = unchecked_anywhere(&tensor); }
static void anywhere_checked(void) { sink = checked_anywhere(&tensor); }

static void anywhere_raw(void)
{
	sink = raw_anywhere((float *)(void *)tensor.data, tensor.strides[0], tensor.strides[1]);
}

static void array_raw(void)
{
	sink = raw_array((float (*)[COLUMNS])(void *)flat.data);
}

static void array_ours(void)
{
	sink = our_array(PINBUF_TENSOR_ARRAY(&flat, float, ROWS, COLUMNS));
}

static const struct row {
	const char *name;
	struct contender {
		const char *name;
		void (*run)(void);
	} who[MANY];
} rows[] = {
	{ "rows", { { "raw", rows_raw }, { "unchecked", rows_unchecked }, { "checked", rows_checked } } },
	{ "transposed", { { "raw", columns_raw }, { "unchecked", columns_unchecked },
			  { "checked", columns_checked } } },
	{ "anywhere", { { "raw", anywhere_raw }, { "unchecked", anywhere_unchecked },
			{ "checked", anywhere_checked } } },
	{ "constant shape", { { "raw", array_raw }, { "unchecked", array_ours }, { NULL, NULL } } },
};
#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void row_run(const struct row *row, double median[MANY])
{
	static double times[MANY][RUNS];
	double start;
	int run, i;

	for (run = 0; run < RUNS; run++) {
		for (i = 0; i < MANY && row->who[i].run; i++) {
			start = now();
			row->who[i].run();
			times[i][run] = (now() - start) / OPS;
		}
	}
	for (i = 0; i < MANY && row->who[i].run; i++) {
		qsort(times[i], RUNS, sizeof(double), by_size);
		median[i] = times[i][RUNS / 2];
	}
}

static void row_tell(const struct row *row, const double median[MANY], FILE *json, bool first)
{
	int i;

	printf("%-16s", row->name);
	if (json)
		fprintf(json, "%s\n  {\"name\": \"%s\"", first ? "" : ",", row->name);
	for (i = 0; i < MANY && row->who[i].run; i++) {
		printf("  %s %.3f", row->who[i].name, median[i]);
		if (json)
			fprintf(json, ", \"%s\": %.4f", row->who[i].name, median[i]);
	}
	printf("  unchecked/raw %.2f\n", median[1] / median[0]);
	if (json)
		fputc('}', json);
}

static int tensors_make(void)
{
	static const ptrdiff_t shape[] = { ROWS, COLUMNS };
	struct pinbuf_tensor_opts o = PINBUF_TENSOR_OPTS_INIT;
	uint64_t seed = 1;
	int i;

	o.align = pinbuf_simd_align();
	o.flags = PINBUF_TENSOR_ZEROED;
	for (i = 0; i < OPS; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		places[i] = (ptrdiff_t)(seed >> 56);
	}
	return pinbuf_tensor_init(&tensor, pinbuf_global(), PINBUF_F32, 2, shape, &o) ||
	       pinbuf_tensor_init(&flat, pinbuf_global(), PINBUF_F32, 2, shape, &o) ||
	       pinbuf_tensor_transpose(&transposed, &tensor, PINBUF_VIEW_KEEP);
}

static int only(const char *which)
{
	size_t i, k;

	for (i = 0; i < NR_ROWS; i++) {
		size_t len = strlen(rows[i].name);

		if (strncmp(rows[i].name, which, len) || which[len] != '/')
			continue;
		for (k = 0; k < MANY && rows[i].who[k].run; k++)
			if (!strcmp(rows[i].who[k].name, which + len + 1))
				return rows[i].who[k].run(), 0;
	}
	fprintf(stderr, "there is no %s\n", which);
	return 1;
}

int main(void)
{
	const char *file = getenv("BENCH_JSON"), *which = getenv("BENCH_ONLY");
	double median[MANY];
	FILE *json;
	size_t i;

	if (tensors_make()) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	if (which)
		return only(which);
	json = file ? fopen(file, "w") : NULL;
	printf("ns an element: median of %d runs over %d by %d floats\n", RUNS, ROWS, COLUMNS);
	if (json)
		fprintf(json, "{\"suite\": \"tensor\", \"unit\": \"ns\", \"rows\": [");
	for (i = 0; i < NR_ROWS; i++) {
		row_run(&rows[i], median);
		row_tell(&rows[i], median, json, !i);
	}
	if (json) {
		fprintf(json, "\n]}\n");
		fclose(json);
	}
	return 0;
}
