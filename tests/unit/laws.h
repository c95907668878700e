/* SPDX-License-Identifier: MIT */
/* What a subject of the region laws is, and the parent that fails. */
#ifndef TESTS_UNIT_LAWS_H
#define TESTS_UNIT_LAWS_H

#include <pinbuf.h>

/* enough for a few blocks of the largest alignment */
#define LAWS_BYTES	((size_t)16 << 20)

/* a caller's own region, over malloc: counts, has a budget, and fails when told to */
struct flaky {
	struct pinbuf_region region;
	size_t budget;		/* bytes */
	uint64_t fail_at;	/* this call fails, counted from 1; 0 for none */
	uint64_t nr_calls;
	struct pinbuf_stats stats;
};

void flaky_init(struct flaky *f);

/* what a test works on: a region, and what it stands on */
struct world {
	const struct law_subject *subject;
	struct flaky ground;			/* the lowest parent */
	struct pinbuf_region *region;		/* what is tested */
	void *buffer;
	union {
		struct pinbuf_arena arena;
		struct pinbuf_stack stack;
		struct pinbuf_pool pool;
	} top, below;
	struct pinbuf_freelist *list;
	struct pinbuf_locked *locked;
	struct pinbuf_shared_pool *shared;
	void *other;				/* a subject's own, if it needs more */
};

/**
 * struct law_subject - a row: an allocator, or a stack of them
 * @name: for people
 * @open: makes @w->region over @w->ground; 0, or -errno with nothing left behind
 * @close: the reverse
 * @reset: drops every block, or NULL if only dealloc does
 * @max_size: largest block that it ever gives
 * @max_align: largest alignment that it offers
 * @lifo: blocks go back newest first
 * @peak_is_above: its peak counts caches too
 */
struct law_subject {
	const char *name;
	int (*open)(struct world *w);
	void (*close)(struct world *w);
	void (*reset)(struct world *w);
	size_t max_size;
	size_t max_align;
	bool lifo;
	bool peak_is_above;
};

extern const struct law_subject law_subjects[];
extern const size_t nr_law_subjects;

#define MOST_BLOCKS	4096

/* a live block, filled with a pattern of its own */
struct block {
	unsigned char *ptr;
	struct pinbuf_layout layout;
	unsigned char fill;
};

uint64_t dice(uint64_t *seed);
struct pinbuf_stats stats_of(const struct pinbuf_region *r);
bool frees(const struct pinbuf_region *r);
size_t at_most(size_t a, size_t b);
void block_fill(struct block *b, unsigned char fill);
void block_check(const struct block *b, size_t size);
void blocks_drop(struct world *w, struct block *blocks, size_t nr);
bool block_new(struct world *w, struct block *b, uint64_t *seed);

/* the laws that one world is enough for */
void alignment_is_honoured_or_refused(struct world *w);
void layouts_that_cannot_be_are_refused(struct world *w);
void size_zero_gives_a_unique_pointer(struct world *w);
void blocks_are_disjoint(struct world *w);
void zeroed_is_zero_after_dirty_reuse(struct world *w);
void exhaustion_returns_null_and_the_region_still_works(struct world *w);
void all_six_counters_balance(struct world *w);
void realloc_keeps_the_bytes(struct world *w);
void realloc_of_null_allocates(struct world *w);
void any_order_of_calls_is_safe(struct world *w);
void typed_blocks_clean_up_after_themselves(struct world *w);
void nothing_leaks_on_close(struct world *w);

#endif /* TESTS_UNIT_LAWS_H */
