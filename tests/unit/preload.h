/* SPDX-License-Identifier: MIT */
/* A test program that runs itself over another malloc, and sums the results. */
#ifndef TESTS_UNIT_PRELOAD_H
#define TESTS_UNIT_PRELOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* "lib" beside this program, unless the environment says where. */
static inline void library_find(char *path, size_t size)
{
	const char *env = getenv("PINBUF_MALLOC_SO");
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	path[len < 0 ? 0 : len] = '\0';
	slash = strrchr(path, '/');
	if (env)
		snprintf(path, size, "%s", env);
	else if (slash)
		snprintf(slash, size - (size_t)(slash - path), "/lib/libpinbuf-malloc.so");
}

/* This program over @library, its results on the descriptor that is returned. */
static inline int start_over(const char *library, const char *check, pid_t *pid)
{
	int fds[2];

	if (pipe(fds))
		return -1;
	*pid = fork();
	if (!*pid) {
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		setenv("LD_PRELOAD", library, 1);
		setenv("PINBUF_CHECK", check, 1);
		execl("/proc/self/exe", "malloc_test", "family", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	return fds[0];
}

static int nr_results;

/* One result of a child's becomes one of ours. */
static inline void result_print(const char *line, const char *over)
{
	const char *name = strstr(line, " - ");
	int ok = !strncmp(line, "ok ", 3);

	if (name && (ok || !strncmp(line, "not ok ", 7)))
		printf("%s %d - over %s: %s", ok ? "ok" : "not ok", ++nr_results, over, name + 3);
	else if (*line == '#')
		fputs(line, stdout);
}

/* Return: 0 if all is well. */
static inline int run_over(const char *library, const char *check, const char *over)
{
	char line[1024];
	int status = 1;
	pid_t pid = 0;
	FILE *out;

	fflush(stdout);
	out = fdopen(start_over(library, check, &pid), "r");
	while (out && fgets(line, sizeof(line), out))
		result_print(line, over);
	if (out)
		fclose(out);
	waitpid(pid, &status, 0);
	if (status)
		printf("# over %s: status %#x\n", over, status);
	return status;
}

#endif /* TESTS_UNIT_PRELOAD_H */
