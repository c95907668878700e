// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "say.h"

static double seconds(void)
{
	static struct timespec start;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec && !start.tv_nsec)
		start = now;
	return (double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec);
}

void say(const char *step, const char *fmt, ...)
{
	va_list args;

	printf("%5.1f s  %-8s ", seconds(), step);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

void say_more(const char *fmt, ...)
{
	va_list args;

	printf("%9s%-8s ", "", "");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

int say_wrong(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("pinbufctl prove: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

const char *errno_name(int err)
{
	static char digits[16];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	snprintf(digits, sizeof(digits), "%d", err);
	return digits;
}
