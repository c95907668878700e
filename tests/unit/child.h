/* SPDX-License-Identifier: MIT */
/* A test's child that is expected to die with a sentence. */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* sanitizers end a program as the library does, and malloc may fail under them */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1:allocator_may_return_null=1";
}

/* who sees that dead memory is used */
#ifdef __SANITIZE_ADDRESS__
#define DEAD_MEMORY_IS_USED	"use-after-poison"
#else
#define DEAD_MEMORY_IS_USED	NULL
#endif

/* @fn must abort, and stderr must have @words */
static inline void dies_saying(void (*fn)(void), const char *words)
{
	char text[4096], rest[4096];
	size_t len = 0;
	ssize_t got;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		signal(SIGABRT, SIG_DFL);
		fn();
		_exit(0);
	}
	close(fds[1]);
	while ((got = read(fds[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	/* a sanitizer says more: who stops reading would kill the child by SIGPIPE */
	while (read(fds[0], rest, sizeof(rest)) > 0)
		;
	close(fds[0]);
	text[len] = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!strstr(text, words))
		print_error("the child said: %s\n", text);
	assert_non_null(strstr(text, words));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

#endif /* TESTS_UNIT_CHILD_H */
