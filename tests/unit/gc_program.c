// SPDX-License-Identifier: MIT
/* The steps of a random program over a collected heap, each with what the model makes of it. */
#include <stdlib.h>

#include "gc_program.h"

struct pinbuf_gc *gc;
static const struct pinbuf_gc_type *plain, *fixed, *wide, *blob, *dma;

struct box box = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t dice(struct program *p, uint64_t sides)
{
	p->seed = p->seed * 6364136223846793005u + 1442695040888963407u;
	return (p->seed >> 33) % sides;
}

/* A thread that waits must not keep others from collecting. */
static void box_lock(struct program *p)
{
	while (pthread_mutex_trylock(&box.lock))
		pinbuf_gc_safepoint(p->m);
}

void program_types_make(void)
{
	static const size_t links[LINKS] = { 0, 8, 16 };
	struct pinbuf_gc_type_opts o = PINBUF_GC_STRUCT(struct object, links);
	struct pinbuf_gc_type_opts b = PINBUF_GC_ARRAY(unsigned char);

	assert_int_equal(pinbuf_gc_type_create(&plain, gc, &o), 0);
	o.flags = PINBUF_GC_PINNED;
	assert_int_equal(pinbuf_gc_type_create(&fixed, gc, &o), 0);
	o.flags = 0;
	o.elem_bytes = 64;	/* makes it a large object */
	o.elem_pointers = links;
	o.nr_elem_pointers = 1;
	assert_int_equal(pinbuf_gc_type_create(&wide, gc, &o), 0);
	assert_int_equal(pinbuf_gc_type_create(&blob, gc, &b), 0);
	b.flags = PINBUF_GC_PINNED;
	assert_int_equal(pinbuf_gc_type_create(&dma, gc, &b), 0);
}

static struct twin *twin_new(struct program *p)
{
	struct twin *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->id = ++p->nr_ids;
	t->all = p->all;
	p->all = t;
	return t;
}

/* A blob is bytes, and its first says how many there are. */
static void *blob_new(struct program *p, struct twin *t)
{
	const struct pinbuf_gc_type *type = dice(p, 4) ? blob : dma;
	size_t nr = 1 + dice(p, 200);
	unsigned char *bytes = pinbuf_gc_new_array(p->m, type, dice(p, 16) ? nr : nr + 5000);

	assert_non_null(bytes);
	t->blob = true;
	t->length = (unsigned char)nr;
	memset(bytes, t->length, nr);
	return bytes;
}

static void *object_new(struct program *p, struct twin *t)
{
	struct object *o;

	if (!dice(p, 5))
		return blob_new(p, t);
	if (!dice(p, 12))
		o = pinbuf_gc_new_array(p->m, wide, 70 + dice(p, 20));
	else
		o = pinbuf_gc_new(p->m, dice(p, 8) ? plain : fixed, struct object);
	assert_non_null(o);
	o->id = t->id;
	return o;
}

/* One object is what its twin says, but for its links. */
static void object_check(const struct object *o, const struct twin *t)
{
	const unsigned char *bytes = (const unsigned char *)o;
	size_t i;

	if (!t->blob) {
		assert_int_equal(o->id, t->id);
		return;
	}
	for (i = 0; i < t->length; i++)
		assert_int_equal(bytes[i], t->length);
}

static void walk(struct program *p, const struct object *o, struct twin *t)
{
	int i;

	if (!t) {
		assert_null(o);
		return;
	}
	assert_non_null(o);
	object_check(o, t);
	if (t->seen == p->walk)
		return;
	t->seen = p->walk;
	for (i = 0; !t->blob && i < LINKS; i++)
		walk(p, o->links[i], t->links[i]);
}

void program_walk(struct program *p)
{
	int i;

	p->walk++;
	for (i = 0; i < ROOTS; i++)
		walk(p, *p->roots[i], p->twins[i]);
	for (i = 0; i < PINS; i++)
		if (p->pins[i].object)
			walk(p, p->pins[i].object, p->pins[i].twin);
	for (i = 0; i < WEAKS; i++) {
		struct weak *w = &p->weaks[i];
		struct object *o = w->handle ? pinbuf_gc_weak_get(p->m, w->handle) : NULL;

		if (o)
			object_check(o, w->twin);
		else if (w->handle)
			assert_true(w->twin->seen != p->walk);
	}
}

/* Nobody finalizes what can be reached; nobody twice. */
static void finalize(struct pinbuf_gc_mutator *m, void *object, void *arg)
{
	struct twin *t = arg;
	int i;

	object_check(object, t);
	assert_int_equal(t->finalized, 0);
	for (i = 0; !t->blob && i < LINKS; i++)
		if (t->links[i])
			object_check(((struct object *)object)->links[i], t->links[i]);
	t->finalized = 1;
	/* it may allocate */
	assert_non_null(pinbuf_gc_new(m, plain, struct object));
}

static void step_new(struct program *p)
{
	size_t at = dice(p, ROOTS);
	struct twin *t = twin_new(p);

	*p->roots[at] = object_new(p, t);
	p->twins[at] = t;
	if (!dice(p, 20)) {
		t->finalizer = true;
		assert_int_equal(pinbuf_gc_finalizer(p->m, *p->roots[at], finalize, t), 0);
	}
}

static void step_link(struct program *p)
{
	size_t from = dice(p, ROOTS), to = dice(p, ROOTS), link = dice(p, LINKS);
	struct object *o = *p->roots[from];

	if (!o || p->twins[from]->blob)
		return;
	pinbuf_gc_set(p->m, o, links[link], *p->roots[to]);
	p->twins[from]->links[link] = p->twins[to];
}

static void step_follow(struct program *p)
{
	size_t at = dice(p, ROOTS), to = dice(p, ROOTS), link = dice(p, LINKS);

	if (!p->twins[at] || p->twins[at]->blob)
		return;
	*p->roots[to] = (*p->roots[at])->links[link];
	p->twins[to] = p->twins[at]->links[link];
}

static void step_drop(struct program *p)
{
	size_t at = dice(p, ROOTS);

	*p->roots[at] = NULL;
	p->twins[at] = NULL;
}

static void step_pin(struct program *p)
{
	size_t at = dice(p, ROOTS);
	struct pin *pin = &p->pins[dice(p, PINS)];

	if (pin->object) {
		assert_true(pinbuf_gc_is_pinned(gc, pin->object));
		object_check(pin->object, pin->twin);
		pinbuf_gc_unpin(p->m, pin->object);
		pin->object = NULL;
	} else if (p->twins[at]) {
		assert_int_equal(pinbuf_gc_pin(p->m, *p->roots[at]), 0);
		*pin = (struct pin){ *p->roots[at], p->twins[at] };
	}
}

static void step_weak(struct program *p)
{
	size_t at = dice(p, ROOTS);
	struct weak *w = &p->weaks[dice(p, WEAKS)];

	if (w->handle) {
		pinbuf_gc_weak_destroy(p->m, w->handle);
		w->handle = NULL;
	} else if (p->twins[at] && !p->twins[at]->finalizer) {
		assert_int_equal(pinbuf_gc_weak_create(&w->handle, p->m, *p->roots[at]), 0);
		w->twin = p->twins[at];
	}
}

static void step_collect(struct program *p)
{
	assert_int_equal(pinbuf_gc_collect(p->m, (enum pinbuf_gc_kind)dice(p, 4)), 0);
	if (pinbuf_gc_verify(p->m))
		fail_msg("%s", pinbuf_error_text());
}

static void step_nogc(struct program *p)
{
	struct object *raw[2] = { *p->roots[0], *p->roots[1] };

	pinbuf_gc_nogc_enter(p->m);
	step_new(p);
	pinbuf_gc_safepoint(p->m);
	step_new(p);
	if (p->twins[0] && raw[0] == *p->roots[0])
		object_check(raw[0], p->twins[0]);
	pinbuf_gc_nogc_leave(p->m);
}

/* Blobs change hands: they have no links to the twins of another thread. */
static void step_exchange(struct program *p)
{
	size_t at = dice(p, ROOTS);

	box_lock(p);
	*p->roots[at] = box.object;
	p->twins[at] = box.twin;
	box.object = NULL;
	box.twin = NULL;
	pthread_mutex_unlock(&box.lock);
}

static void step_give(struct program *p)
{
	size_t at = dice(p, ROOTS);

	if (!p->twins[at] || !p->twins[at]->blob || p->twins[at]->finalizer)
		return;
	box_lock(p);
	box.object = *p->roots[at];
	box.twin = p->twins[at];
	pthread_mutex_unlock(&box.lock);
}

static const struct {
	void (*fn)(struct program *p);
	unsigned int weight;
} steps[] = {
	{ step_new, 40 }, { step_link, 40 }, { step_follow, 10 }, { step_drop, 6 },
	{ step_pin, 4 }, { step_weak, 4 }, { step_collect, 1 }, { step_nogc, 2 },
	{ step_exchange, 3 }, { step_give, 3 }, { program_walk, 2 },
};

void program_step(struct program *p)
{
	uint64_t roll = dice(p, 115);
	size_t i = 0;

	while (roll >= steps[i].weight)
		roll -= steps[i++].weight;
	steps[i].fn(p);
}
