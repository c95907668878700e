// SPDX-License-Identifier: MIT
#include "vgem.h"

#include <sys/wait.h>

struct drm_version {
	int major, minor, patch;
	size_t name_len;
	char *name;
	size_t date_len;
	char *date;
	size_t desc_len;
	char *desc;
};

struct drm_prime_handle {
	uint32_t handle;
	uint32_t flags;
	int32_t fd;
};

struct drm_gem_close {
	uint32_t handle;
	uint32_t pad;
};

struct drm_vgem_fence_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct drm_vgem_fence_signal {
	uint32_t fence;
	uint32_t flags;
};

struct drm_mode_create_dumb {
	uint32_t height, width, bpp, flags;
	uint32_t handle, pitch;
	uint64_t size;
};

#define VGEM_FENCE_WRITE		1
#define DRM_IOCTL_VERSION		_IOWR('d', 0x00, struct drm_version)
#define DRM_IOCTL_GEM_CLOSE		_IOW('d', 0x09, struct drm_gem_close)
#define DRM_IOCTL_PRIME_HANDLE_TO_FD	_IOWR('d', 0x2d, struct drm_prime_handle)
#define DRM_IOCTL_PRIME_FD_TO_HANDLE	_IOWR('d', 0x2e, struct drm_prime_handle)
#define DRM_IOCTL_MODE_CREATE_DUMB	_IOWR('d', 0xb2, struct drm_mode_create_dumb)
#define DRM_IOCTL_VGEM_FENCE_ATTACH	_IOWR('d', 0x41, struct drm_vgem_fence_attach)
#define DRM_IOCTL_VGEM_FENCE_SIGNAL	_IOW('d', 0x42, struct drm_vgem_fence_signal)

static bool is_vgem(int fd)
{
	char name[16] = "";
	struct drm_version version = {
		.name = name, .name_len = sizeof(name) - 1,
	};

	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem");
}

static int find_card(void)
{
	for (int card = 0; card < 8; card++) {
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", card);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && is_vgem(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

int vgem_find(void)
{
	int fd = find_card();

	if (fd < 0 && !system("/usr/sbin/modprobe vgem 2>/dev/null"))
		fd = find_card();
	return fd;
}

int vgem_open(void)
{
	int fd = vgem_find();

	if (fd < 0)
		skip_because("this kernel has no vgem to import buffers");
	return fd;
}

int vgem_import(int vgem, int fd, uint32_t *handle)
{
	struct drm_prime_handle prime = { .fd = fd };
	int err = errno_of(ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));

	*handle = prime.handle;
	return err;
}

int vgem_export(int vgem, uint32_t handle)
{
	struct drm_prime_handle prime = {
		.handle = handle, .flags = O_CLOEXEC | O_RDWR,
	};

	if (ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -1;
	return prime.fd;
}

int vgem_buffer(int vgem)
{
	struct drm_mode_create_dumb create = {
		.height = 1, .width = 1024, .bpp = 32,
	};
	int fd;

	if (ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		return -1;
	fd = vgem_export(vgem, create.handle);
	vgem_close(vgem, create.handle);
	return fd;
}

int vgem_close(int vgem, uint32_t handle)
{
	struct drm_gem_close close = { .handle = handle };

	return errno_of(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &close));
}

int vgem_fence_attach(int vgem, uint32_t handle, bool write, uint32_t *fence)
{
	struct drm_vgem_fence_attach attach = {
		.handle = handle, .flags = write ? VGEM_FENCE_WRITE : 0,
	};
	int err = errno_of(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));

	*fence = attach.out_fence;
	return err;
}

int vgem_fence_signal(int vgem, uint32_t fence)
{
	struct drm_vgem_fence_signal signal = { .fence = fence };

	return errno_of(ioctl(vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal));
}
