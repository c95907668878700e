/* SPDX-License-Identifier: MIT */
/*
 * A device in the hands of a program: QEMU's edu by vfio-pci, behind an IOMMU
 * whose page table the program fills with mappings of its own.
 *
 * The device is the one that tests/vm/guest keeps for vfio-pci, the second of
 * tests/vm/run --iommu --edu.
 */
#ifndef TESTS_DEV_VFIO_H
#define TESTS_DEV_VFIO_H

#include "common.h"

/* edu reaches 28 bits; its last byte of memory must not be touched */
#define VFIO_EDU_PIECE		2048
#define VFIO_EDU_ADDRESSES	((uint64_t)1 << 28)

struct vfio_edu {
	int fd;			/* the device */
	int iommu;		/* a type 1 container, or /dev/iommu */
	int group;
	uint32_t ioas;
	void *regs;
};

/* The two ways to an IOMMU.  Calls answer 0 or errno. */
struct vfio_way {
	const char *name;
	/* fills in fd, iommu, group and ioas; skips the test without the means */
	void (*open)(struct vfio_edu *edu, const char *address);
	int (*map)(struct vfio_edu *edu, uint64_t iova, const void *p,
		   size_t len, int prot);
	int (*unmap)(struct vfio_edu *edu, uint64_t iova, size_t len);
};

extern const struct vfio_way vfio_type1;
extern const struct vfio_way vfio_iommufd;

/* Takes the device; skips the test where there is none.  @edu is zeroed. */
void vfio_open(struct vfio_edu *edu, const struct vfio_way *way);
void vfio_close(struct vfio_edu *edu);

/*
 * Moves @len <= VFIO_EDU_PIECE bytes between @iova and the start of the device's
 * memory, in 100 ms; fails the test where that takes more than 20 s.
 */
void vfio_read_memory(struct vfio_edu *edu, uint64_t iova, uint32_t len);
void vfio_write_memory(struct vfio_edu *edu, uint64_t iova, uint32_t len);

#endif
