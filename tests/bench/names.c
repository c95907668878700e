// SPDX-License-Identifier: MIT
/*
 * A buffer back by its name, beside one that is allocated anew: until it is mapped,
 * and with every page touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include "error.h"
#include "kinds.h"
#include "measure.h"
#include "size.h"
#include "works.h"

enum {
	STEP		= 4096,
	LONG_ROUNDS	= 3,	/* of 1 GiB: beside it a tick is nothing */
};

static const char name[] = "bench";
static const struct size sizes[] = { { 2 * MIB, "2 MiB" }, { 1 * GIB, "1 GiB" } };

/* a descriptor of @len bytes, one way or the other */
typedef int (*get)(int node, size_t len);

static int get_anew(int node, size_t len)
{
	struct pinbuf_ioc_alloc req = { .len = len, .node = PINBUF_NODE_ANY };

	if (ioctl(node, PINBUF_IOC_ALLOC, &req))
		fail_errno(errno, "ALLOC of %zu bytes", len);
	return req.out_fd;
}

static int get_named(int node, size_t len)
{
	struct pinbuf_ioc_attach req = { .uid = (__u32)-1 };

	memcpy(req.name, name, sizeof(name));
	if (ioctl(node, PINBUF_IOC_ATTACH, &req))
		fail_errno(errno, "ATTACH of %zu bytes", len);
	return req.out_fd;
}

static uint64_t get_measure(get get, int node, size_t len, bool touch)
{
	int rounds = len < GIB ? MEASURE_ROUNDS : LONG_ROUNDS;
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < rounds; i++) {
		uint64_t start = measure_now();
		int fd = get(node, len);
		volatile char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (p == MAP_FAILED)
			fail_errno(errno, "mmap of %zu bytes", len);
		for (size_t at = 0; touch && at < len; at += STEP)
			p[at] = 1;
		measure_least(&least, measure_now() - start);
		munmap((void *)p, len);
		close(fd);
	}
	return least;
}

static void name_set(int node, size_t len)
{
	struct pinbuf_ioc_publish req = { .fd = get_anew(node, len), .mode = 0600 };

	memcpy(req.name, name, sizeof(name));
	if (ioctl(node, PINBUF_IOC_PUBLISH, &req))
		fail_errno(errno, "PUBLISH of %zu bytes", len);
	close(req.fd);
}

static void name_clear(int node)
{
	struct pinbuf_ioc_unpublish req = { .uid = (__u32)-1 };

	memcpy(req.name, name, sizeof(name));
	if (ioctl(node, PINBUF_IOC_UNPUBLISH, &req))
		fail_errno(errno, "UNPUBLISH");
}

void work_names(struct table *t)
{
	int node = kinds[KIND_PINBUF].node_fd;

	table_init_pair(t, "a named buffer, beside one allocated anew", "instructions",
			"attached", "anew");
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct row *mapped, *touched;
		size_t len = sizes[i].len;

		if (len > work_max_len)
			continue;
		mapped = table_add(t, 0, "attach %s", sizes[i].text);
		figure_set(&mapped->figures[1], get_measure(get_anew, node, len, false));
		touched = table_add(t, 0, "attach and touch %s", sizes[i].text);
		figure_set(&touched->figures[1], get_measure(get_anew, node, len, true));
		name_set(node, len);
		figure_set(&mapped->figures[0], get_measure(get_named, node, len, false));
		figure_set(&touched->figures[0], get_measure(get_named, node, len, true));
		name_clear(node);
	}
}
