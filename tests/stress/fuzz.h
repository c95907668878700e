/* SPDX-License-Identifier: MIT */
/*
 * The fuzzer of /dev/pinbuf.  A supervisor starts workers, one a row of a table
 * of roles, kills them at random and starts them again; each has a few threads,
 * and each thread takes step after step.  What a step is, is determined by the
 * seed, the role, the worker's life, the thread and the number of the step; what
 * it meets (which descriptor is in a slot) is up to the others.
 */
#ifndef TESTS_STRESS_FUZZ_H
#define TESTS_STRESS_FUZZ_H

#include <stdatomic.h>

#include "common.h"
#include "dice.h"

#define NR_SLOTS	24
#define NR_PLACES	12
#define NR_HANDLES	4
#define MAX_THREADS	4
#define MAX_OPS		48
#define MAX_ROLES	8
#define ROOM		MIB(8)	/* address space of a place */
#define FIRST_FREE_FD	40	/* those below are the worker's own */
#define LAST_STEPS	12	/* kept of every thread, for the report */
#define SHORTEST_LIFE	200	/* steps */
#define LIVES_SPREAD	4000

/* What a role may do, and an operation needs. */
#define MAY_ROOT	1U
#define MAY_DEVICES	2U
#define MAY_MOST	4U	/* all that the squeezed one may not */
#define MAY_ALL		(MAY_ROOT | MAY_DEVICES | MAY_MOST)

struct role {
	const char *name;
	uid_t uid;
	unsigned int threads;
	unsigned int may;
	bool squeezed;		/* in a cgroup with a limit */
};

extern const struct role roles[];
extern const size_t nr_roles;

/* Seen by the supervisor and every worker. */
struct board {
	uint64_t seed;
	uint32_t steps;		/* of every thread in each life; 0: as chance has it */
	atomic_bool stop, failed;
	char why[256];
	struct {
		uint32_t life, step, last[LAST_STEPS];
	} threads[MAX_ROLES][MAX_THREADS];
	atomic_ulong steps_done;
	atomic_ulong tried[MAX_OPS], worked[MAX_OPS];
};

/* One worker's, shared by its threads. */
struct desk {
	struct board *board;
	const struct role *role;
	unsigned int who;
	uint32_t life;
	int node, node_ro, heap, edu, vgem, socks[2], lock;
	atomic_int slots[NR_SLOTS];
	char *places;		/* NR_PLACES times ROOM, for all threads */
	atomic_uint handles[NR_HANDLES];
};

/* One thread's. */
struct hand {
	struct desk *desk;
	unsigned int thread;
	struct dice dice;
	char *own;		/* ROOM bytes of addresses that nobody else touches */
	int pipe[2];
};

/* One step; whether it did what it is for, which it need not. */
struct op {
	const char *name;
	unsigned int weight;
	unsigned int needs;
	bool (*run)(struct hand *hand);
};

extern const struct op file_ops[], ioctl_ops[], memory_ops[], vma_ops[], device_ops[];
extern const size_t nr_file_ops, nr_ioctl_ops, nr_memory_ops, nr_vma_ops, nr_device_ops;

/* worker.c: in a child, for ever or until the steps of this life are done. */
void worker_run(struct board *board, unsigned int who, uint32_t life, const int socks[2])
	__attribute__((noreturn));

/* Ends the whole run: what must never happen has happened. */
void hand_die(struct hand *hand, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* ops.c: the table of all of them. */
const struct op *op_number(size_t i);
size_t op_count(void);
size_t op_choose(struct dice *dice, unsigned int may);

/* hand.c: slots and places */
int hand_fd(struct hand *hand);
void hand_put_fd(struct hand *hand, int fd);
char *hand_place(struct hand *hand);

/* Touches memory that may not be there: false when it was not. */
bool hand_touch(volatile char *p, size_t len, bool write);
void hand_guard_signals(void);

#endif
