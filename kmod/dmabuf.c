// SPDX-License-Identifier: GPL-2.0-only
/*
 * The door: a buffer as a dma-buf.
 *
 * Each attachment has one sg_table, built when the device attaches and mapped
 * while it has the buffer mapped.  The importer gets a copy: what the core does
 * to the table that it hands on (CONFIG_DMABUF_DEBUG mangles it) is no concern
 * of ours, and ours stays right for synchronising.
 *
 * The core holds the reservation lock around some of these calls on some
 * kernels; nothing here relies on it.  pinbuf_buf.lock protects the list, the
 * tables and the kernel mapping.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fcntl.h>
#include <linux/iosys-map.h>
#include <linux/ktime.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "pinbuf.h"
#include "trace.h"

/* The kernel's mapping needs a flat array of pages. */
#define VMAP_MAX	SZ_1G

/* Pages of the segment at @at: as much of one run as the device takes in one piece. */
static unsigned long next_segment(struct pinbuf_buf *buf, struct device *dev, pgoff_t at,
				  struct page **page)
{
	size_t max = min_t(size_t, dma_get_max_seg_size(dev), dma_max_mapping_size(dev));
	unsigned long nr, boundary = dma_get_seg_boundary_nr_pages(dev, PAGE_SHIFT);

	max = max_t(size_t, min_t(size_t, max, UINT_MAX) >> PAGE_SHIFT, 1);
	nr = pinbuf_pages_extent(buf, at, max, page);
	return min(nr, boundary - (page_to_pfn(*page) & (boundary - 1)));
}

static int build_table(struct pinbuf_buf *buf, struct device *dev, struct sg_table *table)
{
	unsigned long at, nr, end = buf->len >> PAGE_SHIFT;
	struct scatterlist *sg;
	unsigned int segments = 0;
	struct page *page;
	int err;

	for (at = 0; at < end; at += next_segment(buf, dev, at, &page)) {
		if (++segments == UINT_MAX)
			return -EOVERFLOW;
		cond_resched();
	}
	err = sg_alloc_table(table, segments, PINBUF_GFP_TABLE);
	if (err)
		return err;
	sg = table->sgl;
	for (at = 0; at < end; at += nr, sg = sg_next(sg)) {
		nr = next_segment(buf, dev, at, &page);
		sg_set_page(sg, page, nr << PAGE_SHIFT, 0);
		cond_resched();
	}
	return 0;
}

static struct sg_table *copy_table(const struct sg_table *from)
{
	struct sg_table *to = kzalloc(sizeof(*to), PINBUF_GFP_TABLE);
	struct scatterlist *src, *dst;
	unsigned int i;

	if (!to)
		return NULL;
	if (sg_alloc_table(to, from->orig_nents, PINBUF_GFP_TABLE)) {
		kfree(to);
		return NULL;
	}
	dst = to->sgl;
	for_each_sgtable_sg(from, src, i) {
		sg_set_page(dst, sg_page(src), src->length, src->offset);
		if (i < from->nents) {
			sg_dma_address(dst) = sg_dma_address(src);
			sg_dma_len(dst) = sg_dma_len(src);
		}
		dst = sg_next(dst);
	}
	to->nents = from->nents;
	return to;
}

static int pinbuf_dmabuf_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct pinbuf_buf *buf = dmabuf->priv;
	u64 start = trace_pinbuf_attach_enabled() ? ktime_get_ns() : 0;
	struct pinbuf_attachment *a;
	int err = -ENOMEM;

	a = kzalloc(sizeof(*a), PINBUF_GFP_TABLE);
	if (!a)
		goto out_trace;
	a->dev = attachment->dev;
	err = build_table(buf, a->dev, &a->table);
	if (err) {
		kfree(a);
		goto out_trace;
	}
	attachment->priv = a;
	mutex_lock(&buf->lock);
	list_add_tail(&a->entry, &buf->attachments);
	buf->nr_attachments++;
	mutex_unlock(&buf->lock);
	pinbuf_stats_add(buf->user, PINBUF_ATTACHMENTS, 1);
out_trace:
	trace_pinbuf_attach(buf, attachment->dev, err, start ? ktime_get_ns() - start : 0);
	return err;
}

static void pinbuf_dmabuf_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct pinbuf_attachment *a = attachment->priv;
	struct pinbuf_buf *buf = dmabuf->priv;

	mutex_lock(&buf->lock);
	list_del(&a->entry);
	buf->nr_attachments--;
	mutex_unlock(&buf->lock);
	pinbuf_stats_add(buf->user, PINBUF_ATTACHMENTS, -1);
	trace_pinbuf_detach(buf, a->dev);
	WARN_ON_ONCE(a->nr_maps);
	sg_free_table(&a->table);
	kfree(a);
}

/*
 * One table has one mapping: another map of it must be in the same direction.
 * Synchronised by a call of its own, here and in unmap_table(): the DMA API takes
 * a range that two devices write, and that is what a shared buffer is, for a
 * mistake unless it is told that the exporter synchronises.
 */
static int map_table(struct pinbuf_attachment *a, enum dma_data_direction dir)
{
	int err;

	if (a->nr_maps && a->dir != dir)
		return -EBUSY;
	if (!a->nr_maps) {
		err = dma_map_sgtable(a->dev, &a->table, dir, DMA_ATTR_SKIP_CPU_SYNC);
		if (err)
			return err;
		a->dir = dir;
		dma_sync_sgtable_for_device(a->dev, &a->table, dir);
	}
	a->nr_maps++;
	return 0;
}

static void unmap_table(struct pinbuf_attachment *a)
{
	if (--a->nr_maps)
		return;
	dma_sync_sgtable_for_cpu(a->dev, &a->table, a->dir);
	dma_unmap_sgtable(a->dev, &a->table, a->dir, DMA_ATTR_SKIP_CPU_SYNC);
}

static struct sg_table *pinbuf_dmabuf_map(struct dma_buf_attachment *attachment,
					  enum dma_data_direction dir)
{
	struct pinbuf_buf *buf = attachment->dmabuf->priv;
	struct pinbuf_attachment *a = attachment->priv;
	struct sg_table *copy;
	int err;

	if (pinbuf_buf_read_only(buf) && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	mutex_lock(&buf->lock);
	err = map_table(a, dir);
	copy = err ? ERR_PTR(err) : copy_table(&a->table);
	if (!copy) {
		unmap_table(a);
		copy = ERR_PTR(-ENOMEM);
	}
	mutex_unlock(&buf->lock);
	return copy;
}

static void pinbuf_dmabuf_unmap(struct dma_buf_attachment *attachment, struct sg_table *copy,
				enum dma_data_direction dir)
{
	struct pinbuf_buf *buf = attachment->dmabuf->priv;

	mutex_lock(&buf->lock);
	unmap_table(attachment->priv);
	mutex_unlock(&buf->lock);
	sg_free_table(copy);
	kfree(copy);
}

static int pinbuf_dmabuf_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	pinbuf_sync_range(dmabuf->priv, 0, dmabuf->size, true);
	return 0;
}

static int pinbuf_dmabuf_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	pinbuf_sync_range(dmabuf->priv, 0, dmabuf->size, false);
	return 0;
}

static int pinbuf_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	return pinbuf_map(dmabuf->priv, vma);
}

/* The core counts vmaps: one call here, whoever else asks. */
static int pinbuf_dmabuf_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pinbuf_buf *buf = dmabuf->priv;
	unsigned long i, nr = buf->len >> PAGE_SHIFT;
	struct folio *folio;
	struct page **pages;
	void *vaddr;

	if (pinbuf_buf_read_only(buf))
		return -EACCES;
	if (buf->len > VMAP_MAX)
		return -EOPNOTSUPP;
	pages = kvmalloc_array(nr, sizeof(*pages), PINBUF_GFP_TABLE);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		folio = pinbuf_pages_folio(buf, i);
		pages[i] = folio_page(folio, i - folio->index);
	}
	vaddr = vmap(pages, nr, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	if (!vaddr)
		return -ENOMEM;
	mutex_lock(&buf->lock);
	buf->vaddr = vaddr;
	mutex_unlock(&buf->lock);
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void pinbuf_dmabuf_vunmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct pinbuf_buf *buf = dmabuf->priv;

	mutex_lock(&buf->lock);
	buf->vaddr = NULL;
	mutex_unlock(&buf->lock);
	vunmap(map->vaddr);
	iosys_map_clear(map);
}

static void pinbuf_dmabuf_release(struct dma_buf *dmabuf)
{
	pinbuf_buf_put(dmabuf->priv);
}

static const struct dma_buf_ops pinbuf_dmabuf_ops = {
	.attach = pinbuf_dmabuf_attach,
	.detach = pinbuf_dmabuf_detach,
	.map_dma_buf = pinbuf_dmabuf_map,
	.unmap_dma_buf = pinbuf_dmabuf_unmap,
	.begin_cpu_access = pinbuf_dmabuf_begin_cpu_access,
	.end_cpu_access = pinbuf_dmabuf_end_cpu_access,
	.mmap = pinbuf_dmabuf_mmap,
	.vmap = pinbuf_dmabuf_vmap,
	.vunmap = pinbuf_dmabuf_vunmap,
	.release = pinbuf_dmabuf_release,
};

/**
 * pinbuf_dmabuf_export() - give a buffer its door
 * @buf: the buffer; the dma-buf takes over the caller's reference
 *
 * Context: may sleep.
 * Return: the dma-buf, labelled as the buffer is, or -ENOMEM, -ENFILE, in which
 * case the reference is still the caller's.
 */
struct dma_buf *pinbuf_dmabuf_export(struct pinbuf_buf *buf)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	char *name = NULL;

	if (buf->label[0]) {
		name = kstrdup(buf->label, PINBUF_GFP_TABLE);
		if (!name)
			return ERR_PTR(-ENOMEM);
	}
	info.exp_name = "pinbuf";
	info.ops = &pinbuf_dmabuf_ops;
	info.size = buf->len;
	info.flags = buf->access;
	info.priv = buf;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		kfree(name);
		return dmabuf;
	}
	spin_lock(&dmabuf->name_lock);
	dmabuf->name = name;
	spin_unlock(&dmabuf->name_lock);
	return dmabuf;
}

/**
 * pinbuf_dmabuf_get() - the buffer behind a descriptor
 * @fd: the caller's descriptor
 *
 * Return: a reference, for dma_buf_put(), whose priv is the buffer; -EBADF, or
 * -EINVAL for a file that is no buffer of ours.
 */
struct dma_buf *pinbuf_dmabuf_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (!IS_ERR(dmabuf) && dmabuf->ops != &pinbuf_dmabuf_ops) {
		dma_buf_put(dmabuf);
		return ERR_PTR(-EINVAL);
	}
	return dmabuf;
}
