// SPDX-License-Identifier: MIT
/* Many threads on one heap: any frees any block, caches are recycled, fork works. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <pinbuf/heap.h>

#include "heap_fixture.h"

enum { THREADS = 4, SLOTS = 512, ROUNDS = 20000 };

static _Atomic(unsigned char *) slot[SLOTS];
static atomic_int torn;

/* A block begins with its size; all else is the low byte of it. */
static unsigned char *block_make(size_t size)
{
	unsigned char *ptr = pinbuf_heap_malloc(heap, size);

	if (ptr) {
		memset(ptr, (unsigned char)size, size);
		memcpy(ptr, &size, sizeof(size));
	}
	return ptr;
}

static void block_drop(unsigned char *ptr)
{
	size_t size, k;

	if (!ptr)
		return;
	memcpy(&size, ptr, sizeof(size));
	for (k = sizeof(size); k < size; k += 1 + size / 8)
		if (ptr[k] != (unsigned char)size)
			torn++;
	pinbuf_heap_free(heap, ptr);
}

/* Exchanges blocks through the slots, so that most are freed by another thread. */
static void *exchange(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		size_t size = 16 + (size_t)rand_r(&seed) % (i % 32 ? 1000 : 20000);

		block_drop(atomic_exchange(&slot[rand_r(&seed) % SLOTS], block_make(size)));
	}
	return NULL;
}

static void threads_run(void *(*fn)(void *), int nr)
{
	pthread_t thread[16];
	uintptr_t i;

	for (i = 0; i < (uintptr_t)nr; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fn, (void *)(i + 1)), 0);
	for (i = 0; i < (uintptr_t)nr; i++)
		pthread_join(thread[i], NULL);
}

static void slots_clear(void)
{
	int i;

	for (i = 0; i < SLOTS; i++)
		block_drop(atomic_exchange(&slot[i], NULL));
}

static void any_thread_frees(void **state)
{
	struct pinbuf_stats s;

	(void)state;
	threads_run(exchange, THREADS);
	slots_clear();
	assert_int_equal(torn, 0);
	s = heap_stats(heap);
	assert_int_equal(s.allocation_count, THREADS * ROUNDS);
	assert_int_equal(s.deallocation_count, THREADS * ROUNDS);
	assert_int_equal(s.current_live, 0);
	pinbuf_heap_trim(heap);
	assert_int_equal(source.pieces, 0);
}

static void *touch(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 100; i++)
		block_drop(block_make(16 + (size_t)i * 30));
	return NULL;
}

static long resident_kib(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = -1;
	if (f)
		fclose(f);
	return resident * 4;
}

/* 500 threads one after the other need the memory of a few. */
static void caches_of_ended_threads_are_recycled(void **state)
{
	bool counts __attribute__((unused)) = !ground_dev();	/* 2 MiB come at once */
	long before __attribute__((unused));
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		threads_run(touch, 2);
	before = resident_kib();
	for (i = 0; i < 250; i++)
		threads_run(touch, 2);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)	/* they keep their own */
	assert_true(!counts || resident_kib() - before < 2048);
#endif
	assert_int_equal(heap_stats(heap).current_live, 0);
	pinbuf_heap_trim(heap);
	assert_int_equal(source.pieces, 0);
}

static pthread_key_t late_key;

/* A destructor that runs after the heap's, or again after it. */
static void late_free(void *ptr)
{
	block_drop(ptr);
	block_drop(block_make(50));
}

static void *ends_late(void *arg)
{
	(void)arg;
	pthread_setspecific(late_key, block_make(100));
	return NULL;
}

static void ending_thread_still_allocates(void **state)
{
	(void)state;
	assert_int_equal(pthread_key_create(&late_key, late_free), 0);
	threads_run(ends_late, 4);
	pthread_key_delete(late_key);
	assert_int_equal(heap_stats(heap).allocation_count, 8);
	assert_int_equal(heap_stats(heap).current_live, 0);
}

static void *destroys_its_own(void *arg)
{
	struct heap_source s = { 0 };
	int i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		struct pinbuf_heap *mine = heap_of_source(&s, 0);
		void *ptr = pinbuf_heap_malloc(mine, 64);

		block_drop(block_make(64));
		pinbuf_heap_free(mine, ptr);
		pinbuf_heap_destroy(mine);
		if (s.pieces)
			torn++;
	}
	return NULL;
}

static void heaps_come_and_go_in_threads(void **state)
{
	(void)state;
	threads_run(destroys_its_own, THREADS);
	assert_int_equal(torn, 0);
}

static atomic_int stop;

static void *exchange_until_stopped(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!stop)
		block_drop(atomic_exchange(&slot[rand_r(&seed) % SLOTS],
					   block_make(16 + (size_t)rand_r(&seed) % 10000)));
	return NULL;
}

static void fork_while_threads_allocate(void **state)
{
	pthread_t thread[2];
	int i, status;

	(void)state;
	stop = 0;
	for (i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, exchange_until_stopped, (void *)(uintptr_t)(i + 1));
	for (i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid) {
			size_t k;

			alarm(20);
			/* of pinned memory it has the books only */
			for (k = 0; k < 100 && ground_dev(); k++)
				pinbuf_heap_free(heap, pinbuf_heap_malloc(heap, 16 + k * 100));
			for (k = 0; k < 100 && !ground_dev(); k++)
				block_drop(block_make(16 + k * 100));
			_exit(torn ? 1 : 0);
		}
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	slots_clear();
	assert_int_equal(torn, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, heap_open, heap_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(any_thread_frees),
		T(caches_of_ended_threads_are_recycled),
		T(ending_thread_still_allocates),
		T(heaps_come_and_go_in_threads),
		T(fork_while_threads_allocate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_threads", tests, NULL, NULL);
}
