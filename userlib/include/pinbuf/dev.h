/* SPDX-License-Identifier: MIT */
/* Where pinned memory comes from. */
#ifndef PINBUF_DEV_H
#define PINBUF_DEV_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/caps.h>

PINBUF_BEGIN_DECLS

/* an open source of pinned memory; any thread may use it */
struct pinbuf_dev;

#define PINBUF_OPEN_LOCKED	(1U << 0)	/* locked memory, wherever a device is */

/**
 * struct pinbuf_dev_opts - how to open
 * @size: sizeof(struct pinbuf_dev_opts), so that it can grow
 * @path: the node, and nothing else; NULL for /dev/pinbuf where it is, and locked
 *	memory where it is not
 * @require: PINBUF_* capabilities that the memory must have; 0 for whatever
 *	can be had
 * @flags: PINBUF_OPEN_*
 */
struct pinbuf_dev_opts {
	size_t size;
	const char *path;
	unsigned int require;
	unsigned int flags;
};

#define PINBUF_DEV_OPTS_INIT { sizeof(struct pinbuf_dev_opts), NULL, 0, 0 }

/**
 * pinbuf_open() - open the source of pinned memory
 * @out: written on success; the caller closes it with pinbuf_close()
 * @opts: how, or NULL for the defaults
 *
 * The device where there is one.  Elsewhere memory of this process, locked: it is
 * resident at a fixed address (PINBUF_PINNED), but the kernel may still change its
 * physical pages, and no device takes its descriptor.  Whoever cannot do with that
 * requires PINBUF_NEVER_MOVES or PINBUF_DMA, and is refused instead.  What was got,
 * and why not more, is in struct pinbuf_dev_info.
 *
 * Context: any thread.
 * Return: 0; -EOPNOTSUPP if nothing here gives the capabilities that are
 * required (there is no /dev/pinbuf, or its module is not loaded: the text says
 * how to load it); -EACCES if the caller may not open the node; -EINVAL for
 * options that cannot be or a node that is not pinbuf's; another -errno of
 * open(2).
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_open(struct pinbuf_dev **out, const struct pinbuf_dev_opts *opts);

/**
 * pinbuf_close() - close it
 * @dev: what pinbuf_open() gave, or NULL
 *
 * Buffers made of it stay, and keep what they need of it open.
 */
PINBUF_API void pinbuf_close(struct pinbuf_dev *dev);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(dev, pinbuf_close)

/**
 * pinbuf_dev_fd() - the descriptor of the node, for commands of your own
 * @dev: an open device
 *
 * Return: the descriptor, which stays @dev's; -1 for locked memory.
 */
PINBUF_API int pinbuf_dev_fd(const struct pinbuf_dev *dev);

/* what the module can do: struct pinbuf_dev_info.features */
#define PINBUF_DEV_HUGE		(1ULL << 0)	/* huge folios, mapped by one entry */
#define PINBUF_DEV_MEMCG	(1ULL << 1)	/* charged to the memory cgroup */
#define PINBUF_DEV_MEMLOCK	(1ULL << 2)	/* held against RLIMIT_MEMLOCK */
#define PINBUF_DEV_CONTIG	(1ULL << 3)	/* PINBUF_BUF_CONTIG */
#define PINBUF_DEV_ADDR_BITS	(1ULL << 4)	/* struct pinbuf_buf_opts.addr_bits */
#define PINBUF_DEV_EXTENTS	(1ULL << 5)	/* physical runs can be read */
#define PINBUF_DEV_NAMES	(1ULL << 6)	/* buffers can be published by name */
#define PINBUF_DEV_HEAP		(1ULL << 7)	/* /dev/dma_heap/pinbuf is there */

/**
 * enum pinbuf_source - what was opened
 * @PINBUF_SOURCE_DEVICE: the module's device
 * @PINBUF_SOURCE_LOCKED: locked memory of this process
 */
enum pinbuf_source {
	PINBUF_SOURCE_DEVICE,
	PINBUF_SOURCE_LOCKED,
};

/**
 * struct pinbuf_dev_info - what the source can do, and what the caller may
 * @size: set by the caller to sizeof(struct pinbuf_dev_info)
 * @caps: PINBUF_* capabilities of its memory
 * @abi_version: version of the module's interface; 0 for locked memory
 * @features: PINBUF_DEV_* bits
 * @page_size: bytes of a page; lengths are rounded up to it
 * @huge_size: bytes that one huge page-table entry maps, or 0
 * @max_len: largest length of a buffer, in bytes
 * @max_block: greatest alignment, in bytes
 * @limit: the caller's RLIMIT_MEMLOCK in bytes, UINT64_MAX where it is not applied
 * @locked: bytes that the user has locked, by anything; of locked memory, that this
 *	process has
 * @max_bytes: the module's ceiling for all users, in bytes; 0 if there is none
 * @max_user_bytes: its ceiling for one user, in bytes; 0 if there is none
 * @nr_nodes: NUMA nodes that have memory
 * @node_end: one past the highest number of such a node
 * @source: enum pinbuf_source
 * @reserved: 0
 * @why: what the memory lacks and why, in sentences with the limits' values: no
 *	device, no hugetlb pages, RLIMIT_MEMLOCK; empty if it lacks nothing
 */
struct pinbuf_dev_info {
	size_t size;
	unsigned int caps;
	unsigned int abi_version;
	uint64_t features;
	uint64_t page_size;
	uint64_t huge_size;
	uint64_t max_len;
	uint64_t max_block;
	uint64_t limit;
	uint64_t locked;
	uint64_t max_bytes;
	uint64_t max_user_bytes;
	unsigned int nr_nodes;
	unsigned int node_end;
	unsigned int source;
	unsigned int reserved;
	char why[768];
};

/**
 * pinbuf_dev_info() - ask the source about itself
 * @dev: an open device
 * @info: @info->size is set by the caller, the rest is written
 *
 * Context: any thread.
 * Return: 0, or -EINVAL if @info->size cannot be.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_dev_info(struct pinbuf_dev *dev, struct pinbuf_dev_info *info);

/* The one list of the statistics: X(name, what it counts). */
#define PINBUF_DEV_STATS_FIELDS(X)					\
	X(total_allocated, "bytes ever allocated")			\
	X(total_deallocated, "bytes ever given back")			\
	X(current_live, "bytes allocated now")				\
	X(peak_usage, "most bytes at one time")				\
	X(allocation_count, "buffers ever made")			\
	X(deallocation_count, "buffers ever released")			\
	X(failed_memlock, "refused by RLIMIT_MEMLOCK")			\
	X(failed_ceiling, "refused by a ceiling of the module")		\
	X(failed_memory, "refused for want of memory")			\
	X(failed_signal, "ended by a signal")				\
	X(failed_other, "failed for another reason")			\
	X(live_buffers, "buffers now")					\
	X(mappings, "mappings now")					\
	X(attachments, "attached devices now")				\
	X(published, "named buffers now")				\
	X(huge_bytes, "bytes in huge folios now")			\
	X(small_bytes, "bytes in smaller folios now")			\
	X(huge_folios, "huge folios now")				\
	X(small_folios, "smaller folios now")

#define PINBUF_DEV_STATS_MEMBER(name, help) uint64_t name;

/* what is allocated, and what was: PINBUF_DEV_STATS_FIELDS after the size */
struct pinbuf_dev_stats {
	size_t size;	/* set by the caller to sizeof(struct pinbuf_dev_stats) */
	PINBUF_DEV_STATS_FIELDS(PINBUF_DEV_STATS_MEMBER)
};

/**
 * enum pinbuf_dev_scope - whose statistics
 * @PINBUF_DEV_SCOPE_USER: those of the user who opened the device
 * @PINBUF_DEV_SCOPE_NODE: those of one NUMA node: bytes and folios only
 * @PINBUF_DEV_SCOPE_ALL: everybody's
 */
enum pinbuf_dev_scope {
	PINBUF_DEV_SCOPE_USER,
	PINBUF_DEV_SCOPE_NODE,
	PINBUF_DEV_SCOPE_ALL,
};

/**
 * pinbuf_stats_device() - read the module's statistics
 * @dev: an open device
 * @scope: whose
 * @node: NUMA node for PINBUF_DEV_SCOPE_NODE, else 0
 * @stats: @stats->size is set by the caller, the rest is written
 *
 * Context: any thread.
 * Return: 0; -ENOENT if there is no such node; -EINVAL for a scope or size that
 * cannot be; -EOPNOTSUPP for locked memory, which no module counts.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_stats_device(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
			struct pinbuf_dev_stats *stats);

PINBUF_END_DECLS

#endif /* PINBUF_DEV_H */
