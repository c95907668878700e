// SPDX-License-Identifier: MIT
#include "vfio.h"

#include <dirent.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#define PCI_DEVICES	"/sys/bus/pci/devices"
#define EDU_ID		"0x1234\n0x11e8\nvfio-pci\n"
#define EDU_BAR_SIZE	MIB(1)

#define EDU_SRC		(0x80 / 8)
#define EDU_DST		(0x88 / 8)
#define EDU_COUNT	(0x90 / 8)
#define EDU_CMD		(0x98 / 8)
#define EDU_CMD_START	1
#define EDU_CMD_TO_RAM	2
#define EDU_MEMORY	0x40000

/* Adds the text of a device's attribute to @text. */
static void attribute(const char *address, const char *name, char *text,
		      size_t size)
{
	char path[128];
	size_t used = strlen(text);
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", address, name);
	fd = open(path, O_RDONLY);
	got = fd < 0 ? 0 : read(fd, text + used, size - used - 1);
	text[used + (got > 0 ? (size_t)got : 0)] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool is_ours(const char *address)
{
	char id[64] = "";

	attribute(address, "vendor", id, sizeof(id));
	attribute(address, "device", id, sizeof(id));
	attribute(address, "driver_override", id, sizeof(id));
	return !strcmp(id, EDU_ID);
}

/* "0000:00:05.0" of the device that is kept for programs */
static bool find(char *address, size_t size)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		snprintf(address, size, "%.15s", entry->d_name);
		found = is_ours(address);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Once: a driver stays. */
static void bind(const char *address)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", address);
	if (!access(path, F_OK))
		return;
	assert_int_equal(system("/usr/sbin/modprobe vfio-pci"), 0);
	fd = open("/sys/bus/pci/drivers_probe", O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, address, strlen(address)), strlen(address));
	close(fd);
}

static uint64_t region_offset(struct vfio_edu *edu, uint32_t index)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region), .index = index,
	};

	assert_ok(ioctl(edu->fd, VFIO_DEVICE_GET_REGION_INFO, &region));
	return region.offset;
}

/* The kernel leaves it to the program whether its device may start transfers. */
static void set_bus_master(struct vfio_edu *edu)
{
	off_t at = (off_t)region_offset(edu, VFIO_PCI_CONFIG_REGION_INDEX) +
		   PCI_COMMAND;
	uint16_t command;

	assert_int_equal(pread(edu->fd, &command, 2, at), 2);
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	assert_int_equal(pwrite(edu->fd, &command, 2, at), 2);
}

void vfio_open(struct vfio_edu *edu, const struct vfio_way *way)
{
	char address[16];
	uint64_t bar;

	memset(edu, 0, sizeof(*edu));
	edu->fd = -1;
	edu->iommu = -1;
	edu->group = -1;
	if (!find(address, sizeof(address)))
		skip_because("no device is kept for vfio-pci (tests/vm/run --iommu --edu)");
	bind(address);
	way->open(edu, address);
	bar = region_offset(edu, VFIO_PCI_BAR0_REGION_INDEX);
	edu->regs = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 edu->fd, (off_t)bar);
	assert_ptr_not_equal(edu->regs, MAP_FAILED);
	set_bus_master(edu);
}

void vfio_close(struct vfio_edu *edu)
{
	if (edu->regs && edu->regs != MAP_FAILED)
		munmap(edu->regs, EDU_BAR_SIZE);
	edu->regs = NULL;
	if (edu->fd >= 0)
		close(edu->fd);
	if (edu->group >= 0)
		close(edu->group);
	if (edu->iommu >= 0)
		close(edu->iommu);
	edu->fd = edu->group = edu->iommu = -1;
}

static void transfer(struct vfio_edu *edu, uint64_t src, uint64_t dst,
		     uint32_t len, uint64_t command)
{
	volatile uint64_t *regs = edu->regs;

	assert_in_range(len, 1, VFIO_EDU_PIECE);
	regs[EDU_SRC] = src;
	regs[EDU_DST] = dst;
	regs[EDU_COUNT] = len;
	regs[EDU_CMD] = command;
	for (int tries = 0; regs[EDU_CMD] & EDU_CMD_START; tries++) {
		assert_int_not_equal(tries, 20 * 200);
		usleep(5000);
	}
}

void vfio_read_memory(struct vfio_edu *edu, uint64_t iova, uint32_t len)
{
	transfer(edu, iova, EDU_MEMORY, len, EDU_CMD_START);
}

void vfio_write_memory(struct vfio_edu *edu, uint64_t iova, uint32_t len)
{
	transfer(edu, EDU_MEMORY, iova, len, EDU_CMD_START | EDU_CMD_TO_RAM);
}
