// SPDX-License-Identifier: MIT
/* The free list against a flag a unit: two bytes of input are one call. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#define UNIT	PINBUF_FREELIST_UNIT
#define UNITS	1024
#define SLOTS	64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buffer[UNITS * UNIT] __attribute__((aligned(4096)));
static bool used[UNITS];
static struct slot {
	char *ptr;
	struct pinbuf_layout layout;
} slots[SLOTS];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void mark(const struct slot *s, bool now)
{
	size_t at = (size_t)(s->ptr - buffer) / UNIT;
	size_t nr = s->layout.size ? (s->layout.size + UNIT - 1) / UNIT : 1;

	must(!((s->ptr - buffer) % UNIT) && at + nr <= UNITS);
	while (nr--) {
		must(used[at + nr] != now);
		used[at + nr] = now;
	}
}

static void figures_check(struct pinbuf_freelist *f)
{
	size_t at, run = 0, holes = 0, largest = 0, left = 0;

	for (at = 0; at < UNITS; at++) {
		run = used[at] ? 0 : run + 1;
		holes += run == 1;
		left += !used[at];
		largest = run > largest ? run : largest;
	}
	must(pinbuf_freelist_holes(f) == holes);
	must(pinbuf_freelist_remaining(f) == left * UNIT);
	must(pinbuf_freelist_largest(f) == largest * UNIT);
}

static void step(struct pinbuf_freelist *f, struct slot *s, uint8_t what)
{
	struct pinbuf_region *r = pinbuf_freelist_region(f);
	struct pinbuf_layout l = { (size_t)(what >> 2) * (what & 1 ? 7 : 67), 1 };
	size_t largest = pinbuf_freelist_largest(f);
	char *ptr;

	if (what & 2)
		l.align = (size_t)1 << (what >> 2) % 13;
	if (!s->ptr) {
		ptr = pinbuf_alloc(r, l);
		must(ptr || l.size > largest || l.align > UNIT || !largest);
		if (!ptr)
			return;
	} else if (what & 1) {
		mark(s, false);
		ptr = pinbuf_realloc(r, s->ptr, s->layout, l);
		if (!ptr) {
			mark(s, true);
			return;
		}
	} else {
		mark(s, false);
		pinbuf_dealloc(r, s->ptr, s->layout);
		s->ptr = NULL;
		return;
	}
	must(pinbuf_is_ptr_aligned(ptr, l.align));
	s->ptr = ptr;
	s->layout = l;
	mark(s, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;
	size_t i;

	memset(used, 0, sizeof(used));
	memset(slots, 0, sizeof(slots));
	o.bytes = sizeof(buffer);
	o.buffer = buffer;
	must(!pinbuf_freelist_create(&f, &o));
	for (i = 0; i + 1 < size; i += 2) {
		if (data[i] == 255) {
			pinbuf_freelist_reset(f);
			memset(used, 0, sizeof(used));
			memset(slots, 0, sizeof(slots));
		} else {
			step(f, &slots[data[i] % SLOTS], data[i + 1]);
		}
		figures_check(f);
	}
	pinbuf_freelist_destroy(f);
	return 0;
}
