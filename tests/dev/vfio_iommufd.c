// SPDX-License-Identifier: MIT
/*
 * The newer way to an IOMMU: /dev/iommu, and a file of the device's own.
 * Debian 12's headers are older than it, so its structs stand here.
 */
#include "vfio.h"

#include <dirent.h>
#include <linux/vfio.h>

struct ioas_alloc {
	uint32_t size, flags, out_ioas_id;
};

struct ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

struct bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t out_devid;
};

struct attach_pt {
	uint32_t argsz, flags, pt_id;
};

#define MAP_FIXED_IOVA	1U
#define MAP_WRITEABLE	2U
#define MAP_READABLE	4U

#define IOAS_ALLOC	_IO(';', 0x81)
#define IOAS_MAP	_IO(';', 0x85)
#define IOAS_UNMAP	_IO(';', 0x86)
#define BIND_IOMMUFD	_IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH_PT	_IO(VFIO_TYPE, VFIO_BASE + 19)

/* /dev/vfio/devices/vfioN of the device; -1 where the kernel makes none */
static int open_device(const char *address)
{
	char path[300];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev",
		 address);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
			 entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static void iommufd_open(struct vfio_edu *edu, const char *address)
{
	struct bind_iommufd bind = { .argsz = sizeof(bind) };
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	struct attach_pt attach = { .argsz = sizeof(attach) };

	if (access("/dev/iommu", F_OK) &&
	    system("/usr/sbin/modprobe iommufd 2>/dev/null"))
		skip_because("this kernel has no iommufd");
	edu->iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	assert_true(edu->iommu >= 0);
	edu->fd = open_device(address);
	assert_true(edu->fd >= 0);
	bind.iommufd = edu->iommu;
	assert_ok(ioctl(edu->fd, BIND_IOMMUFD, &bind));
	assert_ok(ioctl(edu->iommu, IOAS_ALLOC, &alloc));
	edu->ioas = alloc.out_ioas_id;
	attach.pt_id = edu->ioas;
	assert_ok(ioctl(edu->fd, ATTACH_PT, &attach));
}

static int iommufd_map(struct vfio_edu *edu, uint64_t iova, const void *p,
		       size_t len, int prot)
{
	struct ioas_map map = {
		.size = sizeof(map), .ioas_id = edu->ioas,
		.user_va = (uintptr_t)p, .length = len, .iova = iova,
		.flags = MAP_FIXED_IOVA |
			 (prot & PROT_READ ? MAP_READABLE : 0) |
			 (prot & PROT_WRITE ? MAP_WRITEABLE : 0),
	};

	return errno_of(ioctl(edu->iommu, IOAS_MAP, &map));
}

static int iommufd_unmap(struct vfio_edu *edu, uint64_t iova, size_t len)
{
	struct ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = edu->ioas, .iova = iova,
		.length = len,
	};
	int err = errno_of(ioctl(edu->iommu, IOAS_UNMAP, &unmap));

	return err ? err : unmap.length == len ? 0 : ENOENT;
}

const struct vfio_way vfio_iommufd = {
	.name = "iommufd",
	.open = iommufd_open,
	.map = iommufd_map,
	.unmap = iommufd_unmap,
};
