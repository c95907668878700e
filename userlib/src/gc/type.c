// SPDX-License-Identifier: MIT
/*
 * A type is made once and never changes.  Its number goes into the header of each of its
 * objects, so the table of types has a fixed place in the address space: a thread that
 * makes a type disturbs none that reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "../refuse.h"
#include "type.h"

#define MAX_FIXED	((size_t)1 << 31)

void pinbuf_gc_trace(struct pinbuf_gc_tracer *t, void *slot)
{
	t->visit(t, slot);
}

static int refuse(const struct pinbuf_gc *gc, const struct pinbuf_gc_type_opts *o,
		  const char *what, size_t value)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_LAYOUT, .err = EINVAL, .requested = value,
	};

	return pinbuf__error(&e, "gc '%s': type '%s': %s (%zu)", gc->name,
			     o->name ? o->name : "", what, value);
}

static int offsets_check(const struct pinbuf_gc *gc, const struct pinbuf_gc_type_opts *o,
			 const size_t *offsets, size_t nr, size_t bytes)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (offsets[i] % sizeof(void *))
			return refuse(gc, o, "the offset of a pointer is no multiple of 8",
				      offsets[i]);
		if (offsets[i] >= bytes || bytes - offsets[i] < sizeof(void *))
			return refuse(gc, o, "the offset of a pointer is outside", offsets[i]);
	}
	return 0;
}

static bool is_leaf(const struct pinbuf_gc_type_opts *o)
{
	return !o->trace && !o->nr_pointers && !o->nr_elem_pointers;
}

static int opts_check(const struct pinbuf_gc *gc, const struct pinbuf_gc_type_opts *o)
{
	int ret;

	if (o->bytes > MAX_FIXED || o->elem_bytes > MAX_FIXED)
		return refuse(gc, o, "a fixed part or element of more than 2 GiB",
			      o->bytes > o->elem_bytes ? o->bytes : o->elem_bytes);
	if (!pinbuf_is_pow2(o->align))
		return refuse(gc, o, "the alignment is no power of two", o->align);
	if (o->flags & ~PINBUF_GC_PINNED || o->reserved)
		return refuse(gc, o, "flags that there are not", o->flags);
	if (o->nr_elem_pointers && (o->bytes % 8 || o->elem_bytes % 8))
		return refuse(gc, o, "elements with pointers do not lie at multiples of 8",
			      o->bytes % 8 ? o->bytes : o->elem_bytes);
	if (o->align > 8 && !is_leaf(o)) {
		struct pinbuf_error e = {
			.kind = PINBUF_ERROR_ALIGN, .err = EOPNOTSUPP, .requested = o->align,
			.available = 8,
		};

		return pinbuf__error(&e, "gc '%s': type '%s': objects with pointers are aligned to 8, and %zu was asked; put what needs more into a leaf",
				     gc->name, o->name ? o->name : "", o->align);
	}
	ret = offsets_check(gc, o, o->pointers, o->nr_pointers, o->bytes);
	return ret ? ret : offsets_check(gc, o, o->elem_pointers, o->nr_elem_pointers,
					 o->elem_bytes);
}

static struct gc_type *type_make(const struct pinbuf_gc_type_opts *o)
{
	size_t nr = o->nr_pointers + o->nr_elem_pointers, i;
	struct gc_type *type = calloc(1, sizeof(*type) + nr * sizeof(type->pointers[0]));

	if (!type)
		return NULL;
	type->name = o->name ? o->name : "object";
	type->trace = o->trace;
	type->bytes = (uint32_t)o->bytes;
	type->elem_bytes = (uint32_t)o->elem_bytes;
	type->align = (uint32_t)o->align;
	type->flags = o->flags;
	type->leaf = is_leaf(o);
	type->nr_pointers = (uint32_t)o->nr_pointers;
	type->nr_elem_pointers = (uint32_t)o->nr_elem_pointers;
	for (i = 0; i < nr; i++)
		type->pointers[i] = (uint32_t)(i < o->nr_pointers ? o->pointers[i] :
					       o->elem_pointers[i - o->nr_pointers]);
	return type;
}

int pinbuf_gc_type_create(const struct pinbuf_gc_type **out, struct pinbuf_gc *gc,
			  const struct pinbuf_gc_type_opts *user)
{
	struct pinbuf_gc_type_opts o = { .size = sizeof(o) };
	struct gc_type *type;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_gc_type_opts");

	if (ret)
		return ret;
	o.align = o.align ? o.align : 8;
	ret = opts_check(gc, &o);
	if (ret)
		return ret;
	type = type_make(&o);
	if (!type)
		return pinbuf__refuse_own(sizeof(*type));
	pthread_mutex_lock(&gc->lock);
	if (gc->nr_types == gc->max_types) {
		pthread_mutex_unlock(&gc->lock);
		free(type);
		return pinbuf__refuse_own(sizeof(*type));
	}
	type->pub.header = (uint64_t)gc->nr_types << 8;
	type->pub.cell = gc_cell(type, type->pub.header);
	if (type->pub.cell > GC_SMALL || type->flags & PINBUF_GC_PINNED || type->align > 8)
		type->pub.cell = GC_ASK;
	gc->types[gc->nr_types] = &type->pub;
	gc->nr_types++;
	pthread_mutex_unlock(&gc->lock);
	*out = &type->pub;
	return 0;
}
