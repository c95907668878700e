// SPDX-License-Identifier: MIT
/*
 * malloc with PINBUF_PRELOAD_MIN: large blocks come from pinned buffers.  The program
 * runs itself over libpinbuf-malloc.so, with a usual bound and with one that every
 * allocation of the library itself is above.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pinbuf.h>

#include "preload.h"

#define MIB ((size_t)1 << 20)

static void *(*volatile malloc_)(size_t) = malloc;
static void *(*volatile calloc_)(size_t, size_t) = calloc;
static void *(*volatile realloc_)(void *, size_t) = realloc;
static void (*volatile free_)(void *) = free;

static size_t min;	/* PINBUF_PRELOAD_MIN */

/* What this process has locked; what everybody has of the device, where there is one. */
static size_t pinned_bytes(void)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_dev_stats stats = { .size = sizeof(stats) };
	struct pinbuf_dev *dev;

	assert_int_equal(pinbuf_open(&dev, NULL), 0);
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	if (info.source == PINBUF_SOURCE_DEVICE)
		assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_ALL, 0, &stats), 0);
	pinbuf_close(dev);
	return info.source == PINBUF_SOURCE_DEVICE ? stats.current_live : info.locked;
}

static void large_blocks_are_pinned(void **state)
{
	size_t before = pinned_bytes();
	char *a = malloc_(20 * MIB), *b = calloc_(5, 4 * MIB);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_true(pinned_bytes() >= before + 40 * MIB);
	a[20 * MIB - 1] = b[20 * MIB - 1] = 1;
	free_(a);
	free_(b);
	assert_true(pinned_bytes() < before + 40 * MIB);
}

static void smaller_ones_go_by_the_bound(void **state)
{
	static char *ptr[1000];
	size_t before = pinned_bytes();
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		ptr[i] = malloc_(60000);
	if (min > 60000)
		assert_int_equal(pinned_bytes(), before);
	else
		assert_true(pinned_bytes() >= before + 50 * MIB);
	for (i = 0; i < 1000; i++)
		free_(ptr[i]);
}

static void realloc_goes_across_and_keeps_the_bytes(void **state)
{
	unsigned char *ptr = malloc_(1000);
	size_t size, k;

	(void)state;
	for (k = 0; k < 1000; k++)
		ptr[k] = (unsigned char)(k * 7);
	for (size = 2000; size < 40 * MIB; size *= 3) {
		ptr = realloc_(ptr, size);
		assert_non_null(ptr);
		ptr[size - 1] = 1;
	}
	for (; size >= 1000; size /= 3)
		ptr = realloc_(ptr, size);
	for (k = 0; k < 600; k++)
		assert_int_equal(ptr[k], (unsigned char)(k * 7));
	free_(ptr);
}

static int child_status(pid_t child)
{
	int status = -1;

	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* The child of a fork: what it inherits of pinned memory faults, its own is ordinary. */
static void child_has_ordinary_memory_of_its_own(void **state)
{
	char *mine = malloc_(MIB), *own;
	pid_t child;
	int status;

	(void)state;
	strcpy(mine, "parent");
	child = fork();
	if (!child) {
		free_(mine);		/* its books alone */
		own = malloc_(MIB);
		memset(own, 1, MIB);
		free_(own);
		_exit(0);
	}
	assert_int_equal(child_status(child), 0);
	child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		mine[0] = 'c';
		_exit(0);
	}
	status = child_status(child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_string_equal(mine, "parent");
	free_(mine);
}

static void *sizes_of_all_sorts(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	unsigned char *ptr[64] = { 0 };
	size_t size;
	int i, k;

	for (i = 0; i < 2000; i++) {
		k = rand_r(&seed) % 64;
		free_(ptr[k]);
		size = (size_t)rand_r(&seed) % (i % 8 ? 3000 : 300000) + 1;
		ptr[k] = malloc_(size);
		if (!ptr[k])
			return arg;
		ptr[k][0] = ptr[k][size - 1] = (unsigned char)k;
	}
	for (i = 0; i < 64; i++)
		free_(ptr[i]);
	return NULL;
}

static void threads_share_it(void **state)
{
	pthread_t thread[3];
	void *failed;
	uintptr_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sizes_of_all_sorts,
						(void *)(i + 1)), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
}

enum { NR_TESTS = 5 };

static int family_test(void)
{
	const struct CMUnitTest tests[NR_TESTS] = {
		cmocka_unit_test(large_blocks_are_pinned),
		cmocka_unit_test(smaller_ones_go_by_the_bound),
		cmocka_unit_test(realloc_goes_across_and_keeps_the_bytes),
		cmocka_unit_test(child_has_ordinary_memory_of_its_own),
		cmocka_unit_test(threads_share_it),
	};

	min = strtoul(getenv("PINBUF_PRELOAD_MIN"), NULL, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pinned malloc", tests, NULL, NULL);
}

/* What a program that does nothing writes; how often @words are in it. */
static int said(const char *library, const char *bound, const char *words)
{
	char command[8192], text[4096] = "";
	const char *at = text;
	int nr = 0;
	FILE *f;

	snprintf(command, sizeof(command), "exec env LD_PRELOAD=%s PINBUF_PRELOAD_MIN=%s true 2>&1",
		 library, bound);
	f = popen(command, "r");
	if (!f)
		return -1;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	pclose(f);
	while ((at = strstr(at, words)) && nr < 10) {
		at++;
		nr++;
	}
	if (!nr)
		printf("# said: %s\n", text);
	return nr;
}

static int said_test(const char *library, const char *bound, const char *words)
{
	int ok = said(library, bound, words) == 1;

	printf("%s %d - at %s it says once: %s\n", ok ? "ok" : "not ok", ++nr_results, bound, words);
	return !ok;
}

int main(int argc, char **argv)
{
	static const char *const bounds[] = { "65536", "1" };
	enum { NR = 2 * NR_TESTS + 3 };
	char library[4096];
	int i, failed = 0;

	(void)argv;
	if (argc > 1)
		return family_test();
	library_find(library, sizeof(library));
	if (access(library, R_OK)) {
		printf("1..0 # SKIP there is no %s: a sanitizer has a malloc of its own\n", library);
		return 0;
	}
	printf("1..%d\n", NR);
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		setenv("PINBUF_PRELOAD_MIN", bounds[i], 1);
		failed |= run_over(library, "0", bounds[i]);
	}
	unsetenv("PINBUF_PRELOAD_MIN");
	failed |= said_test(library, "65536", "blocks of at least 65536 bytes are pinned");
	failed |= said_test(library, "65536", "faults if it touches one");
	failed |= said_test(library, "1e6", "must be a number of bytes");
	return failed || nr_results != NR;
}
