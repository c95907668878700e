/* SPDX-License-Identifier: MIT */
/* The pinned heap's rows of the region laws. */
#ifndef TESTS_UNIT_LAW_HEAP_H
#define TESTS_UNIT_LAW_HEAP_H

#include "laws.h"

int heap_open(struct world *w);
void heap_close(struct world *w);
int heap_of_system_open(struct world *w);
void heap_of_system_close(struct world *w);
int heap_on_heap_open(struct world *w);
void heap_on_heap_close(struct world *w);

#define LAW_HEAP_ROWS									\
	{ "heap",		  heap_open,	      heap_close,	    NULL,	 ANY, ANY, 0, 0 },	\
	{ "heap of the system",	  heap_of_system_open, heap_of_system_close, NULL,	 ANY, ANY, 0, 0 },	\
	{ "heap on heap",	  heap_on_heap_open,  heap_on_heap_close,   NULL,	 ANY, ANY, 0, 0 }

#endif /* TESTS_UNIT_LAW_HEAP_H */
