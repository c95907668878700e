// SPDX-License-Identifier: MIT
/* Arena, stack and pool, their limits and their peers. */
#include <dlfcn.h>
#include <obstack.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include <pinbuf.h>

#include "regions_work.h"

#define obstack_chunk_alloc	malloc
#define obstack_chunk_free	free

static char memory[BATCH * 64 + 4096] __attribute__((aligned(64)));

/* the limits */

struct bump {
	uintptr_t cur, end;
};

static struct bump bump;

static inline void *bump_alloc(struct bump *b, size_t size, size_t align)
{
	uintptr_t start = (b->cur + align - 1) & -align, next = start + size;

	if (__builtin_expect(next > b->end, 0))
		return NULL;
	b->cur = next;
	return (void *)start;
}

static __attribute__((noinline)) void bump_batch(struct bump *b)
{
	void *ptr;
	int i;

	for (i = 0; i < BATCH; i++) {
		ptr = bump_alloc(b, 16, 8);
		if (!ptr)
			return;
		use(ptr, i);
	}
}

void limit_arena(void)
{
	int i;

	for (i = 0; i < OPS / BATCH; i++) {
		bump.cur = (uintptr_t)memory;
		bump_batch(&bump);
	}
}

static __attribute__((noinline)) void bump_stack(struct bump *b)
{
	uintptr_t *ptr;
	int i;

	for (i = 0; i < OPS; i++) {
		ptr = (uintptr_t *)(b->cur + 8);
		if (b->cur + 72 > b->end)
			return;
		ptr[-1] = b->cur;
		b->cur += 72;
		use(ptr, i);
		b->cur = ptr[-1];
	}
}

void limit_stack(void)
{
	bump.cur = (uintptr_t)memory;
	bump_stack(&bump);
}

struct list {
	void *first;
};

static struct list list;

static inline void *list_get(struct list *l)
{
	void *block = l->first;

	if (block)
		l->first = *(void **)block;
	return block;
}

static inline void list_put(struct list *l, void *block)
{
	*(void **)block = l->first;
	l->first = block;
}

static void list_fill(void)
{
	size_t i;

	list.first = NULL;
	for (i = 0; i < 64; i++)
		list_put(&list, memory + i * 64);
}

void limit_pool(void)
{
	struct list *l = &list;

	__asm__ volatile("" : "+r"(l));
#define PUT(block) list_put(l, block)
	FOUR(list_get(l), PUT);
#undef PUT
}

/* ours */

static struct pinbuf_arena arena;
static struct pinbuf_stack stack;
static struct pinbuf_pool pool;
static struct pinbuf_shared_pool *shared;

static __attribute__((noinline)) void arena_batch(struct pinbuf_region *r)
{
	void *ptr;
	int i;

	for (i = 0; i < BATCH; i++) {
		ptr = pinbuf_alloc(r, (struct pinbuf_layout){ 16, 8 });
		if (!ptr)
			return;
		use(ptr, i);
	}
}

void our_arena(void)
{
	int i;

	for (i = 0; i < OPS / BATCH; i++) {
		pinbuf_arena_reset(&arena);
		arena_batch(&arena.region);
	}
}

void our_scope(void)
{
	struct pinbuf_arena *a = &arena;
	void *ptr;
	int i, k;

	__asm__ volatile("" : "+r"(a));
	pinbuf_arena_reset(a);
	for (i = 0; i < OPS / 4; i++) {
		PINBUF_SCOPE(a);
		for (k = 0; k < 4; k++) {
			ptr = pinbuf_alloc(&a->region, (struct pinbuf_layout){ 16, 8 });
			if (!ptr)
				return;
			use(ptr, i);
		}
	}
}

void our_stack(void)
{
	struct pinbuf_stack *s = &stack;
	void *ptr;
	int i;

	__asm__ volatile("" : "+r"(s));
	for (i = 0; i < OPS; i++) {
		ptr = pinbuf_stack_push(s, 64, 8);
		if (!ptr)
			return;
		use(ptr, i);
		pinbuf_stack_pop(s, ptr);
	}
}

static void pool_four(struct pinbuf_pool *p)
{
	__asm__ volatile("" : "+r"(p));
#define PUT(block) pinbuf_pool_put(p, block)
	FOUR(pinbuf_pool_get(p), PUT);
#undef PUT
}

void our_pool(void)
{
	pool_four(&pool);
}

void our_shared(void)
{
	struct pinbuf_pool *p = pinbuf_shared_pool_local(shared);

	if (p)
		pool_four(p);
}

/* peers of the pool for several threads: the list under a mutex, and without a lock */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *mutex_get(void)
{
	void *block;

	pthread_mutex_lock(&lock);
	block = list_get(&list);
	pthread_mutex_unlock(&lock);
	return block;
}

static void mutex_put(void *block)
{
	pthread_mutex_lock(&lock);
	list_put(&list, block);
	pthread_mutex_unlock(&lock);
}

void peer_mutex(void)
{
	FOUR(mutex_get(), mutex_put);
}

/* a stamp beside the pointer keeps the exchange from being fooled */
static _Atomic(unsigned long) cas_first;

static void *cas_get(void)
{
	unsigned long was = atomic_load(&cas_first), next;
	void *block;

	do {
		block = (void *)(was & ((1UL << 48) - 1));
		if (!block)
			return NULL;
		next = (unsigned long)*(void **)block | (was & ~0UL << 48);
	} while (!atomic_compare_exchange_weak(&cas_first, &was, next));
	return block;
}

static void cas_put(void *block)
{
	unsigned long was = atomic_load(&cas_first), next;

	do {
		*(void **)block = (void *)(was & ((1UL << 48) - 1));
		next = (unsigned long)block | ((was & ~0UL << 48) + (1UL << 48));
	} while (!atomic_compare_exchange_weak(&cas_first, &was, next));
}

void peer_cas(void)
{
	FOUR(cas_get(), cas_put);
}

/* peers of the arena */

void peer_obstack(void)
{
	struct obstack o;
	void *base;
	int i, k;

	obstack_init(&o);
	base = obstack_alloc(&o, 0);
	for (i = 0; i < OPS / BATCH; i++) {
		for (k = 0; k < BATCH; k++)
			use(obstack_alloc(&o, 16), k);
		obstack_free(&o, base);
		base = obstack_alloc(&o, 0);
	}
	obstack_free(&o, NULL);
}

static void *apr_pool;
static void *(*apr_palloc)(void *pool, size_t size);
static void (*apr_pool_clear)(void *pool);

void peer_apr(void)
{
	int i, k;

	for (i = 0; i < OPS / BATCH; i++) {
		for (k = 0; k < BATCH; k++)
			use(apr_palloc(apr_pool, 16), k);
		apr_pool_clear(apr_pool);
	}
}

const char *apr_open(void)
{
	void *lib = dlopen("libapr-1.so.0", RTLD_NOW);
	int (*initialize)(void), (*create)(void **, void *, void *, void *);

	if (!lib)
		return "libapr-1.so.0 is not installed (libapr1)";
	initialize = (int (*)(void))dlsym(lib, "apr_initialize");
	create = (int (*)(void **, void *, void *, void *))dlsym(lib, "apr_pool_create_ex");
	apr_palloc = (void *(*)(void *, size_t))dlsym(lib, "apr_palloc");
	apr_pool_clear = (void (*)(void *))dlsym(lib, "apr_pool_clear");
	if (initialize() || create(&apr_pool, NULL, NULL, NULL))
		return "apr_initialize() failed";
	return NULL;
}

static void *(*talloc_named)(const void *context, size_t size, const char *name);
static int (*talloc_free)(void *ptr, const char *location);

void peer_talloc(void)
{
	void *context;
	int i, k;

	for (i = 0; i < OPS / BATCH; i++) {
		context = talloc_named(NULL, 0, "bench");
		for (k = 0; k < BATCH; k++)
			use(talloc_named(context, 16, "bench"), k);
		talloc_free(context, "bench");
	}
}

const char *talloc_open(void)
{
	void *lib = dlopen("libtalloc.so.2", RTLD_NOW);

	if (!lib)
		return "libtalloc.so.2 is not installed (libtalloc2)";
	talloc_named = (void *(*)(const void *, size_t, const char *))dlsym(lib, "talloc_named_const");
	talloc_free = (int (*)(void *, const char *))dlsym(lib, "_talloc_free");
	return NULL;
}

/* what the rows need */

void arena_start(void)
{
	bump.end = (uintptr_t)memory + sizeof(memory);
	if (pinbuf_arena_init_buffer(&arena, memory, sizeof(memory), "bench"))
		abort();
}

void stack_start(void)
{
	struct pinbuf_stack_opts o = PINBUF_STACK_OPTS_INIT;

	bump.end = (uintptr_t)memory + sizeof(memory);
	o.bytes = 4096;
	if (pinbuf_stack_init(&stack, &o))
		abort();
}

void pool_start(void)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	size_t i;

	list_fill();
	for (i = 0; i < 64; i++)
		cas_put(memory + (65 + i) * 64);
	o.block_size = 64;
	o.nr_blocks = 64;
	if (pinbuf_pool_init(&pool, &o) || pinbuf_shared_pool_create(&shared, &o, 0))
		abort();
}
