// SPDX-License-Identifier: MIT
/*
 * Promise 3: memory that somebody else still holds at the time of release keeps
 * its bytes and is given to nobody, until he lets go.  The holder here is a
 * pipe, by vmsplice: it takes references to the pages and keeps them.
 */
#include "cgroup.h"
#include "common.h"
#include "proc.h"

#define HELD 16			/* pages: what a pipe holds by default */

static int pipe_of(void *p, size_t pages, int ends[2])
{
	struct iovec iov = { .iov_base = p, .iov_len = pages * PAGE };

	if (pipe(ends))
		return -1;
	return vmsplice(ends[1], &iov, 1, 0) == (ssize_t)iov.iov_len ? 0 : -1;
}

static bool contains(const uint64_t *frames, size_t pages, uint64_t frame)
{
	for (size_t i = 0; i < pages; i++)
		if (frames[i] == frame)
			return true;
	return false;
}

/* Frames of @p that are among @held. */
static size_t shared_frames(const void *p, size_t pages, const uint64_t *held)
{
	uint64_t *frames = calloc(pages, sizeof(*frames));
	size_t shared = 0;

	frames_read(p, pages, frames);
	for (size_t i = 0; i < HELD; i++)
		shared += contains(frames, pages, held[i]);
	free(frames);
	return shared;
}

/* Allocates and dirties memory of both kinds, and looks for held frames. */
static void assert_nobody_gets(const uint64_t *held)
{
	const size_t len = MIB(16);

	for (int round = 0; round < 2; round++) {
		char *ours = map_shared(dev, len - PAGE);
		char *anon = mmap(NULL, len, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		assert_ptr_not_equal(anon, MAP_FAILED);
		memset(ours, 0xdd, len - PAGE);
		memset(anon, 0xdd, len);
		assert_int_equal(shared_frames(ours, len / PAGE - 1, held), 0);
		assert_int_equal(shared_frames(anon, len / PAGE, held), 0);
		munmap(ours, len - PAGE);
		munmap(anon, len);
	}
}

static void assert_pipe_has(int end, size_t pages, uint64_t seed)
{
	char *copy = malloc(pages * PAGE);
	size_t got = 0;

	while (got < pages * PAGE) {
		ssize_t n = read(end, copy + got, pages * PAGE - got);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(differs(copy, pages * PAGE, seed), -1);
	free(copy);
}

static void held_pages_outlive(size_t len)
{
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	uint64_t locked = info().out_locked;
	char *p = map_shared(dev, len);
	uint64_t held[HELD];
	int ends[2];

	fill(p, len, len);
	frames_read(p, HELD, held);
	assert_ok(pipe_of(p, HELD, ends));
	munmap(p, len);

	/* the buffer is gone, as far as limits and statistics go */
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
	assert_int_equal(info().out_locked, locked);
	assert_nobody_gets(held);
	assert_pipe_has(ends[0], HELD, len);
	close(ends[0]);
	close(ends[1]);
}

static void held_small_folios_keep_their_bytes(void **state)
{
	(void)state;
	held_pages_outlive(HELD * PAGE);
	held_pages_outlive((HELD + 7) * PAGE);
}

static void held_huge_folios_keep_their_bytes(void **state)
{
	(void)state;
	held_pages_outlive(MIB(2));
	held_pages_outlive(MIB(6) - PAGE);
}

static void released_pages_are_given_out_again(void **state)
{
	const size_t len = MIB(4);
	uint64_t held[HELD];
	bool again = false;

	(void)state;
	/* the control of assert_nobody_gets: nobody holds, so it does happen */
	for (int round = 0; round < 200 && !again; round++) {
		char *p = map_shared(dev, len);

		memset(p, 1, len);
		if (round)
			again = shared_frames(p, len / PAGE, held);
		frames_read(p, HELD, held);
		munmap(p, len);
	}
	assert_true(again);
}

static struct cgroup cg;

static int keeps_the_charge(void *unused)
{
	const size_t len = HELD * PAGE;
	long long before, freed;
	int ends[64][2];
	void *p;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = cgroup_number(&cg, "memory.current", NULL);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
		CHECK(p != MAP_FAILED);
		memset(p, 1, len);
		CHECK(!pipe_of(p, HELD, ends[i]));
		CHECK(!munmap(p, len));
	}
	/*
	 * 4 MiB released, and held by pipes; up to 1 MiB of it was in the
	 * figure before, charged in advance for each CPU
	 */
	CHECK(cgroup_number(&cg, "memory.current", NULL) - before >=
	      (long long)(ARRAY_LEN(ends) * len - MIB(1)));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
	freed = cgroup_number(&cg, "memory.current", NULL);
	CHECK(freed - before < (long long)MIB(2));
	return 0;
}

static void held_pages_stay_charged_to_the_cgroup(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	in_child(keeps_the_charge, NULL);
	cgroup_destroy(&cg);
}

static void second_user_never_sees_the_first_ones_bytes(void **state)
{
	static const size_t lens[] = { PAGE, 16 * PAGE, MIB(1), MIB(4) };

	(void)state;
	for (int round = 0; round < 8; round++) {
		size_t len = lens[round % ARRAY_LEN(lens)];
		char *p = map_shared(dev, len);
		int ends[2];

		assert_true(is_zero(p, len));
		memset(p, 0xc3, len);
		/* held by a pipe that goes away while others allocate */
		assert_ok(pipe_of(p, 1, ends));
		munmap(p, len);
		close(ends[0]);
		close(ends[1]);
		p = map_shared(dev, len);
		assert_true(is_zero(p, len));
		munmap(p, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(held_small_folios_keep_their_bytes),
		TEST(held_huge_folios_keep_their_bytes),
		TEST(released_pages_are_given_out_again),
		TEST(held_pages_stay_charged_to_the_cgroup),
		TEST(second_user_never_sees_the_first_ones_bytes),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
