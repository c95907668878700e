// SPDX-License-Identifier: MIT
/* pinbufctl stats */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <pinbuf.h>

#include "pinbufctl.h"

struct stats_options {
	enum pinbuf_dev_scope scope;
	int node;
	int json;
};

static const struct option long_options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "node", required_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 }
};

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: pinbufctl stats [--all | --node N] [--json]\n\n"
		"Of the user who asks, of everybody (--all) or of one NUMA node, which has\n"
		"only its bytes and folios.\n");
	return status;
}

static int node_parse(const char *text, int *node)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 0 || value > 1023) {
		fprintf(stderr, "pinbufctl: '%s' is no NUMA node\n", text);
		return -1;
	}
	*node = (int)value;
	return 0;
}

static void people_print(const struct pinbuf_dev_stats *s)
{
#define ROW(name, help) printf("%-20s %16" PRIu64 "  %s\n", #name, s->name, help);
	PINBUF_DEV_STATS_FIELDS(ROW)
#undef ROW
}

static void json_print(const struct pinbuf_dev_stats *s)
{
	const char *comma = "";

	printf("{");
#define MEMBER(name, help)						\
	do {								\
		printf("%s\n  \"%s\": %" PRIu64, comma, #name, s->name);	\
		comma = ",";						\
	} while (0);
	PINBUF_DEV_STATS_FIELDS(MEMBER)
#undef MEMBER
	printf("\n}\n");
}

static int stats_show(const struct stats_options *o)
{
	struct pinbuf_dev_stats stats = { .size = sizeof(stats) };
	struct pinbuf_dev *dev;
	int ret;

	if (pinbuf_open(&dev, NULL)) {
		fprintf(stderr, "pinbufctl: %s\n", pinbuf_error_text());
		return PINBUFCTL_FAILED;
	}
	ret = pinbuf_stats_device(dev, o->scope, o->node, &stats);
	if (ret)
		fprintf(stderr, "pinbufctl: %s\n", pinbuf_error_text());
	else if (o->json)
		json_print(&stats);
	else
		people_print(&stats);
	pinbuf_close(dev);
	return ret ? PINBUFCTL_FAILED : PINBUFCTL_OK;
}

int pinbufctl_stats(int argc, char **argv)
{
	struct stats_options o = { .scope = PINBUF_DEV_SCOPE_USER };
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 'a':
			o.scope = PINBUF_DEV_SCOPE_ALL;
			break;
		case 'n':
			o.scope = PINBUF_DEV_SCOPE_NODE;
			if (node_parse(optarg, &o.node))
				return PINBUFCTL_USAGE;
			break;
		case 'j':
			o.json = 1;
			break;
		case 'h':
			return usage(stdout, PINBUFCTL_OK);
		default:
			return usage(stderr, PINBUFCTL_USAGE);
		}
	}
	return optind < argc ? usage(stderr, PINBUFCTL_USAGE) : stats_show(&o);
}
