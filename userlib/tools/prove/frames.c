// SPDX-License-Identifier: MIT
/*
 * What is not in the page table has no frame there, and says nothing; it is touched
 * first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frames.h"
#include "say.h"

#define PAGEMAP_FRAME	((1ULL << 55) - 1)

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

int pagemap_read(const void *mem, size_t nr, uint64_t *out)
{
	off_t at = (off_t)((uintptr_t)mem / page_size() * sizeof(*out));
	size_t want = nr * sizeof(*out), got = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return say_wrong("/proc/self/pagemap: %s", strerror(errno));
	while (got < want) {
		ssize_t n = pread(fd, (char *)out + got, want - got, at + (off_t)got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(fd);
	return got == want ? 0 : say_wrong("/proc/self/pagemap ends early");
}

/*
 * A page that the kernel is just moving has no frame: to touch it is to wait until
 * it has arrived.  It may be on its way again by the time that it is looked at.
 */
static int page_read(const struct frames *fr, size_t i, uint64_t *out)
{
	unsigned char *page = fr->mem + i * page_size();
	unsigned int tries;

	for (tries = 0; tries < 1000 && !(*out & PAGEMAP_PRESENT); tries++) {
		(void)*(volatile unsigned char *)page;
		if (pagemap_read(page, 1, out))
			return -1;
	}
	if (!(*out & PAGEMAP_PRESENT))
		return say_wrong("page %zu of a watched mapping is not in the page table", i);
	*out &= PAGEMAP_FRAME;
	if (!*out)
		return say_wrong("/proc/self/pagemap shows no frames: run as root");
	return 0;
}

static int frames_read(const struct frames *fr, uint64_t *out)
{
	size_t i;

	if (pagemap_read(fr->mem, fr->nr, out))
		return -1;
	for (i = 0; i < fr->nr; i++)
		if (page_read(fr, i, &out[i]))
			return -1;
	return 0;
}

int frames_init(struct frames *fr, void *mem, size_t len)
{
	fr->mem = mem;
	fr->nr = len / page_size();
	fr->now = calloc(fr->nr, sizeof(*fr->now));
	fr->moved = calloc(fr->nr, sizeof(*fr->moved));
	fr->moved_ever = calloc(fr->nr, sizeof(*fr->moved_ever));
	if (!fr->now || !fr->moved || !fr->moved_ever)
		return say_wrong("no memory to watch %zu pages", fr->nr);
	return frames_begin(fr);
}

void frames_fini(struct frames *fr)
{
	free(fr->now);
	free(fr->moved);
	free(fr->moved_ever);
}

int frames_begin(struct frames *fr)
{
	memset(fr->moved, 0, fr->nr * sizeof(*fr->moved));
	return frames_read(fr, fr->now);
}

int frames_look(struct frames *fr)
{
	uint64_t *now = calloc(fr->nr, sizeof(*now));
	size_t i;

	if (!now || frames_read(fr, now)) {
		free(now);
		return -1;
	}
	for (i = 0; i < fr->nr; i++) {
		if (now[i] != fr->now[i]) {
			fr->moved[i] = true;
			fr->moved_ever[i] = true;
		}
	}
	free(fr->now);
	fr->now = now;
	return 0;
}

static size_t trues(const bool *flags, size_t nr)
{
	size_t i, sum = 0;

	for (i = 0; i < nr; i++)
		sum += flags[i];
	return sum;
}

size_t frames_moved(const struct frames *fr)
{
	return trues(fr->moved, fr->nr);
}

size_t frames_moved_ever(const struct frames *fr)
{
	return trues(fr->moved_ever, fr->nr);
}
