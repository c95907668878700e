// SPDX-License-Identifier: MIT
/* The collected heap as a region, over a heap over the ground. */
#include <errno.h>
#include <stdlib.h>

#include "law_gc.h"
#include "law_heap.h"

struct both {
	struct pinbuf_heap *heap;
	struct pinbuf_gc *gc;
};

int gc_region_open(struct world *w)
{
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	struct both *both = calloc(1, sizeof(*both));
	int ret;

	if (!both)
		return -ENOMEM;
	ret = heap_open(w);
	if (ret)
		goto out_free;
	both->heap = o.pinned = w->other;
	ret = pinbuf_gc_create(&both->gc, &o);
	if (ret)
		goto out_heap;
	w->other = both;
	w->region = pinbuf_gc_region(both->gc);
	return 0;

out_heap:
	heap_close(w);
out_free:
	free(both);
	return ret;
}

void gc_region_close(struct world *w)
{
	struct both *both = w->other;

	pinbuf_gc_destroy(both->gc);
	pinbuf_heap_destroy(both->heap);
	free(both);
}
