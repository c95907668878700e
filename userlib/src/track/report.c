// SPDX-License-Identifier: MIT
/*
 * Reports.  The live blocks are copied under the lock; what follows, the sorting, the
 * grouping and the writing, is of the copy.  A report is rows, whatever a row is, and
 * the table and the JSON are written from the same ones.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "../refuse.h"
#include "track.h"

#define KEY	160	/* characters of a row's name */

struct row {
	char key[KEY];
	uint64_t bytes;
	uint64_t nr;
	uint64_t oldest;	/* nanoseconds */
	const struct pinbuf_track_block *block;	/* of a row that is one block */
};

struct report {
	struct pinbuf_track_block *blocks;
	size_t nr_blocks;
	struct row *rows;
	size_t nr_rows;
};

static void block_of(struct pinbuf_track_block *b, const struct track_record *r, uint64_t now)
{
	b->ptr = r->ptr;
	b->bytes = r->bytes;
	b->label = r->site.label;
	b->file = r->site.file;
	b->line = r->site.line;
	b->caller = r->caller;
	b->age = now > r->born ? now - r->born : 0;
	b->nr_frames = r->nr_frames;
	memcpy(b->frames, r->frames, r->nr_frames * sizeof(void *));
}

/* Larger first; of the same size the older, then the lower address: always the same order. */
static int by_bytes(const void *a, const void *b)
{
	const struct pinbuf_track_block *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->age != y->age)
		return x->age < y->age ? 1 : -1;
	return x->ptr < y->ptr ? -1 : x->ptr > y->ptr;
}

static int rows_by_bytes(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->key, y->key);
}

/* All live blocks, largest first; -ENOMEM if they cannot be copied. */
static int blocks_copy(struct pinbuf_track *t, struct report *r)
{
	uint64_t now = pinbuf__track_now();
	size_t i;

	pthread_mutex_lock(&t->lock);
	r->blocks = calloc(t->table.nr_used + 1, sizeof(*r->blocks));
	for (i = 0; r->blocks && i < t->table.nr_slots; i++)
		if (track_slot(&t->table, i)->ptr)
			block_of(&r->blocks[r->nr_blocks++], track_slot(&t->table, i), now);
	pthread_mutex_unlock(&t->lock);
	if (!r->blocks)
		return pinbuf__refuse_own(sizeof(*r->blocks));
	qsort(r->blocks, r->nr_blocks, sizeof(*r->blocks), by_bytes);
	return 0;
}

size_t pinbuf_track_leaks(struct pinbuf_track *t, struct pinbuf_track_block *blocks, size_t max)
{
	struct report r = { NULL, 0, NULL, 0 };
	size_t nr;

	if (blocks_copy(t, &r)) {
		pthread_mutex_lock(&t->lock);
		nr = t->table.nr_used;
		pthread_mutex_unlock(&t->lock);
		return nr;
	}
	if (max)
		memcpy(blocks, r.blocks, (r.nr_blocks < max ? r.nr_blocks : max) * sizeof(*blocks));
	free(r.blocks);
	return r.nr_blocks;
}

/* what a row is: its name */

static void label_key(const struct pinbuf_track_block *b, char *key)
{
	snprintf(key, KEY, "%s", b->label ? b->label : "(no label)");
}

static void site_key(const struct pinbuf_track_block *b, char *key)
{
	pinbuf__track_site_text(b, key, KEY);
}

static void age_key(const struct pinbuf_track_block *b, char *key)
{
	static const struct {
		uint64_t below;		/* seconds */
		const char *name;
	} ages[] = {
		{ 1, "less than a second" }, { 60, "less than a minute" },
		{ 3600, "less than an hour" }, { UINT64_MAX, "an hour or more" },
	};
	size_t i = 0;

	while (b->age / 1000000000 >= ages[i].below)
		i++;
	snprintf(key, KEY, "%s", ages[i].name);
}

static void block_key(const struct pinbuf_track_block *b, char *key)
{
	char site[KEY / 2];

	pinbuf__track_site_text(b, site, sizeof(site));
	snprintf(key, KEY, "%p %s %s", b->ptr, b->label ? b->label : "(no label)", site);
}

static const struct kind {
	const char *name;
	void (*key)(const struct pinbuf_track_block *b, char *key);
} kinds[] = {
	[PINBUF_TRACK_BY_LABEL] = { "label", label_key },
	[PINBUF_TRACK_BY_SITE] = { "site", site_key },
	[PINBUF_TRACK_BY_AGE] = { "age", age_key },
	[PINBUF_TRACK_BY_BLOCK] = { "block", block_key },
};

static int rows_by_key(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

/* Rows of the same name become one. */
static void rows_merge(struct report *r)
{
	size_t i, to = 0;

	qsort(r->rows, r->nr_rows, sizeof(*r->rows), rows_by_key);
	for (i = 1; i < r->nr_rows; i++) {
		if (strcmp(r->rows[to].key, r->rows[i].key)) {
			r->rows[++to] = r->rows[i];
			continue;
		}
		r->rows[to].bytes += r->rows[i].bytes;
		r->rows[to].nr += r->rows[i].nr;
		if (r->rows[i].oldest > r->rows[to].oldest)
			r->rows[to].oldest = r->rows[i].oldest;
	}
	if (r->nr_rows)
		r->nr_rows = to + 1;
	qsort(r->rows, r->nr_rows, sizeof(*r->rows), rows_by_bytes);
}

static int report_make(struct pinbuf_track *t, enum pinbuf_track_by by, struct report *r)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	size_t i;
	int ret;

	if ((size_t)by >= sizeof(kinds) / sizeof(kinds[0]))
		return pinbuf__error(&e, "%d is no way to sort a report", (int)by);
	ret = blocks_copy(t, r);
	if (ret)
		return ret;
	r->rows = calloc(r->nr_blocks + 1, sizeof(*r->rows));
	if (!r->rows) {
		free(r->blocks);
		return pinbuf__refuse_own(sizeof(*r->rows));
	}
	for (i = 0; i < r->nr_blocks; i++) {
		const struct pinbuf_track_block *b = &r->blocks[i];

		r->rows[i] = (struct row){ .bytes = b->bytes, .nr = 1, .oldest = b->age, .block = b };
		kinds[by].key(b, r->rows[i].key);
	}
	r->nr_rows = r->nr_blocks;
	if (by != PINBUF_TRACK_BY_BLOCK)
		rows_merge(r);
	return 0;
}

static void report_free(struct report *r)
{
	free(r->rows);
	free(r->blocks);
}

static uint64_t bytes_of(const struct report *r)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < r->nr_blocks; i++)
		bytes += r->blocks[i].bytes;
	return bytes;
}

int pinbuf_track_report(struct pinbuf_track *t, enum pinbuf_track_by by, FILE *out)
{
	struct report r = { NULL, 0, NULL, 0 };
	int ret = report_make(t, by, &r);
	char frame[KEY];
	unsigned int k;
	size_t i;

	if (ret)
		return ret;
	fprintf(out, "region '%s': %" PRIu64 " bytes live in %zu blocks\n", t->region.name,
		bytes_of(&r), r.nr_blocks);
	if (r.nr_rows)
		fprintf(out, "%14s %8s %10s  %s\n", "bytes", "blocks", "oldest", kinds[by].name);
	for (i = 0; i < r.nr_rows; i++) {
		fprintf(out, "%14" PRIu64 " %8" PRIu64 " %8.1f s  %s\n", r.rows[i].bytes,
			r.rows[i].nr, (double)r.rows[i].oldest / 1e9, r.rows[i].key);
		for (k = 0; by == PINBUF_TRACK_BY_BLOCK && k < r.rows[i].block->nr_frames; k++) {
			pinbuf__track_code_text(r.rows[i].block->frames[k], frame, sizeof(frame));
			fprintf(out, "%36s %s\n", "by", frame);
		}
	}
	report_free(&r);
	return ferror(out) ? -EIO : 0;
}

static void string_write(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ')
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void frames_write(const struct pinbuf_track_block *b, FILE *out)
{
	char frame[KEY];
	unsigned int k;

	fputs(", \"frames\": [", out);
	for (k = 0; k < b->nr_frames; k++) {
		pinbuf__track_code_text(b->frames[k], frame, sizeof(frame));
		fputs(k ? ", " : "", out);
		string_write(frame, out);
	}
	fputc(']', out);
}

int pinbuf_track_json(struct pinbuf_track *t, enum pinbuf_track_by by, FILE *out)
{
	struct report r = { NULL, 0, NULL, 0 };
	int ret = report_make(t, by, &r);
	size_t i;

	if (ret)
		return ret;
	fputs("{\"region\": ", out);
	string_write(t->region.name, out);
	fprintf(out, ", \"by\": \"%s\", \"bytes\": %" PRIu64 ", \"blocks\": %zu, \"rows\": [",
		kinds[by].name, bytes_of(&r), r.nr_blocks);
	for (i = 0; i < r.nr_rows; i++) {
		fprintf(out, "%s{\"%s\": ", i ? ", " : "", kinds[by].name);
		string_write(r.rows[i].key, out);
		fprintf(out, ", \"bytes\": %" PRIu64 ", \"blocks\": %" PRIu64 ", \"oldest_ns\": %" PRIu64,
			r.rows[i].bytes, r.rows[i].nr, r.rows[i].oldest);
		if (by == PINBUF_TRACK_BY_BLOCK)
			frames_write(r.rows[i].block, out);
		fputc('}', out);
	}
	fputs("]}\n", out);
	report_free(&r);
	return ferror(out) ? -EIO : 0;
}
