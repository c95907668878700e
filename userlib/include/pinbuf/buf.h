/* SPDX-License-Identifier: MIT */
/* One pinned buffer. */
#ifndef PINBUF_BUF_H
#define PINBUF_BUF_H

#include <stdbool.h>
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
#define PINBUF_BUF_INTERLEAVE	(1U << 16)	/* in turn over the nodes of the task */
#define PINBUF_BUF_FD		(1U << 17)	/* with a descriptor to share, also if locked */

#define PINBUF_NODE_ANY		(-1)		/* the task's memory policy */

/**
 * struct pinbuf_buf_opts - what sort of buffer
 * @size: sizeof(struct pinbuf_buf_opts), so that it can grow
 * @align: bytes, alignment of the physical start: 0 (a page) or a power of two
 *	up to struct pinbuf_dev_info.max_block
 * @flags: PINBUF_BUF_*
 * @node: NUMA node, preferred unless @flags says that it must be; or PINBUF_NODE_ANY
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
 * Locked memory is hugetlb pages where some are free and @len is a multiple of
 * theirs, else anonymous memory in huge pages as far as they are to be had; with
 * PINBUF_BUF_FD a memfd, which is the dearest.  It has no alignment above a page and
 * no PINBUF_BUF_CONTIG to offer (-EOPNOTSUPP).
 *
 * Context: any thread; may sleep.
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
 * Where the memory is locked, @fd is that of a buffer that was made with
 * PINBUF_BUF_FD, and this process locks it too: -EDQUOT and -ENOMEM as
 * pinbuf_buf_create().
 *
 * Context: any thread; may sleep.
 * Return: 0; -EINVAL if @fd is no pinbuf buffer; -EBADF if it is not open.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_import(struct pinbuf_buf **out, struct pinbuf_dev *dev, int fd);

/**
 * pinbuf_buf_get() - take another reference
 * @buf: a buffer
 *
 * Context: any thread that has a reference, or for which it is held.
 * Return: @buf.
 */
PINBUF_API struct pinbuf_buf *pinbuf_buf_get(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_put() - drop a reference
 * @buf: a buffer, or NULL
 *
 * The last one unmaps what pinbuf_buf_map() mapped and closes the descriptor,
 * unless the buffer is held: then the last pinbuf_buf_release() does.
 * The memory goes when nobody else has it either: other descriptors, mappings,
 * devices, input and output in flight.
 *
 * A put for which there is no reference ends the program with a sentence on stderr
 * where that can be seen: as long as the buffer is held.
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_buf_put(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_hold() - a device begins to use the buffer
 * @buf: a buffer, of which the caller has a reference
 *
 * Until pinbuf_buf_release() its mappings and its descriptor stay as they are,
 * whoever drops the last reference meanwhile.  Holds are counted.
 *
 * Context: any thread.
 */
PINBUF_API void pinbuf_buf_hold(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_release() - the device is done with it
 * @buf: a buffer that is held; not the caller's any more if he has no reference
 *
 * A release of what is not held ends the program with a sentence on stderr.
 *
 * Context: any thread, such as the one that sees the device's completion.
 */
PINBUF_API void pinbuf_buf_release(struct pinbuf_buf *buf);

/* what PINBUF_AUTO_PTR() calls */
PINBUF_AUTO_END(buf, pinbuf_buf_put)

/**
 * pinbuf_buf_fd() - the buffer's descriptor, which is a dma-buf
 * @buf: a buffer
 *
 * For drivers, for sockets, for other libraries.  That of locked memory is no
 * dma-buf: a process may map it, drivers refuse it.
 *
 * Return: the descriptor, which stays @buf's: dup(2) it to keep it; -1 for locked
 * memory that was made without PINBUF_BUF_FD.
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
 * @PINBUF_FORK_DONT: the child does not get it: its use of the address faults, and after
 *	fork(3) nothing else comes to lie there
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
 * the last pinbuf_buf_put().  Locked memory lies at one address for as long as it
 * lives, which all calls give that ask neither for less access nor for a child's.
 *
 * Context: any thread; may sleep.
 * Return: 0; -EINVAL for a range outside the buffer, or one that does not start
 * on a page; -ENOMEM if there is no room in the address space; -EOPNOTSUPP for
 * another access or fork mode of locked memory without a descriptor.
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

/**
 * pinbuf_is_pinned() - whether memory stays where it is
 * @ptr: any pointer, whosever
 *
 * A few loads, no lock and no system call.  A child of fork(2) is told of the
 * mappings that it has.
 *
 * Context: any thread, signal handlers too.
 * Return: true if @ptr lies in a mapping of a buffer of this library's, at the time of
 * the call: PINBUF_PINNED holds for it.  What somebody else pinned is not known here.
 */
PINBUF_API bool pinbuf_is_pinned(const void *ptr);

#define PINBUF_BUF_QUERY_REFS	(1U << 0)	/* count references; walks the buffer */

/**
 * enum pinbuf_backing - what a buffer is made of
 * @PINBUF_BACKING_DEVICE: folios of the module's
 * @PINBUF_BACKING_HUGETLB: hugetlb pages
 * @PINBUF_BACKING_ANON: anonymous memory, locked
 * @PINBUF_BACKING_MEMFD: a memfd, locked
 */
enum pinbuf_backing {
	PINBUF_BACKING_DEVICE,
	PINBUF_BACKING_HUGETLB,
	PINBUF_BACKING_ANON,
	PINBUF_BACKING_MEMFD,
};

/**
 * struct pinbuf_buf_info - what is known of a buffer
 * @size: set by the caller to sizeof(struct pinbuf_buf_info)
 * @len: bytes
 * @extents: physical runs that it consists of; 0 where nobody can say
 * @id: inode number of the descriptor, as the kernel's tools show it; 0 without one
 * @huge_bytes: bytes that lie in huge folios
 * @mappings: page-table mappings of it, in all processes; of locked memory, those
 *	that this process asked for
 * @attachments: devices attached to it
 * @refs: with PINBUF_BUF_QUERY_REFS, references by others (input and output in
 *	flight, rings, devices), a moment's picture; else 0
 * @flags: PINBUF_BUF_* that hold for it, asked for or not
 * @node: NUMA node of all its pages, or -1 when they lie on several
 * @uid: user who pays for it
 * @pid: process that allocated it, or 0 if the caller cannot see that
 * @backing: enum pinbuf_backing
 * @held: holds, by pinbuf_buf_hold()
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
	unsigned int backing;
	unsigned int held;
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
