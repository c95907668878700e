// SPDX-License-Identifier: MIT
/* pinbufctl info */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

#include "pinbufctl.h"
#include "size.h"

static const struct {
	uint64_t bit;
	const char *what;
} features[] = {
	{ PINBUF_DEV_HUGE, "huge folios, mapped by one page-table entry" },
	{ PINBUF_DEV_MEMCG, "charged to the memory cgroup" },
	{ PINBUF_DEV_MEMLOCK, "held against RLIMIT_MEMLOCK" },
	{ PINBUF_DEV_CONTIG, "buffers of one physical run" },
	{ PINBUF_DEV_ADDR_BITS, "physical addresses below a limit" },
	{ PINBUF_DEV_EXTENTS, "physical runs can be read" },
	{ PINBUF_DEV_NAMES, "buffers published by name" },
	{ PINBUF_DEV_HEAP, "/dev/dma_heap/pinbuf" },
};

static void limit_print(const char *name, uint64_t bytes, uint64_t none)
{
	char text[SIZE_TEXT];

	printf("%-20s %s\n", name, bytes == none ? "none" : size_text(text, bytes));
}

static void info_print(const struct pinbuf_dev_info *info)
{
	char text[SIZE_TEXT];
	size_t i;

	printf("%-20s %u\n", "abi version", info->abi_version);
	printf("%-20s %s\n", "page", size_text(text, info->page_size));
	limit_print("huge page", info->huge_size, 0);
	printf("%-20s %" PRIu64 " bytes\n", "largest buffer", info->max_len);
	printf("%-20s %s\n", "greatest alignment", size_text(text, info->max_block));
	printf("%-20s %u\n", "NUMA nodes", info->nr_nodes);
	limit_print("your RLIMIT_MEMLOCK", info->limit, UINT64_MAX);
	printf("%-20s %s\n", "locked by you", size_text(text, info->locked));
	limit_print("ceiling, all users", info->max_bytes, 0);
	limit_print("ceiling, each user", info->max_user_bytes, 0);
	for (i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		printf("%-20s %s%s\n", i ? "" : "features",
		       info->features & features[i].bit ? "" : "no: ", features[i].what);
}

int pinbufctl_info(int argc, char **argv)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_dev *dev;
	int ret;

	if (argc > 1) {
		int help = !strcmp(argv[1], "--help");

		fprintf(help ? stdout : stderr, "usage: pinbufctl %s\n", argv[0]);
		return help ? PINBUFCTL_OK : PINBUFCTL_USAGE;
	}
	if (pinbuf_open(&dev, NULL)) {
		fprintf(stderr, "pinbufctl: %s\n", pinbuf_error_text());
		return PINBUFCTL_FAILED;
	}
	ret = pinbuf_dev_info(dev, &info);
	if (ret)
		fprintf(stderr, "pinbufctl: %s\n", pinbuf_error_text());
	else
		info_print(&info);
	pinbuf_close(dev);
	return ret ? PINBUFCTL_FAILED : PINBUFCTL_OK;
}
