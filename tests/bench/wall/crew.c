// SPDX-License-Identifier: MIT
/*
 * Wall time of ALLOC of a big buffer, by one CPU and by all of them: the caller's
 * affinity says which may help.  The least of several, taken in turns, since the
 * host has other work; the ratio is the result, not the times.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/pinbuf.h>

#include "../error.h"
#include "../size.h"

enum {
	WARMUPS	= 2,
	ROUNDS	= 9,
};

#define LENGTH	(128 * MIB)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static uint64_t alloc_ns(int node, const cpu_set_t *cpus)
{
	struct pinbuf_ioc_alloc req = { .len = LENGTH, .node = PINBUF_NODE_ANY };
	uint64_t start;

	if (sched_setaffinity(0, sizeof(*cpus), cpus))
		fail_errno(errno, "sched_setaffinity");
	start = now_ns();
	if (ioctl(node, PINBUF_IOC_ALLOC, &req))
		fail_errno(errno, "ALLOC of %zu MiB", LENGTH >> 20);
	start = now_ns() - start;
	close(req.out_fd);
	return start;
}

int main(void)
{
	int node = open("/dev/pinbuf", O_RDWR | O_CLOEXEC);
	uint64_t one = UINT64_MAX, many = UINT64_MAX;
	cpu_set_t all, first;

	if (node < 0)
		fail_errno(errno, "/dev/pinbuf");
	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2)
		fail("two CPUs are needed");
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	for (int i = 0; i < WARMUPS + ROUNDS; i++) {
		uint64_t alone = alloc_ns(node, &first), together = alloc_ns(node, &all);

		if (i < WARMUPS)
			continue;
		one = alone < one ? alone : one;
		many = together < many ? together : many;
	}
	printf("wall time of ALLOC, %zu MiB (the least of %d): by one CPU %.1f ms, by %d %.1f ms: %.2f of it\n",
	       LENGTH >> 20, ROUNDS, (double)one / 1e6, CPU_COUNT(&all), (double)many / 1e6,
	       (double)many / (double)one);
	return 0;
}
