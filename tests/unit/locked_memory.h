/* SPDX-License-Identifier: MIT */
/* What tests of locked memory share: a source of it, and what the kernel counts. */
#ifndef TESTS_UNIT_LOCKED_MEMORY_H
#define TESTS_UNIT_LOCKED_MEMORY_H

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define MIB ((size_t)1 << 20)

static struct pinbuf_dev *dev;

static inline int locked_open(void **state)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;

	(void)state;
	opts.flags = PINBUF_OPEN_LOCKED;
	return pinbuf_open(&dev, &opts);
}

static inline int locked_close(void **state)
{
	(void)state;
	pinbuf_close(dev);
	return 0;
}

/* bytes; 0 if the line is not there */
static inline size_t status_bytes(const char *line_begins)
{
	FILE *f = fopen("/proc/self/status", "r");
	size_t kib = 0, len = strlen(line_begins);
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, line_begins, len))
			sscanf(line + len, "%zu", &kib);
	fclose(f);
	return kib * 1024;
}

static inline struct pinbuf_buf *create(size_t len, unsigned int flags)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *buf;

	opts.flags = flags;
	assert_int_equal(pinbuf_buf_create(&buf, dev, len, &opts), 0);
	return buf;
}

static inline char *map(struct pinbuf_buf *buf)
{
	void *mem;

	assert_int_equal(pinbuf_buf_map(buf, &mem, NULL), 0);
	return mem;
}

static inline struct pinbuf_buf_info query(struct pinbuf_buf *buf)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };

	assert_int_equal(pinbuf_buf_query(buf, 0, &info), 0);
	return info;
}

/* its exit status, or 256 plus its signal */
static inline int in_child(int (*fn)(void *arg), void *arg)
{
	int status = -1;
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		_exit(fn(arg));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif /* TESTS_UNIT_LOCKED_MEMORY_H */
