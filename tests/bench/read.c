// SPDX-License-Identifier: MIT
/*
 * null_blk without memory behind it answers at once and writes nothing: what is
 * left of a read is the block layer, the same for all, and the handling of the
 * pages.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "measure.h"
#include "mem.h"
#include "settle.h"
#include "size.h"
#include "works.h"

#define NODE	"/dev/nullb0"
#define BUFFER	(64 * MIB)

static const struct size sizes[] = {
	{ 4 * KIB,	"4 KiB" },
	{ 64 * KIB,	"64 KiB" },
	{ 1 * MIB,	"1 MiB" },
};

enum {
	NR_SIZES	= sizeof(sizes) / sizeof(sizes[0]),
	READS		= 64,		/* a round: all over the buffer */
};

_Static_assert(BUFFER / READS >= 1 * MIB, "reads do not overlap");

/* Returns 0, or the errno that the kernel refuses the memory with. */
static int reads_run(uint64_t *least, int fd, const struct mem *m, size_t len)
{
	uint64_t start = measure_now();

	for (size_t i = 0; i < READS; i++) {
		ssize_t got = pread(fd, m->addr + i * (BUFFER / READS), len, 0);

		if (got < 0)
			return errno;
		if ((size_t)got != len)
			fail("%s: a read of %zu bytes gave %zd", NODE, len, got);
	}
	measure_least(least, (measure_now() - start) / READS);
	return 0;
}

static void reads_measure(struct figure *f, int fd, const struct mem *m, size_t len)
{
	uint64_t least = UINT64_MAX, warm;
	int error = 0;

	for (int i = 0; i < MEASURE_WARMUPS && !error; i++)
		error = reads_run(&warm, fd, m, len);
	for (int i = 0; i < MEASURE_ROUNDS && !error; i++)
		error = reads_run(&least, fd, m, len);
	if (error)
		figure_refuse(f, error);
	else
		figure_set(f, least);
}

void work_read(struct table *t)
{
	struct row *rows[NR_SIZES];
	int fd = open(NODE, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		fail_errno(errno, NODE);
	table_init_kinds(t, "O_DIRECT read from null_blk into a buffer of 64 MiB", "instructions");
	for (int s = 0; s < NR_SIZES; s++)
		rows[s] = table_add(t, 0, "read %s", sizes[s].text);
	for (int i = 0; i < NR_KINDS; i++) {
		struct mem m;

		if (!kinds[i].chosen)
			continue;
		settle();
		mem_make(&m, &kinds[i], BUFFER);
		mem_map(&m, &kinds[i]);
		mem_touch(&m);
		for (int s = 0; s < NR_SIZES; s++)
			reads_measure(&rows[s]->figures[i], fd, &m, sizes[s].len);
		mem_unmap(&m);
		mem_free(&m, &kinds[i]);
	}
	close(fd);
}
