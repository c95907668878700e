// SPDX-License-Identifier: MIT
/* Frames are counted by what their arena says it allocated, before and after. */
#include <errno.h>
#include <string.h>

#include <pinbuf/frame.h>

#include "internal.h"

static uint64_t allocated(const struct pinbuf_arena *a, uint64_t *peak)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	a->region.ops->stats(&a->region, &st);
	*peak = st.peak_usage;
	return st.total_allocated;
}

int pinbuf_frames_init(struct pinbuf_frames *f, unsigned int nr,
		       const struct pinbuf_arena_opts *opts)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = nr };
	int ret;

	if (nr != 1 && nr != 2)
		return pinbuf__error(&e, "frames lie in 1 arena or in 2 by turns, not in %u", nr);
	memset(f, 0, sizeof(*f));
	ret = pinbuf_arena_init(&f->arenas[0], opts);
	if (!ret && nr == 2)
		ret = pinbuf_arena_init(&f->arenas[1], opts);
	if (ret) {
		if (f->arenas[0].region.ops)
			pinbuf_arena_fini(&f->arenas[0]);
		return ret;
	}
	f->nr = nr;
	f->now = nr - 1;
	f->least = UINT64_MAX;
	return 0;
}

void pinbuf_frames_fini(struct pinbuf_frames *f)
{
	unsigned int i;

	for (i = 0; i < f->nr; i++)
		pinbuf_arena_fini(&f->arenas[i]);
	f->nr = 0;
}

struct pinbuf_arena *pinbuf_frame_begin(struct pinbuf_frames *f)
{
	struct pinbuf_arena *a;
	uint64_t peak;

	if (f->is_open)
		pinbuf_frame_end(f);
	f->now = (f->now + 1) % f->nr;
	a = &f->arenas[f->now];
	pinbuf_arena_reset(a);
	f->begun_at = allocated(a, &peak);
	f->is_open = true;
	return a;
}

void pinbuf_frame_end(struct pinbuf_frames *f)
{
	uint64_t peak, bytes;

	if (!f->is_open)
		return;
	bytes = allocated(&f->arenas[f->now], &peak) - f->begun_at;
	f->is_open = false;
	f->nr_frames++;
	f->total += bytes;
	if (bytes < f->least)
		f->least = bytes;
	if (bytes > f->most)
		f->most = bytes;
	if (peak > f->high_water)
		f->high_water = peak;
}

int pinbuf_frame_figures(const struct pinbuf_frames *f, struct pinbuf_frame_figures *out)
{
	struct pinbuf_frame_figures figures = {
		.size = sizeof(figures),
		.nr_frames = f->nr_frames,
		.least = f->nr_frames ? f->least : 0,
		.most = f->most,
		.mean = f->nr_frames ? f->total / f->nr_frames : 0,
		.high_water = f->high_water,
	};

	return pinbuf__info_copy(out, sizeof(figures), &figures, sizeof(figures),
				 "struct pinbuf_frame_figures");
}
