// SPDX-License-Identifier: MIT
/*
 * DPDK's mempool with its cache for each lcore, in ordinary memory.  Its environment
 * binds the calling thread to a processor; it is let go again.
 */
#define _GNU_SOURCE
#include <sched.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

#include "regions_work.h"

const char *dpdk_open(void);
void dpdk_work(void);

static struct rte_mempool *pool;

const char *dpdk_open(void)
{
	static char *argv[] = { "bench", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
				"-m", "64", "-l", "0", "--log-level", "1", NULL };
	cpu_set_t before;

	sched_getaffinity(0, sizeof(before), &before);
	if (rte_eal_init(11, argv) < 0)
		return rte_strerror(rte_errno);
	sched_setaffinity(0, sizeof(before), &before);
	pool = rte_mempool_create("bench", 1023, 64, 256, 0, NULL, NULL, NULL, NULL,
				  SOCKET_ID_ANY, 0);
	return pool ? NULL : rte_strerror(rte_errno);
}

static inline void *get(void)
{
	void *block;

	return rte_mempool_get(pool, &block) ? NULL : block;
}

static inline void put(void *block)
{
	rte_mempool_put(pool, block);
}

void dpdk_work(void)
{
	FOUR(get(), put);
}
