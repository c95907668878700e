/* SPDX-License-Identifier: MIT */
/* Who owns a block: one handle, several holders, or a scope. */
#ifndef PINBUF_MANAGED_H
#define PINBUF_MANAGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/arena.h>
#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/**
 * struct pinbuf_managed - a block with one owner, in the caller's storage
 * @ptr: the block; NULL once it was freed
 * @region: where it goes back to
 * @layout: as it was asked for
 *
 * Read it through pinbuf_managed_ptr().
 */
struct pinbuf_managed {
	void *ptr;
	struct pinbuf_region *region;
	struct pinbuf_layout layout;
};

/**
 * pinbuf_managed_init() - allocate a block and own it
 * @m: written in any case; after a failure it is as if freed
 * @r: region, which outlives the block
 * @layout: what the block must look like
 *
 * Context: as pinbuf_alloc() on @r.
 * Return: 0, or -errno as pinbuf_alloc().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_managed_init(struct pinbuf_managed *m, struct pinbuf_region *r,
			struct pinbuf_layout layout);

/**
 * pinbuf_managed_ptr() - the block
 * @m: a handle
 *
 * Context: any thread.
 * Return: the block, which stays @m's; NULL once it was freed.
 */
PINBUF_INLINE void *pinbuf_managed_ptr(const struct pinbuf_managed *m)
{
	return PINBUF_LOAD(&m->ptr);
}

/**
 * pinbuf_managed_free() - give the block back, once
 * @m: a handle
 *
 * Context: as pinbuf_dealloc(); of several threads that try, one frees.
 * Return: 0; -EALREADY if it was freed before, and nothing was done.
 */
PINBUF_API int pinbuf_managed_free(struct pinbuf_managed *m);

/**
 * pinbuf_managed_fini() - what the clean-up of PINBUF_AUTO_MANAGED() calls
 * @m: a handle, freed or not
 */
PINBUF_API void pinbuf_managed_fini(struct pinbuf_managed *m);

/**
 * PINBUF_AUTO_MANAGED() - a handle that frees when the scope ends, unless that was done
 * @name: declared: a struct pinbuf_managed; its ptr is NULL if there was no memory
 * @r: the region
 * @l: struct pinbuf_layout
 */
#define PINBUF_AUTO_MANAGED(name, r, l)							\
	struct pinbuf_managed name PINBUF_CLEANUP(pinbuf_managed_fini);			\
	if (pinbuf_managed_init(&name, (r), (l)))					\
		name.ptr = NULL

/* a block with several owners; the last one's put frees it */
struct pinbuf_shared;

/* a reference that does not keep a shared block alive, and knows whether it is */
struct pinbuf_weak;

/**
 * pinbuf_shared_create() - allocate a block that can have several owners
 * @out: written on success; the caller owns one reference
 * @r: region, which outlives the block; if owners are in several threads it has
 *	PINBUF_THREADSAFE, since the last one frees
 * @layout: what the block must look like
 *
 * Context: as pinbuf_alloc() on @r.
 * Return: 0; -ENOMEM; or -errno as pinbuf_alloc().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_shared_create(struct pinbuf_shared **out, struct pinbuf_region *r,
			 struct pinbuf_layout layout);

/**
 * struct pinbuf_shared_opts - memory that pinbuf_shared_wrap() takes over
 * @size: sizeof(struct pinbuf_shared_opts), so that it can grow
 * @data: its first byte
 * @bytes: how long it is
 * @caps: enum pinbuf_caps that hold for it
 * @release: called once with @arg and @data, by the last put; NULL if nobody must know
 * @arg: anything
 */
struct pinbuf_shared_opts {
	size_t size;
	void *data;
	size_t bytes;
	unsigned int caps;
	void (*release)(void *arg, void *data);
	void *arg;
};

#define PINBUF_SHARED_OPTS_INIT	{ sizeof(struct pinbuf_shared_opts), NULL, 0, 0, NULL, NULL }

/**
 * pinbuf_shared_wrap() - let memory that is there have several owners
 * @out: written on success; the caller owns one reference
 * @opts: the memory; on failure it is still the caller's
 *
 * Context: any thread.
 * Return: 0; -EINVAL if bytes are promised at NULL; -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_shared_wrap(struct pinbuf_shared **out, const struct pinbuf_shared_opts *opts);

/**
 * pinbuf_shared_get() - one owner more
 * @s: a shared block, of which the caller has a reference
 *
 * Context: any thread.
 * Return: @s.
 */
PINBUF_API struct pinbuf_shared *pinbuf_shared_get(struct pinbuf_shared *s);

/**
 * pinbuf_shared_put() - one owner less; the last one frees
 * @s: a shared block, or NULL; the caller's reference is gone
 *
 * Context: any thread.  A put too many that is seen ends the program with a sentence on
 * stderr; it is seen while a weak reference is left.
 */
PINBUF_API void pinbuf_shared_put(struct pinbuf_shared *s);

/**
 * pinbuf_shared_data() - the block
 * @s: a shared block
 *
 * Context: any thread.
 * Return: its first byte, which stays while the caller has a reference.
 */
PINBUF_API void *pinbuf_shared_data(const struct pinbuf_shared *s);

/**
 * pinbuf_shared_size() - how long it is
 * @s: a shared block
 *
 * Context: any thread.
 * Return: bytes, as they were asked for.
 */
PINBUF_API size_t pinbuf_shared_size(const struct pinbuf_shared *s);

/**
 * pinbuf_shared_caps() - what its memory promises
 * @s: a shared block
 *
 * Context: any thread.
 * Return: enum pinbuf_caps bits, of its region or of struct pinbuf_shared_opts.
 */
PINBUF_API unsigned int pinbuf_shared_caps(const struct pinbuf_shared *s);

/**
 * pinbuf_shared_count() - how many owners, a moment's picture
 * @s: a shared block
 *
 * Context: any thread.
 * Return: references that keep it alive.
 */
PINBUF_API uint64_t pinbuf_shared_count(const struct pinbuf_shared *s);

/**
 * pinbuf_shared_fini() - what the clean-up of PINBUF_AUTO_SHARED() calls
 * @s: a pointer to a shared block, or to NULL
 */
PINBUF_API void pinbuf_shared_fini(struct pinbuf_shared **s);

/**
 * PINBUF_AUTO_SHARED() - a reference that is put when the scope ends
 * @name: declared: a pointer to struct pinbuf_shared, NULL to begin with
 */
#define PINBUF_AUTO_SHARED(name)							\
	struct pinbuf_shared *name PINBUF_CLEANUP(pinbuf_shared_fini) = NULL

/**
 * pinbuf_weak_get() - a reference that does not keep the block alive
 * @s: a shared block, of which the caller has a reference
 *
 * Context: any thread.
 * Return: the weak reference, the caller's until pinbuf_weak_put().
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_weak *pinbuf_weak_get(struct pinbuf_shared *s);

/**
 * pinbuf_weak_put() - give a weak reference back
 * @w: what pinbuf_weak_get() gave, or NULL
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_weak_put(struct pinbuf_weak *w);

/**
 * pinbuf_weak_lock() - become an owner, if the block is still there
 * @w: a weak reference, which stays the caller's
 *
 * Context: any thread.
 * Return: the block, which the caller puts; or NULL, errno ESTALE, if the last owner
 * has gone.
 */
PINBUF_API PINBUF_MUST_CHECK
struct pinbuf_shared *pinbuf_weak_lock(struct pinbuf_weak *w);

/**
 * pinbuf_weak_is_live() - whether the block is still there, a moment's picture
 * @w: a weak reference
 *
 * Context: any thread.
 * Return: false for good once the last owner has gone.
 */
PINBUF_API bool pinbuf_weak_is_live(const struct pinbuf_weak *w);

/**
 * struct pinbuf_scope - a scope of an arena that its buffers know
 * @scope: what ends with it
 * @life: private: changes when it ends
 * @generation: private: what @life is until then
 */
struct pinbuf_scope {
	struct pinbuf_arena_scope scope;
	const uint64_t *life;
	uint64_t generation;
};

/**
 * pinbuf_scope_begin() - open a scope
 * @s: written; pinbuf_scope_end() ends it
 * @a: the arena; scopes nest
 *
 * Context: the owner of @a.
 */
PINBUF_API void pinbuf_scope_begin(struct pinbuf_scope *s, struct pinbuf_arena *a);

/**
 * pinbuf_scope_end() - drop every block since pinbuf_scope_begin()
 * @s: a scope; its buffers are dead from now on, and say so
 *
 * Context: the owner of the arena.
 */
PINBUF_API void pinbuf_scope_end(struct pinbuf_scope *s);

/**
 * PINBUF_BUFFER_SCOPE() - a scope that ends with the block that it is in
 * @name: declared: a struct pinbuf_scope
 * @a: the arena
 */
#define PINBUF_BUFFER_SCOPE(name, a)							\
	struct pinbuf_scope name PINBUF_CLEANUP(pinbuf_scope_end);			\
	pinbuf_scope_begin(&name, (a))

/**
 * struct pinbuf_scoped - a buffer that knows whether its scope has ended
 * @ptr: the bytes; read it through pinbuf_scoped_ptr()
 * @bytes: how many
 * @life: private
 * @generation: private
 */
struct pinbuf_scoped {
	void *ptr;
	size_t bytes;
	const uint64_t *life;
	uint64_t generation;
};

/**
 * pinbuf_scoped_alloc() - a buffer that lives as long as a scope
 * @out: written on success; may be copied and kept, also beyond the scope
 * @s: an open scope, the innermost one of its arena
 * @layout: what the buffer must look like
 *
 * Context: the owner of the arena.
 * Return: 0, or -errno as pinbuf_alloc().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_scoped_alloc(struct pinbuf_scoped *out, struct pinbuf_scope *s,
			struct pinbuf_layout layout);

/**
 * pinbuf_scoped_is_live() - whether the scope is still open
 * @b: a scoped buffer
 *
 * Context: any thread.
 * Return: false for good once the scope has ended.
 */
PINBUF_INLINE bool pinbuf_scoped_is_live(const struct pinbuf_scoped *b)
{
	return PINBUF_LOAD(b->life) == b->generation;
}

/* what pinbuf_scoped_ptr() does with a dead one */
PINBUF_API PINBUF_COLD __attribute__((noreturn))
void pinbuf__scoped_dead(const struct pinbuf_scoped *b);

/**
 * pinbuf_scoped_ptr() - the bytes
 * @b: a scoped buffer
 *
 * Context: the owner of the arena.  After the end of the scope it ends the program with
 * a sentence on stderr, in every build: it is one comparison.
 * Return: the first byte.
 */
PINBUF_INLINE void *pinbuf_scoped_ptr(const struct pinbuf_scoped *b)
{
	if (PINBUF_UNLIKELY(!pinbuf_scoped_is_live(b)))
		pinbuf__scoped_dead(b);
	return b->ptr;
}

/**
 * struct pinbuf_deferred - a call that PINBUF_DEFER() makes
 * @fn: what to call
 * @arg: with what
 */
struct pinbuf_deferred {
	void (*fn)(void *arg);
	void *arg;
};

/**
 * pinbuf_deferred_run() - what the clean-up of PINBUF_DEFER() calls
 * @d: the call
 */
PINBUF_INLINE void pinbuf_deferred_run(struct pinbuf_deferred *d)
{
	d->fn(d->arg);
}

#define PINBUF_DEFER_NAME_(line)	pinbuf_defer_##line
#define PINBUF_DEFER_NAME(line)		PINBUF_DEFER_NAME_(line)

/**
 * PINBUF_DEFER() - call a function on every way out of this block
 * @fn: takes one void pointer
 * @arg: evaluated now
 *
 * return, break, continue and goto all run it, the latest first; longjmp(3) and exit(3)
 * do not.
 */
#define PINBUF_DEFER(fn, arg)								\
	struct pinbuf_deferred PINBUF_DEFER_NAME(__LINE__)				\
		__attribute__((cleanup(pinbuf_deferred_run), unused)) = { (fn), (arg) }

PINBUF_END_DECLS

#endif /* PINBUF_MANAGED_H */
