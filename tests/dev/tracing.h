/* SPDX-License-Identifier: MIT */
/* The module's tracepoints, switched on for a while. */
#ifndef TESTS_DEV_TRACING_H
#define TESTS_DEV_TRACING_H

#include "common.h"

/* Empties the buffer and records pinbuf:*; skips the test without tracefs. */
void tracing_start(void);

/* What was traced since; valid until the next read of a file. */
const char *tracing_stop(void);

/* The line of @event (like "pinbuf_alloc") that contains @what, or NULL. */
const char *tracing_line(const char *trace, const char *event,
			 const char *what);

#endif
