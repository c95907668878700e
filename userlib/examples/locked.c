// SPDX-License-Identifier: MIT
/* One free list for all threads: through its lock, or each through a window of its own. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

static struct pinbuf_locked *shared;

static void *worker(void *name)
{
	struct pinbuf_region *mine = pinbuf_locked_local(shared);
	struct pinbuf_region *ours = pinbuf_locked_region(shared);
	struct pinbuf_layout l = { 100, 8 };
	char *result = pinbuf_alloc(ours, l), *p;
	int i;

	for (i = 0; mine && i < 1000; i++) {	/* gone when the thread ends */
		p = pinbuf_alloc(mine, l);
		if (p)
			memset(p, i, l.size);
	}
	if (result)				/* outlives it */
		snprintf(result, l.size, "from %s", (char *)name);
	return result;
}

int main(void)
{
	struct pinbuf_freelist_opts opts = PINBUF_FREELIST_OPTS_INIT;
	const char *names[] = { "left", "right" };
	struct pinbuf_freelist *f;
	pthread_t threads[2];
	void *result;
	int i;

	opts.bytes = 1 << 20;
	if (pinbuf_freelist_create(&f, &opts) ||
	    pinbuf_locked_create(&shared, pinbuf_freelist_region(f), 0)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, worker, (void *)names[i]))
			return 1;
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], &result);
		printf("%s\n", result ? (char *)result : "nothing");
		pinbuf_dealloc(pinbuf_locked_region(shared), result, (struct pinbuf_layout){ 100, 8 });
	}
	pinbuf_locked_destroy(shared);
	printf("%zu bytes in %zu hole\n", pinbuf_freelist_remaining(f), pinbuf_freelist_holes(f));
	pinbuf_freelist_destroy(f);
	return 0;
}
