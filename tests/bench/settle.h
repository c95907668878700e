/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SETTLE_H
#define BENCH_SETTLE_H

/* Take from the kernel what the last work left behind, so that the next does not pay for it. */
void settle(void);

#endif
