/* SPDX-License-Identifier: MIT */
/* What may be done with objects of the collected heap: included by gc.h. */
#ifndef PINBUF_GC_OBJECT_H
#define PINBUF_GC_OBJECT_H

#include <stdbool.h>

#include <pinbuf/gc.h>

PINBUF_BEGIN_DECLS

/**
 * pinbuf_gc_root_add() - a variable of the program becomes a root
 * @gc: the heap
 * @slot: a void * or typed pointer of the caller's, NULL or an object at every safe point
 *
 * Context: an attached thread.
 * Return: 0, or -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_root_add(struct pinbuf_gc *gc, void *slot);

/**
 * pinbuf_gc_root_del() - it is none any more
 * @gc: the heap
 * @slot: what pinbuf_gc_root_add() was given
 *
 * Context: an attached thread.
 * Return: 0, or -ENOENT if it is none.
 */
PINBUF_API int pinbuf_gc_root_del(struct pinbuf_gc *gc, void *slot);

/**
 * pinbuf_gc_pin() - the object stays where it is
 * @m: the calling thread's
 * @object: an object
 *
 * Pins are counted, and keep the object alive.  A young object keeps the 32 KiB around it
 * from being reused: what will be pinned is better made so (PINBUF_GC_PINNED).
 *
 * Return: 0; -ENOMEM, or -EINVAL if @object is none.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_pin(struct pinbuf_gc_mutator *m, void *object);

/**
 * pinbuf_gc_unpin() - take one pin away
 * @m: the calling thread's
 * @object: a pinned object; one without a pin ends the program
 */
PINBUF_API void pinbuf_gc_unpin(struct pinbuf_gc_mutator *m, void *object);

/**
 * pinbuf_gc_is_pinned() - whether an object will never move as it is now
 * @gc: the heap
 * @object: an object
 *
 * Context: an attached thread.
 * Return: true if it has a pin or was pinned from birth.
 */
PINBUF_API bool pinbuf_gc_is_pinned(struct pinbuf_gc *gc, const void *object);

/**
 * pinbuf_gc_pinned() - the heap that pinned leaves lie in
 * @gc: the heap
 *
 * pinbuf_heap_locate() of it says which buffer a pinned leaf lies in.
 *
 * Context: any thread.
 * Return: pinbuf_gc_opts.pinned, or the heap's own.
 */
PINBUF_API struct pinbuf_heap *pinbuf_gc_pinned(struct pinbuf_gc *gc);

/* a pointer that does not keep its object alive */
struct pinbuf_gc_weak;

/**
 * pinbuf_gc_weak_create() - a weak handle
 * @out: written on success; the caller's until pinbuf_gc_weak_destroy()
 * @m: the calling thread's
 * @object: an object
 *
 * Return: 0, or -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_weak_create(struct pinbuf_gc_weak **out, struct pinbuf_gc_mutator *m, void *object);

/**
 * pinbuf_gc_weak_get() - the object, if it is still there
 * @m: the calling thread's
 * @weak: a weak handle
 *
 * Cleared before finalizers are called.
 *
 * Return: the object, as pinbuf_gc_alloc() does, or NULL if it was collected.
 */
PINBUF_API void *pinbuf_gc_weak_get(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_weak *weak);

/**
 * pinbuf_gc_weak_destroy() - drop a weak handle
 * @m: the calling thread's
 * @weak: a weak handle, or NULL
 */
PINBUF_API void pinbuf_gc_weak_destroy(struct pinbuf_gc_mutator *m, struct pinbuf_gc_weak *weak);

/**
 * pinbuf_gc_finalizer() - call a function when an object is no longer reachable
 * @m: the calling thread's
 * @object: an object
 * @fn: called once, at a safe point of some attached thread, outside the pause; @m there
 *	is that thread's; it may allocate and store @object somewhere, which revives it
 * @arg: @fn's
 *
 * Of several on one object all are called.  The objects that it reaches are still there.
 *
 * Return: 0, or -ENOMEM.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_gc_finalizer(struct pinbuf_gc_mutator *m, void *object,
			void (*fn)(struct pinbuf_gc_mutator *m, void *object, void *arg),
			void *arg);

/**
 * pinbuf_gc_region() - blocks that are no objects
 * @gc: the heap
 *
 * Untyped, pinned from birth, and alive until pinbuf_dealloc(); they count against the
 * heap's limits.  Objects may point to them; they point to no object.
 *
 * Context: any thread.
 * Return: the region, of the heap's life; any thread may use it.
 */
PINBUF_API struct pinbuf_region *pinbuf_gc_region(struct pinbuf_gc *gc);

PINBUF_END_DECLS

#endif /* PINBUF_GC_OBJECT_H */
