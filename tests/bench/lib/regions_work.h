/* SPDX-License-Identifier: MIT */
/* What the rows of regions.c run: each OPS operations, but for those that start or open. */
#ifndef BENCH_REGIONS_WORK_H
#define BENCH_REGIONS_WORK_H

enum { OPS = 1 << 16, BATCH = 4096 };

struct work {
	void (*run)(void);
};

/* What was allocated is written to, as its user would. */
static inline void use(void *ptr, int i)
{
	*(long *)ptr = i;
}

/*
 * Four out, four back: of one out and one back compilers see that nothing happened, and
 * leave a store.  The blocks are noted where they cannot look.
 */
#define FOUR(get, put)								\
	do {									\
		void *blocks[4];						\
		int i, k;							\
										\
		for (i = 0; i < OPS / 4; i++) {					\
			for (k = 0; k < 4; k++) {				\
				blocks[k] = get;				\
				if (!blocks[k])					\
					return;					\
				use((char *)blocks[k] + 8, i);			\
			}							\
			__asm__ volatile("" : "+m"(blocks));			\
			for (k = 0; k < 4; k++)					\
				put(blocks[k]);					\
		}								\
	} while (0)

/* regions_work.c: arena, stack, pool */
void limit_arena(void);
void limit_stack(void);
void limit_pool(void);
void our_arena(void);
void our_scope(void);
void our_stack(void);
void our_pool(void);
void our_shared(void);
void peer_mutex(void);
void peer_cas(void);
void peer_obstack(void);
void peer_apr(void);
const char *apr_open(void);
void peer_talloc(void);
const char *talloc_open(void);
void arena_start(void);
void stack_start(void);
void pool_start(void);

/* regions_holes.c: the free list */
void limit_slots(void);
void our_slots(void);
void peer_slots(void);
void our_holes(void);
void slots_start(void);
void holes_none(void);
void holes_4096(void);
void holes_65536(void);

#endif /* BENCH_REGIONS_WORK_H */
