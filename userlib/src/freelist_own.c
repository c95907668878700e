// SPDX-License-Identifier: MIT
/* A free list from its making to its end, and what people ask about it. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/global.h>

#include "check.h"
#include "freelist.h"
#include "internal.h"
#include "process.h"
#include "refuse.h"

#define INHERITED	(PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA | PINBUF_MOVES)
#define MAP_WIDTH	64	/* characters of the map */
#define MAP_HOLES	32	/* holes that it lists */

static int opts_check(struct pinbuf_freelist_opts *o)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = o->bytes,
		.limit = PINBUF_FREELIST_MAX,
	};

	if (o->bytes < UNIT || o->bytes > PINBUF_FREELIST_MAX)
		return pinbuf__error(&e, "a free list cannot have %zu bytes: %zu are the least, PINBUF_FREELIST_MAX the most",
				     o->bytes, UNIT);
	if (!pinbuf_is_ptr_aligned(o->buffer, UNIT))
		return pinbuf__error(&e, "the buffer at %p is not aligned to PINBUF_FREELIST_UNIT",
				     o->buffer);
	return 0;
}

static void tags_fini(struct pinbuf_freelist *f)
{
	free(f->tags - 1);
}

static int tags_init(struct pinbuf_freelist *f)
{
	uint32_t *tags = calloc(f->units + 2, sizeof(*tags));

	if (!tags)
		return pinbuf__refuse_own((f->units + 2) * sizeof(*tags));
	tags[0] = TAG_USED;
	tags[f->units + 1] = TAG_USED;
	f->tags = tags + 1;
	return 0;
}

/* Everything is one hole. */
static void list_clear(struct pinbuf_freelist *f)
{
	f->largest = HOLES_NONE;
	pinbuf__freelist_hole(f, 0, f->units);
}

int pinbuf_freelist_create(struct pinbuf_freelist **out, const struct pinbuf_freelist_opts *user)
{
	struct pinbuf_freelist_opts o = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_layout l = { 0, PINBUF_ALIGN_PAGE };
	struct pinbuf_freelist *f;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_freelist_opts");

	if (!ret)
		ret = opts_check(&o);
	if (ret)
		return ret;
	if (!o.parent)
		o.parent = pinbuf_global();
	f = calloc(1, sizeof(*f));
	if (!f)
		return pinbuf__refuse_own(sizeof(*f));
	pinbuf_region_init(&f->region, &pinbuf__freelist_ops, o.name ? o.name : "freelist",
			   o.buffer ? 0 : pinbuf_region_caps(o.parent) & INHERITED);
	f->units = o.bytes / UNIT;
	ret = tags_init(f);
	if (ret)
		goto out_list;
	ret = pinbuf__holes_init(&f->holes, f->units);
	if (ret)
		goto out_tags;
	if (!o.buffer) {
		l.size = o.bytes;
		if (l.size < l.align)
			l.align = UNIT;
		pinbuf__process_join(&f->region);
		f->memory = pinbuf__parent_alloc(&f->region, o.parent, l);
		if (!f->memory) {
			ret = -errno;
			goto out_holes;
		}
	}
	f->parent = o.parent;
	f->bytes = o.bytes;
	f->start = (uintptr_t)(o.buffer ? o.buffer : f->memory);
	list_clear(f);
	pinbuf__check_open(f, (void *)f->start, f->units * UNIT);
	*out = f;
	return 0;

out_holes:
	pinbuf__holes_fini(&f->holes);
out_tags:
	tags_fini(f);
out_list:
	free(f);
	return ret;
}

void pinbuf_freelist_destroy(struct pinbuf_freelist *f)
{
	struct pinbuf_layout l;

	if (!f)
		return;
	l.size = f->bytes;
	l.align = l.size < PINBUF_ALIGN_PAGE ? UNIT : PINBUF_ALIGN_PAGE;
	pinbuf__check_close(f, (void *)f->start, f->units * UNIT);
	if (f->memory)
		pinbuf__parent_dealloc(&f->region, f->parent, f->memory, l);
	pinbuf__holes_fini(&f->holes);
	tags_fini(f);
	free(f);
}

struct pinbuf_region *pinbuf_freelist_region(struct pinbuf_freelist *f)
{
	return &f->region;
}

/* The first tag of each block and hole says where the next is. */
static size_t next_place(const struct pinbuf_freelist *f, size_t place)
{
	uint32_t tag = f->tags[place];

	return place + (tag & TAG_USED ? block_length(tag) : length(tag));
}

void pinbuf_freelist_reset(struct pinbuf_freelist *f)
{
	size_t place, next;

	for (place = 0; place < f->units; place = next) {
		next = next_place(f, place);
		if (!(f->tags[place] & TAG_USED) && place != f->tail)
			holes_remove(&f->holes, place, holes_class(next - place));
		f->tags[next - 1] = 0;
		f->tags[place] = 0;
	}
	PINBUF_STORE(&f->deallocated, f->allocated);
	PINBUF_STORE(&f->nr_deallocs, f->nr_allocs);
	PINBUF_STORE(&f->slack, 0);
	list_clear(f);
	pinbuf__check_trim(f, (void *)f->start, 0, f->units * UNIT);
}

size_t pinbuf_freelist_remaining(const struct pinbuf_freelist *f)
{
	return f->units * UNIT - (f->allocated - f->deallocated);
}

size_t pinbuf_freelist_largest(struct pinbuf_freelist *f)
{
	return pinbuf__freelist_largest(f) * UNIT;
}

size_t pinbuf_freelist_holes(const struct pinbuf_freelist *f)
{
	return pinbuf__holes_nr(&f->holes) + (f->tail < f->units);
}

static void bar_print(const struct pinbuf_freelist *f, FILE *out)
{
	size_t full[MAP_WIDTH] = { 0 }, each = (f->units + MAP_WIDTH - 1) / MAP_WIDTH;
	size_t place, next, i, units;

	for (place = 0; place < f->units; place = next) {
		next = next_place(f, place);
		if (!(f->tags[place] & TAG_USED))
			continue;
		for (i = place; i < next; i++)
			full[i / each]++;
	}
	fputc('[', out);
	for (i = 0; i * each < f->units; i++) {
		units = f->units - i * each < each ? f->units - i * each : each;
		fputc(!full[i] ? '.' : full[i] == units ? '#' : '+', out);
	}
	fputs("]\n", out);
}

int pinbuf_freelist_print(struct pinbuf_freelist *f, FILE *out)
{
	size_t place, next, nr = 0;

	fprintf(out, "freelist '%s': %zu bytes, %zu in %zu holes, the largest %zu\n",
		f->region.name, f->units * UNIT, pinbuf_freelist_remaining(f),
		pinbuf_freelist_holes(f), pinbuf_freelist_largest(f));
	bar_print(f, out);
	for (place = 0; place < f->units && nr < MAP_HOLES; place = next) {
		next = next_place(f, place);
		if (f->tags[place] & TAG_USED)
			continue;
		fprintf(out, "  at %10zu  %10zu bytes\n", place * UNIT, (next - place) * UNIT);
		nr++;
	}
	if (pinbuf_freelist_holes(f) > nr)
		fprintf(out, "  and %zu more\n", pinbuf_freelist_holes(f) - nr);
	return ferror(out) ? -EIO : 0;
}
