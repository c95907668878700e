// SPDX-License-Identifier: MIT
/*
 * Reading and writing the file copy from and to this program too, so they are
 * places themselves: while armed, a write that disarms may fail and is repeated,
 * and a read that fails says that nothing had failed before it.
 */
#include "nth.h"
#include "proc.h"

#define DEBUG "/sys/kernel/debug/"

static const struct {
	const char *path, *value;
} settings[] = {
	{ DEBUG "failslab/ignore-gfp-wait", "N" },
	{ DEBUG "failslab/verbose", "0" },
	{ DEBUG "fail_page_alloc/ignore-gfp-wait", "N" },
	{ DEBUG "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ DEBUG "fail_page_alloc/min-order", "0" },
	{ DEBUG "fail_page_alloc/verbose", "0" },
	{ DEBUG "fail_usercopy/verbose", "0" },
};

static int nth_fd = -1;

void nth_begin(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		skip_because("this kernel cannot inject faults");
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		assert_ok(file_write(settings[i].path, settings[i].value));
}

void nth_end(void)
{
	close(nth_fd);
	nth_fd = -1;
}

void nth_arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	while (pwrite(nth_fd, text, len, 0) != len)
		;
}

bool nth_disarm(void)
{
	char text[16] = "";
	ssize_t len = pread(nth_fd, text, sizeof(text) - 1, 0);
	bool failed = len > 0 && atoi(text) == 0;

	nth_arm(0);
	return failed;
}
