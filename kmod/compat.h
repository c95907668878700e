/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels.  Code elsewhere is written as for 6.12; a block
 * here provides a name of it on an older kernel, and says when it may go.
 */
#ifndef _PINBUF_COMPAT_H
#define _PINBUF_COMPAT_H

#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/user.h>
#include <linux/version.h>

/* 6.2: "kunit: Provide two new visibility macros"; on 6.1 there are no KUnit tests */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0) && IS_ENABLED(CONFIG_KUNIT)
#include <kunit/visibility.h>
#define PINBUF_KUNIT
#else
#define VISIBLE_IF_KUNIT static
#define EXPORT_SYMBOL_IF_KUNIT(symbol)
#endif

/* 6.2: "dma-buf: Add unlocked variant of vmapping functions"; needed by 6.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline int dma_buf_vmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map)
{
	return dma_buf_vmap(dmabuf, map);
}

static inline void dma_buf_vunmap_unlocked(struct dma_buf *dmabuf, struct iosys_map *map)
{
	dma_buf_vunmap(dmabuf, map);
}
#endif

/* 6.3: "mm: introduce vma->vm_flags wrapper functions"; needed by 6.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.7: "mempolicy: alloc_pages_mpol() for NUMA policy without vma"; needed by 6.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#define VM_GET_POLICY_ARGS struct vm_area_struct *vma, unsigned long addr
#else
#define VM_GET_POLICY_ARGS struct vm_area_struct *vma, unsigned long addr, pgoff_t *ilx
#endif

/* 6.8: "mm, treewide: rename MAX_ORDER to MAX_PAGE_ORDER"; exclusive until 6.4; needed by 6.1 */
#ifndef MAX_PAGE_ORDER
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER (MAX_ORDER - 1)
#else
#define MAX_PAGE_ORDER MAX_ORDER
#endif
#endif

/* 6.10: "mm: track mapcount of large folios in single value", inline; not exported by 6.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline int pinbuf_folio_mapcount(struct folio *folio)
{
	long i, nr = folio_nr_pages(folio);
	int whole, sum = 0;

	for (i = 0; i < nr; i++)
		sum += atomic_read(&folio_page(folio, i)->_mapcount) + 1;
	if (!folio_test_large(folio))
		return sum;
	/* An entry that maps the folio whole is counted in every page of it. */
	whole = folio_entire_mapcount(folio);
	return sum - whole * (nr - 1);
}

#define folio_mapcount pinbuf_folio_mapcount
#endif

/* 6.10: "tracing/treewide: Remove second parameter of __assign_str()"; needed by 6.1 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define pinbuf_assign_str(dst, src) __assign_str(dst, src)
#else
#define pinbuf_assign_str(dst, src) __assign_str(dst)
#endif

/* user_struct.locked_vm is there only for those who count in it. */
#if defined(CONFIG_NET) || defined(CONFIG_IO_URING) || IS_ENABLED(CONFIG_IOMMUFD)
static inline atomic_long_t *pinbuf_locked_vm(struct user_struct *user)
{
	return &user->locked_vm;
}
#else
static inline atomic_long_t *pinbuf_locked_vm(struct user_struct *user)
{
	return NULL;
}
#endif

#endif /* _PINBUF_COMPAT_H */
