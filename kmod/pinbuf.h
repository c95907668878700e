/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types shared by the module's files.
 *
 * Lifetimes.  A &struct pinbuf_buf is the page store: pages, charges, identity.
 * A dma-buf is a door to it and holds one reference; mappings, attachments and
 * descriptors hold the dma-buf's file, so the store needs no count of them to
 * live.  A store holds the &struct pinbuf_user who pays for it; so does every
 * open file of the node.  A published name holds a dma-buf's file as a descriptor
 * does.  Nothing here is freed by a command, only by the last reference.
 *
 * Lock order, outermost first:
 *   mm->mmap_lock, dma_resv lock	taken by the core, before it calls us
 *   pinbuf_buf.lock			attachments and their tables, vmap
 *   buffers_lock (buf.c)		list of all buffers
 *   names_lock (names.c)		tree of all names, pinbuf_buf.name
 *   users_lock (account.c)		list of all users
 * None of them is held while pages are allocated.
 */
#ifndef _PINBUF_H
#define _PINBUF_H

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include <uapi/linux/pinbuf.h>

#include "compat.h"

struct cred;
struct dma_buf;
struct pid;
struct pinbuf_name;
struct seq_file;
struct user_struct;
struct vm_area_struct;

/* A larger folio gains nothing: no page-table entry maps it whole. */
#define PINBUF_HUGE_ORDER	HPAGE_PMD_ORDER
#define PINBUF_HUGE_SIZE	(PAGE_SIZE << PINBUF_HUGE_ORDER)
#define PINBUF_CAN_HUGE		(PINBUF_HUGE_ORDER <= MAX_PAGE_ORDER)
#define PINBUF_TOP_ORDER	(PINBUF_CAN_HUGE ? PINBUF_HUGE_ORDER : MAX_PAGE_ORDER)
#define PINBUF_MAX_BLOCK	((u64)PAGE_SIZE << MAX_PAGE_ORDER)
#define PINBUF_MAX_LEN		((u64)MAX_LFS_FILESIZE & PAGE_MASK)

/* Tables are small, but their number grows with a buffer: charged, and no OOM kill. */
#define PINBUF_GFP_TABLE	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Why a well-formed request failed; also the order of the counters below. */
enum pinbuf_cause {
	PINBUF_CAUSE_MEMLOCK,
	PINBUF_CAUSE_CEILING,
	PINBUF_CAUSE_MEMORY,
	PINBUF_CAUSE_SIGNAL,
	PINBUF_CAUSE_OTHER,
	PINBUF_CAUSE_NONE,
};

enum pinbuf_counter {
	PINBUF_ALLOCATED,		/* bytes */
	PINBUF_DEALLOCATED,		/* bytes */
	PINBUF_ALLOCATIONS,
	PINBUF_DEALLOCATIONS,
	PINBUF_MAPPINGS,
	PINBUF_ATTACHMENTS,
	PINBUF_PUBLISHED,
	PINBUF_HUGE_FOLIOS,
	PINBUF_SMALL_FOLIOS,
	PINBUF_SMALL_BYTES,
	PINBUF_FAILED,			/* the first of one per cause */
	PINBUF_NR_COUNTERS = PINBUF_FAILED + PINBUF_CAUSE_NONE,
};

struct pinbuf_counters {
	atomic64_t value[PINBUF_NR_COUNTERS];
	atomic64_t peak;		/* bytes */
};

/**
 * struct pinbuf_purse - what one person may hold, by his own and subordinate uids
 * @owner: he
 * @users: uids that draw on it; under users_lock
 * @charged: bytes held against max_user_bytes, and together against RLIMIT_MEMLOCK
 */
struct pinbuf_purse {
	kuid_t owner;
	unsigned int users;
	atomic64_t charged;
};

/**
 * struct pinbuf_user - who pays: one per user that has the node open or a buffer
 * @refs: open files of the node, and buffers
 * @entry: in the list of users; under users_lock
 * @user: the core's user, whose locked_vm RLIMIT_MEMLOCK is compared with
 * @purse: shared by the uids of one owner
 * @log: how often the log speaks of him
 * @counters: his statistics
 */
struct pinbuf_user {
	refcount_t refs;
	struct list_head entry;
	struct user_struct *user;
	struct pinbuf_purse *purse;
	struct ratelimit_state log;
	struct pinbuf_counters counters;
};

/**
 * struct pinbuf_buf - the page store
 * @refs: dma-bufs that lead to it
 * @len: bytes, a multiple of the page size
 * @first: the folio at offset 0; many buffers have no other, and need no table
 * @folios: the others, each at its page offset and as wide as it is.  Both are
 *	constant after creation.
 * @nr_folios: folios, huge ones included
 * @nr_huge: folios of PINBUF_HUGE_ORDER
 * @extents: physical runs
 * @flags: PINBUF_ALLOC_* that hold
 * @node: NUMA node of all pages, or NUMA_NO_NODE
 * @access: O_RDONLY, O_WRONLY or O_RDWR: the mode of its descriptors
 * @id: inode number of the dma-buf
 * @user: who pays
 * @pid: who allocated
 * @born: when, in jiffies
 * @mappings: VMAs
 * @entry: in the list of all buffers; under buffers_lock
 * @lock: protects the fields below
 * @attachments: devices, &struct pinbuf_attachment
 * @nr_attachments: their number
 * @vaddr: kernel mapping, or NULL
 * @label: ALLOC's name
 * @name: what it is published as, or NULL; under names_lock
 */
struct pinbuf_buf {
	refcount_t refs;
	u64 len;
	struct folio *first;
	struct xarray folios;
	unsigned long nr_folios;
	unsigned long nr_huge;
	unsigned long extents;
	u32 flags;
	int node;
	unsigned int access;
	unsigned long id;
	struct pinbuf_user *user;
	struct pid *pid;
	u64 born;
	atomic_t mappings;
	struct list_head entry;
	struct mutex lock;
	struct list_head attachments;
	unsigned int nr_attachments;
	void *vaddr;
	char label[PINBUF_LABEL_SIZE];
	struct pinbuf_name *name;
};

/**
 * struct pinbuf_attachment - a device that is attached to a buffer
 * @entry: in the buffer's list
 * @dev: the device
 * @table: the buffer's pages, in segments that the device can take
 * @nr_maps: how often it has them mapped
 * @dir: direction of these maps
 */
struct pinbuf_attachment {
	struct list_head entry;
	struct device *dev;
	struct sg_table table;
	unsigned int nr_maps;
	enum dma_data_direction dir;
};

/**
 * struct pinbuf_want - what a buffer shall be
 * @len: bytes, a multiple of the page size, not 0
 * @align: bytes, a power of two up to PINBUF_MAX_BLOCK
 * @flags: PINBUF_ALLOC_*
 * @node: NUMA node or NUMA_NO_NODE
 * @addr_bits: every physical address is below 2^@addr_bits; 0 for any
 * @access: O_RDONLY (nobody ever writes it), O_WRONLY or O_RDWR
 * @label: zero-filled
 */
struct pinbuf_want {
	u64 len;
	u64 align;
	u32 flags;
	int node;
	u32 addr_bits;
	unsigned int access;
	const char *label;
};

/**
 * struct pinbuf_call - one ioctl on its way through
 * @user: who opened the node
 * @cred: as whom
 * @cmd: the caller's struct, zero-extended; written back on success
 * @file: file to install at @fd once @cmd has been written back, or NULL
 * @fd: reserved descriptor
 */
struct pinbuf_call {
	struct pinbuf_user *user;
	const struct cred *cred;
	union {
		struct pinbuf_ioc_info info;
		struct pinbuf_ioc_alloc alloc;
		struct pinbuf_ioc_query query;
		struct pinbuf_ioc_extents extents;
		struct pinbuf_ioc_sync sync;
		struct pinbuf_ioc_stats stats;
		struct pinbuf_ioc_publish publish;
		struct pinbuf_ioc_attach attach;
		struct pinbuf_ioc_unpublish unpublish;
	} cmd;
	struct file *file;
	int fd;
};

/* main.c */
int pinbuf_fops_open(struct inode *inode, struct file *node);
int pinbuf_fops_release(struct inode *inode, struct file *node);

/* heap.c */
extern const struct file_operations pinbuf_heap_fops;

/* ioctl.c */
long pinbuf_fops_ioctl(struct file *node, unsigned int cmd, unsigned long arg);

/* buf.c */
struct dma_buf *pinbuf_buf_create(struct pinbuf_user *user, const struct pinbuf_want *want);
void pinbuf_buf_put(struct pinbuf_buf *buf);
void pinbuf_buf_each(void (*fn)(struct pinbuf_buf *buf, void *arg), void *arg);
void pinbuf_buf_describe(struct pinbuf_buf *buf, struct pinbuf_desc *desc);
int pinbuf_buf_alloc(struct pinbuf_call *call);
int pinbuf_buf_query(struct pinbuf_call *call);

/* pages.c */
int pinbuf_pages_put_in(struct pinbuf_buf *buf, pgoff_t at, struct page *page);
void pinbuf_pages_note(struct pinbuf_buf *buf, struct folio *folio);
void pinbuf_pages_note_from(struct pinbuf_buf *buf, unsigned long at);
void pinbuf_pages_free(struct pinbuf_buf *buf);
unsigned long pinbuf_pages_extent(struct pinbuf_buf *buf, pgoff_t at, unsigned long max,
				  struct page **first);
u64 pinbuf_pages_refs(struct pinbuf_buf *buf);

/**
 * pinbuf_buf_read_only() - is it never to be written, by anyone?
 * @buf: the buffer
 *
 * A dma-buf has one file, whose mode the core does not ask wherever a buffer is
 * mapped by way of another: so each door asks here.
 *
 * Return: whether it is.
 */
static inline bool pinbuf_buf_read_only(const struct pinbuf_buf *buf)
{
	return buf->access == O_RDONLY;
}

/**
 * pinbuf_pages_folio() - the folio that holds a page of a buffer
 * @buf: the buffer
 * @pgoff: page offset in it, below its length
 *
 * Return: the folio; its index is the page offset of its first page.
 */
static inline struct folio *pinbuf_pages_folio(struct pinbuf_buf *buf, pgoff_t pgoff)
{
	return pgoff < folio_nr_pages(buf->first) ? buf->first : xa_load(&buf->folios, pgoff);
}

/* fill.c */
int pinbuf_fill(struct pinbuf_buf *buf, const struct pinbuf_want *want);
/* map.c */
int pinbuf_map(struct pinbuf_buf *buf, struct vm_area_struct *vma);
int pinbuf_fops_mmap(struct file *node, struct vm_area_struct *vma);

/* dmabuf.c */
struct dma_buf *pinbuf_dmabuf_export(struct pinbuf_buf *buf);
struct dma_buf *pinbuf_dmabuf_get(int fd);

/* sync.c */
void pinbuf_sync_range(struct pinbuf_buf *buf, u64 first, u64 end, bool for_cpu);
int pinbuf_sync(struct pinbuf_call *call);

/* extents.c */
int pinbuf_extents(struct pinbuf_call *call);

/* names.c */
int pinbuf_names_publish(struct pinbuf_call *call);
int pinbuf_names_attach(struct pinbuf_call *call);
int pinbuf_names_unpublish(struct pinbuf_call *call);
void pinbuf_names_tell(struct pinbuf_buf *buf, u8 *text);

/* account.c */
struct pinbuf_user *pinbuf_user_get(const struct cred *cred);
void pinbuf_user_hold(struct pinbuf_user *user);
void pinbuf_user_put(struct pinbuf_user *user);
int pinbuf_account_charge(struct pinbuf_user *user, u64 bytes, enum pinbuf_cause *cause);
void pinbuf_account_uncharge(struct pinbuf_user *user, u64 bytes);
void pinbuf_account_tell(struct pinbuf_user *user, u64 bytes, enum pinbuf_cause cause);
void pinbuf_account_init(void);
int pinbuf_account_info(struct pinbuf_call *call);

/* stats.c */
int pinbuf_stats_init(void);
void pinbuf_stats_exit(void);
void pinbuf_stats_add(struct pinbuf_user *user, enum pinbuf_counter which, s64 delta);
void pinbuf_stats_born(struct pinbuf_buf *buf);
void pinbuf_stats_died(struct pinbuf_buf *buf);
void pinbuf_stats_folio(struct folio *folio, int delta);
int pinbuf_stats_read(struct pinbuf_call *call);

static inline void pinbuf_stats_failed(struct pinbuf_user *user, enum pinbuf_cause cause)
{
	pinbuf_stats_add(user, PINBUF_FAILED + cause, 1);
}

#ifdef PINBUF_KUNIT
/* What the KUnit module tests by itself. */
extern const struct file_operations pinbuf_fops;
unsigned int pinbuf_order_at(unsigned long at, unsigned long left);
unsigned long pinbuf_runs_add(struct xarray *runs, unsigned long block, unsigned long *len);
bool pinbuf_block_suits(u64 addr, unsigned int order, u32 bits, u64 align);
bool pinbuf_label_ok(const u8 *label);
bool pinbuf_name_ok(const u8 *text);
int pinbuf_alloc_check(const struct pinbuf_ioc_alloc *req);
int pinbuf_pages_store(struct pinbuf_buf *buf, struct folio *folio);
#endif

#endif /* _PINBUF_H */
