// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>

#include <linux/pinbuf.h>

#include "error.h"
#include "kinds.h"
#include "measure.h"
#include "works.h"

enum {
	CALLS	= 64,		/* a round */
	UNKNOWN	= 0xff,		/* a number that no command has */
};

static struct pinbuf_ioc_info info;
static struct pinbuf_ioc_stats user = { .scope = PINBUF_STATS_USER };
static struct pinbuf_ioc_stats node = { .scope = PINBUF_STATS_NODE };
static struct pinbuf_ioc_stats all = { .scope = PINBUF_STATS_ALL };

static const struct {
	const char *name;
	unsigned long number;
	void *arg;
} commands[] = {
	{ "INFO",		PINBUF_IOC_INFO,	&info },
	{ "STATS of the user",	PINBUF_IOC_STATS,	&user },
	{ "STATS of a node",	PINBUF_IOC_STATS,	&node },
	{ "STATS of all",	PINBUF_IOC_STATS,	&all },
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

void work_ioctl(struct table *t)
{
	int fd = kinds[KIND_PINBUF].node_fd;
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
}
