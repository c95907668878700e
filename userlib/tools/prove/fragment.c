// SPDX-License-Identifier: MIT
/*
 * Small pages over two fifths of the memory, of which seven in eight are given
 * back: no block of the page allocator is free whole, and none is full.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "fragment.h"
#include "say.h"

#define KEEP_ONE_IN 8U

int fragment_make(struct fragment *fg, char *guest, size_t guest_len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), group = KEEP_ONE_IN * page, at;
	size_t among, guest_at = 0;
	struct sysinfo si;

	sysinfo(&si);
	fg->len = (size_t)si.totalram * si.mem_unit / 5 * 2 / group * group;
	if (fg->len < guest_len)
		return say_wrong("too little memory here to fragment it: 1 GiB is needed");
	fg->mem = mmap(NULL, fg->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fg->mem == MAP_FAILED)
		return say_wrong("no memory to fragment: %s", strerror(errno));
	madvise(fg->mem, fg->len, MADV_NOHUGEPAGE);
	among = fg->len / guest_len * page;
	for (at = 0; at < fg->len; at += page) {
		fg->mem[at] = 1;
		if (!(at % among) && guest_at < guest_len) {
			guest[guest_at] = 1;
			guest_at += page;
		}
	}
	for (at = 0; at < fg->len; at += group)
		madvise(fg->mem + at + page, group - page, MADV_DONTNEED);
	return 0;
}

void fragment_drop(struct fragment *fg)
{
	munmap(fg->mem, fg->len);
}
