// SPDX-License-Identifier: MIT
/*
 * The same facts for a machine.  Answers are errno's numbers, 0 where it worked,
 * -1 where it moved the wrong bytes, null where there was nothing to try.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "prove.h"
#include "say.h"

static void answer_write(FILE *out, const char *name, int answer, const char *end)
{
	if (answer == ANSWER_NO_FD)
		fprintf(out, "\"%s\": null%s", name, end);
	else
		fprintf(out, "\"%s\": %d%s", name, answer, end);
}

static void kind_write(FILE *out, const struct kind_fact *k, const char *end)
{
	fprintf(out, "\"%s\": { ", k->key);
	if (k->made) {
		fprintf(out, "\"made\": %d, \"o_direct\": null, \"io_uring\": null, \"device_dma\": null, \"page_table_entries\": null }%s\n",
			k->made, end);
		return;
	}
	answer_write(out, "made", k->made, ", ");
	answer_write(out, "o_direct", k->o_direct, ", ");
	answer_write(out, "io_uring", k->io_uring, ", ");
	answer_write(out, "device_dma", k->device_dma, ", ");
	fprintf(out, "\"page_table_entries\": %zu }%s\n", k->entries, end);
}

/* The first kind is ours. */
static void kinds_write(FILE *out, const struct prove_facts *f)
{
	size_t i;

	fprintf(out, "  ");
	kind_write(out, &f->kinds[0], ",");
	fprintf(out, "  \"peers\": {\n");
	for (i = 1; i < f->nr_kinds; i++) {
		fprintf(out, "    ");
		kind_write(out, &f->kinds[i], i + 1 < f->nr_kinds ? "," : "");
	}
	fprintf(out, "  },\n");
}

static void ways_write(FILE *out, const struct prove_facts *f)
{
	size_t i;

	fprintf(out, "  \"ways\": {\n");
	for (i = 0; i < f->nr_ways; i++)
		fprintf(out, "    \"%s\": { \"moved_pinbuf\": %zu, \"moved_mlock\": %zu, \"answer\": %d }%s\n",
			f->ways[i].name, f->ways[i].moved_pinbuf, f->ways[i].moved_mlock,
			f->ways[i].answer, i + 1 < f->nr_ways ? "," : "");
	fprintf(out, "  },\n");
}

static void stats_write(FILE *out, const struct pinbuf_dev_stats *s)
{
	const char *comma = "";

	fprintf(out, "  \"stats\": {");
#define MEMBER(name, help)						\
	do {								\
		fprintf(out, "%s\n    \"%s\": %" PRIu64, comma, #name, s->name);	\
		comma = ",";						\
	} while (0);
	PINBUF_DEV_STATS_FIELDS(MEMBER)
#undef MEMBER
	fprintf(out, "\n  }\n");
}

static void facts_write(FILE *out, const struct prove_facts *f)
{
	fprintf(out, "{\n  \"kernel\": \"%s\",\n", f->kernel);
	fprintf(out, "  \"source_sha256\": \"%s\",\n", f->source_sha256);
	fprintf(out, "  \"staged_sha256\": \"%s\",\n", f->staged_sha256);
	fprintf(out, "  \"staged_sha256_after\": \"%s\",\n", f->after_sha256);
	fprintf(out, "  \"staged_bytes\": %" PRIu64 ",\n", f->staged_bytes);
	fprintf(out, "  \"io_uring_registered\": %s,\n", f->io_uring_registered ? "true" : "false");
	fprintf(out, "  \"device_dma_bytes\": %" PRIu64 ",\n", f->device_dma_bytes);
	fprintf(out, "  \"device_dma_mismatches\": %" PRIu64 ",\n", f->device_dma_mismatches);
	fprintf(out, "  \"pages\": %zu,\n", f->pages);
	fprintf(out, "  \"moved_pinbuf\": %zu,\n", f->moved_pinbuf);
	fprintf(out, "  \"moved_mlock\": %zu,\n", f->moved_mlock);
	ways_write(out, f);
	kinds_write(out, f);
	stats_write(out, &f->stats);
	fprintf(out, "}\n");
}

int json_write(const struct prove *p)
{
	FILE *out;
	int failed;

	if (!p->report_path)
		return 0;
	out = fopen(p->report_path, "we");
	if (!out)
		return say_wrong("%s cannot be written: %s", p->report_path, strerror(errno));
	facts_write(out, &p->facts);
	failed = ferror(out);
	failed |= fclose(out);
	return failed ? say_wrong("%s cannot be written: %s", p->report_path, strerror(errno)) : 0;
}
