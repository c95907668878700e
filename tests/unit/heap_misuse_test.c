// SPDX-License-Identifier: MIT
/* Frees that cannot be end the program, in the default build, with a sentence. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <pinbuf/heap.h>

#include "heap_source.h"

static struct heap_source source, other_source;
static struct pinbuf_heap *heap, *other;

static void free_(void *ptr)
{
	pinbuf_heap_free(heap, ptr);
}

static void small_twice(void)
{
	char *ptr = pinbuf_heap_malloc(heap, 100);

	pinbuf_heap_free(heap, ptr);
	free_(ptr);
}

static void small_twice_after_others(void)
{
	char *ptr = pinbuf_heap_malloc(heap, 100), *more[1000];
	int i;

	for (i = 0; i < 1000; i++)
		more[i] = pinbuf_heap_malloc(heap, 100);
	pinbuf_heap_free(heap, ptr);
	for (i = 0; i < 1000; i++)
		pinbuf_heap_free(heap, more[i]);
	free_(ptr);
}

static void large_twice(void)
{
	char *ptr = pinbuf_heap_malloc(heap, 10000), *keep = pinbuf_heap_malloc(heap, 10000);

	pinbuf_heap_free(heap, ptr);
	(void)keep;
	free_(ptr);
}

static void inside_small(void)
{
	free_((char *)pinbuf_heap_malloc(heap, 100) + 16);
}

static void inside_large(void)
{
	free_((char *)pinbuf_heap_malloc(heap, 100000) + 4096);
}

static void of_other_heap(void)
{
	free_(pinbuf_heap_malloc(other, 100));
}

static void large_of_other_heap(void)
{
	free_(pinbuf_heap_malloc(other, 100000));
}

static void of_stack(void)
{
	char here[16];

	free_(here);
}

static void of_nowhere(void)
{
	free_((void *)0x7fffffffffff1000);
}

static void realloc_of_freed(void)
{
	char *ptr = pinbuf_heap_malloc(heap, 100);

	pinbuf_heap_free(heap, ptr);
	ptr = pinbuf_heap_realloc(heap, ptr, 200);
	_exit(ptr ? 1 : 2);
}

static void too_large_a_size(void)
{
	pinbuf_heap_free_sized(heap, pinbuf_heap_malloc(heap, 100), 113);
}

static void wrong_layout(void)
{
	struct pinbuf_region *r = pinbuf_heap_region(heap);
	void *ptr = pinbuf_alloc(r, (struct pinbuf_layout){ 100, 8 });

	pinbuf_dealloc(r, ptr, (struct pinbuf_layout){ 1000, 8 });
}

static const struct misuse {
	const char *name, *says;
	void (*do_it)(void);
} misuses[] = {
	{ "small_twice", "double free", small_twice },
	{ "small_twice_after_others", "double free", small_twice_after_others },
	{ "large_twice", "double free", large_twice },
	{ "inside_small", "16 bytes into a block of 112", inside_small },
	{ "inside_large", "no live block begins", inside_large },
	{ "of_other_heap", "belongs to heap 'tested'", of_other_heap },
	{ "large_of_other_heap", "belongs to heap 'tested'", large_of_other_heap },
	{ "of_stack", "in no heap's memory", of_stack },
	{ "of_nowhere", "in no heap's memory", of_nowhere },
	{ "realloc_of_freed", "double free", realloc_of_freed },
	{ "too_large_a_size", "smaller than the size", too_large_a_size },
	{ "wrong_layout", "wrong layout", wrong_layout },
};

/* In a child, with its stderr read back. */
static int misuse_says(const struct misuse *m, char *text, size_t size)
{
	int fds[2], status;
	ssize_t len = 0, got;
	pid_t pid;

	if (pipe(fds))
		return -1;
	pid = fork();
	if (!pid) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		dup2(fds[1], STDERR_FILENO);
		m->do_it();
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + len, size - 1 - (size_t)len)) > 0)
		len += got;
	text[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

static void misuse_aborts(void **state)
{
	const struct misuse *m = *state;
	char text[4096];
	int status = misuse_says(m, text, sizeof(text));

	if (!strstr(text, m->says))
		print_error("it says: %s\n", text);
	assert_non_null(strstr(text, m->says));
	assert_non_null(strstr(text, "pinbuf: heap 'tested'"));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int heaps_open(void **state)
{
	(void)state;
	heap = heap_of_source(&source, 0);
	other = heap_of_source(&other_source, 0);
	return heap && other ? 0 : -1;
}

static int heaps_close(void **state)
{
	(void)state;
	pinbuf_heap_destroy(heap);
	pinbuf_heap_destroy(other);
	return 0;
}

int main(void)
{
	enum { NR = sizeof(misuses) / sizeof(misuses[0]) };
	struct CMUnitTest tests[NR];
	size_t i;

	for (i = 0; i < NR; i++)
		tests[i] = (struct CMUnitTest){ misuses[i].name, misuse_aborts, NULL, NULL,
						(void *)&misuses[i] };
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_misuse", tests, heaps_open, heaps_close);
}
