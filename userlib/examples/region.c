// SPDX-License-Identifier: MIT
/* A function that takes any region, and a region of one's own that says no. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

struct node {
	struct node *next;
	int value;
};

/* does not know where its memory comes from */
static struct node *list_build(struct pinbuf_region *r, int nr)
{
	struct node *list = NULL, *n;

	while (nr--) {
		n = pinbuf_new(r, struct node);
		if (!n)
			return NULL;
		n->next = list;
		n->value = nr;
		list = n;
	}
	return list;
}

/* malloc, 100 times */
struct thrifty {
	struct pinbuf_region region;
	int left;
};

static void *thrifty_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	struct thrifty *t = (struct thrifty *)r;
	struct pinbuf_error e = { .kind = PINBUF_ERROR_EXHAUSTED, .err = ENOMEM, .requested = l.size };

	if (!t->left)
		return pinbuf_region_refuse(r, &e, "is exhausted: 100 blocks are enough for everybody");
	t->left--;
	return pinbuf_alloc(pinbuf_global(), l);
}

static void thrifty_stats(const struct pinbuf_region *r, struct pinbuf_stats *stats)
{
	stats->allocation_count = 100 - ((const struct thrifty *)r)->left;
}

static const struct pinbuf_region_ops thrifty_ops = {
	.size = sizeof(thrifty_ops), .type = "thrifty", .klass = PINBUF_CLASS_GENERAL,
	.alloc = thrifty_alloc, .stats = thrifty_stats,
};

int main(void)
{
	struct thrifty t = { .left = 100 };
	struct pinbuf_arena a;

	pinbuf_region_init(&t.region, &thrifty_ops, "example", PINBUF_NOFREE);
	if (pinbuf_arena_init(&a, NULL) || !list_build(&a.region, 1000)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	pinbuf_arena_fini(&a);
	if (!list_build(&t.region, 1000))
		printf("%s\n", pinbuf_error_text());
	return pinbuf_error_last()->kind == PINBUF_ERROR_EXHAUSTED ? 0 : 1;
}
