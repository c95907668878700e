/* SPDX-License-Identifier: MIT */
/* Telling AddressSanitizer and Valgrind what is live. */
#ifndef PINBUF_CHECK_H
#define PINBUF_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether somebody is looking.  Then windows stay closed and inline caches empty,
 * so that every block passes through the library; nobody else pays.
 */
extern bool pinbuf__checked;

/* what checkers are told, when there are any */
void pinbuf__tell_open(const void *pool, void *start, size_t size);
void pinbuf__tell_close(const void *pool, void *start, size_t size);
void pinbuf__tell_give(const void *pool, void *ptr, size_t size);
void pinbuf__tell_take(const void *pool, void *ptr, size_t size);
void pinbuf__tell_trim(const void *pool, void *start, size_t keep, size_t size);
void pinbuf__tell_resize(const void *pool, void *ptr, size_t old, size_t new_);
void pinbuf__tell_dead(void *start, size_t size);
void pinbuf__tell_revive(void *start, size_t size);

#define PINBUF__CHECK(what, ...)					\
	do {								\
		if (__builtin_expect(pinbuf__checked, 0))		\
			pinbuf__tell_##what(__VA_ARGS__);		\
	} while (0)

/* @pool is any address that the region keeps for as long as the memory */
static inline void pinbuf__check_open(const void *pool, void *start, size_t size)
{
	PINBUF__CHECK(open, pool, start, size);
}

/* The memory is the parent's again, who may write to it. */
static inline void pinbuf__check_close(const void *pool, void *start, size_t size)
{
	PINBUF__CHECK(close, pool, start, size);
}

static inline void pinbuf__check_give(const void *pool, void *ptr, size_t size)
{
	PINBUF__CHECK(give, pool, ptr, size);
}

static inline void pinbuf__check_take(const void *pool, void *ptr, size_t size)
{
	PINBUF__CHECK(take, pool, ptr, size);
}

/* Blocks of @start's @size bytes are live in the first @keep only. */
static inline void pinbuf__check_trim(const void *pool, void *start, size_t keep, size_t size)
{
	if (size)
		PINBUF__CHECK(trim, pool, start, keep, size);
}

static inline void pinbuf__check_resize(const void *pool, void *ptr, size_t old, size_t new_)
{
	PINBUF__CHECK(resize, pool, ptr, old, new_);
}

/* Memory of the collector's, which no checker's pool describes. */
static inline void pinbuf__check_dead(void *start, size_t size)
{
	PINBUF__CHECK(dead, start, size);
}

static inline void pinbuf__check_revive(void *start, size_t size)
{
	PINBUF__CHECK(revive, start, size);
}

#endif /* PINBUF_CHECK_H */
