// SPDX-License-Identifier: MIT
/*
 * Leaves of more than 4 KiB and leaves pinned from birth lie in the pinned heap.  Nothing
 * of the collector's is beside them: a device may write to them, or late, and they begin
 * where a page does.  Large objects with pointers lie in ordinary memory behind a header
 * like any other's and a word that leads to what is here.
 *
 * What is known of such an object is found by its address, in a hash table.  They are
 * never moved.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../process.h"
#include "../refuse.h"
#include "big.h"

#define HEADER		16

static size_t hash(const void *object, size_t mask)
{
	return ((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u >> 20 & mask;
}

static size_t slot_of(const struct gc_big_table *t, const void *object)
{
	size_t i = hash(object, t->mask);

	while (t->slots[i] && t->slots[i]->object != object)
		i = (i + 1) & t->mask;
	return i;
}

struct gc_big *pinbuf__gc_big_find(const struct pinbuf_gc *gc, const void *object)
{
	return gc->big.slots[slot_of(&gc->big, object)];
}

static int table_grow(struct gc_big_table *t)
{
	struct gc_big_table grown = *t;
	struct gc_big *big;

	grown.mask = t->mask * 2 + 1;
	grown.slots = calloc(grown.mask + 1, sizeof(*grown.slots));
	if (!grown.slots)
		return -ENOMEM;
	for (big = t->list; big; big = big->next)
		grown.slots[slot_of(&grown, big->object)] = big;
	free(t->slots);
	t->slots = grown.slots;
	t->mask = grown.mask;
	return 0;
}

int pinbuf__gc_big_open(struct pinbuf_gc *gc)
{
	struct pinbuf_heap_opts o = PINBUF_HEAP_OPTS_INIT;
	int ret;

	gc->big.mask = 63;
	gc->big.slots = calloc(gc->big.mask + 1, sizeof(*gc->big.slots));
	if (!gc->big.slots)
		return pinbuf__refuse_own(64 * sizeof(*gc->big.slots));
	o.name = gc->name;
	ret = pinbuf_heap_create(&gc->system, &o);
	gc->pinned = gc->opts.pinned ? gc->opts.pinned : gc->system;
	return ret;
}

static struct pinbuf_heap *heap_of(const struct pinbuf_gc *gc, const struct gc_type *type)
{
	return type->leaf ? gc->pinned : gc->system;
}

static void block_put(struct pinbuf_gc *gc, struct gc_big *big)
{
	struct pinbuf_heap *heap = heap_of(gc, big->type);

	pinbuf__process_shrank(&gc->region, pinbuf_heap_region(heap), big->bytes);
	pinbuf_heap_free(heap, big->block);
}

static int block_get(struct pinbuf_gc *gc, struct gc_big *big)
{
	struct pinbuf_heap *heap = heap_of(gc, big->type);
	size_t align = big->type->align > 16 ? big->type->align : 16;

	if (big->type->leaf) {
		big->block = pinbuf_heap_aligned_alloc(heap, align, big->bytes);
		big->object = big->block;
	} else {
		big->block = pinbuf_heap_malloc(heap, big->bytes + HEADER);
		big->object = (char *)big->block + HEADER;
	}
	if (!big->block)
		return -errno;
	/* a heap on the device has fresh pages zeroed, and does not say which */
	memset(big->block, 0, big->bytes + (big->type->leaf ? 0 : HEADER));
	pinbuf__process_grew(&gc->region, pinbuf_heap_region(heap), big->bytes);
	return 0;
}

/*
 * @bytes are the object's.  NULL with the error filled.
 */
struct gc_big *pinbuf__gc_big_new(struct pinbuf_gc *gc, const struct gc_type *type, size_t nr,
				  size_t bytes)
{
	struct gc_big probe = { .type = type, .bytes = bytes }, *big;
	size_t cards = gc_big_cards(&probe);

	if (gc->big.nr * 2 > gc->big.mask && table_grow(&gc->big)) {
		pinbuf__refuse_own((gc->big.mask + 1) * 2 * sizeof(*gc->big.slots));
		return NULL;
	}
	big = calloc(1, sizeof(*big) + cards);
	if (!big) {
		pinbuf__refuse_own(sizeof(*big) + cards);
		return NULL;
	}
	big->type = type;
	big->bytes = bytes;
	big->nr = nr;
	if (block_get(gc, big)) {
		free(big);
		return NULL;
	}
	if (!type->leaf) {
		*gc_header(big->object) = (nr < UINT32_MAX ? nr : UINT32_MAX) << 32 |
					  (type->pub.header & 0xffffff00) | GC_BIG | GC_CLEAN;
		((struct gc_big **)big->object)[-2] = big;
	}
	big->marked = gc->black;
	big->next = gc->big.list;
	big->link = &gc->big.list;
	if (big->next)
		big->next->link = &big->next;
	gc->big.list = big;
	gc->big.slots[slot_of(&gc->big, big->object)] = big;
	gc->big.nr++;
	gc->big.bytes += bytes;
	return big;
}

/* Linear probing has no holes: what lies behind moves up. */
static void slot_clear(struct gc_big_table *t, size_t i)
{
	size_t k = i, home;

	for (;;) {
		k = (k + 1) & t->mask;
		if (!t->slots[k])
			break;
		home = hash(t->slots[k]->object, t->mask);
		if (((k - home) & t->mask) >= ((k - i) & t->mask)) {
			t->slots[i] = t->slots[k];
			i = k;
		}
	}
	t->slots[i] = NULL;
}

static void big_free(struct pinbuf_gc *gc, struct gc_big *big)
{
	slot_clear(&gc->big, slot_of(&gc->big, big->object));
	*big->link = big->next;
	if (big->next)
		big->next->link = big->link;
	gc->big.nr--;
	gc->big.bytes -= big->bytes;
	block_put(gc, big);
	free(big);
}

/*
 * Free those not marked, looking at @most; bytes freed.  What was made since the sweep
 * began is in front of where it began.
 */
size_t pinbuf__gc_big_sweep(struct pinbuf_gc *gc, size_t most, bool *more)
{
	size_t before = gc->big.bytes;
	struct gc_big *big;

	while (gc->big.cursor && most--) {
		big = gc->big.cursor;
		gc->big.cursor = big->next;
		if (!big->marked)
			big_free(gc, big);
		else
			big->marked = false;
	}
	*more = gc->big.cursor;
	return before - gc->big.bytes;
}

void pinbuf__gc_big_close(struct pinbuf_gc *gc)
{
	struct gc_big *big = gc->big.list, *next;

	for (; big; big = next) {
		next = big->next;
		block_put(gc, big);
		free(big);
	}
	free(gc->big.slots);
	pinbuf_heap_destroy(gc->system);
}
