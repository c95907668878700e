// SPDX-License-Identifier: MIT
/*
 * What a driver does with a buffer that it is given: attach, map for DMA, and back.
 * The driver is that of QEMU's edu device.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../drivers/pinbuf_edu.h"

#include "error.h"
#include "measure.h"
#include "mem.h"
#include "settle.h"
#include "size.h"
#include "works.h"

static const struct size sizes[] = {
	{ 4 * KIB,	"4 KiB" },
	{ 1 * MIB,	"1 MiB" },
	{ 16 * MIB,	"16 MiB" },
	{ 256 * MIB,	"256 MiB" },
};

enum { NR_SIZES = sizeof(sizes) / sizeof(sizes[0]) };

/* Returns 0, or the errno that the driver refuses the descriptor with. */
static int import_run(uint64_t *least, int device, int fd)
{
	struct pinbuf_edu_attach attach = {
		.fd = fd,
		.direction = PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE,
	};
	uint64_t start = measure_now();

	if (ioctl(device, PINBUF_EDU_ATTACH, &attach))
		return errno;
	if (ioctl(device, PINBUF_EDU_DETACH))
		fail_errno(errno, "the end of an import by /dev/pinbuf_edu");
	measure_least(least, measure_now() - start);
	return 0;
}

static void import_measure(struct figure *f, int device, const struct kind *k, size_t len)
{
	uint64_t least = UINT64_MAX;
	int error = 0;
	struct mem m;

	settle();
	mem_make(&m, k, len);
	for (int i = 0; i < MEASURE_WARMUPS + MEASURE_ROUNDS && !error; i++)
		error = import_run(&least, device, m.fd);
	if (!error)
		figure_set(f, least);
	else if (m.fd >= 0)
		figure_refuse(f, error);
	mem_free(&m, k);
}

void work_import(struct table *t)
{
	int device = open("/dev/pinbuf_edu", O_RDWR);

	if (device < 0)
		fail_errno(errno, "/dev/pinbuf_edu");
	table_init_kinds(t, "a driver attaches a buffer, maps it for DMA, and lets go",
			 "instructions");
	for (int s = 0; s < NR_SIZES; s++) {
		struct row *row;

		if (sizes[s].len > work_max_len)
			continue;
		row = table_add(t, 0, "import %s", sizes[s].text);
		for (int i = 0; i < NR_KINDS; i++)
			if (kinds[i].chosen && sizes[s].len >= kinds[i].min_len)
				import_measure(&row->figures[i], device, &kinds[i], sizes[s].len);
	}
	close(device);
}
