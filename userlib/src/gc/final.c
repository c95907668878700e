// SPDX-License-Identifier: MIT
/*
 * Finalizers.  A collection that finds an object of theirs dead keeps it, with what it
 * reaches, and puts the finalizer among the ready ones; those are called at a safe point,
 * one by one, with no lock held and the world running.  Objects of ready finalizers are
 * roots.  What a cycle finds in steps is ready when all that it reaches is marked.
 */
#include <stdlib.h>

#include "../refuse.h"
#include "copy.h"

struct finalizer {
	struct gc_node node;	/* first */
	void (*fn)(struct pinbuf_gc_mutator *m, void *object, void *arg);
	void *arg;
};

int pinbuf_gc_finalizer(struct pinbuf_gc_mutator *m, void *object,
			void (*fn)(struct pinbuf_gc_mutator *m, void *object, void *arg),
			void *arg)
{
	struct finalizer *f = calloc(1, sizeof(*f));
	struct pinbuf_gc *gc = m->gc;

	if (!f)
		return pinbuf__refuse_own(sizeof(*f));
	f->node.object = object;
	f->fn = fn;
	f->arg = arg;
	pthread_mutex_lock(&gc->lock);
	gc_list_add(gc_inside(gc, object) && gc_is_young_kind(gc_kind_of(gc, object)) ?
		    &gc->final_young : &gc->final_old, &f->node);
	pthread_mutex_unlock(&gc->lock);
	return 0;
}

static void move_to(struct gc_list *list, struct gc_node *node)
{
	gc_list_del(node);
	gc_list_add(list, node);
}

static void list_copy(struct gc_copy *c, struct gc_list *list)
{
	struct gc_node *node, *next;
	void *lives;

	for (node = list->first; node; node = next) {
		next = node->next;
		lives = pinbuf__gc_copy_lives(c, node->object);
		if (!lives) {
			move_to(&c->gc->final_ready, node);
			continue;
		}
		node->object = lives;
		if (list == &c->gc->final_young &&
		    !(gc_inside(c->gc, lives) && gc_is_young_kind(gc_kind_of(c->gc, lives))))
			move_to(&c->gc->final_old, node);
	}
}

/* After the weak handles: first who is dead, then what each of them reaches lives on. */
void pinbuf__gc_final_copy(struct gc_copy *c)
{
	struct pinbuf_gc *gc = c->gc;
	struct gc_node *node;

	list_copy(c, &gc->final_young);
	if (c->moving)
		list_copy(c, &gc->final_old);
	for (node = gc->final_ready.first; node; node = node->next)
		c->t.visit(&c->t, &node->object);
	pinbuf__gc_copy_drain(c);
}

/* The same for the dead old objects of a cycle, in steps; whether that is all. */
bool pinbuf__gc_final_step(struct pinbuf_gc *gc, size_t most)
{
	struct gc_node *node;

	while (gc->final_cursor && most--) {
		node = gc->final_cursor;
		gc->final_cursor = node->next;
		if (pinbuf__gc_is_dead(gc, node->object)) {
			move_to(&gc->final_found, node);
			gc_grey(gc, node->object);
		}
	}
	return !gc->final_cursor;
}

/* Those that were found may be called, now that all they reach is marked. */
bool pinbuf__gc_final_ready(struct pinbuf_gc *gc, size_t most)
{
	while (gc->final_found.first && most--)
		move_to(&gc->final_ready, gc->final_found.first);
	return !gc->final_found.first;
}

static struct finalizer *take(struct pinbuf_gc *gc)
{
	struct gc_node *node = gc->final_ready.first;

	if (node)
		gc_list_del(node);
	return (struct finalizer *)node;
}

/*
 * Call those that are ready, with the lock held, which is dropped meanwhile; whether any
 * was.  A finalizer's own allocations do not call others.
 */
bool pinbuf__gc_final_run(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;
	struct finalizer *f;
	bool any = false;

	if (t->finalizing || t->pub.nogc)
		return false;
	t->finalizing = true;
	while ((f = take(gc))) {
		void **top = t->pub.top, **object;

		object = pinbuf_gc_handle(&t->pub, f->node.object);
		gc->fig.finalized++;
		pthread_mutex_unlock(&gc->lock);
		f->fn(&t->pub, *object, f->arg);
		free(f);
		t->pub.top = top;
		pthread_mutex_lock(&gc->lock);
		any = true;
	}
	t->finalizing = false;
	return any;
}

void pinbuf__gc_final_close(struct pinbuf_gc *gc)
{
	gc_list_close(&gc->final_young);
	gc_list_close(&gc->final_old);
	gc_list_close(&gc->final_ready);
	gc_list_close(&gc->final_found);
}
