// SPDX-License-Identifier: MIT
/*
 * Two sums a class: what its regions hold, and what of that others hold of them.  They
 * change where a region grows or shrinks, which is seldom, and nowhere else.
 */
#include <errno.h>
#include <inttypes.h>

#include <pinbuf/global.h>
#include <pinbuf/process.h>

#include "probe.h"
#include "process.h"

#define NR_CLASSES	(PINBUF_CLASS_GENERAL + 1)

static struct sum {
	uint64_t held;
	uint64_t lent;
} sums[NR_CLASSES];

static uint64_t buffers;

static void add(uint64_t *to, uint64_t bytes)
{
	__atomic_fetch_add(to, bytes, __ATOMIC_RELAXED);
}

/* Both at once, so that one function says what growing is. */
static void move(const struct pinbuf_region *r, const struct pinbuf_region *parent, uint64_t bytes)
{
	add(&sums[r->ops->klass].held, bytes);
	if (parent && parent->reserved[0])
		add(&sums[parent->reserved[0] - 1].lent, bytes);
}

void pinbuf__process_grew(const struct pinbuf_region *r, const struct pinbuf_region *parent,
			  size_t bytes)
{
	move(r, parent, bytes);
	PROBE3(grow, r->ops->type, r->name, bytes);
}

void pinbuf__process_shrank(const struct pinbuf_region *r, const struct pinbuf_region *parent,
			    size_t bytes)
{
	move(r, parent, -(uint64_t)bytes);
	PROBE3(shrink, r->ops->type, r->name, bytes);
}

void *pinbuf__parent_alloc(const struct pinbuf_region *r, struct pinbuf_region *parent,
			   struct pinbuf_layout layout)
{
	void *ptr = pinbuf_alloc(parent, layout);

	if (ptr)
		pinbuf__process_grew(r, parent, layout.size);
	return ptr;
}

void pinbuf__parent_dealloc(const struct pinbuf_region *r, struct pinbuf_region *parent,
			    void *ptr, struct pinbuf_layout layout)
{
	pinbuf__process_shrank(r, parent, layout.size);
	pinbuf_dealloc(parent, ptr, layout);
}

void pinbuf__process_pinned(uint64_t bytes)
{
	add(&sums[PINBUF_CLASS_PINNED].held, bytes);
	add(&buffers, bytes);
	PROBE1(pin, bytes);
}

void pinbuf__process_unpinned(uint64_t bytes)
{
	add(&sums[PINBUF_CLASS_PINNED].held, -bytes);
	add(&buffers, -bytes);
	PROBE1(unpin, bytes);
}

/* Others go on meanwhile: a sum that is caught between two additions is 0, not huge. */
static uint64_t own(uint64_t held, const struct sum *s)
{
	int64_t left = (int64_t)(held - PINBUF_LOAD(&s->lent));

	return left > 0 ? (uint64_t)left : 0;
}

void pinbuf__process_sums(struct pinbuf_process_stats *st)
{
	const struct sum *general = &sums[PINBUF_CLASS_GENERAL];
	struct pinbuf_stats malloced = { .size = sizeof(malloced) };

	if (pinbuf_region_stats(pinbuf_global(), &malloced))
		malloced.current_live = 0;
	st->arena = own(PINBUF_LOAD(&sums[PINBUF_CLASS_ARENA].held), &sums[PINBUF_CLASS_ARENA]);
	st->pinned = own(PINBUF_LOAD(&sums[PINBUF_CLASS_PINNED].held), &sums[PINBUF_CLASS_PINNED]);
	st->general = own(PINBUF_LOAD(&general->held) + malloced.current_live, general);
	st->buffers = PINBUF_LOAD(&buffers);
}

int pinbuf_process_print(const struct pinbuf_process_stats *st, FILE *out)
{
	fprintf(out, "Arena:   %20" PRIu64 "\nPinned:  %20" PRIu64 "\nGeneral: %20" PRIu64 "\n",
		st->arena, st->pinned, st->general);
	fprintf(out, "Buffers: %20" PRIu64, st->buffers);
	if (st->limit)
		fprintf(out, ", %u %% of %s (%" PRIu64 ")", st->percent, st->limit_name, st->limit);
	fputc('\n', out);
	if (st->percent >= PINBUF_PRESSURE)
		fprintf(out, "WARNING: pinned buffers near their limit\n");
	return ferror(out) ? -EIO : 0;
}
