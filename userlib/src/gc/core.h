/* SPDX-License-Identifier: MIT */
/* What the files of the collected heap share. */
#ifndef PINBUF_GC_CORE_H
#define PINBUF_GC_CORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <pinbuf/gc.h>
#include <pinbuf/heap.h>

#include "stack.h"

#define GC_SHIFT	15
#define GC_BLOCK	((size_t)1 << GC_SHIFT)
#define GC_WORDS	(GC_BLOCK / 8 / 64)	/* of a bit a possible object of a block */
#define GC_SMALL	4096	/* bytes of the largest cell, header included */
#define GC_CLASSES	56
#define GC_LOG		1024	/* entries of a thread's log */
#define GC_RECORDS	16
#define GC_NAME		32

/* what a block is; a byte each, in gc->kind */
enum gc_kind {
	GC_FREE,
	GC_NEW,		/* objects that no collection has seen */
	GC_AGED_ONCE,	/* survivors of one */
	GC_FROM,	/* being collected: what is live leaves it */
	GC_CELLS,	/* old objects of one size class */
	GC_FIXED,	/* the same, pinned from birth */
	GC_HELD,	/* was young when objects in it were pinned */
};

/* where a cycle over the old objects is */
enum gc_phase {
	GC_IDLE,
	GC_MARK,
	GC_WEAK,	/* marking is complete; weak handles of the dead are cleared */
	GC_FINAL,	/* dead objects with finalizers are kept, with what they reach */
	GC_SWEEP,
};

struct gc_block {
	uint32_t top;		/* bytes in use, of what is filled from its start */
	uint16_t cls;		/* of GC_CELLS and GC_FIXED */
	uint8_t was;		/* kind before GC_FROM */
	uint8_t fresh;		/* taken since the sweep began, which has still to pass */
	uint32_t next;		/* in a list; 0 ends it */
	uint32_t nr_live;	/* cells in use */
};

typedef uint64_t gc_bits[GC_WORDS];

/* old cells of one size */
struct gc_class {
	uintptr_t cur, end;	/* open run of free cells */
	uintptr_t scan, stop;	/* where the next run of that block is looked for */
	uint32_t avail;		/* swept blocks with free cells */
	uint32_t bytes;		/* of a cell */
};

/* objects outside the blocks: see big.c */
struct gc_big;

struct gc_big_table {
	struct gc_big **slots;
	size_t nr, mask;
	struct gc_big *list;
	struct gc_big *cursor;	/* of the sweep */
	uint64_t bytes;
};

struct gc_pin {
	void *object;
	size_t count;
};

struct gc_pins {
	struct gc_pin *slots;
	size_t nr, mask;
};

struct gc_list {
	struct gc_node *first;
};

/* an object that something is to be done about: a weak handle or a finalizer */
struct gc_node {
	struct gc_node *next, **link;	/* in the list of its object's age */
	void *object;
};

static inline void gc_list_add(struct gc_list *list, struct gc_node *node)
{
	node->next = list->first;
	node->link = &list->first;
	if (node->next)
		node->next->link = &node->next;
	list->first = node;
}

static inline void gc_list_close(struct gc_list *list)
{
	struct gc_node *node, *next;

	for (node = list->first; node; node = next) {
		next = node->next;
		free(node);
	}
}

static inline void gc_list_del(struct gc_node *node)
{
	if (!node->link)
		return;
	*node->link = node->next;
	if (node->next)
		node->next->link = node->link;
	node->link = NULL;
}

/* a histogram of pauses, 32 steps an octave */
#define GC_OCTAVES	40
struct gc_clock {
	uint64_t nr, sum, least, most, over, most_wall, most_stop;
	uint32_t steps[GC_OCTAVES * 32];
};

struct gc_mutator {
	struct pinbuf_gc_mutator pub;	/* first */
	struct gc_mutator *next;
	uintptr_t window_end;		/* what pub.end is while nobody stops the world */
	uint32_t block;			/* that the window lies in; 0 for none */
	bool parked;
	bool foreign;
	bool finalizing;
	bool telling;			/* in the pressure callback */
	void **handles;
	size_t handles_len;
	size_t nr_log;
	uintptr_t log[GC_LOG];
};

struct pinbuf_gc {
	struct pinbuf_region region;
	char name[GC_NAME];
	struct pinbuf_gc_opts opts;

	/* everything below is under this lock, or its owner has stopped the world */
	pthread_mutex_t lock;
	pthread_cond_t stopped, resumed;
	struct gc_mutator *mutators;
	unsigned int nr_running;
	struct gc_mutator *stopper;
	bool asked;			/* a thread's next allocation shall collect the young */

	/* blocks */
	uintptr_t base;
	size_t reserve;
	uint8_t *kind;
	struct gc_block *blocks;
	gc_bits *live, *mark;
	uint32_t nr_blocks;		/* 1 .. nr_blocks - 1 were ever used */
	uint32_t max_blocks;
	uint32_t committed;
	struct gc_stack free;		/* numbers of free blocks */
	size_t nr_released;		/* of them, whose memory the system has back */
	size_t nr_used;			/* blocks that are not free */
	uint64_t seed;

	/* the young */
	size_t nursery_blocks;		/* to fill before the next collection */
	size_t nr_new;			/* filled, or being filled */
	struct gc_stack young;		/* numbers of GC_NEW and GC_AGED_ONCE */
	uintptr_t aged_cur, aged_end;
	uint64_t aged_bytes, aged_objects;

	/* the old */
	struct gc_class classes[GC_CLASSES], fixed[GC_CLASSES];
	uint8_t class_of[GC_SMALL / 8 + 1];
	uint64_t old_bytes, old_objects;
	struct gc_stack remembered;
	struct gc_stack work;		/* of a collection that copies */
	struct gc_big_table big;
	struct pinbuf_heap *pinned;	/* leaves */
	struct pinbuf_heap *system;	/* large objects with pointers */
	uint64_t region_bytes;		/* atomic */
	struct pinbuf_stats region_stats;

	/* a cycle */
	enum gc_phase phase;
	bool cycle_wanted;
	bool black;			/* what becomes old counts as marked */
	struct gc_stack grey;
	uint32_t sweep_at, sweep_end;
	uint64_t trigger;		/* bytes of old objects that begin a cycle */
	uint64_t start_bytes, start_objects;	/* what there was then */
	uint64_t done;			/* objects marked in steps since */
	uint64_t swept;			/* bytes freed so far */

	/* roots and the like */
	struct gc_stack roots;		/* addresses of slots */
	struct gc_pins pins;
	struct gc_list weak_young, weak_old, weak_gone;
	struct gc_node *weak_cursor, *final_cursor;
	struct gc_list final_young, final_old, final_ready;
	struct gc_list final_found;	/* in this GC_FINAL; what they reach may be unmarked */
	const struct pinbuf_gc_type **types;
	size_t nr_types, max_types;

	/* figures */
	struct pinbuf_gc_figures fig;
	uint64_t gone_allocs;			/* objects of threads that left */
	uint64_t closed_bytes;			/* of closed windows */
	uint64_t direct_allocs, direct_bytes;	/* that no window gave */
	uint64_t direct_due;			/* bytes of them since the last step */
	uint64_t grown_bytes;			/* what rounding to a cell added */
	uint64_t young_allocs;			/* nr_allocs of all at the last collection */
	uint64_t peak;
	struct pinbuf_gc_record records[GC_RECORDS];
	uint64_t nr_records;
	struct gc_clock clock;
	uint64_t budget;			/* ns */
	uint64_t cost;				/* ns a KiB moved, as measured */
	uint64_t share;				/* of the young that survives, in 1/1024 */
	bool grows;				/* nearly all of it does: it becomes old at once */
	bool told;				/* the soft limit was, and has not been left */
};

static inline struct gc_mutator *gc_mutator(struct pinbuf_gc_mutator *m)
{
	return (struct gc_mutator *)m;
}

#define GC_FOR_EACH_MUTATOR(gc, t)	for (t = (gc)->mutators; t; t = t->next)

/* what an allocation in line may use: nothing if every one is to be seen */
static inline uintptr_t gc_inline_end(const struct gc_mutator *t)
{
	return t->pub.gc->opts.flags ? 0 : t->window_end;
}

static inline uint64_t gc_old(const struct pinbuf_gc *gc)
{
	return gc->old_bytes + gc->big.bytes;
}

static inline size_t gc_used(const struct pinbuf_gc *gc)
{
	return gc->nr_used * GC_BLOCK + gc->big.bytes + PINBUF_LOAD(&gc->region_bytes);
}

#endif /* PINBUF_GC_CORE_H */
