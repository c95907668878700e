// SPDX-License-Identifier: MIT
/* The pinned heap, and what lies on it, as subjects of the region laws. */
#include <stdlib.h>

#include <pinbuf/heap.h>

#include "ground.h"
#include "law_heap.h"

struct two {
	struct pinbuf_heap *lower, *upper;
};

static int heap_over(struct pinbuf_heap **out, struct pinbuf_region *parent)
{
	struct pinbuf_heap_opts o = PINBUF_HEAP_OPTS_INIT;

	o.parent = parent;
	o.dev = parent ? NULL : ground_dev();
	o.grow = 256 << 10;
	o.keep = 0;
	o.max = LAWS_BYTES;
	return pinbuf_heap_create(out, &o);
}

static int open_over(struct world *w, struct pinbuf_region *parent)
{
	struct pinbuf_heap *heap;
	int ret = heap_over(&heap, parent);

	if (ret)
		return ret;
	w->other = heap;
	w->region = pinbuf_heap_region(heap);
	return 0;
}

int heap_open(struct world *w)
{
	return open_over(w, &w->ground.region);
}

void heap_close(struct world *w)
{
	pinbuf_heap_destroy(w->other);
}

/* over buffers, where the ground is pinned */
int heap_of_system_open(struct world *w)
{
	return open_over(w, NULL);
}

void heap_of_system_close(struct world *w)
{
	pinbuf_heap_destroy(w->other);
}

int heap_on_heap_open(struct world *w)
{
	struct two *two = calloc(1, sizeof(*two));
	int ret;

	if (!two)
		return -1;
	ret = heap_over(&two->lower, &w->ground.region);
	if (ret)
		goto out_free;
	ret = heap_over(&two->upper, pinbuf_heap_region(two->lower));
	if (ret)
		goto out_lower;
	w->other = two;
	w->region = pinbuf_heap_region(two->upper);
	return 0;

out_lower:
	pinbuf_heap_destroy(two->lower);
out_free:
	free(two);
	return ret;
}

void heap_on_heap_close(struct world *w)
{
	struct two *two = w->other;

	pinbuf_heap_destroy(two->upper);
	pinbuf_heap_destroy(two->lower);
	free(two);
}
