// SPDX-License-Identifier: MIT
/*
 * A scope borrows a life, a number that is raised when the scope ends; a buffer keeps
 * the number of its birth.  Lives are used again but never freed, so a buffer may ask
 * however late, and a number never comes back.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <pinbuf/managed.h>

#define MORE	64	/* lives made at a time */

struct life {
	uint64_t generation;	/* first member */
	struct life *next;
};

static struct life first[MORE];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct life *idle;	/* under lock */
static bool started;

/* For when there is no memory: its scopes end unnoticed. */
static uint64_t unwatched;

/* Keeps every block of lives reachable, for leak checkers. */
struct lives {
	struct lives *next;
	struct life life[MORE];
};
static struct lives *all;

static void lives_add(struct life *life, size_t nr)
{
	while (nr--) {
		life->next = idle;
		idle = life++;
	}
}

static void lives_more(void)
{
	struct lives *more;

	if (!started) {
		started = true;
		lives_add(first, MORE);
		return;
	}
	more = calloc(1, sizeof(*more));
	if (!more)
		return;
	more->next = all;
	all = more;
	lives_add(more->life, MORE);
}

void pinbuf_scope_begin(struct pinbuf_scope *s, struct pinbuf_arena *a)
{
	struct life *life;

	pthread_mutex_lock(&lock);
	if (!idle)
		lives_more();
	life = idle;
	if (life)
		idle = life->next;
	pthread_mutex_unlock(&lock);
	s->life = life ? &life->generation : &unwatched;
	s->generation = PINBUF_LOAD(s->life);
	s->scope = pinbuf_arena_scope_begin(a);
}

void pinbuf_scope_end(struct pinbuf_scope *s)
{
	struct life *life = (struct life *)s->life;

	pinbuf_arena_scope_end(&s->scope);
	if (s->life == &unwatched)
		return;
	PINBUF_STORE(&life->generation, s->generation + 1);
	pthread_mutex_lock(&lock);
	life->next = idle;
	idle = life;
	pthread_mutex_unlock(&lock);
}

int pinbuf_scoped_alloc(struct pinbuf_scoped *out, struct pinbuf_scope *s,
			struct pinbuf_layout layout)
{
	void *ptr = pinbuf_alloc(&s->scope.arena->region, layout);

	if (!ptr)
		return -errno;
	out->ptr = ptr;
	out->bytes = layout.size;
	out->life = s->life;
	out->generation = s->generation;
	return 0;
}

void pinbuf__scoped_dead(const struct pinbuf_scoped *b)
{
	fprintf(stderr, "pinbuf: a buffer of %zu bytes at %p is used after its scope has ended: it must not leave the scope\n",
		b->bytes, b->ptr);
	abort();
}
