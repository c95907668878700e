/* SPDX-License-Identifier: MIT */
/*
 * Probes for bpftrace, perf and systemtap, of the provider "pinbuf": one nop each, and a
 * note that says where the arguments are.  None lies on a path that a header inlines or
 * that a heap takes for a block at hand; tests/unit/probes sees to it.
 */
#ifndef PINBUF_PROBE_H
#define PINBUF_PROBE_H

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PROBE1(name, a)			DTRACE_PROBE1(pinbuf, name, a)
#define PROBE2(name, a, b)		DTRACE_PROBE2(pinbuf, name, a, b)
#define PROBE3(name, a, b, c)		DTRACE_PROBE3(pinbuf, name, a, b, c)
#else
#define PROBE1(name, a)			((void)(a))
#define PROBE2(name, a, b)		((void)(a), (void)(b))
#define PROBE3(name, a, b, c)		((void)(a), (void)(b), (void)(c))
#endif

#endif /* PINBUF_PROBE_H */
