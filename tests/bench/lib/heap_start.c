// SPDX-License-Identifier: MIT
/* A gibibyte made ready: a heap over locked memory, beside what else there is. */
#include <stdio.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pinbuf/heap.h>

#include "measure.h"
#include "report.h"

#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static double ms(void)
{
	return now_wall() / 1e6;
}

/* Resident and locked, as the library's locked memory is. */
static int locked_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	size_t huge = 2 * MIB;
	char *addr = mmap(NULL, len + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	(void)ctx;
	if (addr == MAP_FAILED)
		return -1;
	pages->cookie = addr;
	pages->addr = addr + -(uintptr_t)addr % huge;
	pages->len = len;
	pages->zeroed = 1;
	madvise(pages->addr, len, MADV_HUGEPAGE);
	return mlock(pages->addr, len) ? -1 : 0;
}

static void locked_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	munmap(pages->cookie, pages->len + 2 * MIB);
}

static double heap_ready(int flags)
{
	static const struct pinbuf_heap_source source = {
		.size = sizeof(source), .caps = PINBUF_PINNED,
		.get = locked_get, .put = locked_put,
	};
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;
	double start = ms();

	(void)flags;
	opts.source = &source;
	opts.initial = GIB;
	if (pinbuf_heap_create(&heap, &opts))
		return 0;
	start = ms() - start;
	pinbuf_heap_destroy(heap);
	return start;
}

static double mapped_ready(int flags)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | flags);
	double start = ms();
	void *ptr;

	if (fd < 0 || ftruncate(fd, (off_t)GIB))
		return 0;
	ptr = mmap(NULL, GIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ptr == MAP_FAILED || mlock(ptr, GIB)) {
		close(fd);
		return 0;
	}
	start = ms() - start;
	munmap(ptr, GIB);
	close(fd);
	return start;
}

static double least(double (*ready)(int), int arg)
{
	double best = 0, ms;
	int i;

	for (i = 0; i < 3; i++) {	/* the first finds memory that nobody used yet */
		ms = ready(arg);
		if (!i || ms < best)
			best = ms;
	}
	return best;
}

int main(void)
{
	struct report_value peers[] = {
		{ "memfd of 4 KiB pages, mlock", 0, NULL }, { "hugetlb", 0, NULL },
	};
	double ours = least(heap_ready, 0);

	if (!ours) {
		printf("# 1 GiB heap ready is skipped: so much cannot be locked here\n");
		return 0;
	}
	peers[0].value = least(mapped_ready, 0);
	peers[1].value = least(mapped_ready, MFD_HUGETLB);
	if (!peers[1].value)
		peers[1].skipped = "the system has no 512 huge pages to give (vm.nr_hugepages)";
	report_begin("start", "ms");
	report_values("1 GiB ready", ours, 1.3 * peers[1].value,
		      peers[1].value ? peers[1].value : ours, peers, 2);
	report_end();
	return 0;
}
