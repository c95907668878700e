// SPDX-License-Identifier: MIT
/* Three ways to own a block: one handle, several holders, and a scope. */
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

static struct pinbuf_scoped remembered;

static int scope(struct pinbuf_arena *a)
{
	PINBUF_BUFFER_SCOPE(s, a);

	if (pinbuf_scoped_alloc(&remembered, &s, (struct pinbuf_layout){ 64, 8 }))
		return -1;
	strcpy(pinbuf_scoped_ptr(&remembered), "scratch");
	printf("in its scope: %s\n", (char *)pinbuf_scoped_ptr(&remembered));
	return 0;
}

static int holders(void)
{
	struct pinbuf_shared *s;
	struct pinbuf_weak *w;

	if (pinbuf_shared_create(&s, pinbuf_global(), (struct pinbuf_layout){ 64, 8 }))
		return -1;
	w = pinbuf_weak_get(s);
	pinbuf_shared_get(s);
	printf("%d holders\n", (int)pinbuf_shared_count(s));
	pinbuf_shared_put(s);
	pinbuf_shared_put(s);
	printf("then none: the block is %s\n", pinbuf_weak_is_live(w) ? "there" : "gone");
	pinbuf_weak_put(w);
	return 0;
}

int main(void)
{
	struct pinbuf_managed m;
	struct pinbuf_arena a;

	if (pinbuf_managed_init(&m, pinbuf_global(), PINBUF_LAYOUT(double)) ||
	    pinbuf_arena_init(&a, NULL)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	pinbuf_managed_free(&m);
	if (pinbuf_managed_free(&m))
		printf("a second free: %s\n", pinbuf_error_text());
	if (holders() || scope(&a))
		return 1;
	printf("after it: %s\n", pinbuf_scoped_is_live(&remembered) ? "live" : "dead, and says so");
	pinbuf_arena_fini(&a);
	return 0;
}
