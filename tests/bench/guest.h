/* SPDX-License-Identifier: MIT */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

/*
 * Give the peers what they need: a pool of huge pages, udmabuf's limits raised,
 * a null_blk device.  Ends the program where the guest is not fit.
 */
void guest_prepare(void);

#endif
