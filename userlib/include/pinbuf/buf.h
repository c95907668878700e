/* SPDX-License-Identifier: MIT */
/* One pinned buffer. */
#ifndef PINBUF_BUF_H
#define PINBUF_BUF_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>
#include <pinbuf/dev.h>

PINBUF_BEGIN_DECLS

/* a pinned buffer, counted by reference; any thread may use it */
struct pinbuf_buf;

#define PINBUF_BUF_CONTIG	(1U << 0)	/* one physical run, or -ENOMEM */
#define PINBUF_BUF_HUGE		(1U << 1)	/* huge folios only, or -ENOMEM */
#define PINBUF_BUF_STRICT_NODE	(1U << 2)	/* that node, or -ENOMEM */

#define PINBUF_NODE_ANY		(-1)		/* the task's memory policy */

/**
 * struct pinbuf_buf_opts - what sort of buffer
 * @size: sizeof(struct pinbuf_buf_opts), so that it can grow
 * @align: bytes, alignment of the physical start: 0 (a page) or a power of two
 *	up to struct pinbuf_dev_info.max_block
 * @flags: PINBUF_BUF_*
 * @node: NUMA node, or PINBUF_NODE_ANY
 * @addr_bits: every physical address is below 2^addr_bits; 0 for any
 * @reserved: must be 0
 * @label: for people, up to 31 bytes of printable ASCII; NULL for none
 */
struct pinbuf_buf_opts {
	size_t size;
	size_t align;
	unsigned int flags;
	int node;
	unsigned int addr_bits;
	unsigned int reserved;
	const char *label;
};

#define PINBUF_BUF_OPTS_INIT \
	{ sizeof(struct pinbuf_buf_opts), 0, 0, PINBUF_NODE_ANY, 0, 0, NULL }

/**
 * pinbuf_buf_create() - allocate a buffer
 * @out: written on success, with one reference that is the caller's
 * @dev: where from
 * @len: bytes, more than 0; rounded up to the page size
 * @opts: what sort, or NULL for the defaults
 *
 * The memory is zeroed.  It is not mapped yet; its descriptor is close-on-exec.
 *
 * Return: 0; -EINVAL for a length, alignment, flag, label or node that cannot
 * be; -EOVERFLOW if rounding @len up would wrap; -EOPNOTSUPP if this kernel or
 * machine cannot; -ENOENT if there is no such node; -EPERM if @opts->addr_bits
 * needs a capability; -EDQUOT if RLIMIT_MEMLOCK or a ceiling of the module is in
 * the way; -ENOMEM if the memory cannot be had; -EINTR; -EMFILE.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_create(struct pinbuf_buf **out, struct pinbuf_dev *dev, size_t len,
		      const struct pinbuf_buf_opts *opts);

/**
 * pinbuf_buf_import() - take over the descriptor of a buffer
 * @out: written on success, with one reference that is the caller's
 * @dev: the device, through which it will be asked about
 * @fd: a pinbuf buffer, received over a socket or made by other means; the
 *	object's on success, still the caller's on failure
 *
 * Return: 0; -EINVAL if @fd is no pinbuf buffer; -EBADF if it is not open.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_import(struct pinbuf_buf **out, struct pinbuf_dev *dev, int fd);

/**
 * pinbuf_buf_get() - take another reference
 * @buf: a buffer
 *
 * Return: @buf.
 */
PINBUF_API struct pinbuf_buf *pinbuf_buf_get(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_put() - drop a reference
 * @buf: a buffer, or NULL
 *
 * The last one unmaps what pinbuf_buf_map() mapped and closes the descriptor.
 * The memory goes when nobody else has it either: other descriptors, mappings,
 * devices, input and output in flight.
 */
PINBUF_API void pinbuf_buf_put(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_fd() - the buffer's descriptor, which is a dma-buf
 * @buf: a buffer
 *
 * For drivers, for sockets, for other libraries.
 *
 * Return: the descriptor, which stays @buf's: dup(2) it to keep it.
 */
PINBUF_API int pinbuf_buf_fd(const struct pinbuf_buf *buf);

/**
 * pinbuf_buf_len() - its real length
 * @buf: a buffer
 *
 * Return: bytes, a multiple of the page size.
 */
PINBUF_API size_t pinbuf_buf_len(const struct pinbuf_buf *buf);

#define PINBUF_READ		(1U << 0)
#define PINBUF_WRITE		(1U << 1)
#define PINBUF_READWRITE	(PINBUF_READ | PINBUF_WRITE)

/**
 * enum pinbuf_fork - what fork(2) does with a mapping
 * @PINBUF_FORK_DONT: the child does not get it: its use of the address faults
 * @PINBUF_FORK_SHARED: parent and child share it
 */
enum pinbuf_fork {
	PINBUF_FORK_DONT,
	PINBUF_FORK_SHARED,
};

/**
 * struct pinbuf_map_opts - what to map, and how
 * @size: sizeof(struct pinbuf_map_opts), so that it can grow
 * @offset: bytes from the start of the buffer, a multiple of the page size
 * @len: bytes; 0 for everything from @offset on
 * @access: PINBUF_READ, PINBUF_WRITE or both; 0 for both
 * @fork: enum pinbuf_fork
 */
struct pinbuf_map_opts {
	size_t size;
	uint64_t offset;
	size_t len;
	unsigned int access;
	enum pinbuf_fork fork;
};

#define PINBUF_MAP_OPTS_INIT \
	{ sizeof(struct pinbuf_map_opts), 0, 0, PINBUF_READWRITE, PINBUF_FORK_DONT }

/**
 * pinbuf_buf_map() - map a buffer, or a part of it
 * @buf: a buffer
 * @out: the address, written on success
 * @opts: what and how, or NULL for all of it, to read and write
 *
 * The address is chosen so that huge folios are mapped by one page-table entry
 * each.  Every call makes another mapping; it lasts until pinbuf_buf_unmap() or
 * the last pinbuf_buf_put().
 *
 * Return: 0; -EINVAL for a range outside the buffer, or one that does not start
 * on a page; -ENOMEM if there is no room in the address space.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_map(struct pinbuf_buf *buf, void **out, const struct pinbuf_map_opts *opts);

/**
 * pinbuf_buf_unmap() - undo one pinbuf_buf_map()
 * @buf: the buffer
 * @addr: what pinbuf_buf_map() wrote
 *
 * Return: 0, or -EINVAL if @addr is no mapping of @buf.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_unmap(struct pinbuf_buf *buf, void *addr);

#define PINBUF_BUF_QUERY_REFS	(1U << 0)	/* count references; walks the buffer */

/**
 * struct pinbuf_buf_info - what is known of a buffer
 * @size: set by the caller to sizeof(struct pinbuf_buf_info)
 * @len: bytes
 * @extents: physical runs that it consists of
 * @id: inode number of the dma-buf, as the kernel's tools show it
 * @huge_bytes: bytes that lie in huge folios
 * @mappings: page-table mappings of it, in all processes
 * @attachments: devices attached to it
 * @refs: with PINBUF_BUF_QUERY_REFS, references by others (input and output in
 *	flight, rings, devices), a moment's picture; else 0
 * @flags: PINBUF_BUF_* that hold for it, asked for or not
 * @node: NUMA node of all its pages, or -1 when they lie on several
 * @uid: user who pays for it
 * @pid: process that allocated it, or 0 if the caller cannot see that
 * @reserved: 0
 * @label: what it is called
 * @name: what it is published as, or empty
 */
struct pinbuf_buf_info {
	size_t size;
	uint64_t len;
	uint64_t extents;
	uint64_t id;
	uint64_t huge_bytes;
	uint64_t mappings;
	uint64_t attachments;
	uint64_t refs;
	unsigned int flags;
	int node;
	unsigned int uid;
	int pid;
	unsigned int reserved[2];
	char label[32];
	char name[64];
};

/**
 * pinbuf_buf_query() - ask about a buffer
 * @buf: a buffer
 * @flags: PINBUF_BUF_QUERY_*
 * @info: @info->size is set by the caller, the rest is written
 *
 * Return: 0, or -EINVAL for a flag or size that cannot be.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_query(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *info);

/**
 * pinbuf_buf_sync_begin() - before the processor touches what a device also uses
 * @buf: a buffer
 * @offset: bytes from the start of the buffer
 * @len: bytes, more than 0
 * @access: PINBUF_READ, PINBUF_WRITE or both: what the processor will do
 *
 * Waits for devices that are still writing, and makes what they wrote visible.
 *
 * Return: 0; -EINVAL for a range or an access that cannot be; -EINTR.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_sync_begin(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			  unsigned int access);

/**
 * pinbuf_buf_sync_end() - the processor is done
 * @buf: a buffer
 * @offset: as for pinbuf_buf_sync_begin()
 * @len: as there
 * @access: as there
 *
 * Return: as pinbuf_buf_sync_begin().
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_sync_end(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			unsigned int access);

PINBUF_END_DECLS

#endif /* PINBUF_BUF_H */
