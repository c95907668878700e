// SPDX-License-Identifier: MIT
/* The process's own malloc, with layouts and counters. */
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

int main(void)
{
	struct pinbuf_layout old = { 100, 8 }, new_ = { 100000, 64 };
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	struct pinbuf_region *r = pinbuf_global();
	char *text = pinbuf_alloc_zeroed(r, old), *longer;

	if (!text)
		goto failed;
	strcpy(text, "kept");
	longer = pinbuf_realloc(r, text, old, new_);
	if (!longer)
		goto failed;
	printf("%s, aligned to 64: %s\n", longer, pinbuf_is_ptr_aligned(longer, 64) ? "yes" : "no");
	pinbuf_dealloc(r, longer, new_);
	if (pinbuf_region_stats(r, &stats))
		goto failed;
	return pinbuf_stats_print(&stats, stdout) || stats.current_live;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
