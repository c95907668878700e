/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * /dev/pinbuf: page-aligned, never-moving, zeroed, accounted buffers.
 */
#ifndef _UAPI_LINUX_PINBUF_H
#define _UAPI_LINUX_PINBUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: General ioctl format
 *
 * A buffer is one file descriptor, and that descriptor is a dma-buf.  The
 * commands below are sent to an open /dev/pinbuf; all of them are
 * ``_IOWR(PINBUF_IOC_TYPE, nr, struct pinbuf_ioc_<command>)``.  The size in
 * the number is the size of the caller's struct, so structs may grow:
 *
 *  - a struct shorter than its first released size is refused (EINVAL);
 *  - one shorter than the kernel's is extended with zeroes, and a field added
 *    later means the old behaviour when it is zero;
 *  - one longer than the kernel's must be zero past what the kernel knows
 *    (E2BIG), and only what the caller has room for is written back.
 *
 * Fields prefixed ``out_`` are written by the kernel and ignored on input;
 * reserved fields must be zero.  A command returns 0, or -1 with errno set:
 *
 *  - ENOTTY: the command is unknown.
 *  - EINVAL: malformed: a zero length, an alignment that is not a power of two,
 *    a range outside the buffer, an unknown flag, a reserved field that is set,
 *    PINBUF_ALLOC_STRICT_NODE without a node, a node outside the caller's
 *    cpuset, a descriptor that is no pinbuf buffer, a private mapping, a mapping
 *    of the node at an offset.
 *  - E2BIG: non-zero bytes past the struct that the kernel knows.
 *  - EOVERFLOW: rounding or adding would wrap.
 *  - EOPNOTSUPP: known, but this kernel or machine cannot do it.
 *  - EBADF: not an open descriptor.
 *  - ENOENT: no such node; no such name, or one that the caller may not have.
 *  - EEXIST: the name is taken, or the buffer has one.
 *  - EPERM: a capability is missing, the buffer is another's, or an executable
 *    mapping was asked for.
 *  - EACCES: the descriptor's mode forbids it.
 *  - EDQUOT: RLIMIT_MEMLOCK or a ceiling of the module would be exceeded.
 *  - ENOMEM: the memory cannot be had (the cgroup's limit included).
 *  - EFAULT, EINTR, EMFILE: as everywhere.
 *
 * After a failure nothing half-made stays.
 */

#define PINBUF_IOC_TYPE		0xD3

/* the version that PINBUF_IOC_INFO reports */
#define PINBUF_ABI_VERSION	1

/* bytes of a label, its terminating zero included */
#define PINBUF_LABEL_SIZE	32

/* bytes of a published name, its terminating zero included */
#define PINBUF_NAME_SIZE	64

/* What this kernel can do: struct pinbuf_ioc_info.out_caps. */
#define PINBUF_CAP_HUGE		(1ULL << 0)	/* huge folios, mapped by one entry */
#define PINBUF_CAP_MEMCG	(1ULL << 1)	/* charged to the memory cgroup */
#define PINBUF_CAP_MEMLOCK	(1ULL << 2)	/* held against RLIMIT_MEMLOCK */
#define PINBUF_CAP_CONTIG	(1ULL << 3)	/* PINBUF_ALLOC_CONTIG */
#define PINBUF_CAP_ADDR_BITS	(1ULL << 4)	/* struct pinbuf_ioc_alloc.addr_bits */
#define PINBUF_CAP_EXTENTS	(1ULL << 5)	/* PINBUF_IOC_EXTENTS */
#define PINBUF_CAP_NAMES	(1ULL << 6)	/* PUBLISH, ATTACH, UNPUBLISH */
#define PINBUF_CAP_HEAP		(1ULL << 7)	/* /dev/dma_heap/pinbuf */

/**
 * struct pinbuf_ioc_info - what this kernel can do, and what the caller may
 * @out_caps: PINBUF_CAP_* bits
 * @out_page_size: bytes of a page; lengths are rounded up to it
 * @out_huge_size: bytes that one huge page-table entry maps, or 0
 * @out_max_len: largest length that ALLOC takes, in bytes
 * @out_max_block: largest block of the page allocator, in bytes: the greatest
 *	alignment that ALLOC takes
 * @out_limit: the caller's RLIMIT_MEMLOCK in bytes, U64_MAX where it is not
 *	applied (no limit, or CAP_IPC_LOCK)
 * @out_locked: bytes that the user who opened the node has locked, whoever
 *	counted them (io_uring and others share the counter)
 * @out_abi_version: PINBUF_ABI_VERSION
 * @out_nr_nodes: NUMA nodes that have memory
 * @out_node_end: one past the highest number of such a node
 * @reserved: must be zero
 */
struct pinbuf_ioc_info {
	__aligned_u64 out_caps;
	__aligned_u64 out_page_size;
	__aligned_u64 out_huge_size;
	__aligned_u64 out_max_len;
	__aligned_u64 out_max_block;
	__aligned_u64 out_limit;
	__aligned_u64 out_locked;
	__u32 out_abi_version;
	__u32 out_nr_nodes;
	__u32 out_node_end;
	__u32 reserved;
};

/* struct pinbuf_ioc_alloc.flags and every out_flags. */
#define PINBUF_ALLOC_CONTIG	(1U << 0)	/* one physical run */
#define PINBUF_ALLOC_HUGE	(1U << 1)	/* every whole huge piece is one folio */
#define PINBUF_ALLOC_STRICT_NODE (1U << 2)	/* that node, or ENOMEM */

#define PINBUF_NODE_ANY		(-1)		/* the task's memory policy */

/**
 * struct pinbuf_ioc_alloc - make a buffer
 * @len: bytes, more than 0; rounded up to the page size
 * @align: bytes, alignment of the physical start of the first extent: 0 (a
 *	page) or a power of two up to the largest block of INFO; above it
 *	EOPNOTSUPP
 * @flags: PINBUF_ALLOC_*
 * @node: NUMA node, or PINBUF_NODE_ANY for the task's memory policy
 * @addr_bits: every physical address is below 2^addr_bits; 0 for any.  Below 32
 *	needs CAP_SYS_RAWIO
 * @fd_flags: O_CLOEXEC or 0; the descriptor is always read-write
 * @name: label for people and the dma-buf's name, up to 31 bytes of printable
 *	ASCII, filled with zeroes
 * @out_len: real length in bytes
 * @out_extents: physical runs that the buffer consists of
 * @out_id: inode number of the dma-buf, as the kernel's tools show it
 * @out_fd: the new descriptor; the caller closes it
 * @out_flags: PINBUF_ALLOC_* that hold for what was got, asked for or not
 * @out_node: NUMA node of all its pages, or -1 when they lie on several
 * @reserved: must be zero
 */
struct pinbuf_ioc_alloc {
	__aligned_u64 len;
	__aligned_u64 align;
	__u32 flags;
	__s32 node;
	__u32 addr_bits;
	__u32 fd_flags;
	__u8 name[PINBUF_LABEL_SIZE];
	__aligned_u64 out_len;
	__aligned_u64 out_extents;
	__aligned_u64 out_id;
	__s32 out_fd;
	__u32 out_flags;
	__s32 out_node;
	__u32 reserved;
};

/**
 * struct pinbuf_desc - what is known of a buffer
 * @len: bytes
 * @extents: physical runs
 * @id: inode number of the dma-buf
 * @huge_bytes: bytes that lie in huge folios
 * @mappings: page-table mappings (VMAs) of it, in all processes
 * @attachments: devices attached to it
 * @refs: with PINBUF_QUERY_REFS: references to its pages beyond the module's
 *	own and its mappings' (pins of rings, devices, I/O in flight), a
 *	moment's picture; else 0
 * @flags: PINBUF_ALLOC_* that hold for it
 * @node: NUMA node of all its pages, or -1 when they lie on several
 * @uid: user who pays for it, in the caller's user namespace
 * @pid: process that allocated it, in the caller's pid namespace, 0 if it
 *	has none there
 * @label: ALLOC's name
 * @name: published name, empty if it has none
 * @reserved: zero
 *
 * This struct does not grow: it is embedded in others, which may.
 */
struct pinbuf_desc {
	__aligned_u64 len;
	__aligned_u64 extents;
	__aligned_u64 id;
	__aligned_u64 huge_bytes;
	__aligned_u64 mappings;
	__aligned_u64 attachments;
	__aligned_u64 refs;
	__u32 flags;
	__s32 node;
	__u32 uid;
	__s32 pid;
	__u8 label[PINBUF_LABEL_SIZE];
	__u8 name[PINBUF_NAME_SIZE];
	__aligned_u64 reserved[4];
};

#define PINBUF_QUERY_REFS	(1U << 0)	/* count references; walks the buffer */

/**
 * struct pinbuf_ioc_query - describe a buffer
 * @fd: the buffer
 * @flags: PINBUF_QUERY_*
 * @out: what is known of it
 */
struct pinbuf_ioc_query {
	__s32 fd;
	__u32 flags;
	struct pinbuf_desc out;
};

/**
 * struct pinbuf_extent - one physical run
 * @addr: physical address, in bytes
 * @len: bytes
 */
struct pinbuf_extent {
	__aligned_u64 addr;
	__aligned_u64 len;
};

/**
 * struct pinbuf_ioc_extents - where a buffer lies in physical memory
 * @fd: the buffer
 * @flags: must be zero
 * @first: number of the first run to write
 * @array: pointer to an array of &struct pinbuf_extent
 * @capacity: runs that @array has room for; 0 only counts
 * @out_written: runs written
 * @out_total: runs that there are
 *
 * Needs CAP_SYS_RAWIO.
 */
struct pinbuf_ioc_extents {
	__s32 fd;
	__u32 flags;
	__aligned_u64 first;
	__aligned_u64 array;
	__aligned_u64 capacity;
	__aligned_u64 out_written;
	__aligned_u64 out_total;
};

/* struct pinbuf_ioc_sync.flags: one of START and END, and READ, WRITE or both. */
#define PINBUF_SYNC_READ	(1U << 0)	/* the CPU reads */
#define PINBUF_SYNC_WRITE	(1U << 1)	/* the CPU writes */
#define PINBUF_SYNC_START	(1U << 2)	/* before the CPU's access */
#define PINBUF_SYNC_END		(1U << 3)	/* after it */

/**
 * struct pinbuf_ioc_sync - hand a range between the CPU and devices
 * @fd: the buffer
 * @flags: PINBUF_SYNC_*
 * @offset: bytes from the start of the buffer
 * @len: bytes, more than 0
 *
 * As DMA_BUF_IOCTL_SYNC, for a range: memory that a non-coherent device also
 * uses is synchronised for every live attachment.
 */
struct pinbuf_ioc_sync {
	__s32 fd;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 len;
};

/* struct pinbuf_ioc_stats.scope */
#define PINBUF_STATS_USER	0U	/* the user who opened the node */
#define PINBUF_STATS_NODE	1U	/* one NUMA node: bytes and folios only */
#define PINBUF_STATS_ALL	2U	/* everything */

/**
 * struct pinbuf_ioc_stats - what is allocated, and what was
 * @scope: PINBUF_STATS_*
 * @node: NUMA node for PINBUF_STATS_NODE, else must be zero
 * @out_total_allocated: bytes ever allocated
 * @out_total_deallocated: bytes ever given back
 * @out_current_live: bytes allocated now
 * @out_peak_usage: most bytes that were allocated at one time
 * @out_allocation_count: buffers ever made
 * @out_deallocation_count: buffers ever released
 * @out_failed_memlock: requests refused by RLIMIT_MEMLOCK
 * @out_failed_ceiling: requests refused by a ceiling of the module
 * @out_failed_memory: requests for which there was no memory
 * @out_failed_signal: requests ended by a signal
 * @out_failed_other: requests that failed for another reason, after they had
 *	been found well-formed
 * @out_live_buffers: buffers now
 * @out_mappings: mappings (VMAs) now
 * @out_attachments: attachments of devices now
 * @out_published: buffers that have a name now
 * @out_huge_bytes: bytes in huge folios now
 * @out_small_bytes: bytes in smaller folios now
 * @out_huge_folios: huge folios now
 * @out_small_folios: smaller folios now
 *
 * For PINBUF_STATS_NODE only out_current_live and the last four are told, the
 * rest is zero.
 */
struct pinbuf_ioc_stats {
	__u32 scope;
	__s32 node;
	__aligned_u64 out_total_allocated;
	__aligned_u64 out_total_deallocated;
	__aligned_u64 out_current_live;
	__aligned_u64 out_peak_usage;
	__aligned_u64 out_allocation_count;
	__aligned_u64 out_deallocation_count;
	__aligned_u64 out_failed_memlock;
	__aligned_u64 out_failed_ceiling;
	__aligned_u64 out_failed_memory;
	__aligned_u64 out_failed_signal;
	__aligned_u64 out_failed_other;
	__aligned_u64 out_live_buffers;
	__aligned_u64 out_mappings;
	__aligned_u64 out_attachments;
	__aligned_u64 out_published;
	__aligned_u64 out_huge_bytes;
	__aligned_u64 out_small_bytes;
	__aligned_u64 out_huge_folios;
	__aligned_u64 out_small_folios;
};

/**
 * struct pinbuf_ioc_publish - give a buffer a name that outlives every process
 * @fd: the buffer
 * @mode: 0600, 0660 or 0666: who else may attach
 * @name: 1 to 63 bytes of [A-Za-z0-9._-], filled with zeroes
 *
 * Only who allocated it may (EPERM); a buffer has one name, an owner each name
 * once (EEXIST).  The group of mode 0660 is the fsgid of the opener of the node.
 */
struct pinbuf_ioc_publish {
	__s32 fd;
	__u32 mode;
	__u8 name[PINBUF_NAME_SIZE];
};

/**
 * struct pinbuf_ioc_attach - open a published buffer
 * @uid: its owner, or -1 for the user who opened the node
 * @fd_flags: O_CLOEXEC or 0
 * @name: its name, filled with zeroes
 * @out_fd: the new descriptor of the same dma-buf; the caller closes it
 * @reserved: must be zero
 * @out: what is known of it
 *
 * The opener of the node has to be its owner, or one whom its mode lets; all
 * others are told ENOENT, as for a name that is not there.
 */
struct pinbuf_ioc_attach {
	__u32 uid;
	__u32 fd_flags;
	__u8 name[PINBUF_NAME_SIZE];
	__s32 out_fd;
	__u32 reserved;
	struct pinbuf_desc out;
};

/**
 * struct pinbuf_ioc_unpublish - take a name away
 * @uid: owner of the name, or -1 for the user who opened the node
 * @flags: must be zero
 * @name: the name, filled with zeroes
 *
 * For its owner and CAP_SYS_ADMIN; EPERM for others who could attach, ENOENT for
 * all the rest.  The memory goes when the last user lets go.
 */
struct pinbuf_ioc_unpublish {
	__u32 uid;
	__u32 flags;
	__u8 name[PINBUF_NAME_SIZE];
};

#define PINBUF_IOC_INFO		_IOWR(PINBUF_IOC_TYPE, 0, struct pinbuf_ioc_info)
#define PINBUF_IOC_ALLOC	_IOWR(PINBUF_IOC_TYPE, 1, struct pinbuf_ioc_alloc)
#define PINBUF_IOC_QUERY	_IOWR(PINBUF_IOC_TYPE, 2, struct pinbuf_ioc_query)
#define PINBUF_IOC_EXTENTS	_IOWR(PINBUF_IOC_TYPE, 3, struct pinbuf_ioc_extents)
#define PINBUF_IOC_SYNC		_IOWR(PINBUF_IOC_TYPE, 4, struct pinbuf_ioc_sync)
#define PINBUF_IOC_STATS	_IOWR(PINBUF_IOC_TYPE, 5, struct pinbuf_ioc_stats)
#define PINBUF_IOC_PUBLISH	_IOWR(PINBUF_IOC_TYPE, 6, struct pinbuf_ioc_publish)
#define PINBUF_IOC_ATTACH	_IOWR(PINBUF_IOC_TYPE, 7, struct pinbuf_ioc_attach)
#define PINBUF_IOC_UNPUBLISH	_IOWR(PINBUF_IOC_TYPE, 8, struct pinbuf_ioc_unpublish)

#endif /* _UAPI_LINUX_PINBUF_H */
