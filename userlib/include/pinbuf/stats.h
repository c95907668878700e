/* SPDX-License-Identifier: MIT */
/* What a region has given out and taken back. */
#ifndef PINBUF_STATS_H
#define PINBUF_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

/* The one list of the statistics: X(name, what it counts). */
#define PINBUF_STATS_FIELDS(X)							\
	X(total_allocated, "bytes ever allocated, padding included")		\
	X(total_deallocated, "bytes ever given back")				\
	X(current_live, "bytes allocated now")					\
	X(peak_usage, "most bytes at one time")					\
	X(allocation_count, "blocks ever allocated")				\
	X(deallocation_count, "blocks ever given back")				\
	X(held, "bytes held now from the parent or the system")			\
	X(wasted, "bytes that rounding, headers and ends of chunks take")	\
	X(failures, "calls that were refused")

#define PINBUF_STATS_MEMBER(name, help) uint64_t name;

/*
 * A region's counters: PINBUF_STATS_FIELDS after the size.
 *
 * current_live is always total_allocated - total_deallocated.  A block counts with
 * the bytes that it occupies, padding included.  Whatever drops blocks (dealloc,
 * the end of a scope, reset) deallocates each of them, in bytes and in count; a
 * realloc in place changes bytes only.
 */
struct pinbuf_stats {
	size_t size;	/* set by the caller to sizeof(struct pinbuf_stats) */
	PINBUF_STATS_FIELDS(PINBUF_STATS_MEMBER)
};

/**
 * pinbuf_stats_print() - a table for people, one line a field
 * @stats: from pinbuf_region_stats()
 * @out: where to
 *
 * Context: any thread.
 * Return: 0, or -EIO if @out cannot be written.
 */
PINBUF_API int pinbuf_stats_print(const struct pinbuf_stats *stats, FILE *out);

/**
 * pinbuf_stats_json() - one JSON object
 * @stats: from pinbuf_region_stats()
 * @out: where to
 *
 * Context: any thread.
 * Return: 0, or -EIO if @out cannot be written.
 */
PINBUF_API int pinbuf_stats_json(const struct pinbuf_stats *stats, FILE *out);

PINBUF_END_DECLS

#endif /* PINBUF_STATS_H */
