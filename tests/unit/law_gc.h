/* SPDX-License-Identifier: MIT */
/* The collected heap's rows of the region laws. */
#ifndef TESTS_UNIT_LAW_GC_H
#define TESTS_UNIT_LAW_GC_H

#include "laws.h"

int gc_region_open(struct world *w);
void gc_region_close(struct world *w);

#define LAW_GC_ROWS									\
	{ "gc",			  gc_region_open,     gc_region_close,	    NULL,	 ANY, ANY, 0, 0 }

#endif /* TESTS_UNIT_LAW_GC_H */
