// SPDX-License-Identifier: MIT
/* The older way to an IOMMU: a container, and the group of the device in it. */
#include "vfio.h"

#include <linux/vfio.h>

static int open_group(const char *address)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 address);
	len = readlink(path, target, sizeof(target) - 1);
	assert_true(len > 0);
	target[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void type1_open(struct vfio_edu *edu, const char *address)
{
	if (access("/sys/module/vfio_iommu_type1", F_OK) &&
	    system("/usr/sbin/modprobe vfio_iommu_type1 2>/dev/null"))
		skip_because("this kernel has no vfio_iommu_type1");
	edu->iommu = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	assert_true(edu->iommu >= 0);
	edu->group = open_group(address);
	assert_true(edu->group >= 0);
	assert_ok(ioctl(edu->group, VFIO_GROUP_SET_CONTAINER, &edu->iommu));
	assert_ok(ioctl(edu->iommu, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU));
	edu->fd = ioctl(edu->group, VFIO_GROUP_GET_DEVICE_FD, address);
	assert_true(edu->fd >= 0);
}

static int type1_map(struct vfio_edu *edu, uint64_t iova, const void *p,
		     size_t len, int prot)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .vaddr = (uintptr_t)p, .iova = iova,
		.size = len,
		.flags = (prot & PROT_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			 (prot & PROT_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0),
	};

	return errno_of(ioctl(edu->iommu, VFIO_IOMMU_MAP_DMA, &map));
}

static int type1_unmap(struct vfio_edu *edu, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = len,
	};
	int err = errno_of(ioctl(edu->iommu, VFIO_IOMMU_UNMAP_DMA, &unmap));

	return err ? err : unmap.size == len ? 0 : ENOENT;
}

const struct vfio_way vfio_type1 = {
	.name = "vfio_type1",
	.open = type1_open,
	.map = type1_map,
	.unmap = type1_unmap,
};
