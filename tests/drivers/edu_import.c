// SPDX-License-Identifier: GPL-2.0-only
/*
 * What any importing driver does with a dma-buf: get, attach, map, and back in
 * reverse order; and the kernel's own mapping of it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/iosys-map.h>
#include <linux/string.h>

#include "../../kmod/compat.h"
#include "edu_import.h"

enum dma_data_direction edu_direction(u32 direction)
{
	switch (direction) {
	case PINBUF_EDU_TO_DEVICE:
		return DMA_TO_DEVICE;
	case PINBUF_EDU_FROM_DEVICE:
		return DMA_FROM_DEVICE;
	default:
		return DMA_BIDIRECTIONAL;
	}
}

int edu_import_begin(struct edu_import *im, struct device *dev, int fd, u32 direction)
{
	int ret;

	memset(im, 0, sizeof(*im));
	im->direction = edu_direction(direction);
	im->dmabuf = dma_buf_get(fd);
	if (IS_ERR(im->dmabuf)) {
		ret = PTR_ERR(im->dmabuf);
		goto out_none;
	}
	im->attach = dma_buf_attach(im->dmabuf, dev);
	if (IS_ERR(im->attach)) {
		ret = PTR_ERR(im->attach);
		goto out_put;
	}
	if (direction) {
		im->table = dma_buf_map_attachment_unlocked(im->attach, im->direction);
		if (IS_ERR(im->table)) {
			ret = PTR_ERR(im->table);
			goto out_detach;
		}
	}
	return 0;

out_detach:
	dma_buf_detach(im->dmabuf, im->attach);
out_put:
	dma_buf_put(im->dmabuf);
out_none:
	memset(im, 0, sizeof(*im));
	return ret;
}

void edu_import_end(struct edu_import *im)
{
	if (im->table)
		dma_buf_unmap_attachment_unlocked(im->attach, im->table, im->direction);
	dma_buf_detach(im->dmabuf, im->attach);
	dma_buf_put(im->dmabuf);
	memset(im, 0, sizeof(*im));
}

bool edu_range_ok(const struct dma_buf *dmabuf, u64 offset, u64 len)
{
	return offset <= dmabuf->size && len <= dmabuf->size - offset;
}

/* Under the brackets that a driver's processor access has. */
int edu_vmap_copy(struct dma_buf *dmabuf, const struct pinbuf_edu_vmap *arg, void *bytes)
{
	bool out = arg->direction == PINBUF_EDU_TO_DEVICE;
	enum dma_data_direction direction = out ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct iosys_map map;
	int ret;

	ret = dma_buf_begin_cpu_access(dmabuf, direction);
	if (ret)
		return ret;
	ret = dma_buf_vmap_unlocked(dmabuf, &map);
	if (ret)
		goto out_end;
	if (out)
		iosys_map_memcpy_from(bytes, &map, arg->offset, arg->len);
	else
		iosys_map_memcpy_to(&map, arg->offset, bytes, arg->len);
	dma_buf_vunmap_unlocked(dmabuf, &map);
out_end:
	dma_buf_end_cpu_access(dmabuf, direction);
	return ret;
}
