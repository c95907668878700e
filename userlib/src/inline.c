// SPDX-License-Identifier: MIT
/*
 * The hot paths as symbols, for languages that cannot inline C.  This is also the
 * list of them.
 */
#include <pinbuf/arena.h>
#include <pinbuf/gc.h>
#include <pinbuf/layout.h>
#include <pinbuf/managed.h>
#include <pinbuf/pool.h>
#include <pinbuf/region.h>
#include <pinbuf/stack.h>
#include <pinbuf/tensor.h>

#undef pinbuf_align_up
#undef pinbuf_align_down
#undef pinbuf_is_aligned

extern inline size_t pinbuf_align_up(size_t value, size_t align);
extern inline size_t pinbuf_align_down(size_t value, size_t align);
extern inline bool pinbuf_is_aligned(size_t value, size_t align);
extern inline bool pinbuf_is_ptr_aligned(const void *ptr, size_t align);
extern inline bool pinbuf_is_pow2(size_t value);
extern inline bool pinbuf_layout_is_valid(struct pinbuf_layout layout);
extern inline struct pinbuf_layout pinbuf_layout_pad(struct pinbuf_layout layout);

extern inline void *pinbuf_alloc(struct pinbuf_region *r, struct pinbuf_layout layout);
extern inline void pinbuf_dealloc(struct pinbuf_region *r, void *ptr, struct pinbuf_layout layout);
extern inline void pinbuf_dealloc_array(struct pinbuf_region *r, void *ptr, size_t size, size_t nr,
					size_t align);
extern inline unsigned int pinbuf_region_caps(const struct pinbuf_region *r);
extern inline const char *pinbuf_region_name(const struct pinbuf_region *r);
extern inline struct pinbuf_auto pinbuf_auto_array(struct pinbuf_region *r, size_t size, size_t nr,
						   size_t align);
extern inline void pinbuf_auto_fini(struct pinbuf_auto *a);

extern inline void *pinbuf_arena_alloc(struct pinbuf_arena *a, size_t size, size_t align);
extern inline struct pinbuf_arena_mark pinbuf_arena_mark(struct pinbuf_arena *a);
extern inline void pinbuf_arena_release(struct pinbuf_arena *a, struct pinbuf_arena_mark mark);
extern inline struct pinbuf_arena_scope pinbuf_arena_scope_begin(struct pinbuf_arena *a);
extern inline void pinbuf_arena_scope_end(struct pinbuf_arena_scope *scope);

extern inline void *pinbuf_stack_push(struct pinbuf_stack *s, size_t size, size_t align);
extern inline bool pinbuf__stack_count(struct pinbuf_stack *s, uint64_t took);
extern inline void pinbuf_stack_pop(struct pinbuf_stack *s, void *ptr);

extern inline void *pinbuf_pool_get(struct pinbuf_pool *p);
extern inline void pinbuf_pool_put(struct pinbuf_pool *p, void *block);

extern inline void *pinbuf_managed_ptr(const struct pinbuf_managed *m);
extern inline bool pinbuf_scoped_is_live(const struct pinbuf_scoped *b);
extern inline void *pinbuf_scoped_ptr(const struct pinbuf_scoped *b);
extern inline void pinbuf_deferred_run(struct pinbuf_deferred *d);

extern inline char *pinbuf__tensor_use(const struct pinbuf_tensor *t, unsigned int rank,
				       size_t element);
extern inline ptrdiff_t pinbuf__tensor_index(const struct pinbuf_tensor *t, unsigned int dim,
					     ptrdiff_t index);

extern inline void *pinbuf_gc_alloc(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_type *type,
				    size_t bytes);
extern inline void pinbuf_gc_write(struct pinbuf_gc_mutator *m, void *object, void *slot,
				   void *value);
extern inline struct pinbuf_gc_scope pinbuf_gc_scope_begin(struct pinbuf_gc_mutator *m);
extern inline void pinbuf_gc_scope_end(struct pinbuf_gc_scope *scope);
extern inline void **pinbuf_gc_handle(struct pinbuf_gc_mutator *m, void *object);
extern inline void pinbuf_gc_safepoint(struct pinbuf_gc_mutator *m);
extern inline void pinbuf_gc_nogc_enter(struct pinbuf_gc_mutator *m);
extern inline void pinbuf_gc_nogc_leave(struct pinbuf_gc_mutator *m);
