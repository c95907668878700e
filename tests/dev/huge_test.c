// SPDX-License-Identifier: MIT
/*
 * Huge folios are mapped by one page-table entry each, and stay mapped rightly
 * when a mapping is cut up.  smaps' FilePmdMapped counts such entries.
 */
#include "common.h"
#include "proc.h"

static size_t huge;

static int huge_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	huge = info().out_huge_size;
	return huge ? 0 : -1;
}

#define HUGE(function) \
	cmocka_unit_test_setup_teardown(function, huge_setup, fixture_teardown)

static size_t pmd_mapped(const void *p, size_t len)
{
	return smaps_bytes(p, len, "FilePmdMapped");
}

static void touch(void *p, size_t len)
{
	for (size_t at = 0; at < len; at += PAGE)
		((volatile char *)p)[at] = 1;
}

/* Touches all of it: one fault and one entry a huge folio. */
static void assert_huge_mapped(void *p, size_t len)
{
	long faults = minor_faults();

	touch(p, len);
	assert_int_equal(minor_faults() - faults, len / huge);
	assert_int_equal(pmd_mapped(p, len), len);
}

/* All of it in huge folios: without that there is nothing to prove. */
static int huge_buf(size_t len)
{
	struct pinbuf_ioc_alloc req = request(len);

	req.flags = PINBUF_ALLOC_HUGE;
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	return req.out_fd;
}

static void *map_at(void *place, size_t len, int fd)
{
	void *p = mmap(place, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_FIXED, fd, 0);

	assert_ptr_equal(p, place);
	return p;
}

static void node_mapping_is_placed_and_mapped_huge(void **state)
{
	void *p;

	(void)state;
	p = map_shared(dev, 4 * huge);
	assert_int_equal((uintptr_t)p % huge, 0);
	assert_huge_mapped(p, 4 * huge);
	munmap(p, 4 * huge);
}

static void buffer_at_an_aligned_address_is_mapped_huge(void **state)
{
	int fd = huge_buf(4 * huge);
	void *place = reserve_aligned(4 * huge, huge);
	void *p = map_at(place, 4 * huge, fd);

	(void)state;
	assert_huge_mapped(p, 4 * huge);
	munmap(p, 4 * huge);
	close(fd);
}

static void buffer_at_an_unaligned_address_works_without(void **state)
{
	int fd = huge_buf(2 * huge);
	char *place = reserve_aligned(3 * huge, huge);
	void *p = map_at(place + PAGE, 2 * huge, fd);

	(void)state;
	fill(p, 2 * huge, 1);
	assert_int_equal(differs(p, 2 * huge, 1), -1);
	assert_int_equal(pmd_mapped(p, 2 * huge), 0);
	munmap(place, 3 * huge);
	close(fd);
}

static void a_tmpfs_that_came_and_went_changes_nothing(void **state)
{
	size_t len = 8 * huge;
	size_t most = kernel_is("debug") ? MIB(64) : MIB(256);
	size_t churn = meminfo("MemFree") / 2;
	void *p;

	(void)state;
	/* enough that the next huge folios are the tmpfs's old pages */
	tmpfs_churn(churn < most ? churn : most);
	p = map_shared(dev, len);
	assert_huge_mapped(p, len);
	munmap(p, len);
}

static void populate_maps_huge_too(void **state)
{
	void *p = map_shared(dev, 4 * huge);
	long faults;

	(void)state;
	assert_ok(madvise(p, 4 * huge, MADV_POPULATE_WRITE));
	faults = minor_faults();
	touch(p, 4 * huge);
	assert_int_equal(minor_faults() - faults, 0);
	assert_int_equal(pmd_mapped(p, 4 * huge), 4 * huge);
	munmap(p, 4 * huge);
}

static void dontneed_brings_the_huge_entry_back(void **state)
{
	void *p = map_shared(dev, 2 * huge);

	(void)state;
	fill(p, 2 * huge, 3);
	assert_ok(madvise(p, 2 * huge, MADV_DONTNEED));
	assert_int_equal(differs(p, 2 * huge, 3), -1);
	assert_int_equal(pmd_mapped(p, 2 * huge), 2 * huge);
	munmap(p, 2 * huge);
}

static void cutting_a_huge_entry_keeps_the_bytes(void **state)
{
	char *p = map_shared(dev, 2 * huge);
	size_t words = sizeof(uint64_t);

	(void)state;
	fill(p, 2 * huge, 5);
	assert_int_equal(pmd_mapped(p, 2 * huge), 2 * huge);
	assert_ok(munmap(p + huge / 2, PAGE));
	assert_int_equal(differs(p, huge / 2, 5), -1);
	assert_int_equal(differs(p + huge / 2 + PAGE, huge / 2 - PAGE,
				 5 + (huge / 2 + PAGE) / words), -1);
	assert_int_equal(differs(p + huge, huge, 5 + huge / words), -1);
	munmap(p, 2 * huge);
}

static void protecting_a_page_of_a_huge_entry_keeps_the_bytes(void **state)
{
	char *p = map_shared(dev, 2 * huge);

	(void)state;
	fill(p, 2 * huge, 7);
	assert_ok(mprotect(p + 5 * PAGE, PAGE, PROT_READ));
	assert_int_equal(differs(p, 2 * huge, 7), -1);
	assert_ok(mprotect(p + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	fill(p, 2 * huge, 8);
	assert_int_equal(differs(p, 2 * huge, 8), -1);
	munmap(p, 2 * huge);
}

static void moving_keeps_frames_and_bytes(void **state)
{
	char *p = map_shared(dev, 2 * huge);
	char *place = reserve_aligned(3 * huge, huge);
	uint64_t frame;

	(void)state;
	fill(p, 2 * huge, 9);
	frame = frame_of(p + huge + PAGE);
	assert_ptr_equal(mremap(p, 2 * huge, 2 * huge,
				MREMAP_MAYMOVE | MREMAP_FIXED, place + PAGE),
			 place + PAGE);
	assert_int_equal(differs(place + PAGE, 2 * huge, 9), -1);
	assert_int_equal(frame_of(place + PAGE + huge + PAGE), frame);
	munmap(place, 3 * huge);
}

static int child_writes_every_page(void *argument)
{
	CHECK(differs(argument, 2 * huge, 11) == -1);
	fill(argument, 2 * huge, 12);
	return 0;
}

static void fork_shares_huge_entries(void **state)
{
	char *p = map_shared(dev, 2 * huge);

	(void)state;
	fill(p, 2 * huge, 11);
	in_child(child_writes_every_page, p);
	assert_int_equal(differs(p, 2 * huge, 12), -1);
	munmap(p, 2 * huge);
}

static void tail_behind_huge_folios_is_in_place_at_once(void **state)
{
	size_t len = 2 * huge - PAGE;
	char *p = map_shared(dev, len);
	long faults = minor_faults();

	(void)state;
	for (size_t at = huge; at < len; at += PAGE)
		p[at] = 1;
	assert_int_equal(minor_faults() - faults, 0);
	p[0] = 1;
	assert_int_equal(minor_faults() - faults, 1);
	assert_int_equal(pmd_mapped(p, len), huge);
	munmap(p, len);
}

static void part_of_a_huge_folio_maps_and_ends_where_asked(void **state)
{
	int fd = huge_buf(2 * huge);
	char *whole = map_shared(fd, 2 * huge);
	char *part;

	(void)state;
	fill(whole, 2 * huge, 13);
	part = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    (off_t)(huge / 2));
	assert_ptr_not_equal(part, MAP_FAILED);
	assert_int_equal(differs(part, huge,
				 13 + huge / 2 / sizeof(uint64_t)), -1);
	munmap(part, huge);
	munmap(whole, 2 * huge);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HUGE(node_mapping_is_placed_and_mapped_huge),
		HUGE(buffer_at_an_aligned_address_is_mapped_huge),
		HUGE(buffer_at_an_unaligned_address_works_without),
		HUGE(a_tmpfs_that_came_and_went_changes_nothing),
		HUGE(populate_maps_huge_too),
		HUGE(dontneed_brings_the_huge_entry_back),
		HUGE(cutting_a_huge_entry_keeps_the_bytes),
		HUGE(protecting_a_page_of_a_huge_entry_keeps_the_bytes),
		HUGE(moving_keeps_frames_and_bytes),
		HUGE(fork_shares_huge_entries),
		HUGE(tail_behind_huge_folios_is_in_place_at_once),
		HUGE(part_of_a_huge_folio_maps_and_ends_where_asked),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
