// SPDX-License-Identifier: MIT
/*
 * A collected heap: a tree whose nodes may move, and a buffer for a device that does not.
 */
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

struct tree {
	struct tree *left, *right;
	long key;
};

static const size_t pointers[] = { offsetof(struct tree, left), offsetof(struct tree, right) };
static const struct pinbuf_gc_type *tree_type, *bytes_type;

/* Whatever must outlive the next allocation is in a handle: here both subtrees. */
static struct tree *build(struct pinbuf_gc_mutator *m, long from, long to)
{
	PINBUF_GC_SCOPE(m);
	struct tree **left, **right, *node;
	long middle = (from + to) / 2;

	if (from >= to)
		return NULL;
	left = pinbuf_gc_root(m, build(m, from, middle));
	right = pinbuf_gc_root(m, build(m, middle + 1, to));
	node = pinbuf_gc_new(m, tree_type, struct tree);
	if (node)
		*node = (struct tree){ *left, *right, middle };
	return node;
}

static long sum(const struct tree *t)
{
	return t ? t->key + sum(t->left) + sum(t->right) : 0;
}

static int use(struct pinbuf_gc *gc, struct pinbuf_gc_mutator *m)
{
	PINBUF_GC_SCOPE(m);
	struct tree **kept = pinbuf_gc_root(m, build(m, 0, 1000)), *before = *kept;
	char **message = pinbuf_gc_root(m, (char *)pinbuf_gc_new_array(m, bytes_type, 1 << 20));
	char *fixed = *message;
	int i;

	if (!*kept || !fixed)
		return 1;
	strcpy(fixed, "stays where it is");
	for (i = 0; i < 1000; i++)
		build(m, 0, 1000);	/* garbage */
	pinbuf_gc_set(m, *kept, left, build(m, 0, 1));	/* an old object: by the barrier */
	pinbuf_gc_collect(m, PINBUF_GC_MOVING);
	printf("the tree %s, its sum is %ld; a page-aligned buffer %s\n",
	       *kept == before ? "is where it was" : "has moved", sum(*kept),
	       *message == fixed ? fixed : "has moved too");
	return pinbuf_gc_print(gc, stdout);
}

int main(void)
{
	struct pinbuf_gc_type_opts tree = PINBUF_GC_STRUCT(struct tree, pointers);
	struct pinbuf_gc_type_opts bytes = PINBUF_GC_ARRAY(char);
	struct pinbuf_gc_mutator *m;
	struct pinbuf_gc *gc;
	int ret;

	if (pinbuf_gc_create(&gc, NULL) || pinbuf_gc_type_create(&tree_type, gc, &tree) ||
	    pinbuf_gc_type_create(&bytes_type, gc, &bytes) || pinbuf_gc_attach(&m, gc)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	ret = use(gc, m);
	pinbuf_gc_detach(m);
	pinbuf_gc_destroy(gc);
	return ret;
}
