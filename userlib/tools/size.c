// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "size.h"

/* Whole units as they are; else one decimal, rounded down. */
const char *size_text(char text[SIZE_TEXT], uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int u = 0;
	uint64_t unit = 1;

	while (bytes / unit >= 1024) {
		unit *= 1024;
		u++;
	}
	if (bytes % unit)
		snprintf(text, SIZE_TEXT, "%" PRIu64 ".%u %s", bytes / unit,
			 (unsigned int)(bytes % unit / (unit / 1024) * 10 / 1024), units[u]);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 " %s", bytes / unit, units[u]);
	return text;
}
