/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EDU_IMPORT_H
#define EDU_IMPORT_H

#include <linux/dma-buf.h>
#include <linux/types.h>

#include "pinbuf_edu.h"

/* a dma-buf while a device may use it */
struct edu_import {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *table;	/* NULL if attached only */
	enum dma_data_direction direction;
};

enum dma_data_direction edu_direction(u32 direction);
int edu_import_begin(struct edu_import *im, struct device *dev, int fd, u32 direction);
void edu_import_end(struct edu_import *im);
bool edu_range_ok(const struct dma_buf *dmabuf, u64 offset, u64 len);
int edu_vmap_copy(struct dma_buf *dmabuf, const struct pinbuf_edu_vmap *arg, void *bytes);

#endif /* EDU_IMPORT_H */
