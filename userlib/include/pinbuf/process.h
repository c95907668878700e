/* SPDX-License-Identifier: MIT */
/* What the whole process holds, and how near to its limits. */
#ifndef PINBUF_PROCESS_STATS_H
#define PINBUF_PROCESS_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

#define PINBUF_PRESSURE	80	/* percent of a limit from which on it is near */

/**
 * struct pinbuf_process_stats - bytes that the process's regions hold
 * @size: set by the caller to sizeof(struct pinbuf_process_stats)
 * @arena: in arenas, stacks, pools and free lists that have a parent
 * @pinned: in heaps and buffers
 * @general: in the collector's heap and from pinbuf_global()
 * @buffers: in pinned buffers that this process made, whoever cuts them up
 * @limit: the lowest limit for @buffers, in bytes; 0 if there is none
 * @limit_name: what it is called, a constant; NULL if there is none
 * @percent: @buffers of @limit, in percent; PINBUF_PRESSURE and more are near it
 * @reserved: 0
 *
 * Bytes that a region holds of another count once, with the one that cuts them up last:
 * an arena of 64 KiB on a heap is 64 KiB in @arena and so much less in @pinned.  Memory
 * of the caller's (a buffer, a region of his own) is in no sum until a region takes it.
 */
struct pinbuf_process_stats {
	size_t size;
	uint64_t arena;
	uint64_t pinned;
	uint64_t general;
	uint64_t buffers;
	uint64_t limit;
	const char *limit_name;
	unsigned int percent;
	unsigned int reserved;
};

/**
 * pinbuf_stats_process() - what the process holds now
 * @stats: @stats->size is set by the caller, the rest is written
 *
 * Context: any thread; reads files below /proc and /sys for the limit.
 * Return: 0, or -EINVAL if @stats->size cannot be.
 */
PINBUF_API int pinbuf_stats_process(struct pinbuf_process_stats *stats);

/**
 * pinbuf_process_print() - the same for people, with a warning near a limit
 * @stats: from pinbuf_stats_process()
 * @out: where to
 *
 * Context: any thread.
 * Return: 0, or -EIO if @out cannot be written.
 */
PINBUF_API int pinbuf_process_print(const struct pinbuf_process_stats *stats, FILE *out);

/**
 * pinbuf_pressure_watch() - be told when pinned buffers come near their limit
 * @percent: of the limit, 1 to 100; 0 for no more
 * @fn: called with the figures and @arg; NULL for a sentence on stderr
 * @arg: anything
 *
 * There is one watch a process; this replaces it.  PINBUF_PRESSURE=PERCENT in the
 * environment sets one that writes to stderr.  It is called by the creation of the buffer
 * that crosses @percent, in its thread, and again only after the buffers were below.
 *
 * Return: 0, or -EINVAL for more than 100.
 */
PINBUF_API int pinbuf_pressure_watch(unsigned int percent,
				     void (*fn)(const struct pinbuf_process_stats *stats, void *arg),
				     void *arg);

PINBUF_END_DECLS

#endif /* PINBUF_PROCESS_STATS_H */
