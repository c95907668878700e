/* SPDX-License-Identifier: MIT */
/*
 * What may fail: one operation a row.  An operation runs in a scene that stands
 * ready (a buffer, a mapping of it, devices), and is undone before the next.
 */
#ifndef TESTS_DEV_FAULTS_SCENE_H
#define TESTS_DEV_FAULTS_SCENE_H

#include "common.h"

/* Small folios, huge ones, and more than one entry in the buffer's table. */
#define SCENE_LEN	(MIB(4) + 7 * PAGE)

#define SCENE_NAME	"scene"

struct scene {
	int fd;			/* a buffer of SCENE_LEN bytes */
	int named;		/* a page that is published as SCENE_NAME */
	char *map, *huge;	/* all of fd; at an address for huge entries */
	char *room;		/* where map lies in */
	char *spare;		/* as much address space */
	int edu, vgem;		/* importers, or -1 */
	int got;		/* a descriptor that the operation made, or -1 */
	char *got_map;		/* a mapping that it made, or NULL */
	size_t got_len;
	unsigned int handle;	/* vgem's */
};

extern struct scene scene;

struct operation {
	const char *name;
	/* 0 or the errno */
	int (*run)(const struct operation *op);
	/* takes back what a run that succeeded has made; may be NULL */
	void (*undo)(void);
	bool always;		/* also what a run that failed has left */
	bool (*possible)(void);	/* NULL: everywhere */
	/* arguments */
	struct pinbuf_ioc_alloc alloc;
	unsigned int cmd, flags;
	size_t len;
};

#define OPERATION(title, function, undoes, ...) \
	{ .name = (title), .run = (function), .undo = (undoes), ##__VA_ARGS__ }

extern const struct operation alloc_operations[], map_operations[], device_operations[];
extern const size_t nr_alloc_operations, nr_map_operations, nr_device_operations;

void scene_open(void);
void scene_close(void);

/* All of fd there in the place of what was. */
void scene_map_at(char *place);

void undo_fd(void);
void undo_map(void);

#endif
