// SPDX-License-Identifier: MIT
/* What a region gave out, for people and for programs. */
#include <stdio.h>

#include <pinbuf.h>

int main(void)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	struct pinbuf_arena a;
	int i;

	if (pinbuf_arena_init(&a, NULL))
		goto failed;
	for (i = 0; i < 10; i++) {
		PINBUF_SCOPE(&a);
		if (!pinbuf_arena_alloc(&a, 1000, 8) || !pinbuf_arena_alloc(&a, 24, 64))
			goto failed;
	}
	if (pinbuf_region_stats(&a.region, &stats))
		goto failed;
	pinbuf_stats_print(&stats, stdout);
	pinbuf_stats_json(&stats, stdout);
	putchar('\n');
	pinbuf_arena_fini(&a);
	return stats.current_live != 0;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
