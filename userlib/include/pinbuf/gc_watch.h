/* SPDX-License-Identifier: MIT */
/* What a collected heap tells about itself: included by gc.h. */
#ifndef PINBUF_GC_WATCH_H
#define PINBUF_GC_WATCH_H

#include <stdio.h>

#include <pinbuf/gc.h>

PINBUF_BEGIN_DECLS

/**
 * enum pinbuf_gc_kind - what sort of collection, or of step
 * @PINBUF_GC_YOUNG: the young objects; survivors of two become old
 * @PINBUF_GC_STEP: a part of marking or sweeping the old
 * @PINBUF_GC_FULL: everything in one pause, old objects stay where they are
 * @PINBUF_GC_MOVING: everything in one pause, whatever is not pinned moves together
 */
enum pinbuf_gc_kind {
	PINBUF_GC_YOUNG,
	PINBUF_GC_STEP,
	PINBUF_GC_FULL,
	PINBUF_GC_MOVING,
};

/**
 * pinbuf_gc_collect() - collect now
 * @m: the calling thread's
 * @kind: what; PINBUF_GC_STEP begins a cycle if none is under way
 *
 * A safe point.  Full and moving collections are one pause, whatever the budget.
 *
 * Return: 0; -EBUSY in a no-GC section of this thread; -EINVAL for another @kind.
 */
PINBUF_API int pinbuf_gc_collect(struct pinbuf_gc_mutator *m, enum pinbuf_gc_kind kind);

/* The one list of the figures: X(name, what it counts). */
#define PINBUF_GC_FIGURES(X)							\
	X(young_collections, "collections of the young")			\
	X(steps, "steps of marking and sweeping between them")			\
	X(cycles, "times that the old were marked and swept")			\
	X(full_collections, "collections of everything in one pause")		\
	X(used, "bytes in use against the limits")				\
	X(old_bytes, "bytes of old objects, dead ones that are not swept included") \
	X(large_bytes, "bytes of large and pinned leaves and of large objects")	\
	X(region_bytes, "bytes of blocks of the region")			\
	X(old_objects, "old objects")						\
	X(pinned_objects, "objects with a pin")					\
	X(nursery, "bytes that the nursery takes now")				\
	X(moved_bytes, "bytes ever moved")					\
	X(promoted_bytes, "bytes of them that became old")			\
	X(logged, "old objects that the write barrier noted")			\
	X(weak_cleared, "weak handles cleared")					\
	X(finalized, "finalizers called")					\
	X(behind, "steps that the budget ended before their work was done")

#define PINBUF_GC_FIGURE_MEMBER(name, help) uint64_t name;

/* what a heap has done: PINBUF_GC_FIGURES after the size */
struct pinbuf_gc_figures {
	size_t size;	/* set by the caller to sizeof(struct pinbuf_gc_figures) */
	PINBUF_GC_FIGURES(PINBUF_GC_FIGURE_MEMBER)
};

/**
 * pinbuf_gc_figures() - read the figures
 * @gc: the heap
 * @figures: @figures->size is set by the caller, the rest is written
 *
 * Context: any thread.
 * Return: 0, or -EINVAL if @figures->size cannot be.
 */
PINBUF_API int pinbuf_gc_figures(struct pinbuf_gc *gc, struct pinbuf_gc_figures *figures);

/**
 * struct pinbuf_gc_record - one collection
 * @kind: enum pinbuf_gc_kind
 * @reserved: 0
 * @live: bytes of objects after it; the old as far as known
 * @freed: bytes that it freed
 * @moved: bytes that it moved
 * @pinned: objects that a pin kept in place
 * @pause_ns: nanoseconds of the collecting thread's processor time
 */
struct pinbuf_gc_record {
	unsigned int kind;
	unsigned int reserved;
	uint64_t live;
	uint64_t freed;
	uint64_t moved;
	uint64_t pinned;
	uint64_t pause_ns;
};

/**
 * pinbuf_gc_last() - the last collections
 * @gc: the heap
 * @records: written, newest first
 * @nr: how many fit; 16 are kept
 *
 * Context: any thread.
 * Return: how many were written.
 */
PINBUF_API size_t pinbuf_gc_last(struct pinbuf_gc *gc, struct pinbuf_gc_record *records, size_t nr);

/**
 * struct pinbuf_gc_pauses - how long the program stood still
 * @size: set by the caller to sizeof(struct pinbuf_gc_pauses)
 * @nr: pauses
 * @least: the shortest; all times are nanoseconds of the collecting thread's processor
 *	time
 * @mean: their mean
 * @p99: 99 of 100 were at most this long, as exact as 1 in 32
 * @most: the longest
 * @budget: what one may take
 * @over: how many took longer
 * @most_wall: the longest by the clock on the wall
 * @most_stop: the longest wait for other threads to stop, by the clock on the wall
 */
struct pinbuf_gc_pauses {
	size_t size;
	uint64_t nr;
	uint64_t least;
	uint64_t mean;
	uint64_t p99;
	uint64_t most;
	uint64_t budget;
	uint64_t over;
	uint64_t most_wall;
	uint64_t most_stop;
};

/**
 * pinbuf_gc_pauses() - read the pause statistics
 * @gc: the heap
 * @pauses: @pauses->size is set by the caller, the rest is written
 *
 * Context: any thread.
 * Return: 0, or -EINVAL if @pauses->size cannot be.
 */
PINBUF_API int pinbuf_gc_pauses(struct pinbuf_gc *gc, struct pinbuf_gc_pauses *pauses);

/**
 * pinbuf_gc_pauses_reset() - begin to count pauses anew
 * @gc: the heap
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_gc_pauses_reset(struct pinbuf_gc *gc);

/**
 * pinbuf_gc_stats() - objects and blocks of the region, as a region counts
 * @gc: the heap
 * @stats: @stats->size is set by the caller, the rest is written
 *
 * An object is deallocated when a collection finds it dead.
 *
 * Context: any thread; exact when no other thread uses @gc meanwhile.
 * Return: 0, or -EINVAL if @stats->size cannot be.
 */
PINBUF_API int pinbuf_gc_stats(struct pinbuf_gc *gc, struct pinbuf_stats *stats);

/**
 * pinbuf_gc_print() - figures, pauses and the last collections, for people
 * @gc: the heap
 * @out: where to
 *
 * Context: any thread.
 * Return: 0, or -EIO if @out cannot be written.
 */
PINBUF_API int pinbuf_gc_print(struct pinbuf_gc *gc, FILE *out);

/**
 * pinbuf_gc_verify() - walk the heap and check every invariant
 * @m: the calling thread's
 *
 * Every pointer leads to an object, every old object that points to a young one is
 * remembered, marking has missed nothing, and the books agree.  The world stands still
 * meanwhile; nothing moves.
 *
 * Return: 0; -EUCLEAN if not, with what is wrong in pinbuf_error_last(); -EBUSY in a
 * no-GC section of this thread.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_verify(struct pinbuf_gc_mutator *m);

PINBUF_END_DECLS

#endif /* PINBUF_GC_WATCH_H */
