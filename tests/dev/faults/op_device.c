// SPDX-License-Identifier: MIT
/* The buffer as a dma-buf: importers, and the core's own commands. */
#include "scene.h"
#include "vgem.h"

#include <linux/dma-buf.h>
#include "pinbuf_edu.h"

static bool has_edu(void)
{
	return scene.edu >= 0;
}

static bool has_vgem(void)
{
	return scene.vgem >= 0;
}

static int run_edu_attach(const struct operation *op)
{
	struct pinbuf_edu_attach arg = { .fd = scene.fd, .direction = op->flags };

	return errno_of(ioctl(scene.edu, PINBUF_EDU_ATTACH, &arg));
}

static void undo_edu_attach(void)
{
	assert_ok(ioctl(scene.edu, PINBUF_EDU_DETACH));
}

static int run_vgem_import(const struct operation *op)
{
	(void)op;
	return vgem_import(scene.vgem, scene.fd, &scene.handle);
}

/*
 * Where only the copy of the handle to us failed, DRM keeps the import: it is found
 * by importing once more.
 */
static void undo_vgem_import(void)
{
	assert_int_equal(vgem_import(scene.vgem, scene.fd, &scene.handle), 0);
	assert_int_equal(vgem_close(scene.vgem, scene.handle), 0);
}

static int run_sync(const struct operation *op)
{
	struct dma_buf_sync sync = { .flags = op->flags | DMA_BUF_SYNC_RW };

	return errno_of(ioctl(scene.fd, DMA_BUF_IOCTL_SYNC, &sync));
}

static int run_set_name(const struct operation *op)
{
	(void)op;
	return errno_of(ioctl(scene.fd, DMA_BUF_SET_NAME_B, "another"));
}

static int run_fdinfo(const struct operation *op)
{
	char path[64], text[1024];
	int fd, err;

	(void)op;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", scene.fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	err = errno_of(fd);
	if (err)
		return err;
	err = errno_of(read(fd, text, sizeof(text)));
	close(fd);
	return err;
}

#define BOTH (PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE)

const struct operation device_operations[] = {
	OPERATION("attach by edu", run_edu_attach, undo_edu_attach, .possible = has_edu),
	OPERATION("attach and map by edu", run_edu_attach, undo_edu_attach,
		  .possible = has_edu, .flags = BOTH),
	OPERATION("PRIME import by vgem", run_vgem_import, undo_vgem_import, .always = true,
		  .possible = has_vgem),
	OPERATION("DMA_BUF_IOCTL_SYNC, start", run_sync, NULL, .flags = DMA_BUF_SYNC_START),
	OPERATION("DMA_BUF_IOCTL_SYNC, end", run_sync, NULL, .flags = DMA_BUF_SYNC_END),
	OPERATION("DMA_BUF_SET_NAME", run_set_name, NULL),
	OPERATION("fdinfo", run_fdinfo, NULL),
};
const size_t nr_device_operations = ARRAY_LEN(device_operations);
