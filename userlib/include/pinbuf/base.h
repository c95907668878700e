/* SPDX-License-Identifier: MIT */
/* What every header of the library needs from the compiler. */
#ifndef PINBUF_BASE_H
#define PINBUF_BASE_H

#include <stddef.h>

#ifdef __cplusplus
#define PINBUF_BEGIN_DECLS	extern "C" {
#define PINBUF_END_DECLS	}
#define PINBUF_ALIGNOF(type)	alignof(type)
#define PINBUF_ZEROES		{}
#else
#define PINBUF_BEGIN_DECLS
#define PINBUF_END_DECLS
#define PINBUF_ALIGNOF(type)	_Alignof(type)
#define PINBUF_ZEROES		{ 0 }
#endif

#define PINBUF_API		__attribute__((visibility("default")))
#define PINBUF_MUST_CHECK	__attribute__((warn_unused_result))

/* A hot path: inline here, and a symbol of the library, which src/inline.c emits. */
#define PINBUF_INLINE		PINBUF_API inline

/* An allocator whose result nothing else points to. */
#define PINBUF_MALLOC		__attribute__((malloc, warn_unused_result))
#define PINBUF_COLD		__attribute__((cold, noinline))
#define PINBUF_CLEANUP(fn)	__attribute__((cleanup(fn)))

/* Each header whose objects are created names here what ends them; NULL must do. */
#define PINBUF_AUTO_END(noun, end)						\
	static inline void pinbuf_auto_ptr_##noun(struct pinbuf_##noun **ptr)	\
	{									\
		end(*ptr);							\
	}

/**
 * PINBUF_AUTO_PTR() - an object that ends with the scope
 * @noun: dev, buf, arena, freelist, heap, locked or shared_pool
 * @name: declared: a pointer to a struct pinbuf_@noun, NULL until a constructor
 *	writes it
 */
#define PINBUF_AUTO_PTR(noun, name)						\
	struct pinbuf_##noun *name PINBUF_CLEANUP(pinbuf_auto_ptr_##noun) = NULL

/* The same for objects in the caller's storage; @ready: that @obj was made. */
#define PINBUF_AUTO_FINI(noun, ready, fini)					\
	static inline void pinbuf_auto_obj_##noun(struct pinbuf_##noun *obj)	\
	{									\
		if (ready)							\
			fini(obj);						\
	}

/**
 * PINBUF_AUTO_OBJ() - an object in the caller's storage that ends with the scope
 * @noun: arena, stack, pool or frames
 * @name: declared: a struct pinbuf_@noun, zeroed until its init call writes it
 */
#define PINBUF_AUTO_OBJ(noun, name)						\
	struct pinbuf_##noun name PINBUF_CLEANUP(pinbuf_auto_obj_##noun) = PINBUF_ZEROES

#define PINBUF_LIKELY(x)	__builtin_expect(!!(x), 1)
#define PINBUF_UNLIKELY(x)	__builtin_expect(!!(x), 0)

/*
 * Counters have one writer, and readers that may be other threads.  An addition is a
 * relaxed load and store; on x86 it is one instruction, which compilers do not make of
 * the two.  A position, which figures are computed from, is set by an ordinary store,
 * so that a loop may keep it in a register: readers see it when the owner is idle.
 */
#define PINBUF_LOAD(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define PINBUF_STORE(p, v)	__atomic_store_n(p, v, __ATOMIC_RELAXED)
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
#define PINBUF_ADD(p, v)	__asm__("addq %1, %0" : "+m"(*(p)) : "er"((uint64_t)(v)) : "cc")
#else
#define PINBUF_ADD(p, v)	PINBUF_STORE(p, PINBUF_LOAD(p) + (v))
#endif
#ifdef __SANITIZE_THREAD__
#define PINBUF_SET(lvalue, v)	PINBUF_STORE(&(lvalue), v)
#else
#define PINBUF_SET(lvalue, v)	((lvalue) = (v))
#endif

#endif /* PINBUF_BASE_H */
