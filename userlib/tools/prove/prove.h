/* SPDX-License-Identifier: MIT */
/*
 * The main job, in the order in which it is done.  Every step takes the same
 * struct, does its work with what the steps before left there, and writes down
 * what it found.  A step returns 0, or -1 after it has said what went wrong; what
 * it found to be wrong with the memory is a fact, not a failure, and is judged at
 * the end.
 */
#ifndef PROVE_H
#define PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf.h>

#define SHA256_TEXT 65	/* 64 digits and a zero */

/* bytes that a device moved wrongly, beside errno's values */
#define ANSWER_OK 0
#define ANSWER_WRONG_BYTES (-1)
#define ANSWER_NO_FD (-2)	/* there is no descriptor that a device could be given */

/* One way in which the kernel moves memory, and what came of it. */
struct way_fact {
	const char *name;
	size_t moved_pinbuf;
	size_t moved_mlock;
	int answer;		/* errno for our pages, 0 if it says nothing of them */
};

#define WAYS_MAX 8

/* One kind of memory, and what can be done with it. */
struct kind_fact {
	const char *key;	/* in the report */
	const char *name;	/* for people */
	int made;		/* errno where this kernel has none of it */
	int o_direct;		/* ANSWER_* or errno */
	int io_uring;
	int device_dma;
	size_t pages;
	size_t entries;		/* page-table entries, huge ones included */
};

#define KINDS_MAX 8

struct prove_facts {
	char kernel[65];
	char source_sha256[SHA256_TEXT];
	char staged_sha256[SHA256_TEXT];
	char after_sha256[SHA256_TEXT];	/* of the same bytes when all was done */
	uint64_t staged_bytes;
	bool io_uring_registered;
	int io_uring_answer;		/* to the registration */
	uint64_t device_dma_bytes;	/* out and back */
	uint64_t device_dma_mismatches;
	size_t pages;
	size_t moved_pinbuf;		/* pages that lay elsewhere after any of the ways */
	size_t moved_mlock;
	struct way_fact ways[WAYS_MAX];
	size_t nr_ways;
	struct kind_fact kinds[KINDS_MAX];
	size_t nr_kinds;
	struct pinbuf_dev_stats stats;
};

struct prove {
	const char *disk_path;
	const char *edu_path;
	const char *report_path;	/* NULL for none */
	size_t len;

	int disk;		/* O_DIRECT */
	int edu;
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;	/* the one that is proved */
	unsigned char *mem;	/* its mapping */
	struct prove_facts facts;
};

/* the steps, in their order */
int stage(struct prove *p);
int device(struct prove *p);
int move(struct prove *p);
int peers(struct prove *p);
int stats(struct prove *p);

/* the end */
int verdict(const struct prove *p);
void page_print(const struct prove *p);
int json_write(const struct prove *p);

#endif /* PROVE_H */
