/* SPDX-License-Identifier: MIT */
/* The live blocks of a tracker, by address. */
#ifndef PINBUF_TRACK_TABLE_H
#define PINBUF_TRACK_TABLE_H

#include <stdbool.h>

#include <pinbuf/track.h>

/* what is known of a block; frames follow */
struct track_record {
	void *ptr;		/* NULL: none */
	size_t bytes;
	struct pinbuf_track_label site;
	void *caller;
	uint64_t born;		/* nanoseconds */
	unsigned int nr_frames;
	void *frames[];
};

struct track_table {
	char *records;
	size_t stride;		/* bytes of a record */
	size_t nr_slots;	/* a power of two, or 0 */
	size_t nr_used;
	size_t nr_promised;	/* room that was asked for */
};

static inline struct track_record *track_slot(const struct track_table *t, size_t i)
{
	return (struct track_record *)(t->records + i * t->stride);
}

bool pinbuf__track_promise(struct track_table *t);
void pinbuf__track_put(struct track_table *t, const struct track_record *r);
bool pinbuf__track_take(struct track_table *t, const void *ptr, struct track_record *out);
void pinbuf__track_clear(struct track_table *t);

#endif /* PINBUF_TRACK_TABLE_H */
