/* SPDX-License-Identifier: MIT */
/*
 * What the device tests share: the open node, requests, errno assertions,
 * children, and the check that every test leaves the module as it found it.
 */
#ifndef TESTS_DEV_COMMON_H
#define TESTS_DEV_COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <cmocka.h>

#include <linux/pinbuf.h>

#define NODE_PATH	"/dev/pinbuf"
#define PAGE		((size_t)4096)
#define KIB(x)		((size_t)(x) << 10)
#define MIB(x)		((size_t)(x) << 20)
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* An unprivileged user that owns nothing else in the guest. */
#define USER_UID	1000
#define OTHER_UID	1001

/* /dev/pinbuf, opened read-write anew for every test. */
extern int dev;

/*
 * Around every test: open @dev and note what is live in the module; after it,
 * close @dev and fail unless the same is live again.
 */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)


void tests_begin(void);

/* Ends the test as skipped, with the reason in the log. */
void skip_because(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* 0, or the errno of a call that answers -1. */
#define errno_of(call)		((call) == -1 ? errno : 0)

/* The test fails unless @call answers -1 with @expected (0: succeeds). */
#define assert_errno(expected, call) \
	check_errno((expected), errno_of(call), #call, __FILE__, __LINE__)
#define assert_ok(call)		assert_errno(0, call)

void check_errno(int expected, int got, const char *what, const char *file,
		 int line);

/* In a child: leave with a message on stderr unless @condition holds. */
#define CHECK(condition)						\
	do {								\
		if (!(condition))					\
			child_die(#condition, __FILE__, __LINE__);	\
	} while (0)
#define CHECK_ERRNO(expected, call)					\
	do {								\
		int got_ = errno_of(call);				\
									\
		errno = got_;						\
		if (got_ != (expected))					\
			child_die(#call " is not " #expected, __FILE__,	\
				  __LINE__);				\
	} while (0)

void child_die(const char *what, const char *file, int line)
	__attribute__((noreturn));

/* Starts a child that runs @body and exits with what it answers. */
pid_t child_start(int (*body)(void *), void *argument);

/* wait4's status of @pid. */
int child_wait(pid_t pid);

/* Runs @body in a child; the test fails unless it returns 0. */
void in_child(int (*body)(void *), void *argument);

/* In a child: become @uid without capabilities, in the node's own group. */
void become_user(uid_t uid);

/* ALLOC's arguments for @len bytes anywhere, close-on-exec. */
struct pinbuf_ioc_alloc request(uint64_t len);

/* ALLOC on @node_fd: 0 or its errno; the descriptor is in @req->out_fd. */
int alloc_on(int node_fd, struct pinbuf_ioc_alloc *req);

/* ALLOC of @len bytes there; @fd is -1 where it fails. */
int alloc_len(int node_fd, uint64_t len, int *fd);

/* ALLOC on @dev; a descriptor that came nevertheless is closed. */
int alloc_errno(struct pinbuf_ioc_alloc req);

/* In a child: the node, opened by whom it has become. */
static inline int open_node(void)
{
	int node = open(NODE_PATH, O_RDWR | O_CLOEXEC);

	CHECK(node >= 0);
	return node;
}

/* A buffer of @len bytes; fails the test if there is none. */
int buf_new(uint64_t len);

struct pinbuf_desc buf_query(int fd);
struct pinbuf_ioc_info info(void);
struct pinbuf_ioc_stats stats(uint32_t scope, int node);

/* Whether what lives is the same: bytes, buffers, mappings, attachments, names, folios. */
bool stats_same_live(const struct pinbuf_ioc_stats *a,
		     const struct pinbuf_ioc_stats *b);


/* Shared read-write mapping of all @len bytes at @fd, or the test fails. */
void *map_shared(int fd, size_t len);

/* errno of a mapping that is unmapped again where it succeeds. */
int map_errno(int fd, size_t len, int prot, int flags, off_t offset);

/* Address space of @len bytes whose start is a multiple of @align. */
void *reserve_aligned(size_t len, size_t align);

/* Writes, or finds the first byte that differs from (-1: none), a pattern. */
void fill(void *p, size_t len, uint64_t seed);
ssize_t differs(const void *p, size_t len, uint64_t seed);
bool is_zero(const void *p, size_t len);

/* Open descriptors of this process. */
int count_fds(void);

/* The next descriptor: a reserved one that was never installed shows here. */
int next_fd(void);

/* Moves a descriptor through a socket: SCM_RIGHTS. */
int send_fd(int sock, int fd);
int recv_fd(int sock);

/* "6.12", "6.1", "debug". */
bool kernel_is(const char *name);

#endif
