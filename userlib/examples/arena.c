// SPDX-License-Identifier: MIT
/* Temporaries of a kernel: scopes, the thread's scratch arena, frames and their figures. */
#include <stdio.h>

#include <pinbuf.h>

PINBUF_STATIC_ARENA(tiny, 4096);

static double mean_of_squares(const double *v, size_t nr)
{
	struct pinbuf_arena *a = pinbuf_scratch();
	double *squares, sum = 0;
	size_t i;

	if (!a)
		return -1;
	PINBUF_SCOPE(a);	/* squares are gone when the function returns */
	squares = pinbuf_new_array(&a->region, double, nr);
	if (!squares)
		return -1;
	for (i = 0; i < nr; i++)
		squares[i] = v[i] * v[i];
	for (i = 0; i < nr; i++)
		sum += squares[i];
	return sum / (double)nr;
}

int main(void)
{
	const double v[] = { 1, 2, 3, 4 };
	struct pinbuf_frame_figures figures = { .size = sizeof(figures) };
	struct pinbuf_frames frames;
	struct pinbuf_arena *a;
	int frame;

	printf("mean of squares: %g\n", mean_of_squares(v, 4));

	if (!pinbuf_arena_fits(&tiny, (struct pinbuf_layout){ 8192, 64 }))
		printf("8192 bytes do not fit: %zu are left\n", pinbuf_arena_remaining(&tiny));

	/* two arenas by turns: the last frame's data stays valid for one more */
	if (pinbuf_frames_init(&frames, 2, NULL))
		goto failed;
	for (frame = 1; frame <= 100; frame++) {
		a = pinbuf_frame_begin(&frames);
		if (!pinbuf_arena_alloc(a, (size_t)frame * 100, 64))
			goto failed;
		pinbuf_frame_end(&frames);
	}
	if (pinbuf_frame_figures(&frames, &figures))
		goto failed;
	printf("a frame takes %ju to %ju bytes, %ju on average\n", (uintmax_t)figures.least,
	       (uintmax_t)figures.most, (uintmax_t)figures.mean);
	pinbuf_frames_fini(&frames);
	return 0;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
