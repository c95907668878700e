// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings: what one may be, and how pages get into it.
 *
 * The VMA stays plain (no VM_PFNMAP, no VM_MIXEDMAP) and the pages in it are
 * ordinary and counted: that is what makes every get_user_pages() accept it.
 * Private mappings would copy on write, and move; so shared only, by VM_MAYSHARE,
 * since the core clears VM_SHARED for a file that was opened for reading.
 *
 * Huge folios come by fault, one each, where the address allows: the core sees
 * a whole folio and maps it by one entry.  Everything smaller is put into the
 * page table here, which is several times cheaper than a fault a page.
 * vm_insert_pages() leaves VM_MIXEDMAP behind, and that flag together with a
 * fault handler that returns a page of a huge folio leaks references on 6.1:
 * it is cleared again, the entries being ordinary ones all the same.
 */
#include <linux/dma-buf.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mempolicy.h>

#include "pinbuf.h"
#include "trace.h"

static void count_mapping(struct pinbuf_buf *buf, int delta)
{
	atomic_add(delta, &buf->mappings);
	pinbuf_stats_add(buf->user, PINBUF_MAPPINGS, delta);
}

static void pinbuf_vm_open(struct vm_area_struct *vma)
{
	count_mapping(vma->vm_private_data, 1);
}

static void pinbuf_vm_close(struct vm_area_struct *vma)
{
	struct pinbuf_buf *buf = vma->vm_private_data;

	trace_pinbuf_unmap(buf, vma);
	count_mapping(buf, -1);
}

static vm_fault_t pinbuf_vm_fault(struct vm_fault *vmf)
{
	struct pinbuf_buf *buf = vmf->vma->vm_private_data;
	struct folio *folio;

	if (vmf->pgoff >= buf->len >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	folio = pinbuf_pages_folio(buf, vmf->pgoff);
	folio_get(folio);
	vmf->page = folio_page(folio, vmf->pgoff - folio->index);
	return 0;
}

#ifdef CONFIG_NUMA
/*
 * Without MPOL_F_MOF the VMA is left out of NUMA balancing, whose hinting faults
 * could move nothing here, and which counts them against the memory cgroup in a
 * way that is not meant for pages charged as these are.
 */
static struct mempolicy unbalanced_policy = {
	.refcnt = ATOMIC_INIT(1),
	.mode = MPOL_LOCAL,
};

static struct mempolicy *pinbuf_vm_get_policy(VM_GET_POLICY_ARGS)
{
	struct mempolicy *policy = vma->vm_policy;

	return policy && !(policy->flags & MPOL_F_MOF) ? policy : &unbalanced_policy;
}
#endif

static const struct vm_operations_struct pinbuf_vm_ops = {
	.open = pinbuf_vm_open,
	.close = pinbuf_vm_close,
	.fault = pinbuf_vm_fault,
#ifdef CONFIG_NUMA
	.get_policy = pinbuf_vm_get_policy,
#endif
};

/* Pages for consecutive addresses, so that the page table's lock is taken once for many. */
struct batch {
	struct vm_area_struct *vma;
	unsigned long addr;
	unsigned long nr;
	struct page *pages[64];
};

static int batch_flush(struct batch *batch)
{
	unsigned long addr = batch->addr, left = batch->nr;

	batch->addr += left << PAGE_SHIFT;
	batch->nr = 0;
	/* The range is the VMA's own: what can fail is a page table's allocation. */
	return left && vm_insert_pages(batch->vma, addr, batch->pages, &left) ? -ENOMEM : 0;
}

static int batch_folio(struct batch *batch, struct folio *folio, unsigned long first,
		       unsigned long nr)
{
	unsigned long i;
	int err;

	for (i = first; i < first + nr; i++) {
		batch->pages[batch->nr++] = folio_page(folio, i);
		if (batch->nr < ARRAY_SIZE(batch->pages))
			continue;
		err = batch_flush(batch);
		if (err)
			return err;
	}
	return 0;
}

static int insert_small(struct pinbuf_buf *buf, struct vm_area_struct *vma)
{
	unsigned long at, nr, end = vma->vm_pgoff + vma_pages(vma);
	struct folio *folio;
	struct batch batch __uninitialized;	/* clearing it costs more than a small buffer */
	int err = 0;

	batch.vma = vma;
	batch.addr = vma->vm_start;
	batch.nr = 0;
	for (at = vma->vm_pgoff; at < end && !err; at += nr) {
		folio = pinbuf_pages_folio(buf, at);
		nr = min(folio->index + folio_nr_pages(folio), end) - at;
		if (folio_order(folio) < PINBUF_HUGE_ORDER) {
			err = batch_folio(&batch, folio, at - folio->index, nr);
		} else {
			err = batch_flush(&batch);
			batch.addr += nr << PAGE_SHIFT;
		}
		cond_resched();
	}
	if (!err)
		err = batch_flush(&batch);
	vm_flags_clear(vma, VM_MIXEDMAP);
	return err;
}

/**
 * pinbuf_map() - make a VMA a mapping of a buffer
 * @buf: the buffer
 * @vma: a new VMA whose file is the buffer's and whose range lies in it
 *
 * Context: the caller's mmap lock is held for writing.
 * Return: 0, -EINVAL for a private mapping, -EPERM for an executable one,
 * -EACCES for a writable one of what is read only, -ENOMEM.
 */
int pinbuf_map(struct pinbuf_buf *buf, struct vm_area_struct *vma)
{
	u64 start = trace_pinbuf_map_enabled() ? ktime_get_ns() : 0;
	int err;

	/* An importer that mmaps through its own file may have made it no plain VMA. */
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_flags & (VM_PFNMAP | VM_IO))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (pinbuf_buf_read_only(buf)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	vm_flags_clear(vma, VM_MAYEXEC);
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = buf;
	err = insert_small(buf, vma);
	if (!err) {
		vma->vm_ops = &pinbuf_vm_ops;
		count_mapping(buf, 1);
	}
	trace_pinbuf_map(buf, vma, err, start ? ktime_get_ns() - start : 0);
	return err;
}

/**
 * pinbuf_fops_mmap() - mmap of /dev/pinbuf allocates
 * @node: the open node
 * @vma: a new VMA; on success the mapping of a new buffer, which lives as long
 *	as its mappings
 *
 * Context: the caller's mmap lock is held for writing.
 * Return: 0, -EACCES if the node is not open for writing, -EINVAL for an offset
 * or a private mapping, -EPERM for an executable one, or as
 * pinbuf_buf_create().
 */
int pinbuf_fops_mmap(struct file *node, struct vm_area_struct *vma)
{
	static const char label[PINBUF_LABEL_SIZE];
	struct pinbuf_want want = {
		.len = vma->vm_end - vma->vm_start,
		.align = PAGE_SIZE,
		.node = NUMA_NO_NODE,
		.access = O_RDWR,
		.label = label,
	};
	struct dma_buf *dmabuf;
	int err;

	if (!(node->f_mode & FMODE_WRITE))
		return -EACCES;
	if (vma->vm_pgoff || !(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	dmabuf = pinbuf_buf_create(node->private_data, &want);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	err = dma_buf_mmap(dmabuf, vma, 0);
	/* The VMA holds the dma-buf's file, also where the mapping failed. */
	dma_buf_put(dmabuf);
	return err;
}
