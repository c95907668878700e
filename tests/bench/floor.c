// SPDX-License-Identifier: MIT
/*
 * clear_page is not callable from outside, so its instructions are executed
 * here: the kernel picks one of three routines by the CPU's features, and the
 * guest's CPU (rep_good without erms) leaves it clear_page_rep, which is seven
 * lines of assembly.  Whether the kernel does that is then seen from without:
 * a huge page of hugetlb that is taken from the pool for the first time is
 * cleared page by page, one that is there already is not, and the difference,
 * per page, must be the floor and a little for the loop around it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "error.h"
#include "floor.h"
#include "measure.h"
#include "mem.h"

enum {
	CHECK_HUGE_PAGES	= 8,
	CHECK_PERCENT		= 10,
};

static uint64_t page_count;

/* arch/x86/lib/clear_page_64.S, its return through a thunk as on Debian's kernels */
void bench_clear_page(void *page);
__asm__(
	".text\n"
	".type bench_clear_page, @function\n"
	"bench_clear_page:\n"
	"	movl $4096/8, %ecx\n"
	"	xorl %eax, %eax\n"
	"	rep stosq\n"
	"	jmp 1f\n"
	"1:	ret\n"
	".size bench_clear_page, . - bench_clear_page\n");

static bool cpu_has(const char *flag)
{
	char line[4096];
	bool found = false;
	FILE *f = fopen("/proc/cpuinfo", "r");

	if (!f)
		fail_errno(errno, "/proc/cpuinfo");
	while (!found && fgets(line, sizeof(line), f)) {
		char *word, *rest = line;

		if (strncmp(line, "flags", 5))
			continue;
		while (!found && (word = strsep(&rest, " \n")))
			found = !strcmp(word, flag);
	}
	fclose(f);
	return found;
}

static uint64_t count_clear_page(void)
{
	static char page[4096] __attribute__((aligned(4096)));
	uint64_t with = UINT64_MAX, without = UINT64_MAX;

	for (int i = 0; i < MEASURE_ROUNDS; i++) {
		void *to = page;
		uint64_t start = measure_now();

		/* the call must not write to this function's red zone */
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
				 "lea 128(%%rsp), %%rsp" : "+D"(to) : : "memory");
		measure_least(&without, measure_now() - start);
		start = measure_now();
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
				 "call bench_clear_page\n\t"
				 "lea 128(%%rsp), %%rsp"
				 : "+D"(to) : : "rax", "rcx", "cc", "memory");
		measure_least(&with, measure_now() - start);
	}
	return with - without;
}

static uint64_t count_populate(struct mem *m)
{
	uint64_t start = measure_now();

	if (madvise(m->addr, m->map_len, MADV_POPULATE_WRITE))
		fail_errno(errno, "hugetlb: MADV_POPULATE_WRITE");
	return measure_now() - start;
}

/* What the kernel spends, per page of 4 KiB, on huge pages that are new. */
static uint64_t count_new_page(void)
{
	const struct kind *k = &kinds[KIND_HUGETLB];
	const size_t len = CHECK_HUGE_PAGES * HUGE_BYTES;
	uint64_t fresh = UINT64_MAX, present = UINT64_MAX;

	for (int i = 0; i < MEASURE_ROUNDS; i++) {
		struct mem m;

		mem_make(&m, k, len);
		mem_map(&m, k);
		measure_least(&fresh, count_populate(&m));
		if (madvise(m.addr, len, MADV_DONTNEED))
			fail_errno(errno, "hugetlb: MADV_DONTNEED");
		measure_least(&present, count_populate(&m));
		mem_unmap(&m);
		mem_free(&m, k);
	}
	return (fresh - present) / (len / PAGE_BYTES);
}

void floor_init(void)
{
	uint64_t seen;

	if (!cpu_has("rep_good") || cpu_has("erms"))
		fail("the guest's CPU must have rep_good and not erms: is it run with --icount?");
	page_count = count_clear_page();
	seen = count_new_page();
	printf("zeroing: %" PRIu64 " instructions a page (clear_page_rep, executed here); a page\n"
	       "of hugetlb that is new takes %" PRIu64 " more than an old one, per 4 KiB\n\n",
	       page_count, seen);
	if (seen < page_count || seen > page_count + page_count * CHECK_PERCENT / 100)
		fail("the kernel clears pages in another way than is assumed here");
}

uint64_t floor_page(void)
{
	return page_count;
}

uint64_t floor_of(size_t len)
{
	return len / PAGE_BYTES * page_count;
}
