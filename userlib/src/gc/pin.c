// SPDX-License-Identifier: MIT
/*
 * Pins are counted in a table outside the objects, by address: a pinned object has one.
 * The flag in its header is for collections, which meet the object first.  A pin is a
 * root: somebody who is not seen here holds the address.
 */
#include <errno.h>
#include <stdlib.h>

#include "../internal.h"
#include "../probe.h"
#include "../refuse.h"
#include "copy.h"

static size_t hash(const void *object, size_t mask)
{
	return ((uintptr_t)object >> 3) * 0x9e3779b97f4a7c15u >> 20 & mask;
}

static size_t slot_of(const struct gc_pins *p, const void *object)
{
	size_t i = hash(object, p->mask);

	while (p->slots[i].object && p->slots[i].object != object)
		i = (i + 1) & p->mask;
	return i;
}

static int grow(struct gc_pins *p)
{
	struct gc_pins grown = { .nr = p->nr, .mask = p->slots ? p->mask * 2 + 1 : 15 };
	size_t i;

	grown.slots = calloc(grown.mask + 1, sizeof(*grown.slots));
	if (!grown.slots)
		return pinbuf__refuse_own((grown.mask + 1) * sizeof(*grown.slots));
	for (i = 0; p->slots && i <= p->mask; i++)
		if (p->slots[i].object)
			grown.slots[slot_of(&grown, p->slots[i].object)] = p->slots[i];
	free(p->slots);
	*p = grown;
	return 0;
}

static void slot_clear(struct gc_pins *p, size_t i)
{
	size_t k = i;

	for (;;) {
		k = (k + 1) & p->mask;
		if (!p->slots[k].object)
			break;
		if (((k - hash(p->slots[k].object, p->mask)) & p->mask) >= ((k - i) & p->mask)) {
			p->slots[i] = p->slots[k];
			i = k;
		}
	}
	p->slots[i] = (struct gc_pin){ NULL, 0 };
	p->nr--;
}

/* Whether it can be one, as far as that costs nothing. */
static bool is_object(const struct pinbuf_gc *gc, const void *object)
{
	if ((uintptr_t)object % 8)
		return false;
	if (!gc_inside(gc, object))
		return object && pinbuf__gc_big_find(gc, object);
	return gc_is_young_kind(gc_kind_of(gc, object)) ||
	       (gc_is_old_kind(gc_kind_of(gc, object)) &&
		gc_bit_test(gc->live[gc_block_of(gc, object)], object));
}

static int pin(struct pinbuf_gc *gc, void *object)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	struct gc_pins *p = &gc->pins;
	size_t i;

	if (!is_object(gc, object))
		return pinbuf__error(&e, "gc '%s': %p is no object", gc->name, object);
	if ((!p->slots || p->nr * 2 > p->mask) && grow(p))
		return -ENOMEM;
	i = slot_of(p, object);
	if (!p->slots[i].object) {
		p->slots[i].object = object;
		p->nr++;
		if (gc_inside(gc, object))
			gc_flags_atomic(object, GC_PIN, 0);
	}
	p->slots[i].count++;
	PROBE2(gc_pin, gc->name, object);
	return 0;
}

int pinbuf_gc_pin(struct pinbuf_gc_mutator *m, void *object)
{
	struct pinbuf_gc *gc = m->gc;
	int ret;

	pthread_mutex_lock(&gc->lock);
	ret = pin(gc, object);
	pthread_mutex_unlock(&gc->lock);
	return ret;
}

void pinbuf_gc_unpin(struct pinbuf_gc_mutator *m, void *object)
{
	struct pinbuf_gc *gc = m->gc;
	struct gc_pins *p = &gc->pins;
	size_t i = 0;

	pthread_mutex_lock(&gc->lock);
	if (p->slots)
		i = slot_of(p, object);
	if (!p->slots || !p->slots[i].object)
		pinbuf__misuse(&gc->region, "%p is unpinned, which has no pin", object);
	PROBE2(gc_unpin, gc->name, object);
	if (!--p->slots[i].count) {
		if (gc_inside(gc, object))
			gc_flags_atomic(object, 0, GC_PIN);
		slot_clear(p, i);
	}
	pthread_mutex_unlock(&gc->lock);
}

/* Pins of an object; 0 for none. */
size_t pinbuf__gc_pin_count(const struct pinbuf_gc *gc, const void *object)
{
	return gc->pins.slots ? gc->pins.slots[slot_of(&gc->pins, object)].count : 0;
}

bool pinbuf_gc_is_pinned(struct pinbuf_gc *gc, const void *object)
{
	bool pinned = !gc_inside(gc, object) || gc_kind_of(gc, object) == GC_FIXED;

	if (!pinned) {
		pthread_mutex_lock(&gc->lock);
		pinned = pinbuf__gc_pin_count(gc, object);
		pthread_mutex_unlock(&gc->lock);
	}
	return pinned;
}

/* Pinned objects live, and stay. */
void pinbuf__gc_pins_visit(struct gc_copy *c)
{
	const struct gc_pins *p = &c->gc->pins;
	size_t i;

	if (!p->nr)
		return;
	for (i = 0; i <= p->mask; i++) {
		void *object = p->slots[i].object;

		if (!object)
			continue;
		if (gc_inside(c->gc, object) && gc_kind_of(c->gc, object) == GC_FROM)
			pinbuf__gc_copy_in_place(c, object);
		else
			c->t.visit(&c->t, &object);
	}
}

void pinbuf__gc_pins_close(struct pinbuf_gc *gc)
{
	free(gc->pins.slots);
}
