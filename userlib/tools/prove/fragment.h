/* SPDX-License-Identifier: MIT */
/* Memory full of holes, so that compaction has something to do. */
#ifndef PROVE_FRAGMENT_H
#define PROVE_FRAGMENT_H

#include <stddef.h>

struct fragment {
	char *mem;
	size_t len;
};

/* The pages of @guest, not touched before, come to lie evenly among the holes. */
int fragment_make(struct fragment *fg, char *guest, size_t guest_len);
void fragment_drop(struct fragment *fg);

#endif /* PROVE_FRAGMENT_H */
