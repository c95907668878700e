/* SPDX-License-Identifier: MIT */
/* The process's own malloc as a region. */
#ifndef PINBUF_GLOBAL_H
#define PINBUF_GLOBAL_H

#include <pinbuf/base.h>
#include <pinbuf/region.h>

PINBUF_BEGIN_DECLS

/**
 * pinbuf_global() - the process's malloc
 *
 * Blocks are malloc's: with an alignment up to that of max_align_t free(3) may take
 * them too, though the counters then miss it.
 *
 * Context: any thread, before main() too.
 * Return: the region, which is THREADSAFE and never ends.
 */
PINBUF_API struct pinbuf_region *pinbuf_global(void);

PINBUF_END_DECLS

#endif /* PINBUF_GLOBAL_H */
