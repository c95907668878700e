// SPDX-License-Identifier: MIT
/* What must be true of the facts. */
#include <stdio.h>
#include <string.h>

#include "prove.h"
#include "say.h"

/* Our own column of the table; 6.1 registers no file's mapping with io_uring. */
static bool ours_works(const struct prove_facts *f)
{
	const struct kind_fact *k = &f->kinds[0];

	return !k->made && k->o_direct == ANSWER_OK && k->device_dma == ANSWER_OK &&
	       k->io_uring == f->io_uring_answer;
}

static bool wrong_bytes(const struct prove_facts *f)
{
	size_t i;

	for (i = 0; i < f->nr_kinds; i++)
		if (f->kinds[i].o_direct == ANSWER_WRONG_BYTES ||
		    f->kinds[i].io_uring == ANSWER_WRONG_BYTES ||
		    f->kinds[i].device_dma == ANSWER_WRONG_BYTES)
			return true;
	return false;
}

int verdict(const struct prove *p)
{
	const struct prove_facts *f = &p->facts;
	const struct {
		bool wrong;
		const char *what;
	} rules[] = {
		{ strcmp(f->staged_sha256, f->source_sha256) != 0,
		  "the bytes in the buffer are not the disk's" },
		{ f->device_dma_mismatches != 0, "the device's transfers changed a byte" },
		{ f->moved_pinbuf != 0, "a page of the pinned buffer moved" },
		{ f->moved_mlock == 0,
		  "no page of the mlock()ed buffer could be made to move: this has shown nothing" },
		{ strcmp(f->after_sha256, f->staged_sha256) != 0,
		  "the bytes in the buffer have changed since they were read" },
		{ !ours_works(f), "pinbuf's own memory was refused for input or output" },
		{ wrong_bytes(f), "some memory was given the wrong bytes" },
	};
	int ret = 0;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].wrong)
			ret = say_wrong("NOT PROVED: %s", rules[i].what);
	if (!ret)
		printf("Proved: every byte arrived, and no page of the pinned buffer moved.\n");
	return ret;
}
