// SPDX-License-Identifier: MIT
/* The table and the statistics, for a person. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "prove.h"
#include "say.h"

/* one width for the heading and the rows: kind, moved, three uses, entries */
#define ROW_HEAD "%-23s%-17s"
#define ROW_REST "%-10s%-12s%-8s%10s\n"

static const char *answer_text(int answer)
{
	switch (answer) {
	case ANSWER_OK:
		return "ok";
	case ANSWER_WRONG_BYTES:
		return "WRONG BYTES";
	case ANSWER_NO_FD:
		return "no fd";
	default:
		return errno_name(answer);
	}
}

/* Frames were watched for two kinds; of the rest nothing is claimed. */
static const char *moved_text(char text[64], const struct prove_facts *f, const char *key)
{
	if (!strcmp(key, "pinbuf"))
		snprintf(text, 64, "%zu of %zu", f->moved_pinbuf, f->pages);
	else if (!strcmp(key, "mlock"))
		snprintf(text, 64, "%zu of %zu", f->moved_mlock, f->pages);
	else
		snprintf(text, 64, "-");
	return text;
}

static void kind_print(const struct prove_facts *f, const struct kind_fact *k)
{
	char moved[64], entries[24];

	if (k->made) {
		printf(ROW_HEAD, k->name, "not in this kernel");
		printf(" (%s)\n", errno_name(k->made));
		return;
	}
	snprintf(entries, sizeof(entries), "%zu", k->entries);
	printf(ROW_HEAD, k->name, moved_text(moved, f, k->key));
	printf(ROW_REST, answer_text(k->o_direct), answer_text(k->io_uring),
	       answer_text(k->device_dma), entries);
}

static bool kind_made(const struct prove_facts *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->nr_kinds; i++)
		if (!strcmp(f->kinds[i].key, key))
			return !f->kinds[i].made;
	return false;
}

static unsigned int udmabuf_limit(void)
{
	FILE *f = fopen("/sys/module/udmabuf/parameters/size_limit_mb", "re");
	unsigned int mib = 0;

	if (f) {
		if (fscanf(f, "%u", &mib) != 1)
			mib = 0;
		fclose(f);
	}
	return mib;
}

static bool answered(const struct prove_facts *f, int answer)
{
	size_t i;

	for (i = 0; i < f->nr_kinds; i++)
		if (!f->kinds[i].made && f->kinds[i].o_direct == answer)
			return true;
	return false;
}

static void table_print(const struct prove_facts *f)
{
	size_t i;

	printf("\n" ROW_HEAD ROW_REST, "", "pages that", "O_DIRECT", "io_uring", "device",
	       "page-table");
	printf(ROW_HEAD ROW_REST, "memory of 64 MiB", "the kernel moved", "read", "registered",
	       "DMA", "entries");
	for (i = 0; i < f->nr_kinds; i++)
		kind_print(f, &f->kinds[i]);
	if (answered(f, EFAULT))
		printf("\nEFAULT is what a program gets where a mapping is not ordinary memory to the\n"
		       "kernel: the bytes must be copied.\n");
	if (kind_made(f, "memfd_udmabuf"))
		printf("A memfd behind a udmabuf passes, with two descriptors for one memory (the\n"
		       "device takes the udmabuf's), small pages, and %u MiB at most by default.\n",
		       udmabuf_limit());
}

static void stats_print(const struct pinbuf_dev_stats *s)
{
	unsigned int column = 0;

	printf("\nstatistics of the device, all users\n");
#define CELL_PRINT(name, help)						\
	printf("%s%-18s %14" PRIu64 "%s", column % 2 ? "     " : "  ", #name, s->name, column % 2 ? "\n" : "");	\
	column++;
	PINBUF_DEV_STATS_FIELDS(CELL_PRINT)
#undef CELL_PRINT
	if (column % 2)
		putchar('\n');
}

void page_print(const struct prove *p)
{
	table_print(&p->facts);
	stats_print(&p->facts.stats);
	putchar('\n');
}
