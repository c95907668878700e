// SPDX-License-Identifier: MIT
#include "cpus.h"
#include "common.h"

#include <sched.h>

static bool is_cpu_of(int cpu, int node)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/node%d", cpu, node);
	return node < 0 || !access(path, F_OK);
}

int cpus_of(int node)
{
	cpu_set_t mine;
	int count = 0;

	assert_ok(sched_getaffinity(0, sizeof(mine), &mine));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		count += CPU_ISSET(cpu, &mine) && is_cpu_of(cpu, node);
	return count;
}

void cpus_bind(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set));
}

void cpus_start_on(int node)
{
	cpu_set_t mine;
	int cpu = 0;

	assert_ok(sched_getaffinity(0, sizeof(mine), &mine));
	while (cpu < CPU_SETSIZE && !(CPU_ISSET(cpu, &mine) && is_cpu_of(cpu, node)))
		cpu++;
	cpus_bind(cpu);
	assert_ok(sched_setaffinity(0, sizeof(mine), &mine));
}
