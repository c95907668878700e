/* SPDX-License-Identifier: MIT */
/* A collected heap and this thread's door to it, around each test of a program. */
#ifndef TESTS_GC_FIXTURE_H
#define TESTS_GC_FIXTURE_H

#include "unit.h"

/* what most tests make: two pointers and a number */
struct node {
	struct node *left, *right;
	uint64_t id;
};

static struct pinbuf_gc *gc;
static struct pinbuf_gc_mutator *m;
static const struct pinbuf_gc_type *node_type, *fixed_type, *array_type, *bytes_type, *dma_type;

static const size_t node_pointers[] = { offsetof(struct node, left), offsetof(struct node, right) };
static const size_t first_word[] = { 0 };

static inline int types_make(void)
{
	struct pinbuf_gc_type_opts node = PINBUF_GC_STRUCT(struct node, node_pointers);
	struct pinbuf_gc_type_opts fixed = node, array = PINBUF_GC_ARRAY(void *);
	struct pinbuf_gc_type_opts bytes = PINBUF_GC_ARRAY(unsigned char), dma = bytes;

	fixed.name = "fixed node";
	fixed.flags = PINBUF_GC_PINNED;
	array.name = "array";
	array.elem_pointers = first_word;
	array.nr_elem_pointers = 1;
	dma.name = "bytes for a device";
	dma.flags = PINBUF_GC_PINNED;
	dma.align = 512;
	return pinbuf_gc_type_create(&node_type, gc, &node) ||
	       pinbuf_gc_type_create(&fixed_type, gc, &fixed) ||
	       pinbuf_gc_type_create(&array_type, gc, &array) ||
	       pinbuf_gc_type_create(&bytes_type, gc, &bytes) ||
	       pinbuf_gc_type_create(&dma_type, gc, &dma);
}

static inline int gc_open_with(const struct pinbuf_gc_opts *o)
{
	return pinbuf_gc_create(&gc, o) || types_make() || pinbuf_gc_attach(&m, gc);
}

static inline int gc_open(void **state)
{
	(void)state;
	return gc_open_with(NULL);
}

static inline int gc_close(void **state)
{
	(void)state;
	pinbuf_gc_detach(m);
	pinbuf_gc_destroy(gc);
	return 0;
}

static inline struct node *node_new(uint64_t id)
{
	struct node *n = pinbuf_gc_new(m, node_type, struct node);

	assert_non_null(n);
	n->id = id;
	return n;
}

/* A list of @nr, the first has id @nr. */
static inline struct node *list_new(uint64_t nr)
{
	PINBUF_GC_SCOPE(m);
	struct node **list = pinbuf_gc_root(m, (struct node *)NULL);
	uint64_t i;

	for (i = 1; i <= nr; i++) {
		struct node *n = node_new(i);

		n->left = *list;
		*list = n;
	}
	return *list;
}

static inline void list_check(const struct node *list, uint64_t nr)
{
	for (; nr; nr--, list = list->left) {
		assert_non_null(list);
		assert_int_equal(list->id, nr);
	}
	assert_null(list);
}

static inline void heap_is_sound(void)
{
	if (pinbuf_gc_verify(m))
		fail_msg("%s", pinbuf_error_text());
}

static inline void collect(enum pinbuf_gc_kind kind)
{
	assert_int_equal(pinbuf_gc_collect(m, kind), 0);
	heap_is_sound();
}

static inline struct pinbuf_gc_figures figures(void)
{
	struct pinbuf_gc_figures f = { .size = sizeof(f) };

	assert_int_equal(pinbuf_gc_figures(gc, &f), 0);
	return f;
}

static inline struct pinbuf_stats stats(void)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_gc_stats(gc, &st), 0);
	assert_int_equal(st.current_live, st.total_allocated - st.total_deallocated);
	return st;
}

#endif /* TESTS_GC_FIXTURE_H */
