/* SPDX-License-Identifier: MIT */
/* Kinds of memory that a program can do input and output with. */
#ifndef PROVE_KINDS_H
#define PROVE_KINDS_H

#include <stddef.h>

#include <pinbuf.h>

/* a piece of one kind */
struct piece {
	void *mem;
	size_t len;
	int fd;		/* what a device is given, or -1 */
	int other_fd;	/* what it also takes, or -1 */
};

struct kind {
	const char *key;
	const char *name;
	int (*make)(struct piece *piece, struct pinbuf_dev *dev);	/* 0 or an errno */
};

extern const struct kind kinds[];
extern const size_t nr_kinds;

int piece_make(const struct kind *kind, struct piece *piece, size_t len, struct pinbuf_dev *dev);
void piece_drop(struct piece *piece);

#endif /* PROVE_KINDS_H */
