/* SPDX-License-Identifier: MIT */
/*
 * What the allocators' tests stand on.  Anonymous memory as a rule; with
 * PINBUF_TEST_GROUND=device in the environment buffers of /dev/pinbuf, with =locked
 * locked ones, so that the same tests run over each.
 */
#ifndef TESTS_UNIT_GROUND_H
#define TESTS_UNIT_GROUND_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <pinbuf.h>

/* NULL for anonymous memory; the same at every call */
static inline struct pinbuf_dev *ground_dev(void)
{
	static struct pinbuf_dev *dev;
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	const char *env = getenv("PINBUF_TEST_GROUND");

	if (dev || !env || !*env)
		return dev;
	if (!strcmp(env, "locked"))
		opts.flags = PINBUF_OPEN_LOCKED;
	else
		opts.require = PINBUF_NEVER_MOVES;
	if (pinbuf_open(&dev, &opts)) {
		fprintf(stderr, "PINBUF_TEST_GROUND=%s: %s\n", env, pinbuf_error_text());
		abort();
	}
	return dev;
}

/* @len bytes of zeroes, and what it takes to give them back; NULL if there are none */
static inline void *ground_get(size_t len, struct pinbuf_buf **buf)
{
	struct pinbuf_dev *dev = ground_dev();
	void *mem;

	*buf = NULL;
	if (!dev) {
		mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return mem == MAP_FAILED ? NULL : mem;
	}
	if (pinbuf_buf_create(buf, dev, len, NULL))
		return NULL;
	if (!pinbuf_buf_map(*buf, &mem, NULL))
		return mem;
	pinbuf_buf_put(*buf);
	return NULL;
}

static inline void ground_put(void *mem, size_t len, struct pinbuf_buf *buf)
{
	if (buf)
		pinbuf_buf_put(buf);
	else
		munmap(mem, len);
}

#endif /* TESTS_UNIT_GROUND_H */
