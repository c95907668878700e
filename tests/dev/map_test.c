// SPDX-License-Identifier: MIT
/* mmap of a buffer's descriptor: what a mapping may be, and what it survives. */
#include "common.h"
#include "proc.h"

#include <signal.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25	/* Linux 6.1; younger than Debian 12's headers */
#endif

#define RW (PROT_READ | PROT_WRITE)

static const size_t len = 8 * PAGE;
static int buf = -1;

static int map_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	buf = buf_new(len);
	return 0;
}

static int map_teardown(void **state)
{
	if (buf >= 0)
		close(buf);
	return fixture_teardown(state);
}

#define MAP(function) \
	cmocka_unit_test_setup_teardown(function, map_setup, map_teardown)

static void private_is_einval(void **state)
{
	(void)state;
	assert_int_equal(map_errno(buf, len, RW, MAP_PRIVATE, 0), EINVAL);
	assert_int_equal(map_errno(buf, len, PROT_READ, MAP_PRIVATE, 0), EINVAL);
	assert_int_equal(map_errno(buf, len, PROT_NONE, MAP_PRIVATE, 0), EINVAL);
}

static void executable_is_eperm(void **state)
{
	(void)state;
	assert_int_equal(map_errno(buf, len, RW | PROT_EXEC, MAP_SHARED, 0),
			 EPERM);
	assert_int_equal(map_errno(buf, len, PROT_EXEC, MAP_SHARED, 0), EPERM);
	assert_int_equal(map_errno(buf, len, PROT_READ | PROT_EXEC,
				   MAP_SHARED_VALIDATE, 0), EPERM);
}

static void making_it_executable_is_eacces(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	assert_errno(EACCES, mprotect(p, len, RW | PROT_EXEC));
	assert_errno(EACCES, mprotect(p, PAGE, PROT_EXEC));
	munmap(p, len);
}

static void ranges_inside_map_the_right_pages(void **state)
{
	uint8_t *whole = map_shared(buf, len);

	(void)state;
	for (size_t page = 0; page < 8; page++)
		whole[page * PAGE] = (uint8_t)(0x40 + page);
	for (size_t first = 0; first < 8; first++) {
		for (size_t pages = 1; first + pages <= 8; pages++) {
			uint8_t *p = mmap(NULL, pages * PAGE, RW, MAP_SHARED,
					  buf, (off_t)(first * PAGE));

			assert_ptr_not_equal(p, MAP_FAILED);
			for (size_t i = 0; i < pages; i++)
				assert_int_equal(p[i * PAGE], 0x40 + first + i);
			munmap(p, pages * PAGE);
		}
	}
	munmap(whole, len);
}

static void ranges_outside_are_refused(void **state)
{
	(void)state;
	assert_int_equal(map_errno(buf, len + 1, RW, MAP_SHARED, 0), EINVAL);
	assert_int_equal(map_errno(buf, 2 * len, RW, MAP_SHARED, 0), EINVAL);
	assert_int_equal(map_errno(buf, PAGE, RW, MAP_SHARED, (off_t)len),
			 EINVAL);
	assert_int_equal(map_errno(buf, len, RW, MAP_SHARED, (off_t)PAGE),
			 EINVAL);
	assert_int_equal(map_errno(buf, PAGE, RW, MAP_SHARED, 1), EINVAL);
	assert_int_not_equal(map_errno(buf, PAGE, RW, MAP_SHARED,
				       (off_t)1 << 62), 0);
	assert_int_not_equal(map_errno(buf, PAGE, RW, MAP_SHARED,
				       -(off_t)PAGE), 0);
	assert_int_equal(map_errno(buf, 0, RW, MAP_SHARED, 0), EINVAL);
	assert_int_equal(buf_query(buf).mappings, 0);
}

static void all_mappings_show_the_same_bytes(void **state)
{
	uint64_t *a = map_shared(buf, len), *b = map_shared(buf, len);

	(void)state;
	fill(a, len, 3);
	assert_int_equal(differs(b, len, 3), -1);
	b[5] = 99;
	assert_int_equal(a[5], 99);
	munmap(a, len);
	munmap(b, len);
}

static void mapping_survives_close(void **state)
{
	void *p = map_shared(buf, len);
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;

	(void)state;
	fill(p, len, 5);
	close(buf);
	buf = -1;
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
	assert_int_equal(differs(p, len, 5), -1);
	munmap(p, len);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
			 live - len);
}

static void partial_munmap_leaves_the_rest(void **state)
{
	uint8_t *p = map_shared(buf, len);

	(void)state;
	fill(p, len, 11);
	assert_ok(munmap(p + 3 * PAGE, 2 * PAGE));
	assert_int_equal(buf_query(buf).mappings, 2);
	close(buf);
	buf = -1;
	assert_int_equal(differs(p, 3 * PAGE, 11), -1);
	assert_int_equal(differs(p + 5 * PAGE, 3 * PAGE,
				 11 + 5 * PAGE / sizeof(uint64_t)), -1);
	munmap(p, len);
}

static void mremap_moves_the_same_frames(void **state)
{
	void *p = map_shared(buf, len), *q;
	void *place = reserve_aligned(len, PAGE);
	uint64_t before[8], after[8];

	(void)state;
	fill(p, len, 13);
	frames_read(p, 8, before);
	q = mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	assert_ptr_equal(q, place);
	assert_int_equal(differs(q, len, 13), -1);
	frames_read(q, 8, after);
	assert_int_equal(frames_moved(before, after, 8), 0);
	assert_int_equal(buf_query(buf).mappings, 1);
	munmap(q, len);
}

static void mremap_never_grows(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	assert_ptr_equal(mremap(p, len, len + PAGE, MREMAP_MAYMOVE),
			 MAP_FAILED);
	assert_ptr_equal(mremap(p, len, 2 * len, 0), MAP_FAILED);
	/* a part of it neither, though the buffer goes on behind it */
	assert_ok(munmap((char *)p + PAGE, len - PAGE));
	assert_ptr_equal(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), MAP_FAILED);
	munmap(p, PAGE);
}

static void mremap_does_not_double(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	/* an old length of 0 asks for a second mapping of the same */
	assert_ptr_equal(mremap(p, 0, len, MREMAP_MAYMOVE), MAP_FAILED);
	assert_ptr_equal(mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
			 MAP_FAILED);
	assert_int_equal(buf_query(buf).mappings, 1);
	munmap(p, len);
}

static void mremap_shrinks(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	fill(p, len, 17);
	assert_ptr_equal(mremap(p, len, 2 * PAGE, 0), p);
	assert_int_equal(differs(p, 2 * PAGE, 17), -1);
	munmap(p, 2 * PAGE);
}

static int writes_to(void *argument)
{
	*(volatile char *)argument = 1;
	return 0;
}

static void mprotect_takes_write_away_and_gives_it_back(void **state)
{
	char *p = map_shared(buf, len);
	pid_t pid;

	(void)state;
	assert_ok(mprotect(p, PAGE, PROT_READ));
	pid = child_start(writes_to, p);
	assert_int_equal(child_wait(pid) & 0x7f, SIGSEGV);
	in_child(writes_to, p + PAGE);
	assert_ok(mprotect(p, PAGE, RW));
	in_child(writes_to, p);
	assert_int_equal(p[0], 1);
	assert_ok(mprotect(p, len, PROT_NONE));
	assert_ok(mprotect(p, len, RW));
	assert_int_equal(p[0], 1);
	munmap(p, len);
}

static void mapped_without_access_it_has_its_bytes_later(void **state)
{
	char *p = mmap(NULL, len, PROT_NONE, MAP_SHARED, buf, 0);
	char *whole = map_shared(buf, len);
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(p, MAP_FAILED);
	fill(whole, len, 23);
	pid = child_start(writes_to, p);
	assert_int_equal(child_wait(pid) & 0x7f, SIGSEGV);
	assert_ok(mprotect(p, len, PROT_READ));
	assert_int_equal(differs(p, len, 23), -1);
	assert_ok(mprotect(p, len, RW));
	in_child(writes_to, p);
	munmap(p, len);
	munmap(whole, len);
}

static void pages_can_be_mapped_in_another_order(void **state)
{
	char *p = map_shared(buf, len);

	(void)state;
	for (size_t page = 0; page < 8; page++)
		p[page * PAGE] = (char)page;
	/* the second page now shows the buffer's sixth */
	assert_ok(remap_file_pages(p + PAGE, PAGE, 0, 5, 0));
	assert_int_equal(p[PAGE], 5);
	assert_int_equal(p[0], 0);
	assert_int_equal(p[2 * PAGE], 2);
	assert_int_equal(buf_query(buf).mappings, 3);
	munmap(p, len);
}

static void madvise_cannot_lose_a_byte(void **state)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT, MADV_FREE, MADV_REMOVE,
		MADV_DONTFORK, MADV_DOFORK, MADV_SEQUENTIAL, MADV_MERGEABLE,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_WIPEONFORK, MADV_COLLAPSE,
		MADV_DONTNEED_LOCKED,
	};
	uint64_t before[8], after[8];
	void *p = map_shared(buf, len);

	(void)state;
	fill(p, len, 19);
	frames_read(p, 8, before);
	for (size_t i = 0; i < ARRAY_LEN(advices); i++) {
		madvise(p, len, advices[i]);
		assert_int_equal(differs(p, len, 19), -1);
	}
	assert_int_equal(differs(p, len, 19), -1);
	frames_read(p, 8, after);
	assert_int_equal(frames_moved(before, after, 8), 0);
	munmap(p, len);
}

static int writes_and_reads(void *argument)
{
	uint64_t *p = argument;

	CHECK(p[0] == 42);
	p[1] = 43;
	return 0;
}

static void fork_shares_the_bytes(void **state)
{
	uint64_t *p = map_shared(buf, len);
	uint64_t frame;

	(void)state;
	p[0] = 42;
	frame = frame_of(p);
	in_child(writes_and_reads, p);
	assert_int_equal(p[1], 43);
	p[0] = 44;
	assert_int_equal(frame_of(p), frame);
	munmap(p, len);
}

static void mapping_is_left_out_of_dumps_and_never_expands(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	assert_true(smaps_flag(p, "dd"));
	assert_true(smaps_flag(p, "de"));
	/* ordinary memory: neither PFNs nor mixed */
	assert_false(smaps_flag(p, "pf"));
	assert_false(smaps_flag(p, "mm"));
	assert_false(smaps_flag(p, "io"));
	munmap(p, len);
}

static void mlock_is_accepted(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	assert_ok(mlock(p, len));
	assert_ok(munlock(p, len));
	munmap(p, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP(private_is_einval),
		MAP(executable_is_eperm),
		MAP(making_it_executable_is_eacces),
		MAP(ranges_inside_map_the_right_pages),
		MAP(ranges_outside_are_refused),
		MAP(all_mappings_show_the_same_bytes),
		MAP(mapping_survives_close),
		MAP(partial_munmap_leaves_the_rest),
		MAP(mremap_moves_the_same_frames),
		MAP(mremap_never_grows),
		MAP(mremap_does_not_double),
		MAP(mremap_shrinks),
		MAP(mprotect_takes_write_away_and_gives_it_back),
		MAP(mapped_without_access_it_has_its_bytes_later),
		MAP(pages_can_be_mapped_in_another_order),
		MAP(madvise_cannot_lose_a_byte),
		MAP(fork_shares_the_bytes),
		MAP(mapping_is_left_out_of_dumps_and_never_expands),
		MAP(mlock_is_accepted),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
