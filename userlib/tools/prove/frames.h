/* SPDX-License-Identifier: MIT */
/* Where the pages of a mapping lie, read from /proc/self/pagemap as root. */
#ifndef PROVE_FRAMES_H
#define PROVE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a mapping that is watched */
struct frames {
	unsigned char *mem;
	size_t nr;		/* pages */
	uint64_t *now;		/* frame of each, when last looked at */
	bool *moved;		/* since frames_begin() */
	bool *moved_ever;
};

#define PAGEMAP_PRESENT	(1ULL << 63)

/* the kernel's words on @nr pages from @mem on */
int pagemap_read(const void *mem, size_t nr, uint64_t *out);

int frames_init(struct frames *fr, void *mem, size_t len);
void frames_fini(struct frames *fr);

int frames_begin(struct frames *fr);	/* look, and forget what moved before */
int frames_look(struct frames *fr);	/* look again, and mark what moved */

size_t frames_moved(const struct frames *fr);
size_t frames_moved_ever(const struct frames *fr);


#endif /* PROVE_FRAMES_H */
