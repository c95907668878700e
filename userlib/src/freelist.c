// SPDX-License-Identifier: MIT
/*
 * Memory is counted in units of 32 bytes.  A word a unit, outside the memory, is the
 * tag: the first and the last unit of every block and every hole have one, with the
 * length and what it is, and all others are 0.  So the neighbours of a block are found
 * in one step each, and a pointer that is no block, or no longer one, is seen.  Holes
 * are found by size and address in holes.h.
 *
 * The hole at the end of the memory, from which a young list gives most of its blocks,
 * is in no class: it is remembered by itself, and compared with what the classes have.
 *
 * The largest of the other holes is remembered when it is known, and looked for among
 * the largest class when somebody asks.
 */
#include <string.h>

#include "check.h"
#include "freelist.h"
#include "probe.h"
#include "refuse.h"

#define SEARCH_MOST	64	/* holes that are looked at one by one */

static struct pinbuf_freelist *to_list(const struct pinbuf_region *r)
{
	return (struct pinbuf_freelist *)r;
}

static size_t units_of(size_t size)
{
	return size ? (size - 1) / UNIT + 1 : 1;
}

static void hole_tags(struct pinbuf_freelist *f, size_t place, size_t units)
{
	uint32_t tag = (uint32_t)units << TAG_SHIFT;

	f->tags[place + units - 1] = tag | TAG_LAST;
	f->tags[place] = tag | TAG_FIRST | (units == 1 ? TAG_LAST : 0);
}

static void block_tags(struct pinbuf_freelist *f, size_t place, size_t units, size_t size)
{
	uint32_t slack = (uint32_t)(units * UNIT - size);
	uint32_t last = slack << TAG_SHIFT | TAG_USED | TAG_LAST;

	f->tags[place] = (uint32_t)units << TAG_SHIFT | TAG_USED | TAG_FIRST;
	f->tags[place + units - 1] = units == 1 ? last | TAG_FIRST : last;
	PINBUF_ADD(&f->slack, slack);
}

static void block_tags_clear(struct pinbuf_freelist *f, size_t place, size_t units)
{
	PINBUF_ADD(&f->slack, -(uint64_t)length(f->tags[place + units - 1]));
	f->tags[place] = 0;
	f->tags[place + units - 1] = 0;
}

static void tags_clear(struct pinbuf_freelist *f, size_t place, size_t units)
{
	f->tags[place] = 0;
	f->tags[place + units - 1] = 0;
}

static inline void hole_add(struct pinbuf_freelist *f, size_t place, size_t units)
{
	hole_tags(f, place, units);
	if (place + units == f->units) {
		f->tail = place;
		f->tail_class = holes_class(units);
		return;
	}
	holes_add(&f->holes, place, units);
	if (f->largest != HOLES_NONE && units > length(f->tags[f->largest]))
		f->largest = place;
}

/* The same, for a list that is made or reset. */
void pinbuf__freelist_hole(struct pinbuf_freelist *f, size_t place, size_t units)
{
	hole_add(f, place, units);
}

/* Its tags are the caller's to overwrite. */
static inline void hole_take(struct pinbuf_freelist *f, size_t place, unsigned int klass)
{
	if (place == f->tail) {
		f->tail = f->units;
		return;
	}
	holes_remove(&f->holes, place, klass);
	if (f->largest == place)
		f->largest = HOLES_NONE;
}

static void hole_remove(struct pinbuf_freelist *f, size_t place, size_t units)
{
	hole_take(f, place, holes_class(units));
}

/* Exact: if nobody remembers, it is among the largest class. */
static size_t largest_in_classes(struct pinbuf_freelist *f)
{
	size_t klass, place, most = 0;

	if (f->largest != HOLES_NONE)
		return length(f->tags[f->largest]);
	klass = pinbuf__holes_last_class(&f->holes);
	if (klass == HOLES_NONE)
		return 0;
	for (place = holes_lowest(&f->holes, (unsigned int)klass); place != HOLES_NONE;
	     place = pinbuf__holes_next(&f->holes, (unsigned int)klass, place)) {
		if (length(f->tags[place]) > most) {
			most = length(f->tags[place]);
			f->largest = place;
		}
	}
	return most;
}

size_t pinbuf__freelist_largest(struct pinbuf_freelist *f)
{
	size_t most = largest_in_classes(f), tail = f->units - f->tail;

	return most > tail ? most : tail;
}

/* Units between a hole's start and the first place that is aligned. */
static size_t units_before(const struct pinbuf_freelist *f, size_t place, size_t align)
{
	uintptr_t at = f->start + place * UNIT;

	return (pinbuf_align_up(at, align) - at) / UNIT;
}

static bool hole_fits(const struct pinbuf_freelist *f, size_t place, size_t units, size_t align)
{
	return units_before(f, place, align) + units <= length(f->tags[place]);
}

/* The holes of one class by address, but not more than a few. */
static size_t search(struct pinbuf_freelist *f, unsigned int klass, size_t units,
		     size_t align)
{
	size_t place, nr = 0;

	if (holes_class_from(&f->holes, klass) != klass)
		return HOLES_NONE;
	for (place = holes_lowest(&f->holes, klass); place != HOLES_NONE && nr < SEARCH_MOST;
	     place = pinbuf__holes_next(&f->holes, klass, place), nr++)
		if (hole_fits(f, place, units, align))
			return place;
	return HOLES_NONE;
}

/* Where no class is sure to fit: what fits, without a look at every hole. */
static size_t hole_search(struct pinbuf_freelist *f, size_t units, size_t align)
{
	unsigned int from = holes_class(units);
	size_t klass, place;

	while ((klass = holes_class_from(&f->holes, from)) != HOLES_NONE) {
		place = search(f, (unsigned int)klass, units, align);
		if (place != HOLES_NONE)
			return place;
		from = (unsigned int)klass + 1;
	}
	if (largest_in_classes(f) >= units && hole_fits(f, f->largest, units, align))
		return f->largest;
	if (f->tail < f->units && hole_fits(f, f->tail, units, align))
		return f->tail;
	return HOLES_NONE;
}

/* @klass is written: the hole's */
static inline size_t hole_find(struct pinbuf_freelist *f, size_t units, size_t align,
			       unsigned int *klass)
{
	size_t most = align > UNIT ? units + align / UNIT - 1 : units, place;
	size_t tail = f->units - f->tail;
	size_t from = holes_class_from(&f->holes, holes_class_above(most));

	*klass = (unsigned int)from;
	if (tail >= most && f->tail_class < from)
		return f->tail;
	if (PINBUF_LIKELY(from != HOLES_NONE))
		return holes_lowest(&f->holes, (unsigned int)from);
	place = hole_search(f, units, align);
	if (place != HOLES_NONE)
		*klass = holes_class(length(f->tags[place]));
	return place;
}

static void *refuse_full(struct pinbuf_freelist *f, struct pinbuf_layout l)
{
	struct pinbuf__room room = {
		.left = pinbuf_freelist_remaining(f),
		.largest = pinbuf__freelist_largest(f) * UNIT,
		.of = f->units * UNIT,
	};

	return pinbuf__refuse_exhausted(&f->region, l, &room,
					"make it larger with pinbuf_freelist_opts.bytes, or free blocks: pinbuf_freelist_print() shows the holes");
}

static void count_alloc(struct pinbuf_freelist *f, size_t units)
{
	uint64_t live;

	PINBUF_ADD(&f->allocated, units * UNIT);
	live = f->allocated - f->deallocated;
	if (live > f->peak)
		PINBUF_STORE(&f->peak, live);
}

void *pinbuf_freelist_alloc(struct pinbuf_freelist *f, size_t size, size_t align)
{
	size_t units = units_of(size), place, had, before;
	struct pinbuf_layout l = { size, align };
	unsigned int klass;
	char *ptr;

	if (PINBUF_UNLIKELY(pinbuf__layout_refused(&f->region, l)))
		return NULL;
	if (units > f->units || align / UNIT > f->units)
		return refuse_full(f, l);
	place = hole_find(f, units, align, &klass);
	if (PINBUF_UNLIKELY(place == HOLES_NONE))
		return refuse_full(f, l);
	had = length(f->tags[place]);
	hole_take(f, place, klass);
	before = align > UNIT ? units_before(f, place, align) : 0;
	if (before) {
		f->tags[place + had - 1] = 0;
		hole_add(f, place, before);
		place += before;
		had -= before;
	}
	if (had > units)
		hole_add(f, place + units, had - units);
	block_tags(f, place, units, size);
	count_alloc(f, units);
	PINBUF_ADD(&f->nr_allocs, 1);
	ptr = (char *)f->start + place * UNIT;
	PROBE3(freelist_alloc, f->region.name, ptr, size);
	pinbuf__check_give(f, ptr, size + !size);
	return ptr;
}

/* The block's first unit; the program ends if there is none. */
static size_t block_place(struct pinbuf_freelist *f, const void *ptr)
{
	uintptr_t at = (uintptr_t)ptr - f->start;
	uint32_t tag;

	if (PINBUF_UNLIKELY(at >= f->units * UNIT || at % UNIT))
		pinbuf__misuse(&f->region, "%p comes back, which is no block of the list", ptr);
	tag = f->tags[at / UNIT];
	if (PINBUF_UNLIKELY((tag & (TAG_FIRST | TAG_USED)) != (TAG_FIRST | TAG_USED)))
		pinbuf__misuse(&f->region, "%p comes back, which is %s", ptr,
			       tag & TAG_FIRST ? "free already" : "inside a block or free already");
	return at / UNIT;
}

/* Units from @place on become a hole, with those beside it. */
static void hole_make(struct pinbuf_freelist *f, size_t place, size_t units)
{
	size_t next = place + units, more;

	if (!(f->tags[next] & TAG_USED)) {
		more = length(f->tags[next]);
		hole_remove(f, next, more);
		tags_clear(f, next, more);
		units += more;
	}
	if (!((f->tags - 1)[place] & TAG_USED)) {
		more = length((f->tags - 1)[place]);
		hole_remove(f, place - more, more);
		tags_clear(f, place - more, more);
		place -= more;
		units += more;
	}
	hole_add(f, place, units);
}

static void block_free(struct pinbuf_freelist *f, size_t place)
{
	size_t units = block_length(f->tags[place]);

	block_tags_clear(f, place, units);
	PINBUF_ADD(&f->deallocated, units * UNIT);
	PINBUF_ADD(&f->nr_deallocs, 1);
	pinbuf__check_take(f, (char *)f->start + place * UNIT, units * UNIT);
	hole_make(f, place, units);
}

void pinbuf_freelist_free(struct pinbuf_freelist *f, void *ptr)
{
	if (!ptr)
		return;
	PROBE2(freelist_free, f->region.name, ptr);
	block_free(f, block_place(f, ptr));
}

static void *freelist_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	return pinbuf_freelist_alloc(to_list(r), l.size, l.align);
}

static size_t block_with(struct pinbuf_freelist *f, const void *ptr, struct pinbuf_layout l)
{
	size_t place = block_place(f, ptr);

	if (PINBUF_UNLIKELY(block_length(f->tags[place]) != units_of(l.size)))
		pinbuf__misuse(&f->region, "%p comes back with a layout of %zu bytes, and it takes %zu",
			       ptr, l.size, block_length(f->tags[place]) * UNIT);
	return place;
}

static void freelist_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout l)
{
	PROBE2(freelist_free, r->name, ptr);
	block_free(to_list(r), block_with(to_list(r), ptr, l));
}

/* What is behind a block becomes part of it, or it of what is behind. */
static bool resize(struct pinbuf_freelist *f, size_t place, size_t had, size_t size)
{
	size_t next = place + had, want = units_of(size), more = 0;

	if (want > had) {
		if (f->tags[next] & TAG_USED)
			return false;
		more = length(f->tags[next]);
		if (had + more < want)
			return false;
		hole_remove(f, next, more);
		tags_clear(f, next, more);
	}
	block_tags_clear(f, place, had);
	block_tags(f, place, want, size);
	if (want < had) {
		hole_make(f, place + want, had - want);
		PINBUF_ADD(&f->deallocated, (had - want) * UNIT);
	} else if (want > had) {
		if (had + more > want)
			hole_add(f, place + want, had + more - want);
		count_alloc(f, want - had);
	}
	return true;
}

static void *freelist_realloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout old,
			      struct pinbuf_layout new_)
{
	struct pinbuf_freelist *f = to_list(r);
	size_t place;
	void *to;

	if (pinbuf__layout_refused(r, new_))
		return NULL;
	place = block_with(f, ptr, old);
	if (pinbuf_is_ptr_aligned(ptr, new_.align) &&
	    resize(f, place, units_of(old.size), new_.size)) {
		pinbuf__check_resize(f, ptr, old.size + !old.size, new_.size + !new_.size);
		return ptr;
	}
	to = pinbuf_freelist_alloc(f, new_.size, new_.align);
	if (!to)
		return NULL;
	memcpy(to, ptr, old.size < new_.size ? old.size : new_.size);
	block_free(f, place);
	return to;
}

static void freelist_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	const struct pinbuf_freelist *f = to_list(r);

	st->total_allocated = PINBUF_LOAD(&f->allocated);
	st->total_deallocated = PINBUF_LOAD(&f->deallocated);
	st->peak_usage = PINBUF_LOAD(&f->peak);
	st->allocation_count = PINBUF_LOAD(&f->nr_allocs);
	st->deallocation_count = PINBUF_LOAD(&f->nr_deallocs);
	st->held = f->memory ? f->bytes : 0;
	st->wasted = PINBUF_LOAD(&f->slack);
}

const struct pinbuf_region_ops pinbuf__freelist_ops = {
	.size = sizeof(pinbuf__freelist_ops),
	.type = "freelist",
	.klass = PINBUF_CLASS_ARENA,
	.alloc = freelist_alloc,
	.realloc = freelist_realloc,
	.dealloc = freelist_dealloc,
	.stats = freelist_stats,
};
