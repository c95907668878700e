/* SPDX-License-Identifier: MIT */
/*
 * What is measured.  Each work fills a table of its own.
 */
#ifndef BENCH_WORKS_H
#define BENCH_WORKS_H

#include "table.h"

/* The largest buffer that is measured, in bytes; all of them by default. */
extern size_t work_max_len;

/* Allocate, map, touch every page, unmap, free. */
void work_alloc(struct table *t);

/* Print, after work_alloc(), what each of the five steps took. */
void work_alloc_parts(void);

/* Registration of a buffer with an io_uring ring, and its end. */
void work_register(struct table *t);

/* O_DIRECT reads from null_blk. */
void work_read(struct table *t);

/* A driver's attachment and its map for DMA, and their end. */
void work_import(struct table *t);

/* INFO and STATS beside a command that does not exist. */
void work_ioctl(struct table *t);

/* A published buffer attached, beside one allocated anew. */
void work_names(struct table *t);

/* The kernel's own memory for a buffer of 1 GiB, in bytes. */
void work_footprint(struct table *t);

#endif
