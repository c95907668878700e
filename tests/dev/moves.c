// SPDX-License-Identifier: MIT
#include "moves.h"
#include "proc.h"

char *pinned, *control;
uint64_t pinned_before[PAGES];
static uint64_t control_before[PAGES];

/* Half in huge folios, half in small ones. */
static void *map_both_kinds(void)
{
	char *place = reserve_aligned(LEN, MIB(2));
	int huge = buf_new(LEN / 2), small = buf_new(LEN / 2 - PAGE);
	int single = buf_new(PAGE);
	const int rw = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_FIXED;

	assert_ptr_not_equal(mmap(place, LEN / 2, rw, how, huge, 0),
			     MAP_FAILED);
	assert_ptr_not_equal(mmap(place + LEN / 2, LEN / 2 - PAGE, rw, how,
				  small, 0), MAP_FAILED);
	assert_ptr_not_equal(mmap(place + LEN - PAGE, PAGE, rw, how, single, 0),
			     MAP_FAILED);
	close(huge);
	close(small);
	close(single);
	return place;
}

int moves_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	pinned = map_both_kinds();
	control = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (control == MAP_FAILED)
		return -1;
	madvise(control, LEN, MADV_NOHUGEPAGE);
	if (mlock(control, LEN))
		return -1;
	fill(pinned, LEN, 1);
	fill(control, LEN, 2);
	frames_read(pinned, PAGES, pinned_before);
	frames_read(control, PAGES, control_before);
	return 0;
}

int moves_teardown(void **state)
{
	munmap(pinned, LEN);
	munmap(control, LEN);
	return fixture_teardown(state);
}

size_t pinned_moved(void)
{
	uint64_t now[PAGES];

	frames_read(pinned, PAGES, now);
	for (size_t i = 0; i < PAGES; i++)
		assert_int_not_equal(now[i], 0);
	return frames_moved(pinned_before, now, PAGES);
}

size_t control_moved(void)
{
	uint64_t now[PAGES];

	frames_read(control, PAGES, now);
	return frames_moved(control_before, now, PAGES);
}

void assert_pinned_bytes(void)
{
	assert_int_equal(differs(pinned, LEN, 1), -1);
}

void require_two_nodes(void)
{
	if (info().out_nr_nodes < 2)
		skip_because("needs two NUMA nodes with memory");
}
