// SPDX-License-Identifier: MIT
/*
 * The pinned heap beside general allocators, every call through a shared library.  The
 * limit is the loop alone, over functions that do nothing.
 */
#include <stdlib.h>

#include "heap_peers.h"
#include "heap_work.h"
#include "measure.h"
#include "report.h"

enum { RUNS = 9 };

static const struct heap_row {
	const char *name;
	double (*ns)(const struct peer *p);
	double reach;			/* times the best peer */
} rows[] = {
	{ "pair 64 B", pair_ns, 0.85 },
	{ "mix 16..1024, 1k live", mix_ns, 1.0 },
	{ "100k live", live_100k_ns, 0.9 },
	{ "larson 2 threads", larson_ns, 1.0 },
	{ "all frees remote", remote_ns, 0.9 },
	{ "aligned 64..512", aligned_ns, 0.9 },
	{ "realloc x1.5 to 64 KiB", grow_ns, 0.5 },
};

static const struct heap_row *now;

static double run(const struct contender *c)
{
	return now->ns(c->arg);
}

/* usage: heap LIBPINBUF-MALLOC.SO */
int main(int argc, char **argv)
{
	static struct contender contenders[MANY], *peer_of[MANY];
	struct report_row row = { .of = "best", .peers = peer_of };
	size_t i;

	if (argc != 2)
		return 2;
	heap_short = getenv("BENCH_ONLY");
	peers_open(argv[1]);
	for (i = 0; i < nr_peers; i++) {
		contenders[i] = (struct contender){ peers[i].name, run, &peers[i],
						    peers[i].skipped };
		peer_of[i] = &contenders[i];
	}
	row.ours = &contenders[PEER_PINBUF];
	row.limit = &contenders[PEER_NOTHING];
	row.peers = peer_of + PEER_OTHERS;
	row.nr_peers = nr_peers - PEER_OTHERS;
	report_begin("heap", "ns an operation");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		now = &rows[i];
		row.name = now->name;
		row.reach = now->reach;
		report_run(&row, RUNS);
	}
	report_end();
	return 0;
}
