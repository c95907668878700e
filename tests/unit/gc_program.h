/* SPDX-License-Identifier: MIT */
/* A random program over a collected heap, and the model of what it should see. */
#ifndef TESTS_UNIT_GC_PROGRAM_H
#define TESTS_UNIT_GC_PROGRAM_H

#include <pthread.h>

#include "unit.h"

enum { ROOTS = 24, LINKS = 3, WEAKS = 8, PINS = 6, MAX_THREADS = 3 };

struct object {
	struct object *links[LINKS];
	uint64_t id;
};

/* what the model knows of an object */
struct twin {
	struct twin *links[LINKS];
	uint64_t id;
	_Atomic uint64_t seen;	/* walk that came here last */
	unsigned char length;	/* of a blob: what it is filled with too */
	bool blob;
	bool finalizer;
	int finalized;
	struct twin *all;
};

struct weak {
	struct pinbuf_gc_weak *handle;
	struct twin *twin;
};

struct pin {
	void *object;
	struct twin *twin;
};

struct program {
	struct pinbuf_gc_mutator *m;
	uint64_t seed;
	struct object **roots[ROOTS];	/* handles */
	struct twin *twins[ROOTS];
	struct weak weaks[WEAKS];
	struct pin pins[PINS];
	struct twin *all;
	uint64_t nr_ids, walk;
	int steps;
};

/* where threads leave objects for others: a global root, under a lock */
struct box {
	pthread_mutex_t lock;
	struct object *object;
	struct twin *twin;
};

extern struct pinbuf_gc *gc;
extern struct box box;

void program_types_make(void);
void program_step(struct program *p);
void program_walk(struct program *p);

#endif /* TESTS_UNIT_GC_PROGRAM_H */
