// SPDX-License-Identifier: MIT
/* pinbufctl: the human's window on /dev/pinbuf. */
#include <stdio.h>
#include <string.h>

#include "pinbufctl.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "info", pinbufctl_info, "what the device can do, and what you may" },
	{ "stats", pinbufctl_stats, "what is allocated, and what was" },
	{ "names", pinbufctl_names, "which buffers have a name, and what has one" },
	{ "publish", pinbufctl_publish, "make a buffer that outlives every process" },
	{ "unpublish", pinbufctl_unpublish, "take a name away" },
	{ "prove", pinbufctl_prove, "disk, buffer, device: watch that nothing moves or is lost" },
};

static void usage(FILE *to)
{
	size_t i;

	fprintf(to, "usage: pinbufctl COMMAND [OPTIONS]\n\n");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\n`pinbufctl COMMAND --help` tells its options.\n");
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return PINBUFCTL_USAGE;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return PINBUFCTL_OK;
	}
	fprintf(stderr, "pinbufctl: there is no command '%s'\n\n", argv[1]);
	usage(stderr);
	return PINBUFCTL_USAGE;
}
