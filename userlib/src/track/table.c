// SPDX-License-Identifier: MIT
/*
 * A hash table with linear probing and no tombstones: what is behind a record that goes
 * moves up.  Room is promised before a block is allocated, so that a block that came
 * can always be remembered.
 */
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define FIRST	64	/* slots */

static size_t home(const struct track_table *t, const void *ptr)
{
	return ((uintptr_t)ptr >> 3) * 0x9e3779b97f4a7c15ULL >> 20 & (t->nr_slots - 1);
}

static size_t after(const struct track_table *t, size_t i)
{
	return (i + 1) & (t->nr_slots - 1);
}

/* The record of @ptr, or the empty slot where it belongs. */
static size_t find(const struct track_table *t, const void *ptr)
{
	size_t i = home(t, ptr);

	while (track_slot(t, i)->ptr && track_slot(t, i)->ptr != ptr)
		i = after(t, i);
	return i;
}

static bool grow(struct track_table *t)
{
	struct track_table old = *t;
	size_t i;

	t->nr_slots = old.nr_slots ? old.nr_slots * 2 : FIRST;
	t->records = calloc(t->nr_slots, t->stride);
	if (!t->records) {
		*t = old;
		return false;
	}
	for (i = 0; i < old.nr_slots; i++) {
		const struct track_record *r = track_slot(&old, i);

		if (r->ptr)
			memcpy(track_slot(t, find(t, r->ptr)), r, t->stride);
	}
	free(old.records);
	return true;
}

bool pinbuf__track_promise(struct track_table *t)
{
	if ((t->nr_used + t->nr_promised + 1) * 4 > t->nr_slots * 3 && !grow(t))
		return false;
	t->nr_promised++;
	return true;
}

/* A block at an address that is known: the region dropped the old one unseen. */
void pinbuf__track_put(struct track_table *t, const struct track_record *r)
{
	struct track_record *slot = track_slot(t, find(t, r->ptr));

	t->nr_promised--;
	t->nr_used += !slot->ptr;
	memcpy(slot, r, t->stride);
}

/* What is behind slot @hole moves up, if it would be found there. */
static void close_up(struct track_table *t, size_t hole)
{
	size_t i = hole, at;

	for (;;) {
		i = after(t, i);
		if (!track_slot(t, i)->ptr)
			break;
		at = home(t, track_slot(t, i)->ptr);
		if (((i - at) & (t->nr_slots - 1)) < ((i - hole) & (t->nr_slots - 1)))
			continue;
		memcpy(track_slot(t, hole), track_slot(t, i), t->stride);
		hole = i;
	}
	track_slot(t, hole)->ptr = NULL;
}

bool pinbuf__track_take(struct track_table *t, const void *ptr, struct track_record *out)
{
	size_t i;

	if (!t->nr_slots)
		return false;
	i = find(t, ptr);
	if (!track_slot(t, i)->ptr)
		return false;
	memcpy(out, track_slot(t, i), t->stride);
	close_up(t, i);
	t->nr_used--;
	return true;
}

void pinbuf__track_clear(struct track_table *t)
{
	size_t i;

	for (i = 0; i < t->nr_slots; i++)
		track_slot(t, i)->ptr = NULL;
	t->nr_used = 0;
}
