// SPDX-License-Identifier: MIT
/*
 * Whoever collects holds the lock, sets every thread's stop flag and closes its window,
 * so that its next allocation or safe point leads into the library, and waits until no
 * other runs.  There they wait on the lock's condition for the end of it.
 *
 * A thread in a foreign call, or in none (not attached), does not run: it cannot come
 * back without the lock.  One in a no-GC section runs until it leaves it.
 *
 * Everything that a thread does with the heap outside its own window takes the lock, and
 * while it holds it it runs: nobody collects.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../refuse.h"
#include "clock.h"
#include "copy.h"
#include "world.h"

/* Wait while somebody else has the world, with @t not counted as running. */
void pinbuf__gc_park(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;

	if (!gc->stopper)
		return;
	gc->nr_running--;
	t->parked = true;
	pthread_cond_signal(&gc->stopped);
	while (gc->stopper)
		pthread_cond_wait(&gc->resumed, &gc->lock);
	t->parked = false;
	gc->nr_running++;
}

/* Only @t runs when it returns.  It is at a safe point, and in no section. */
void pinbuf__gc_stop(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;
	struct gc_mutator *other;
	uint64_t began, ns;

	pinbuf__gc_park(t);
	gc->stopper = t;
	if (gc->nr_running == 1)
		return;
	began = gc_now();
	GC_FOR_EACH_MUTATOR(gc, other) {
		PINBUF_STORE(&other->pub.stop, 1);
		PINBUF_STORE(&other->pub.end, 0);
	}
	while (gc->nr_running > 1)
		pthread_cond_wait(&gc->stopped, &gc->lock);
	ns = gc_now() - began;
	if (ns > gc->clock.most_stop)
		gc->clock.most_stop = ns;
}

void pinbuf__gc_start(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;
	struct gc_mutator *other;

	GC_FOR_EACH_MUTATOR(gc, other) {
		PINBUF_STORE(&other->pub.stop, 0);
		PINBUF_STORE(&other->pub.end, gc_inline_end(other));
	}
	gc->stopper = NULL;
	pthread_cond_broadcast(&gc->resumed);
}

/* The next thread that allocates shall collect. */
void pinbuf__gc_ask(struct pinbuf_gc *gc)
{
	struct gc_mutator *t;

	gc->asked = true;
	GC_FOR_EACH_MUTATOR(gc, t) {
		PINBUF_STORE(&t->pub.stop, 1);
		PINBUF_STORE(&t->pub.end, 0);
	}
}

static void begin_running(struct gc_mutator *t)
{
	struct pinbuf_gc *gc = t->pub.gc;

	while (gc->stopper)
		pthread_cond_wait(&gc->resumed, &gc->lock);
	gc->nr_running++;
}

static void end_running(struct pinbuf_gc *gc)
{
	gc->nr_running--;
	pthread_cond_signal(&gc->stopped);
}

int pinbuf_gc_attach(struct pinbuf_gc_mutator **out, struct pinbuf_gc *gc)
{
	struct gc_mutator *t = aligned_alloc(64, (sizeof(*t) + 63) & ~(size_t)63);

	if (!t)
		return pinbuf__refuse_own(sizeof(*t));
	*t = (struct gc_mutator){ .pub.gc = gc };
	t->handles_len = gc->opts.handles * sizeof(void *);
	t->handles = pinbuf__gc_map(t->handles_len, true);
	if (!t->handles) {
		free(t);
		return pinbuf__refuse_own(gc->opts.handles * sizeof(void *));
	}
	t->pub.top = t->handles;
	t->pub.limit = t->handles + gc->opts.handles;
	pthread_mutex_lock(&gc->lock);
	begin_running(t);
	t->next = gc->mutators;
	gc->mutators = t;
	pthread_mutex_unlock(&gc->lock);
	*out = &t->pub;
	return 0;
}

static void mutator_free(struct gc_mutator *t)
{
	munmap(t->handles, t->handles_len);
	free(t);
}

void pinbuf_gc_detach(struct pinbuf_gc_mutator *m)
{
	struct gc_mutator *t = gc_mutator(m), **link;
	struct pinbuf_gc *gc;

	if (!m)
		return;
	gc = m->gc;
	if (t->foreign || m->nogc)
		pinbuf__misuse(&gc->region, "a thread is detached inside a %s",
			       t->foreign ? "foreign call" : "no-GC section");
	pthread_mutex_lock(&gc->lock);
	pinbuf__gc_park(t);
	pinbuf__gc_window_close(gc, t);
	pinbuf__gc_log_flush(gc, t);
	gc->gone_allocs += m->nr_allocs;
	for (link = &gc->mutators; *link != t; link = &(*link)->next)
		;
	*link = t->next;
	end_running(gc);
	pthread_mutex_unlock(&gc->lock);
	mutator_free(t);
}

void pinbuf__gc_mutators_close(struct pinbuf_gc *gc)
{
	if (gc->mutators)
		pinbuf__misuse(&gc->region, "is destroyed while threads are attached to it");
}

void pinbuf_gc_foreign_enter(struct pinbuf_gc_mutator *m)
{
	struct gc_mutator *t = gc_mutator(m);
	struct pinbuf_gc *gc = m->gc;

	if (t->foreign || m->nogc)
		pinbuf__misuse(&gc->region, "a foreign call is entered inside a %s",
			       t->foreign ? "foreign call" : "no-GC section");
	pthread_mutex_lock(&gc->lock);
	t->foreign = true;
	end_running(gc);
	pthread_mutex_unlock(&gc->lock);
}

void pinbuf_gc_foreign_leave(struct pinbuf_gc_mutator *m)
{
	struct gc_mutator *t = gc_mutator(m);
	struct pinbuf_gc *gc = m->gc;

	if (!t->foreign)
		pinbuf__misuse(&gc->region, "a foreign call is left that was not entered");
	pthread_mutex_lock(&gc->lock);
	begin_running(t);
	t->foreign = false;
	pthread_mutex_unlock(&gc->lock);
}

void pinbuf__gc_nogc_leave(struct pinbuf_gc_mutator *m)
{
	if (!m->nogc)
		pinbuf__misuse(&m->gc->region, "a no-GC section is left that was not entered");
	m->nogc--;
	/* who opened a window in the section is to come here soon */
	if (!m->nogc && PINBUF_LOAD(&m->stop))
		PINBUF_STORE(&m->end, 0);
}
