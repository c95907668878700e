/* SPDX-License-Identifier: MIT */
/*
 * What a device and a buffer are, to dev.c, buf.c and the files of this folder: a
 * source is where buffers come from, a backing is what one is made of.  Each is a row
 * of functions; the public calls check their arguments and go through the row.
 */
#ifndef PINBUF_DEVICE_HANDLE_H
#define PINBUF_DEVICE_HANDLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <pinbuf/buf.h>
#include <pinbuf/dev.h>

#include "explain.h"
#include "limits.h"
#include "map.h"

#define PINBUF__LABEL_SIZE 32
#define PINBUF__NAME_SIZE 64

/**
 * struct pinbuf__source - where buffers come from
 * @caps: PINBUF_* of its memory
 * @open: fills what is the source's in a device; 0 or -errno with the error filled
 * @close: the reverse
 * @info: all but size
 * @stats: as pinbuf_stats_device(), of which size is set
 * @limits: what stands between the caller and its memory
 * @create: fills a buffer whose dev is set; returns -errno and leaves the words to
 *	pinbuf__explain_create()
 * @import: the same from a descriptor, with the error filled
 * @publish: gives a buffer a name; like the two below returns -errno and leaves the
 *	words to its caller.  NULL, all three, where there are no names
 * @attach: fills a buffer whose dev is set
 * @unpublish: takes a name away
 */
struct pinbuf__source {
	unsigned int caps;
	int (*open)(struct pinbuf_dev *dev, const struct pinbuf_dev_opts *opts);
	void (*close)(struct pinbuf_dev *dev);
	int (*info)(struct pinbuf_dev *dev, struct pinbuf_dev_info *info);
	int (*stats)(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
		     struct pinbuf_dev_stats *stats);
	void (*limits)(struct pinbuf_dev *dev, struct pinbuf__limits *l);
	int (*create)(struct pinbuf_buf *buf, const struct pinbuf__request *r);
	int (*import)(struct pinbuf_buf *buf, int fd);
	int (*publish)(struct pinbuf_buf *buf, const char *name, unsigned int mode);
	int (*attach)(struct pinbuf_buf *buf, unsigned int uid, const char *name);
	int (*unpublish)(struct pinbuf_dev *dev, unsigned int uid, const char *name);
};

/**
 * struct pinbuf__backing - what a buffer is made of
 * @kind: as its info tells
 * @map: a mapping that its owner has checked; buf->lock is held
 * @query: all but size, backing and held
 * @sync: a range that its owner has checked; @end is whether the access is over
 * @end: gives the memory back; the mappings are gone
 */
struct pinbuf__backing {
	enum pinbuf_backing kind;
	int (*map)(struct pinbuf_buf *buf, const struct pinbuf_map_opts *o, void **out);
	int (*query)(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *info);
	int (*sync)(struct pinbuf_buf *buf, uint64_t offset, uint64_t len, unsigned int access,
		    bool end);
	void (*end)(struct pinbuf_buf *buf);
};

extern const struct pinbuf__source pinbuf__node_source;		/* node.c */
extern const struct pinbuf__source pinbuf__memory_source;	/* memory.c */

struct pinbuf_dev {
	atomic_uint refs;
	int fd;				/* of the node, or -1 */
	uint64_t huge_size;		/* never changes; 0 for none */
	const struct pinbuf__source *source;
	char why[256];			/* not the device */
};

struct pinbuf_buf {
	/* references in the lower half, holds in the upper: it ends when both are 0 */
	_Atomic uint64_t counts;
	int fd;				/* or -1 */
	uint64_t len;
	uint64_t counted;		/* in the process's sums; 0 for an imported one */
	struct pinbuf_dev *dev;
	const struct pinbuf__backing *backing;
	pthread_mutex_t lock;		/* of maps */
	struct pinbuf__maps maps;

	/* of locked memory: where it lies in the process that locked it */
	char *base;
	pid_t owner;
	char label[PINBUF__LABEL_SIZE];
};

struct pinbuf_dev *pinbuf__dev_get(struct pinbuf_dev *dev);

/* buf.c: one without a backing yet, or NULL with the error filled; and when it has one */
struct pinbuf_buf *pinbuf__buf_make(struct pinbuf_dev *dev);
void pinbuf__buf_finish(struct pinbuf_buf *buf);

#endif /* PINBUF_DEVICE_HANDLE_H */
