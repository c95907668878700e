// SPDX-License-Identifier: MIT
/* A block with one owner: whoever exchanges its pointer for NULL is the one who frees. */
#include <errno.h>

#include <pinbuf/managed.h>

#include "../internal.h"

int pinbuf_managed_init(struct pinbuf_managed *m, struct pinbuf_region *r,
			struct pinbuf_layout layout)
{
	m->region = r;
	m->layout = layout;
	m->ptr = pinbuf_alloc(r, layout);
	return m->ptr ? 0 : -errno;
}

static void *take(struct pinbuf_managed *m)
{
	return __atomic_exchange_n(&m->ptr, NULL, __ATOMIC_ACQ_REL);
}

int pinbuf_managed_free(struct pinbuf_managed *m)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EALREADY };
	void *ptr = take(m);

	if (!ptr)
		return pinbuf__error(&e, "the block of %zu bytes was freed before; nothing was done",
				     m->layout.size);
	pinbuf_dealloc(m->region, ptr, m->layout);
	return 0;
}

void pinbuf_managed_fini(struct pinbuf_managed *m)
{
	pinbuf_dealloc(m->region, take(m), m->layout);
}
