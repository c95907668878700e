// SPDX-License-Identifier: MIT
/*
 * A collection cannot fail half-way, so what it needs is reserved beforehand: address
 * space for the most that there can be, of which pages become usable as they are
 * needed.  Only the system's last page can be missing then, and that ends the program
 * with a sentence.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stack.h"

#define STEP	((size_t)64 << 10)

void *pinbuf__gc_map(size_t len, bool usable)
{
	void *addr = mmap(NULL, len, usable ? PROT_READ | PROT_WRITE : PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

int pinbuf__gc_commit(void *addr, size_t len)
{
	return mprotect(addr, len, PROT_READ | PROT_WRITE) ? -errno : 0;
}

int pinbuf__gc_stack_open(struct gc_stack *s, size_t max)
{
	memset(s, 0, sizeof(*s));
	s->max = (max * sizeof(*s->base) + STEP - 1) / STEP * STEP / sizeof(*s->base);
	s->base = pinbuf__gc_map(s->max * sizeof(*s->base), false);
	return s->base ? 0 : -ENOMEM;
}

void pinbuf__gc_stack_close(struct gc_stack *s)
{
	if (s->base)
		munmap(s->base, s->max * sizeof(*s->base));
	s->base = NULL;
}

/* A step at first, then half as much again, so that there are few calls. */
void pinbuf__gc_stack_grow(struct gc_stack *s)
{
	size_t more = s->committed / 2 / (STEP / sizeof(*s->base)) * (STEP / sizeof(*s->base));

	if (!more)
		more = STEP / sizeof(*s->base);
	if (more > s->max - s->committed)
		more = s->max - s->committed;
	if (!more || pinbuf__gc_commit(s->base + s->committed, more * sizeof(*s->base))) {
		fprintf(stderr, "pinbuf: no memory for the %zu bytes that a collection needs\n",
			more * sizeof(*s->base));
		abort();
	}
	s->committed += more;
}
