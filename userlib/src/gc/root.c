// SPDX-License-Identifier: MIT
/*
 * Roots: the handles of each thread, variables that the program named, and objects whose
 * finalizers have still to be called.  All of them are looked at by every collection, so
 * a pause grows by about a nanosecond for each.
 */
#include <errno.h>
#include <string.h>

#include "../internal.h"
#include "../refuse.h"
#include "copy.h"

void pinbuf__gc_handles_full(struct pinbuf_gc_mutator *m)
{
	pinbuf__misuse(&m->gc->region, "a thread has %zu handles: close scopes, or raise pinbuf_gc_opts.handles",
		       (size_t)(m->limit - gc_mutator(m)->handles));
}

int pinbuf_gc_root_add(struct pinbuf_gc *gc, void *slot)
{
	int ret = 0;

	pthread_mutex_lock(&gc->lock);
	if (gc->roots.nr == gc->roots.max)
		ret = pinbuf__refuse_own(sizeof(slot));
	else
		gc_push(&gc->roots, (uintptr_t)slot);
	pthread_mutex_unlock(&gc->lock);
	return ret;
}

int pinbuf_gc_root_del(struct pinbuf_gc *gc, void *slot)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = ENOENT };
	size_t i;

	pthread_mutex_lock(&gc->lock);
	for (i = gc->roots.nr; i && gc->roots.base[i - 1] != (uintptr_t)slot; i--)
		;
	if (i)
		gc->roots.base[i - 1] = gc_pop(&gc->roots);
	pthread_mutex_unlock(&gc->lock);
	if (i)
		return 0;
	return pinbuf__error(&e, "gc '%s': %p is no root", gc->name, slot);
}

void pinbuf__gc_roots_visit(struct pinbuf_gc *gc, struct pinbuf_gc_tracer *t)
{
	const struct gc_mutator *m;
	struct gc_node *node;
	void **slot;
	size_t i;

	GC_FOR_EACH_MUTATOR(gc, m)
		for (slot = m->handles; slot < m->pub.top; slot++)
			t->visit(t, slot);
	for (i = 0; i < gc->roots.nr; i++)
		t->visit(t, (void **)gc->roots.base[i]);
	for (node = gc->final_ready.first; node; node = node->next)
		t->visit(t, &node->object);
}
