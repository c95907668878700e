// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include "error.h"
#include "kinds.h"
#include "measure.h"
#include "size.h"
#include "works.h"

enum {
	CALLS	= 64,		/* a round */
	UNKNOWN	= 0xff,		/* a number that no command has */
};

static struct pinbuf_ioc_info info;
static struct pinbuf_ioc_stats user = { .scope = PINBUF_STATS_USER };
static struct pinbuf_ioc_stats node = { .scope = PINBUF_STATS_NODE };
static struct pinbuf_ioc_stats all = { .scope = PINBUF_STATS_ALL };

/* One row a run; a buffer of 256 MiB has 128 at most. */
static struct pinbuf_extent runs[128];
static struct pinbuf_ioc_extents count;
static struct pinbuf_ioc_extents extents = {
	.array = (uintptr_t)runs, .capacity = sizeof(runs) / sizeof(runs[0]),
};

static const struct {
	const char *name;
	unsigned long number;
	void *arg;
} commands[] = {
	{ "INFO",		PINBUF_IOC_INFO,	&info },
	{ "STATS of the user",	PINBUF_IOC_STATS,	&user },
	{ "STATS of a node",	PINBUF_IOC_STATS,	&node },
	{ "STATS of all",	PINBUF_IOC_STATS,	&all },
	{ "EXTENTS, counted",	PINBUF_IOC_EXTENTS,	&count },
	{ "EXTENTS, 256 MiB",	PINBUF_IOC_EXTENTS,	&extents },
};

static uint64_t calls_measure(int fd, unsigned long number, void *arg, int expected)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < MEASURE_ROUNDS; i++) {
		uint64_t start = measure_now();

		for (int call = 0; call < CALLS; call++) {
			int error = ioctl(fd, number, arg) ? errno : 0;

			if (error != expected)
				fail_errno(error, "ioctl %#lx of /dev/pinbuf", number);
		}
		measure_least(&least, (measure_now() - start) / CALLS);
	}
	return least;
}

static int extents_make(int fd)
{
	struct pinbuf_ioc_alloc alloc = { .len = 256 * MIB, .node = PINBUF_NODE_ANY };

	if (ioctl(fd, PINBUF_IOC_ALLOC, &alloc))
		fail_errno(errno, "ALLOC of 256 MiB");
	count.fd = alloc.out_fd;
	extents.fd = alloc.out_fd;
	return alloc.out_fd;
}

void work_ioctl(struct table *t)
{
	int fd = kinds[KIND_PINBUF].node_fd, buf = extents_make(fd);
	uint64_t unknown;

	table_init_pair(t, "an ioctl of /dev/pinbuf", "instructions", "pinbuf", "unknown");
	unknown = calls_measure(fd, _IOWR(PINBUF_IOC_TYPE, UNKNOWN, struct pinbuf_ioc_stats),
				&all, ENOTTY);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct row *row = table_add(t, 0, "ioctl %s", commands[i].name);

		figure_set(&row->figures[0],
			   calls_measure(fd, commands[i].number, commands[i].arg, 0));
		figure_set(&row->figures[1], unknown);
	}
	printf("the buffer of 256 MiB has %llu runs\n\n", (unsigned long long)extents.out_total);
	close(buf);
}
