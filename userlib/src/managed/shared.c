// SPDX-License-Identifier: MIT
/*
 * A shared block and its weak references are one object of malloc's.  Owners together
 * hold one of the weak count, so the object goes with the last of either, and a weak
 * reference can ask whether there are owners long after the block has gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pinbuf/managed.h>

#include "../internal.h"
#include "../refuse.h"

struct pinbuf_shared {
	uint64_t owners;
	uint64_t weak;			/* and 1 for all owners */
	void *data;
	struct pinbuf_layout layout;
	unsigned int caps;
	struct pinbuf_region *region;	/* NULL: release */
	void (*release)(void *arg, void *data);
	void *arg;
};

static struct pinbuf_shared *shared_new(void)
{
	struct pinbuf_shared *s = calloc(1, sizeof(*s));

	if (s)
		s->owners = s->weak = 1;
	return s;
}

int pinbuf_shared_create(struct pinbuf_shared **out, struct pinbuf_region *r,
			 struct pinbuf_layout layout)
{
	struct pinbuf_shared *s = shared_new();
	int ret;

	if (!s)
		return pinbuf__refuse_own(sizeof(*s));
	s->data = pinbuf_alloc(r, layout);
	if (!s->data) {
		ret = -errno;
		free(s);
		return ret;
	}
	s->layout = layout;
	s->caps = pinbuf_region_caps(r);
	s->region = r;
	*out = s;
	return 0;
}

int pinbuf_shared_wrap(struct pinbuf_shared **out, const struct pinbuf_shared_opts *user)
{
	struct pinbuf_shared_opts o = PINBUF_SHARED_OPTS_INIT;
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	struct pinbuf_shared *s;
	int ret = pinbuf__opts_copy(&o, sizeof(o), sizeof(o), user, "struct pinbuf_shared_opts");

	if (ret)
		return ret;
	e.requested = o.bytes;
	if (!o.data && o.bytes)
		return pinbuf__error(&e, "a shared block cannot have %zu bytes at NULL", o.bytes);
	s = shared_new();
	if (!s)
		return pinbuf__refuse_own(sizeof(*s));
	s->data = o.data;
	s->layout.size = o.bytes;
	s->layout.align = 1;
	s->caps = o.caps;
	s->release = o.release;
	s->arg = o.arg;
	*out = s;
	return 0;
}

struct pinbuf_shared *pinbuf_shared_get(struct pinbuf_shared *s)
{
	__atomic_fetch_add(&s->owners, 1, __ATOMIC_RELAXED);
	return s;
}

static void weak_put(struct pinbuf_shared *s)
{
	if (__atomic_fetch_sub(&s->weak, 1, __ATOMIC_ACQ_REL) == 1)
		free(s);
}

PINBUF_COLD __attribute__((noreturn)) static void put_too_often(const struct pinbuf_shared *s)
{
	fprintf(stderr, "pinbuf: a shared block of %zu bytes is put by more than have it\n",
		s->layout.size);
	abort();
}

void pinbuf_shared_put(struct pinbuf_shared *s)
{
	uint64_t were;

	if (!s)
		return;
	were = __atomic_fetch_sub(&s->owners, 1, __ATOMIC_ACQ_REL);
	if (were > 1 && were <= INT64_MAX)
		return;
	if (were != 1)
		put_too_often(s);
	if (s->region)
		pinbuf_dealloc(s->region, s->data, s->layout);
	else if (s->release)
		s->release(s->arg, s->data);
	weak_put(s);
}

void *pinbuf_shared_data(const struct pinbuf_shared *s)
{
	return s->data;
}

size_t pinbuf_shared_size(const struct pinbuf_shared *s)
{
	return s->layout.size;
}

unsigned int pinbuf_shared_caps(const struct pinbuf_shared *s)
{
	return s->caps;
}

uint64_t pinbuf_shared_count(const struct pinbuf_shared *s)
{
	return PINBUF_LOAD(&s->owners);
}

void pinbuf_shared_fini(struct pinbuf_shared **s)
{
	pinbuf_shared_put(*s);
}

static struct pinbuf_shared *of_weak(const struct pinbuf_weak *w)
{
	return (struct pinbuf_shared *)w;
}

struct pinbuf_weak *pinbuf_weak_get(struct pinbuf_shared *s)
{
	__atomic_fetch_add(&s->weak, 1, __ATOMIC_RELAXED);
	return (struct pinbuf_weak *)s;
}

void pinbuf_weak_put(struct pinbuf_weak *w)
{
	if (w)
		weak_put(of_weak(w));
}

struct pinbuf_shared *pinbuf_weak_lock(struct pinbuf_weak *w)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = ESTALE };
	struct pinbuf_shared *s = of_weak(w);
	uint64_t owners = PINBUF_LOAD(&s->owners);

	while (owners)
		if (__atomic_compare_exchange_n(&s->owners, &owners, owners + 1, true,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return s;
	pinbuf__error(&e, "the shared block of %zu bytes has no owner any more", s->layout.size);
	errno = ESTALE;
	return NULL;
}

bool pinbuf_weak_is_live(const struct pinbuf_weak *w)
{
	return __atomic_load_n(&of_weak(w)->owners, __ATOMIC_ACQUIRE) != 0;
}
