/* SPDX-License-Identifier: MIT */
/* Who holds what: a region in front of any other that remembers each live block. */
#ifndef PINBUF_TRACK_H
#define PINBUF_TRACK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/*
 * A region that is watched.  Nothing is watched unless asked for, region by region, and
 * what is not costs nothing.
 */
struct pinbuf_track;

#define PINBUF_TRACK_FRAMES	16	/* of a backtrace, at most */

/**
 * struct pinbuf_track_hooks - functions of a profiler
 * @alloc: a block of @bytes came at @ptr; @label as it was set, or NULL
 * @free: the block of @bytes at @ptr goes; it is still there
 * @arg: their first argument
 *
 * Either may be NULL.  A block that is reallocated goes and comes.  They are called in
 * the thread that allocates or frees, with no lock held, and may use other regions.
 */
struct pinbuf_track_hooks {
	void (*alloc)(void *arg, void *ptr, size_t bytes, const char *label);
	void (*free)(void *arg, void *ptr, size_t bytes);
	void *arg;
};

/**
 * struct pinbuf_track_opts - how to watch
 * @size: sizeof(struct pinbuf_track_opts), so that it can grow
 * @name: for people, lives as long as the tracker; NULL for the region's
 * @trace: one line for each block that comes or goes is written there; NULL for none
 * @hooks: called for each
 * @frames: callers to remember for each block, 0 to PINBUF_TRACK_FRAMES
 * @reserved: 0
 */
struct pinbuf_track_opts {
	size_t size;
	const char *name;
	FILE *trace;
	struct pinbuf_track_hooks hooks;
	unsigned int frames;
	unsigned int reserved;
};

#define PINBUF_TRACK_OPTS_INIT \
	{ sizeof(struct pinbuf_track_opts), NULL, NULL, { NULL, NULL, NULL }, 0, 0 }

/**
 * pinbuf_track_create() - watch a region
 * @out: written on success; pinbuf_track_destroy() ends it
 * @inner: the region, which outlives it; blocks that are taken past it are not seen
 * @opts: how, or NULL
 *
 * Return: 0; -EINVAL for options that cannot be; -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_track_create(struct pinbuf_track **out, struct pinbuf_region *inner,
			const struct pinbuf_track_opts *opts);

/**
 * pinbuf_track_destroy() - watch no more
 * @t: what pinbuf_track_create() gave, or NULL; blocks stay, and are the inner region's
 */
PINBUF_API void pinbuf_track_destroy(struct pinbuf_track *t);

/**
 * pinbuf_track_region() - the region to use instead
 * @t: a tracker
 *
 * It has the inner region's capabilities, limits and statistics.  A block that goes and
 * is not known ends the program with a sentence on stderr.
 *
 * Return: the region, which is @t's.
 */
PINBUF_API struct pinbuf_region *pinbuf_track_region(struct pinbuf_track *t);

/**
 * pinbuf_track_forget() - the inner region dropped its blocks together
 * @t: a tracker; it knows no block any more
 *
 * To be called after an arena's reset or a scope's end, which do not pass through here.
 */
PINBUF_API void pinbuf_track_forget(struct pinbuf_track *t);

/**
 * struct pinbuf_track_block - a live block
 * @ptr: where it is
 * @bytes: as it was asked for
 * @label: as it was set, or NULL
 * @file: of the call, if PINBUF_TRACED() or PINBUF_TRACK_LABEL() told; else NULL
 * @line: of @file
 * @nr_frames: how many of @frames are set
 * @caller: the code that called; for addr2line(1)
 * @age: nanoseconds that it has lived
 * @frames: callers, innermost first
 */
struct pinbuf_track_block {
	void *ptr;
	size_t bytes;
	const char *label;
	const char *file;
	unsigned int line;
	unsigned int nr_frames;
	void *caller;
	uint64_t age;
	void *frames[PINBUF_TRACK_FRAMES];
};

/**
 * pinbuf_track_leaks() - what is still live
 * @t: a tracker
 * @blocks: written: the largest, largest first; NULL if @max is 0
 * @max: how many there is room for
 *
 * Context: any thread.
 * Return: how many there are, which may be more than @max.
 */
PINBUF_API size_t pinbuf_track_leaks(struct pinbuf_track *t, struct pinbuf_track_block *blocks,
				     size_t max);

/**
 * enum pinbuf_track_by - what a line of a report is
 * @PINBUF_TRACK_BY_LABEL: all blocks of a label
 * @PINBUF_TRACK_BY_SITE: all blocks of a call site
 * @PINBUF_TRACK_BY_AGE: all blocks that have lived for so long
 * @PINBUF_TRACK_BY_BLOCK: one block, with its backtrace if there is one
 */
enum pinbuf_track_by {
	PINBUF_TRACK_BY_LABEL,
	PINBUF_TRACK_BY_SITE,
	PINBUF_TRACK_BY_AGE,
	PINBUF_TRACK_BY_BLOCK,
};

/**
 * pinbuf_track_report() - what is live, as a table, largest first
 * @t: a tracker
 * @by: what a line is
 * @out: where to
 *
 * Context: any thread.
 * Return: 0; -EINVAL for a @by that cannot be; -ENOMEM; -EIO if @out cannot be written.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_track_report(struct pinbuf_track *t, enum pinbuf_track_by by, FILE *out);

/**
 * pinbuf_track_json() - the same as one JSON object
 * @t: a tracker
 * @by: what a row is
 * @out: where to
 *
 * PINBUF_TRACK=FILE in the environment writes one for each tracker that is left with
 * blocks at the end of the program or of the tracker, by site, to FILE if that ends in
 * .json; a table if not, and on stderr for PINBUF_TRACK=-.
 *
 * Context: any thread.
 * Return: as pinbuf_track_report().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_track_json(struct pinbuf_track *t, enum pinbuf_track_by by, FILE *out);

/**
 * struct pinbuf_track_label - what was said before a label
 * @label: private
 * @file: private
 * @line: private
 */
struct pinbuf_track_label {
	const char *label;
	const char *file;
	unsigned int line;
};

/**
 * pinbuf_track_label_begin() - blocks of this thread have a label from here on
 * @label: a string that lives as long as the blocks; NULL for none
 * @file: of the call, a constant, or NULL
 * @line: of @file
 *
 * Return: what was said before, for pinbuf_track_label_end().
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_track_label pinbuf_track_label_begin(const char *label, const char *file,
						   unsigned int line);

/**
 * pinbuf_track_label_end() - as it was before
 * @before: what pinbuf_track_label_begin() gave
 */
PINBUF_API void pinbuf_track_label_end(const struct pinbuf_track_label *before);

#define PINBUF_TRACK_NAME_(line)	pinbuf_track_##line
#define PINBUF_TRACK_NAME(line)		PINBUF_TRACK_NAME_(line)

/**
 * PINBUF_TRACK_LABEL() - what this thread allocates until the end of this block
 * @text: the label, a string that lives as long as the blocks
 */
#define PINBUF_TRACK_LABEL(text)							\
	struct pinbuf_track_label PINBUF_TRACK_NAME(__LINE__)				\
		__attribute__((cleanup(pinbuf_track_label_end), unused)) =		\
		pinbuf_track_label_begin((text), __FILE__, __LINE__)

/**
 * PINBUF_TRACED() - a call with a label and this line as its site
 * @text: the label
 * @call: an expression that allocates
 *
 * Return: what @call returns.
 */
#define PINBUF_TRACED(text, call)							\
	__extension__ ({								\
		PINBUF_TRACK_LABEL(text);						\
		(call);									\
	})

PINBUF_END_DECLS

#endif /* PINBUF_TRACK_H */
