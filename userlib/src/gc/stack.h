/* SPDX-License-Identifier: MIT */
/* A stack of words in address space of its own, which a collection can rely on. */
#ifndef PINBUF_GC_STACK_H
#define PINBUF_GC_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pinbuf/base.h>

struct gc_stack {
	uintptr_t *base;
	size_t nr;
	size_t committed;
	size_t max;
};

int pinbuf__gc_stack_open(struct gc_stack *s, size_t max);
void pinbuf__gc_stack_close(struct gc_stack *s);
void pinbuf__gc_stack_grow(struct gc_stack *s);
void *pinbuf__gc_map(size_t len, bool usable);
int pinbuf__gc_commit(void *addr, size_t len);

static inline void gc_push(struct gc_stack *s, uintptr_t value)
{
	if (PINBUF_UNLIKELY(s->nr == s->committed))
		pinbuf__gc_stack_grow(s);
	s->base[s->nr++] = value;
}

static inline uintptr_t gc_pop(struct gc_stack *s)
{
	return s->base[--s->nr];
}

#endif /* PINBUF_GC_STACK_H */
