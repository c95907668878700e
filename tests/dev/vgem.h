/* SPDX-License-Identifier: MIT */
/*
 * vgem: the kernel's virtual graphics driver, which imports any dma-buf and can
 * put a fence on it.  Its headers are in a package of their own (libdrm-dev), so
 * the few commands that are needed stand here.
 */
#ifndef TESTS_DEV_VGEM_H
#define TESTS_DEV_VGEM_H

#include "common.h"

/* Opens it, loading the module where needed; -1, or skips the test, without it. */
int vgem_find(void);
int vgem_open(void);

/* Imports a dma-buf; 0 or errno. */
int vgem_import(int vgem, int fd, uint32_t *handle);

/* The dma-buf behind a handle: a new descriptor of the same one. */
int vgem_export(int vgem, uint32_t handle);

/* A dma-buf of vgem's own: another exporter's. */
int vgem_buffer(int vgem);

int vgem_close(int vgem, uint32_t handle);

/* A fence of a device that reads or writes; it expires after 10 s. */
int vgem_fence_attach(int vgem, uint32_t handle, bool write, uint32_t *fence);
int vgem_fence_signal(int vgem, uint32_t fence);

#endif
