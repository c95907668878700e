/* SPDX-License-Identifier: MIT */
/* Checking every invariant. */
#ifndef PINBUF_GC_VERIFY_H
#define PINBUF_GC_VERIFY_H

#include "core.h"

int pinbuf__gc_check(struct pinbuf_gc *gc);

#endif /* PINBUF_GC_VERIFY_H */
