/* SPDX-License-Identifier: MIT */
/* What the files of the tracker share. */
#ifndef PINBUF_TRACK_PRIVATE_H
#define PINBUF_TRACK_PRIVATE_H

#include <pthread.h>

#include <pinbuf/track.h>

#include "table.h"

/* a record with room for all frames */
union track_full {
	struct track_record record;
	char room[sizeof(struct track_record) + PINBUF_TRACK_FRAMES * sizeof(void *)];
};

struct pinbuf_track {
	struct pinbuf_region region;	/* its window is closed */
	struct pinbuf_region *inner;
	struct pinbuf_track_opts opts;
	pthread_mutex_t lock;
	struct track_table table;	/* under lock */
	struct pinbuf_track *next, **at;	/* of all; under exit.c's lock */
};

/* nanoseconds of a clock that never goes back */
uint64_t pinbuf__track_now(void);

/* site.c: what this thread said, and texts of it */
struct pinbuf_track_label pinbuf__track_site(void);
void pinbuf__track_site_text(const struct pinbuf_track_block *b, char *text, size_t size);
void pinbuf__track_code_text(const void *code, char *text, size_t size);

/* exit.c: reports at the end, if the environment asks */
void pinbuf__track_join(struct pinbuf_track *t);
void pinbuf__track_leave(struct pinbuf_track *t);

#endif /* PINBUF_TRACK_PRIVATE_H */
