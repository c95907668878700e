// SPDX-License-Identifier: MIT
/*
 * Four system calls about NUMA, made directly: they are what libnuma wraps, and a
 * library that programs preload should not bring another whose constructor allocates.
 * A kernel without NUMA answers ENOSYS, and has node 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "place.h"

#define WORD_BITS	(8 * sizeof(long))
#define NODES_FILE	"/sys/devices/system/node/has_memory"

static void node_set(unsigned long *nodes, unsigned int node)
{
	nodes[node / WORD_BITS] |= 1UL << node % WORD_BITS;
}

static bool node_isset(const unsigned long *nodes, unsigned int node)
{
	return nodes[node / WORD_BITS] >> node % WORD_BITS & 1;
}

/* A list such as 0-3,7 */
static bool list_parse(const char *text, unsigned long *nodes)
{
	unsigned long first, last;
	bool any = false;
	char *end;

	for (;; text = end + 1) {
		first = last = strtoul(text, &end, 10);
		if (end == text)
			return any;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < PINBUF__NODES; first++) {
			node_set(nodes, (unsigned int)first);
			any = true;
		}
		if (*end != ',')
			return any;
	}
}

static void memory_nodes(unsigned long *nodes)
{
	FILE *f = fopen(NODES_FILE, "re");
	char line[512] = "";

	memset(nodes, 0, PINBUF__NODE_WORDS * sizeof(*nodes));
	if (f && !fgets(line, sizeof(line), f))
		*line = '\0';
	if (f)
		fclose(f);
	if (!list_parse(line, nodes))
		node_set(nodes, 0);
}

/**
 * pinbuf__nodes() - nodes that have memory
 * @end: one past the highest of them, written
 *
 * Return: how many.
 */
unsigned int pinbuf__nodes(unsigned int *end)
{
	unsigned long nodes[PINBUF__NODE_WORDS];
	unsigned int node, nr = 0;

	memory_nodes(nodes);
	for (node = 0; node < PINBUF__NODES; node++) {
		if (!node_isset(nodes, node))
			continue;
		nr++;
		*end = node + 1;
	}
	return nr;
}

/* Those that the task may use: what an interleaving goes over. */
static int allowed_nodes(unsigned long *nodes)
{
	memset(nodes, 0, PINBUF__NODE_WORDS * sizeof(*nodes));
	return (int)syscall(SYS_get_mempolicy, NULL, nodes, (unsigned long)PINBUF__NODES, NULL,
			    MPOL_F_MEMS_ALLOWED);
}

static long range_bind(void *addr, size_t len, int mode, const unsigned long *nodes)
{
	/* the kernel takes one bit less than it is told */
	return syscall(SYS_mbind, addr, len, mode, nodes, PINBUF__NODES + 1UL, 0UL);
}

/**
 * pinbuf__place() - say where a range is to lie, before it has pages
 * @addr: its start
 * @len: bytes
 * @opts: node and flags
 *
 * Return: 0; -ENOENT if there is no such node; -EINVAL if the task may not use it.
 */
int pinbuf__place(void *addr, size_t len, const struct pinbuf_buf_opts *opts)
{
	unsigned long nodes[PINBUF__NODE_WORDS];
	int mode = MPOL_PREFERRED;

	if (opts->flags & PINBUF_BUF_INTERLEAVE) {
		if (allowed_nodes(nodes) || range_bind(addr, len, MPOL_INTERLEAVE, nodes))
			return errno == ENOSYS ? 0 : -errno;
		return 0;
	}
	if (opts->node == PINBUF_NODE_ANY)
		return 0;
	memory_nodes(nodes);
	if (opts->node >= PINBUF__NODES || !node_isset(nodes, (unsigned int)opts->node))
		return -ENOENT;
	memset(nodes, 0, sizeof(nodes));
	node_set(nodes, (unsigned int)opts->node);
	if (opts->flags & PINBUF_BUF_STRICT_NODE)
		mode = MPOL_BIND;
	if (range_bind(addr, len, mode, nodes) && errno != ENOSYS)
		return -errno;
	return 0;
}

/**
 * pinbuf__node_of() - where a range lies
 * @addr: its start
 * @len: bytes
 * @step: bytes of a page of it
 *
 * Return: the node of all its pages; -1 when they lie on several, or nobody knows.
 */
int pinbuf__node_of(const void *addr, size_t len, size_t step)
{
	enum { MANY = 256 };
	const char *at = addr, *end = at + len;
	void *page[MANY];
	int status[MANY], node = -1;
	size_t i, nr;

	while (at < end) {
		for (nr = 0; nr < MANY && at < end; nr++, at += step)
			page[nr] = (void *)at;
		if (syscall(SYS_move_pages, 0, nr, page, NULL, status, 0))
			return errno == ENOSYS ? 0 : -1;
		for (i = 0; i < nr; i++) {
			if (status[i] < 0 || (node >= 0 && status[i] != node))
				return -1;
			node = status[i];
		}
	}
	return node;
}

/**
 * pinbuf__node_available() - what a node can give without killing anybody
 * @node: its number
 *
 * Return: bytes that are free, or hold clean pages of files; UINT64_MAX if not known.
 */
uint64_t pinbuf__node_available(int node)
{
	uint64_t kib, sum = 0;
	char path[64], line[128];
	bool known = false;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	f = fopen(path, "re");
	if (!f)
		return UINT64_MAX;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %*d MemFree: %" SCNu64, &kib) != 1 &&
		    sscanf(line, "Node %*d Inactive(file): %" SCNu64, &kib) != 1)
			continue;
		sum += kib;
		known = true;
	}
	fclose(f);
	return known ? sum * 1024 : UINT64_MAX;
}

/**
 * pinbuf__policy_interleave() - let this thread's pages go round the nodes
 * @before: what to restore
 *
 * For memory that is allocated by somebody else, in this thread's name.
 */
void pinbuf__policy_interleave(struct pinbuf__policy *before)
{
	unsigned long nodes[PINBUF__NODE_WORDS];

	if (syscall(SYS_get_mempolicy, &before->mode, before->nodes, (unsigned long)PINBUF__NODES,
		    NULL, 0UL) || allowed_nodes(nodes) ||
	    syscall(SYS_set_mempolicy, MPOL_INTERLEAVE, nodes, PINBUF__NODES + 1UL))
		before->mode = -1;
}

void pinbuf__policy_restore(const struct pinbuf__policy *before)
{
	if (before->mode != -1)
		syscall(SYS_set_mempolicy, before->mode, before->nodes, PINBUF__NODES + 1UL);
}
