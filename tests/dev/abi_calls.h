/* SPDX-License-Identifier: MIT */
/*
 * The rows of abi_rows.h made into calls: for each command arguments that
 * succeed, with every output field full of junk, which the kernel must ignore.
 */
#ifndef TESTS_DEV_ABI_CALLS_H
#define TESTS_DEV_ABI_CALLS_H

#include "abi_rows.h"
#include "common.h"

/* More than any struct and its garbage tail. */
#define ABI_ROOM 1024

struct abi_call {
	const char *name;
	unsigned int nr;
	size_t size;		/* of today's struct */
	size_t first_size;	/* of the first release's */
	bool answers;
	bool copies_out;	/* has output fields */
	void (*fill)(void *arg, int buf);
	/* what a success left behind, for the caller to close */
	int (*out_fd)(const void *arg);
};

extern const struct abi_call abi_calls[];
extern const size_t abi_calls_count;

/* The ioctl number of @call with another size. */
unsigned long abi_number(const struct abi_call *call, size_t size);

/* One call at @arg with @size in its number; a new descriptor is closed. */
int abi_try(const struct abi_call *call, size_t size, void *arg);

/* Takes away the name that the calls may have left. */
void abi_done(void);

#endif
