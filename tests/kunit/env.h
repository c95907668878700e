/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the suites share: buffers, the node, user memory, and waiting for what
 * the kernel puts off.
 *
 * A case runs in a kernel thread of its own, as root.  That thread has the real
 * file operations of /dev/pinbuf on a file of its own, and user memory of its
 * own, so commands and mappings take the way they take from a process.  What a
 * helper makes goes with the case; those that end in _put or _close do it now,
 * so that a case can look at what is left.
 */
#ifndef _PINBUF_KUNIT_ENV_H
#define _PINBUF_KUNIT_ENV_H

#include <kunit/test.h>
#include <linux/dma-buf.h>

#include "pinbuf.h"

#define HUGE_PAGES	(PINBUF_HUGE_SIZE >> PAGE_SHIFT)
#define TIB_PAGES	((1ULL << 40) >> PAGE_SHIFT)

/* A length in pages, and what it is good for; cases that many suites go through. */
struct pages_case {
	const char *name;
	unsigned long pages;
};

extern const struct pages_case pages_cases[];
const void *pages_gen_params(const void *prev, char *desc);

/* Holds the user during a suite, so that his figures last from case to case. */
int env_suite_init(struct kunit_suite *suite);
void env_suite_exit(struct kunit_suite *suite);

/* Waits until nothing is left of the case before; test->priv is the user. */
int env_init(struct kunit *test);

/* The suites' last case. */
void nothing_is_left(struct kunit *test);

/* What the user of the case is charged now, in bytes. */
static inline u64 env_charged(const struct kunit *test)
{
	const struct pinbuf_user *user = test->priv;

	return atomic64_read(&user->purse->charged);
}

/* Whether the user's charge comes to @bytes within a few seconds. */
bool env_settles(struct pinbuf_user *user, u64 bytes);

struct dma_buf *env_buf(struct kunit *test, u64 len);
struct dma_buf *env_buf_as(struct kunit *test, const struct pinbuf_want *want);
void env_buf_put(struct kunit *test, struct dma_buf *dmabuf);

struct file *env_node(struct kunit *test, int flags);
void env_node_close(struct kunit *test, struct file *node);

/* Shared memory of the case's own address space; @file NULL for anonymous and private. */
unsigned long env_mmap(struct kunit *test, struct file *file, unsigned long len,
		       unsigned long offset);

/* A module parameter, back at its old value after the case. */
void env_param(struct kunit *test, const char *name, u64 value);

/* Gives the thread that limit, and takes CAP_IPC_LOCK from it, until env_unlimit(). */
const struct cred *env_limit(struct kunit *test, unsigned long bytes);
void env_unlimit(const struct cred *old);

/* A command by the node's own dispatcher: *@arg of @size bytes in and out. */
long env_ioctl(struct kunit *test, struct file *node, unsigned int cmd, void *arg, size_t size);

static inline struct page *env_page(struct dma_buf *dmabuf, pgoff_t at)
{
	struct folio *folio = pinbuf_pages_folio(dmabuf->priv, at);

	return folio_page(folio, at - folio->index);
}

#endif
