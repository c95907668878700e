/* SPDX-License-Identifier: MIT */
/* The collected heap: small objects that may move, beside ones that never do. */
#ifndef PINBUF_GC_H
#define PINBUF_GC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <pinbuf/base.h>
#include <pinbuf/gc_type.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

struct pinbuf_heap;

/* a collected heap; what each call needs of threads, it says; not for a fork's child */
struct pinbuf_gc;

#define PINBUF_GC_STRESS	(1U << 0)	/* move everything at every allocation */
#define PINBUF_GC_STRESS_YOUNG	(1U << 1)	/* a young collection and a marking step at each */

/**
 * struct pinbuf_gc_opts - what sort of heap
 * @size: sizeof(struct pinbuf_gc_opts), so that it can grow
 * @name: for people, up to 31 bytes; NULL for "gc"
 * @pinned: heap that leaves of more than 4 KiB, leaves pinned from birth and blocks of
 *	pinbuf_gc_region() come from; it outlives the collected heap.  NULL for private
 *	memory, which a collection does not move but the kernel may
 * @pause_us: microseconds that a step of a collection may take, 0 for 500
 * @nursery: most bytes of new objects between two collections of the young; 0 for 1.25 MiB
 * @soft: bytes in use from which @pressure is told; 0 for none
 * @hard: bytes in use that are refused; 0 for none
 * @reserve: bytes of address space for objects; 0 for 64 GiB, or as much as can be had
 * @handles: most handles of a thread at one time; 0 for 1,048,576
 * @pressure: called at a safe point outside the pause when a collection leaves more than
 *	@soft in use, and before an allocation fails at @hard; may use the heap
 * @ctx: @pressure's
 * @flags: PINBUF_GC_STRESS or PINBUF_GC_STRESS_YOUNG, for tests
 * @reserved: must be 0
 */
struct pinbuf_gc_opts {
	size_t size;
	const char *name;
	struct pinbuf_heap *pinned;
	size_t pause_us;
	size_t nursery;
	size_t soft;
	size_t hard;
	size_t reserve;
	size_t handles;
	void (*pressure)(struct pinbuf_gc *gc, size_t used, size_t limit, void *ctx);
	void *ctx;
	unsigned int flags;
	unsigned int reserved;
};

#define PINBUF_GC_OPTS_INIT \
	{ sizeof(struct pinbuf_gc_opts), NULL, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 0 }

/**
 * pinbuf_gc_create() - make a collected heap
 * @out: written on success; the caller's until pinbuf_gc_destroy()
 * @opts: what sort, or NULL for the defaults
 *
 * Context: any thread.
 * Return: 0; -EINVAL for options that cannot be; -E2BIG for ones that this library does
 * not know; -ENOMEM if there is no memory or no room in the address space.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_create(struct pinbuf_gc **out, const struct pinbuf_gc_opts *opts);

/**
 * pinbuf_gc_destroy() - drop every object, type, root and weak handle
 * @gc: a heap that no thread is attached to, or NULL; finalizers are not called
 *
 * Blocks of pinbuf_gc_region() that lie in pinbuf_gc_opts.pinned stay there.
 */
PINBUF_API void pinbuf_gc_destroy(struct pinbuf_gc *gc);

/**
 * struct pinbuf_gc_mutator - a thread's door to a heap
 *
 * One thread uses it.  What is here is the inline functions'.
 */
struct pinbuf_gc_mutator {
	/* private: */
	uintptr_t cur;		/* next free byte of the nursery window */
	uintptr_t end;		/* one past it; 0 sends the next allocation to the library */
	uint64_t nr_allocs;
	void **top;		/* next free handle */
	void **limit;
	struct pinbuf_gc *gc;
	unsigned int stop;	/* somebody waits for this thread's safe point */
	unsigned int nogc;	/* depth of sections */
	uint64_t reserved;
};

/**
 * pinbuf_gc_attach() - the calling thread begins to use a heap
 * @out: written on success; that thread's until pinbuf_gc_detach()
 * @gc: the heap
 *
 * From here on the thread must reach a safe point now and then, or be in a foreign call:
 * all others wait for it when a collection begins.
 *
 * Return: 0, or -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_attach(struct pinbuf_gc_mutator **out, struct pinbuf_gc *gc);

/**
 * pinbuf_gc_detach() - the thread is done
 * @m: its door, or NULL; its handles are gone
 *
 * Context: the thread of @m, outside foreign calls and no-GC sections, or the program is
 * ended.
 */
PINBUF_API void pinbuf_gc_detach(struct pinbuf_gc_mutator *m);

/* the slow paths of what is inline */
PINBUF_API PINBUF_MALLOC void *pinbuf__gc_new(struct pinbuf_gc_mutator *m,
					      const struct pinbuf_gc_type *type, size_t bytes);
PINBUF_API PINBUF_COLD void pinbuf__gc_handles_full(struct pinbuf_gc_mutator *m);
PINBUF_API PINBUF_COLD void pinbuf__gc_log(struct pinbuf_gc_mutator *m, void *object, void *slot);
PINBUF_API void pinbuf__gc_safepoint(struct pinbuf_gc_mutator *m);
PINBUF_API void pinbuf__gc_nogc_leave(struct pinbuf_gc_mutator *m);

/**
 * pinbuf_gc_alloc() - a new object, zeroed
 * @m: the calling thread's
 * @type: without elements
 * @bytes: its fixed part's, as @type was made with
 *
 * A safe point, unless inside a no-GC section: raw pointers to other objects are void
 * unless those are rooted or pinned.
 *
 * Return: the object, until the next safe point, or longer if rooted, pinned or reachable
 * from what is; or NULL, errno set and pinbuf_error_last() filled: ENOMEM at the hard
 * limit (PINBUF_ERROR_LIMIT, and whether a no-GC section kept it from collecting), or if
 * the system has no memory.
 */
PINBUF_INLINE PINBUF_MALLOC
void *pinbuf_gc_alloc(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_type *type, size_t bytes)
{
	uintptr_t at = m->cur;
	uintptr_t next = at + type->cell;

	if (PINBUF_LIKELY(next <= PINBUF_LOAD(&m->end))) {
		PINBUF_SET(m->cur, next);
		PINBUF_ADD(&m->nr_allocs, 1);
		*(uint64_t *)at = type->header;
		return memset((void *)(at + sizeof(uint64_t)), 0, bytes ? (bytes + 7) & ~(size_t)7 : 8);
	}
	return pinbuf__gc_new(m, type, bytes);
}

/**
 * pinbuf_gc_new() - a new object of a C type, zeroed
 * @m: the calling thread's
 * @type: what pinbuf_gc_type_create() made for @T
 * @T: the C type
 *
 * Its own fields may be set without pinbuf_gc_set() until the next safe point.
 *
 * Return: as pinbuf_gc_alloc().
 */
#define pinbuf_gc_new(m, type, T)	((T *)pinbuf_gc_alloc(m, type, sizeof(T)))

/**
 * pinbuf_gc_new_array() - a new object with elements, zeroed
 * @m: the calling thread's
 * @type: with elements
 * @nr: how many
 *
 * Pointers in it are set with pinbuf_gc_write() from the beginning.
 *
 * Return: as pinbuf_gc_alloc(); ENOMEM if there cannot be so many.
 */
PINBUF_API PINBUF_MALLOC
void *pinbuf_gc_new_array(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_type *type,
			  size_t nr);

/**
 * pinbuf_gc_length() - elements of an object
 * @gc: its heap
 * @object: an object
 *
 * Context: an attached thread.
 * Return: what it was made with; 0 for a type without elements.
 */
PINBUF_API size_t pinbuf_gc_length(struct pinbuf_gc *gc, const void *object);

/**
 * pinbuf_gc_write() - set a pointer in an object
 * @m: the calling thread's
 * @object: the object
 * @slot: where in it
 * @value: an object, or NULL
 *
 * A store, a test and a branch; the first write to an old object since a collection
 * costs a call.
 */
PINBUF_INLINE void pinbuf_gc_write(struct pinbuf_gc_mutator *m, void *object, void *slot,
				   void *value)
{
	PINBUF_STORE((void **)slot, value);
	if (PINBUF_UNLIKELY(PINBUF_LOAD((unsigned char *)object - sizeof(uint64_t)) & 1))
		pinbuf__gc_log(m, object, slot);
}

/**
 * pinbuf_gc_set() - set a field
 * @m: the calling thread's
 * @object: a typed pointer; evaluated several times
 * @field: its member, a pointer
 * @value: an object of that member's type, or NULL
 */
#define pinbuf_gc_set(m, object, field, value)						\
	do {										\
		__typeof__((object)->field) pinbuf_value_ = (value);			\
											\
		pinbuf_gc_write(m, object, &(object)->field, (void *)pinbuf_value_);	\
	} while (0)

/* handles that end with a scope */
struct pinbuf_gc_scope {
	struct pinbuf_gc_mutator *m;
	void **top;
};

/**
 * pinbuf_gc_scope_begin() - what PINBUF_GC_SCOPE() begins with
 * @m: the calling thread's
 *
 * Return: where its handles end now.
 */
PINBUF_INLINE struct pinbuf_gc_scope pinbuf_gc_scope_begin(struct pinbuf_gc_mutator *m)
{
	struct pinbuf_gc_scope scope;

	scope.m = m;
	scope.top = m->top;
	return scope;
}

/**
 * pinbuf_gc_scope_end() - what PINBUF_GC_SCOPE() ends with
 * @scope: from pinbuf_gc_scope_begin()
 */
PINBUF_INLINE void pinbuf_gc_scope_end(struct pinbuf_gc_scope *scope)
{
	scope->m->top = scope->top;
}

#define PINBUF_GC_SCOPE_NAME_(line)	pinbuf_gc_scope_##line
#define PINBUF_GC_SCOPE_NAME(line)	PINBUF_GC_SCOPE_NAME_(line)

/**
 * PINBUF_GC_SCOPE() - handles made from here on end with the block, however it is left
 * @m: the calling thread's; scopes nest
 */
#define PINBUF_GC_SCOPE(m)								\
	struct pinbuf_gc_scope PINBUF_GC_SCOPE_NAME(__LINE__)				\
		__attribute__((cleanup(pinbuf_gc_scope_end), unused)) =			\
		pinbuf_gc_scope_begin(m)

/**
 * pinbuf_gc_handle() - root an object until the scope ends
 * @m: the calling thread's
 * @object: an object, or NULL
 *
 * Return: where the collector keeps its address up to date; may be read and written at
 * any time.  More than pinbuf_gc_opts.handles end the program.
 */
PINBUF_INLINE void **pinbuf_gc_handle(struct pinbuf_gc_mutator *m, void *object)
{
	void **slot = m->top;

	if (PINBUF_UNLIKELY(slot == m->limit))
		pinbuf__gc_handles_full(m);
	*slot = object;
	m->top = slot + 1;
	return slot;
}

/**
 * pinbuf_gc_root() - pinbuf_gc_handle() of the pointer's type
 * @m: the calling thread's
 * @object: a typed pointer
 *
 * Return: where that pointer is kept, of its type.
 */
#define pinbuf_gc_root(m, object) \
	((__typeof__(object) *)(void *)pinbuf_gc_handle(m, (void *)(object)))

/**
 * pinbuf_gc_safepoint() - collections may happen here
 * @m: the calling thread's
 *
 * For loops that do not allocate.  Inside a no-GC section it does nothing.
 */
PINBUF_INLINE void pinbuf_gc_safepoint(struct pinbuf_gc_mutator *m)
{
	if (PINBUF_UNLIKELY(PINBUF_LOAD(&m->stop)))
		pinbuf__gc_safepoint(m);
}

/**
 * pinbuf_gc_nogc_enter() - nothing moves from here on
 * @m: the calling thread's; sections nest
 *
 * Allocation goes on without collecting, up to the hard limit.  Other threads that need
 * a collection wait for the section's end.
 */
PINBUF_INLINE void pinbuf_gc_nogc_enter(struct pinbuf_gc_mutator *m)
{
	m->nogc++;
}

/**
 * pinbuf_gc_nogc_leave() - the other end of pinbuf_gc_nogc_enter()
 * @m: the calling thread's
 *
 * No safe point itself: the next one is.  Without a section the program is ended.
 */
PINBUF_INLINE void pinbuf_gc_nogc_leave(struct pinbuf_gc_mutator *m)
{
	if (PINBUF_UNLIKELY(!m->nogc || PINBUF_LOAD(&m->stop)))
		pinbuf__gc_nogc_leave(m);
	else
		m->nogc--;
}

/**
 * pinbuf_gc_foreign_enter() - the thread leaves for a call that may block
 * @m: the calling thread's
 *
 * Until pinbuf_gc_foreign_leave() it may not touch objects that are not pinned, handles
 * or the heap, and collections do not wait for it.
 *
 * Context: outside no-GC sections and foreign calls, or the program is ended.
 */
PINBUF_API void pinbuf_gc_foreign_enter(struct pinbuf_gc_mutator *m);

/**
 * pinbuf_gc_foreign_leave() - the thread is back
 * @m: the calling thread's
 *
 * Waits for the end of a collection that is going on.  Raw pointers from before are void.
 */
PINBUF_API void pinbuf_gc_foreign_leave(struct pinbuf_gc_mutator *m);

PINBUF_END_DECLS

#include <pinbuf/gc_object.h>
#include <pinbuf/gc_watch.h>

#endif /* PINBUF_GC_H */
