// SPDX-License-Identifier: MIT
/*
 * The corner cases of malloc's family.  The program runs itself three times: over
 * glibc, which shows that the tests are right; over libpinbuf-malloc.so; and over
 * it with every block checked.
 *
 * PINBUF_MALLOC_SO in the environment says where the library is; otherwise it is
 * looked for beside this program's folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "preload.h"

/* C23; absent from this libc, so only there when preloaded */
__attribute__((weak)) void free_sized(void *ptr, size_t size);
__attribute__((weak)) void free_aligned_sized(void *ptr, size_t align, size_t size);

/* What the compiler knows of these functions it must not use here. */
static void *(*volatile malloc_)(size_t) = malloc;
static void *(*volatile calloc_)(size_t, size_t) = calloc;
static void *(*volatile realloc_)(void *, size_t) = realloc;
static void *(*volatile reallocarray_)(void *, size_t, size_t) = reallocarray;
static void *(*volatile memalign_)(size_t, size_t) = memalign;
static void *(*volatile aligned_alloc_)(size_t, size_t) = aligned_alloc;
static void *(*volatile valloc_)(size_t) = valloc;
static void *(*volatile pvalloc_)(size_t) = pvalloc;
static int (*volatile posix_memalign_)(void **, size_t, size_t) = posix_memalign;
static void (*volatile free_)(void *) = free;

static void size_0_is_unique(void **state)
{
	void *a = malloc_(0), *b = malloc_(0), *c = calloc_(0, 10);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_ptr_not_equal(a, b);
	free_(a);
	free_(b);
	free_(c);
}

static void blocks_are_aligned_at_16(void **state)
{
	size_t size;

	(void)state;
	for (size = 0; size < 5000; size += 7) {
		void *ptr = malloc_(size);

		assert_int_equal((uintptr_t)ptr % 16, 0);
		assert_true(malloc_usable_size(ptr) >= size);
		memset(ptr, 1, malloc_usable_size(ptr));
		free_(ptr);
	}
	assert_int_equal(malloc_usable_size(NULL), 0);
}

static void success_leaves_errno_alone(void **state)
{
	void *ptr;
	size_t size;

	(void)state;
	for (size = 1; size < (64 << 20); size *= 3) {
		errno = ERANGE;
		ptr = malloc_(size);
		ptr = realloc_(ptr, size * 2);
		free_(ptr);
		ptr = calloc_(1, size);
		free_(ptr);
		free_(NULL);
		assert_int_equal(errno, ERANGE);
	}
}

static void too_much_is_enomem(void **state)
{
	void *ptr = malloc_(10), *out = &out;

	(void)state;
#define REFUSED(call) do { errno = 0; assert_null(call); assert_int_equal(errno, ENOMEM); } while (0)
	REFUSED(malloc_(SIZE_MAX));
	REFUSED(malloc_((size_t)PTRDIFF_MAX + 1));
	REFUSED(calloc_(SIZE_MAX / 2, 3));
	REFUSED(calloc_(1, SIZE_MAX));
	REFUSED(realloc_(ptr, SIZE_MAX));
	REFUSED(reallocarray_(ptr, SIZE_MAX / 2, 3));
	REFUSED(memalign_(64, SIZE_MAX - 100));
	REFUSED(aligned_alloc_(4096, SIZE_MAX - 100));
	REFUSED(pvalloc_(SIZE_MAX - 100));
	REFUSED(valloc_(SIZE_MAX - 100));
#undef REFUSED
	assert_int_equal(posix_memalign_(&out, 64, SIZE_MAX - 100), ENOMEM);
	assert_ptr_equal(out, &out);
	memset(ptr, 1, 10);
	free_(ptr);
}

static void alignments_are_as_asked(void **state)
{
	void *ptr;
	size_t align;

	(void)state;
	for (align = 1; align <= 1 << 22; align *= 2) {
		ptr = memalign_(align, 100);
		assert_int_equal((uintptr_t)ptr % align, 0);
		free_(ptr);
		ptr = aligned_alloc_(align, align);
		assert_int_equal((uintptr_t)ptr % align, 0);
		ptr = realloc_(ptr, 3 * align);
		assert_non_null(ptr);
		free_(ptr);
		if (align < sizeof(void *)) {
			assert_int_equal(posix_memalign_(&ptr, align, 100), EINVAL);
			continue;
		}
		assert_int_equal(posix_memalign_(&ptr, align, 0), 0);
		assert_int_equal((uintptr_t)ptr % align, 0);
		free_(ptr);
	}
	assert_int_equal(posix_memalign_(&ptr, 24, 100), EINVAL);
	assert_int_equal(posix_memalign_(&ptr, 0, 100), EINVAL);
	ptr = memalign_(48, 100);	/* rounded up to 64 */
	assert_int_equal((uintptr_t)ptr % 64, 0);
	free_(ptr);
	errno = 0;
	assert_null(memalign_(SIZE_MAX, 100));
	assert_int_equal(errno, EINVAL);
	ptr = valloc_(100);
	assert_int_equal((uintptr_t)ptr % 4096, 0);
	free_(ptr);
	ptr = pvalloc_(4097);
	assert_int_equal((uintptr_t)ptr % 4096, 0);
	assert_true(malloc_usable_size(ptr) >= 8192);
	free_(ptr);
}

static void realloc_to_0_frees(void **state)
{
	(void)state;
	assert_null(realloc_(malloc_(100), 0));
}

static void calloc_zeroes(void **state)
{
	size_t size, k;

	(void)state;
	for (size = 1; size < 1000000; size = size * 3 + 1) {
		unsigned char *ptr = malloc_(size);

		memset(ptr, 0xff, size);
		free_(ptr);
		ptr = calloc_(1, size);
		for (k = 0; k < size; k++)
			assert_int_equal(ptr[k], 0);
		free_(ptr);
	}
}

static void sized_frees_take_what_was_given(void **state)
{
	(void)state;
	if (!free_sized)
		return;		/* this glibc is older than they are */
	free_sized(malloc_(100), 100);
	free_sized(NULL, 10);
	free_aligned_sized(aligned_alloc_(64, 128), 64, 128);
	free_sized(malloc_(1000000), 1000000);
}

/* Return: the signal that ended a child which did @fn. */
static int signal_of(void (*fn)(void))
{
	struct rlimit none = { 0, 0 };
	int status;
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGSEGV, SIG_DFL);	/* cmocka's handlers would go on */
		signal(SIGABRT, SIG_DFL);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void free_twice(void)
{
	void *volatile ptr = malloc_(100);

	free_(ptr);
	free_(ptr);
}

static void free_inside(void)
{
	char *volatile ptr = calloc_(1, 100);	/* what glibc takes for a size is 0 */

	free_(ptr + 8);
}

static void misuse_aborts(void **state)
{
	(void)state;
	assert_int_equal(signal_of(free_twice), SIGABRT);
	assert_int_equal(signal_of(free_inside), SIGABRT);
}

static void *fill_and_empty(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	unsigned char *ptr[256] = { 0 };
	int i;

	for (i = 0; i < 20000; i++) {
		int k = rand_r(&seed) % 256;

		free_(ptr[k]);
		ptr[k] = malloc_((size_t)rand_r(&seed) % 2000 + 1);
		if (!ptr[k])
			return (void *)1;
		*ptr[k] = (unsigned char)k;
	}
	for (i = 0; i < 256; i++)
		free_(ptr[i]);
	return NULL;
}

static void threads_and_forks_go_together(void **state)
{
	pthread_t thread[4];
	void *failed;
	uintptr_t i;
	int status;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, fill_and_empty, (void *)(i + 1)), 0);
	for (i = 0; i < 20; i++) {
		pid_t pid = fork();

		if (!pid) {
			alarm(20);
			_exit(fill_and_empty((void *)i) ? 1 : 0);
		}
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
}

static void *until_none_is_left(void *arg)
{
	void *last = NULL, **ptr;

	while ((ptr = malloc_(100000))) {
		*ptr = last;
		last = ptr;
	}
	if (errno != ENOMEM)
		return arg;
	for (; last; last = ptr) {
		ptr = *(void **)last;
		free_(last);
	}
	return NULL;
}

/* In a child whose address space is small. */
static void run_out(void)
{
	struct rlimit limit = { 256 << 20, 256 << 20 };
	pthread_t thread[3];
	void *failed;
	uintptr_t i;

	for (i = 0; i < 3; i++)
		if (i && pthread_create(&thread[i], NULL, until_none_is_left, (void *)1))
			abort();
	setrlimit(RLIMIT_AS, &limit);
	if (until_none_is_left((void *)1))
		abort();
	for (i = 1; i < 3; i++)
		if (pthread_join(thread[i], &failed) || failed)
			abort();
	if (!malloc_(1000))
		abort();
}

static void out_of_memory_in_threads_is_survived(void **state)
{
	(void)state;
	assert_int_equal(signal_of(run_out), 0);
}

enum { NR_RESULTS = 3 * 11 };	/* thrice what follows */

static int family_test(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_0_is_unique),
		cmocka_unit_test(blocks_are_aligned_at_16),
		cmocka_unit_test(success_leaves_errno_alone),
		cmocka_unit_test(too_much_is_enomem),
		cmocka_unit_test(alignments_are_as_asked),
		cmocka_unit_test(realloc_to_0_frees),
		cmocka_unit_test(calloc_zeroes),
		cmocka_unit_test(sized_frees_take_what_was_given),
		cmocka_unit_test(misuse_aborts),
		cmocka_unit_test(threads_and_forks_go_together),
		cmocka_unit_test(out_of_memory_in_threads_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("malloc", tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	char library[4096];
	int failed;

	(void)argv;
	if (argc > 1)
		return !free_sized && *getenv("LD_PRELOAD") ? 126 : family_test();
	library_find(library, sizeof(library));
	if (access(library, R_OK)) {
		printf("1..0 # SKIP there is no %s: a sanitizer has a malloc of its own\n", library);
		return 0;
	}
	/* out before the children write */
	printf("1..%d\n", NR_RESULTS);
	fflush(stdout);
	failed = run_over("", "0", "glibc");
	failed |= run_over(library, "0", "pinbuf");
	failed |= run_over(library, "1", "pinbuf, checked");
	return failed || nr_results != NR_RESULTS;
}
