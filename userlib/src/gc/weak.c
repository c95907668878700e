// SPDX-License-Identifier: MIT
/*
 * Weak handles, in two lists by the age of their objects, so that a collection of the
 * young does not look at those of the old.
 *
 * When marking is complete those of dead old objects are cleared in steps.  Whoever asks
 * meanwhile is told by the mark bit; only afterwards may finalizers revive anything.
 */
#include <stdlib.h>

#include "../refuse.h"
#include "copy.h"

struct pinbuf_gc_weak {
	struct gc_node node;	/* first */
};

static struct gc_list *list_of(struct pinbuf_gc *gc, const void *object)
{
	return gc_inside(gc, object) && gc_is_young_kind(gc_kind_of(gc, object)) ?
	       &gc->weak_young : &gc->weak_old;
}

int pinbuf_gc_weak_create(struct pinbuf_gc_weak **out, struct pinbuf_gc_mutator *m, void *object)
{
	struct pinbuf_gc_weak *weak = calloc(1, sizeof(*weak));
	struct pinbuf_gc *gc = m->gc;

	if (!weak)
		return pinbuf__refuse_own(sizeof(*weak));
	weak->node.object = object;
	pthread_mutex_lock(&gc->lock);
	gc_list_add(object ? list_of(gc, object) : &gc->weak_gone, &weak->node);
	pthread_mutex_unlock(&gc->lock);
	*out = weak;
	return 0;
}

void *pinbuf_gc_weak_get(struct pinbuf_gc_mutator *m, const struct pinbuf_gc_weak *weak)
{
	void *object = weak->node.object;

	if (m->gc->phase == GC_WEAK && object && pinbuf__gc_is_dead(m->gc, object))
		return NULL;
	return object;
}

void pinbuf_gc_weak_destroy(struct pinbuf_gc_mutator *m, struct pinbuf_gc_weak *weak)
{
	struct pinbuf_gc *gc = m->gc;

	if (!weak)
		return;
	pthread_mutex_lock(&gc->lock);
	if (gc->weak_cursor == &weak->node)
		gc->weak_cursor = weak->node.next;
	gc_list_del(&weak->node);
	pthread_mutex_unlock(&gc->lock);
	free(weak);
}

static void clear(struct pinbuf_gc *gc, struct gc_node *node)
{
	gc_list_del(node);
	gc_list_add(&gc->weak_gone, node);
	node->object = NULL;
	gc->fig.weak_cleared++;
}

static void list_copy(struct gc_copy *c, struct gc_list *list)
{
	struct pinbuf_gc *gc = c->gc;
	struct gc_node *node, *next;
	void *lives;

	for (node = list->first; node; node = next) {
		next = node->next;
		lives = pinbuf__gc_copy_lives(c, node->object);
		if (!lives) {
			clear(gc, node);
			continue;
		}
		node->object = lives;
		/* a pinned one's block is old, and does not say so before the end */
		if (list_of(gc, lives) != list) {
			gc_list_del(node);
			gc_list_add(&gc->weak_old, node);
		}
	}
}

/* The collection knows what is dead. */
void pinbuf__gc_weak_copy(struct gc_copy *c)
{
	list_copy(c, &c->gc->weak_young);
	if (c->moving)
		list_copy(c, &c->gc->weak_old);
}

/* Clear some of those of dead old objects; whether that is all. */
bool pinbuf__gc_weak_step(struct pinbuf_gc *gc, size_t most)
{
	struct gc_node *node;

	while (gc->weak_cursor && most--) {
		node = gc->weak_cursor;
		gc->weak_cursor = node->next;
		if (pinbuf__gc_is_dead(gc, node->object))
			clear(gc, node);
	}
	return !gc->weak_cursor;
}

void pinbuf__gc_weak_close(struct pinbuf_gc *gc)
{
	gc_list_close(&gc->weak_young);
	gc_list_close(&gc->weak_old);
	gc_list_close(&gc->weak_gone);
}
