// SPDX-License-Identifier: MIT
/* A region's counters in words and in JSON, both from the one list of fields. */
#include <errno.h>
#include <inttypes.h>

#include <pinbuf/stats.h>

int pinbuf_stats_print(const struct pinbuf_stats *stats, FILE *out)
{
#define ROW(name, help)	fprintf(out, "%-20s %20" PRIu64 "  %s\n", #name, stats->name, help);
	PINBUF_STATS_FIELDS(ROW)
#undef ROW
	return ferror(out) ? -EIO : 0;
}

int pinbuf_stats_json(const struct pinbuf_stats *stats, FILE *out)
{
	const char *before = "{";

#define PAIR(name, help)							\
	fprintf(out, "%s\"%s\": %" PRIu64, before, #name, stats->name);		\
	before = ", ";
	PINBUF_STATS_FIELDS(PAIR)
#undef PAIR
	fputc('}', out);
	return ferror(out) ? -EIO : 0;
}
