// SPDX-License-Identifier: MIT
/*
 * The library is built without knowing who will look.  AddressSanitizer is found by
 * its functions, which are weak here and absent in other programs; Valgrind by
 * asking the processor it emulates; and PINBUF_CHECK=1 in the environment looks
 * without either, by filling what is dead with a pattern.
 */
#include <stdlib.h>
#include <string.h>

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_CREATE_MEMPOOL(pool, redzone, zeroed) (void)(pool)
#define VALGRIND_DESTROY_MEMPOOL(pool) (void)(pool)
#define VALGRIND_MEMPOOL_ALLOC(pool, addr, size) (void)(pool)
#define VALGRIND_MEMPOOL_FREE(pool, addr) (void)(pool)
#define VALGRIND_MEMPOOL_TRIM(pool, addr, size) (void)(pool)
#define VALGRIND_MEMPOOL_CHANGE(pool, addr, to, size) (void)(pool)
#define VALGRIND_MAKE_MEM_NOACCESS(addr, size) (void)(addr)
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, size) (void)(addr)
#define VALGRIND_MAKE_MEM_DEFINED(addr, size) (void)(addr)
#endif

#include "check.h"

#define DEAD 0xdb	/* what PINBUF_CHECK=1 fills dead memory with */

__attribute__((weak)) void __asan_poison_memory_region(void const volatile *addr, size_t size);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *addr, size_t size);

bool pinbuf__checked;

__attribute__((constructor(101)))
static void check_init(void)
{
	const char *env = getenv("PINBUF_CHECK");

	if (env && *env)	/* 0 is for those who count instructions */
		pinbuf__checked = *env != '0';
	else
		pinbuf__checked = __asan_poison_memory_region || RUNNING_ON_VALGRIND;
}

static void kill_bytes(void *start, size_t size)
{
	if (__asan_poison_memory_region)
		__asan_poison_memory_region(start, size);
	else if (!RUNNING_ON_VALGRIND)
		memset(start, DEAD, size);
}

static void revive(void *start, size_t size)
{
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(start, size);
}

void pinbuf__tell_open(const void *pool, void *start, size_t size)
{
	VALGRIND_CREATE_MEMPOOL(pool, 0, 0);
	VALGRIND_MAKE_MEM_NOACCESS(start, size);
	kill_bytes(start, size);
}

void pinbuf__tell_close(const void *pool, void *start, size_t size)
{
	VALGRIND_DESTROY_MEMPOOL(pool);
	VALGRIND_MAKE_MEM_UNDEFINED(start, size);
	revive(start, size);
}

void pinbuf__tell_give(const void *pool, void *ptr, size_t size)
{
	VALGRIND_MEMPOOL_ALLOC(pool, ptr, size);
	revive(ptr, size);
}

void pinbuf__tell_take(const void *pool, void *ptr, size_t size)
{
	VALGRIND_MEMPOOL_FREE(pool, ptr);
	kill_bytes(ptr, size);
}

void pinbuf__tell_trim(const void *pool, void *start, size_t keep, size_t size)
{
	VALGRIND_MEMPOOL_TRIM(pool, start, keep);
	VALGRIND_MAKE_MEM_NOACCESS((char *)start + keep, size - keep);
	kill_bytes((char *)start + keep, size - keep);
}

void pinbuf__tell_resize(const void *pool, void *ptr, size_t old, size_t new_)
{
	VALGRIND_MEMPOOL_CHANGE(pool, ptr, ptr, new_);
	if (new_ > old) {
		VALGRIND_MAKE_MEM_UNDEFINED((char *)ptr + old, new_ - old);
		revive((char *)ptr + old, new_ - old);
	} else {
		VALGRIND_MAKE_MEM_NOACCESS((char *)ptr + new_, old - new_);
		kill_bytes((char *)ptr + new_, old - new_);
	}
}

void pinbuf__tell_dead(void *start, size_t size)
{
	VALGRIND_MAKE_MEM_NOACCESS(start, size);
	kill_bytes(start, size);
}

void pinbuf__tell_revive(void *start, size_t size)
{
	VALGRIND_MAKE_MEM_UNDEFINED(start, size);
	revive(start, size);
}
