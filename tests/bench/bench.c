// SPDX-License-Identifier: MIT
/*
 * Instructions per call, pinbuf's beside its peers', in a guest that counts
 * them.  Nothing here fails on a figure; the program ends with 1 where a work
 * could not be done.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "floor.h"
#include "goals.h"
#include "guest.h"
#include "json.h"
#include "kinds.h"
#include "measure.h"
#include "place.h"
#include "report.h"
#include "size.h"
#include "works.h"

static const char alloc_remark[] =
	"zeroing is part of each figure.  udmabuf's memory is mapped through its memfd, since\n"
	"a mapping of the dma-buf is refused for I/O; htlb+udma is one of a hugetlb memfd.  The\n"
	"pages of hugetlb were set aside before, which is not counted, and its lengths are\n"
	"rounded up to 2 MiB.  dma-heap and hugetlb charge no memory cgroup for their pages.\n";

static const char register_remark[] =
	"Long pins of a driver's pages take the kernel's slow path, paid for each entry of the\n"
	"page table: little for a huge one, more than in anonymous memory for small ones.\n";

static const struct work {
	const char *name;
	const char *remark;	/* for people, below the figures */
	void (*run)(struct table *t);
	int kind;		/* whose device it needs, or NR_KINDS */
} works[] = {
	/* first, while nothing has stirred up the slabs */
	{ "footprint",	NULL,			work_footprint,	NR_KINDS },
	{ "alloc",	alloc_remark,		work_alloc,	NR_KINDS },
	{ "register",	register_remark,	work_register,	NR_KINDS },
	{ "read",	NULL,			work_read,	NR_KINDS },
	{ "import",	NULL,			work_import,	NR_KINDS },
	{ "ioctl",	NULL,			work_ioctl,	KIND_PINBUF },
	{ "names",	NULL,			work_names,	KIND_PINBUF },
};

enum {
	NR_WORKS	= sizeof(works) / sizeof(works[0]),
	FOOTPRINT	= 0,	/* the one in bytes */
};

static const struct option long_options[] = {
	{ "parts",	no_argument,		NULL, 'p' },
	{ "quick",	no_argument,		NULL, 'q' },
	{ "kinds",	required_argument,	NULL, 'k' },
	{ "work",	required_argument,	NULL, 'w' },
	{ "help",	no_argument,		NULL, 'h' },
	{ }
};

static const char usage[] =
	"bench [--parts] [--quick] [--kinds NAME,...] [--work NAME]\n"
	"  --parts   also what each step of an allocation took\n"
	"  --quick   no buffer above 16 MiB\n"
	"  --kinds   only these kinds of memory, named as in vm.json\n"
	"  --work    only alloc, register, read, import, ioctl, names or footprint\n"
	"Run whole, it writes vm.json and vm-memory.json into $PINBUF_OUT.\n";

size_t work_max_len = SIZE_MAX;

struct choice {
	bool parts;
	const char *kinds;
	const char *work;
};

static void choice_parse(struct choice *choice, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'p':
			choice->parts = true;
			break;
		case 'q':
			work_max_len = 16 * MIB;
			break;
		case 'k':
			choice->kinds = optarg;
			break;
		case 'w':
			choice->work = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}

static void choice_check(const struct choice *choice)
{
	for (int i = 0; i < NR_WORKS; i++)
		if (!choice->work || !strcmp(choice->work, works[i].name))
			return;
	fail("--work %s: there is no such work", choice->work);
}

static bool work_chosen(const struct work *w, const struct choice *choice)
{
	if (choice->work && strcmp(choice->work, w->name))
		return false;
	return w->kind == NR_KINDS || kinds[w->kind].chosen;
}

static void works_report(int i, struct table *t)
{
	works[i].run(t);
	report_figures(t);
	if (works[i].remark)
		printf("%s\n", works[i].remark);
	/* shares of a peer's bytes say nothing: the goal is a share of the buffer */
	if (i != FOOTPRINT)
		report_ratios(t);
}

static void result_path(char *path, size_t size, const char *name)
{
	const char *folder = getenv("PINBUF_OUT");

	if (!folder)
		fail("PINBUF_OUT is not set: where are the results to go?");
	snprintf(path, size, "%s/%s.json", folder, name);
}

/* An old result must not outlive a run that fails. */
static void result_remove(const char *name)
{
	char path[4096];

	result_path(path, sizeof(path), name);
	if (unlink(path) && errno != ENOENT)
		fail_errno(errno, "%s", path);
}

static void result_write(const char *name, const struct table *tables, int nr_tables)
{
	char path[4096];

	result_path(path, sizeof(path), name);
	json_write(path, name, tables, nr_tables);
	printf("figures: %s\n", path);
}

int main(int argc, char **argv)
{
	static struct table tables[NR_WORKS];
	struct choice choice = { };
	bool whole;

	place_fix(argv);
	choice_parse(&choice, argc, argv);
	choice_check(&choice);
	kinds_choose(choice.kinds);
	whole = !choice.kinds && !choice.work && work_max_len == SIZE_MAX;
	if (whole) {
		result_remove("vm");
		result_remove("vm-memory");
	}
	measure_check();
	guest_prepare();
	kinds_open();
	floor_init();
	for (int i = 0; i < NR_WORKS; i++)
		if (work_chosen(&works[i], &choice))
			works_report(i, &tables[i]);
	if (choice.parts)
		work_alloc_parts();
	goals_report(tables, NR_WORKS);
	if (whole) {
		result_write("vm", tables + 1, NR_WORKS - 1);
		result_write("vm-memory", &tables[FOOTPRINT], 1);
	}
	return 0;
}
