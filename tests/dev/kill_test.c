// SPDX-License-Identifier: MIT
/*
 * kill -9 at any moment: in the middle of an allocation, a mapping, a fault, a
 * fork, a release.  Live bytes are back each time.
 */
#include "common.h"
#include "proc.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static void assert_killed(int status)
{
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static uint32_t random_below(uint32_t end)
{
	static uint32_t seed = 12345;

	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * end >> 32);
}

static int works_for_ever(void *unused)
{
	static const size_t lens[] = { PAGE, 9 * PAGE, MIB(1), MIB(4) - PAGE };

	(void)unused;
	for (unsigned int round = 0; ; round++) {
		size_t len = lens[round % ARRAY_LEN(lens)];
		struct pinbuf_ioc_alloc req = request(len);
		char *p, *q;
		pid_t pid;

		CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
		p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 req.out_fd, 0);
		q = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
		CHECK(p != MAP_FAILED && q != MAP_FAILED);
		memset(p, 1, len);
		madvise(q, len, MADV_POPULATE_WRITE);
		pid = fork();
		if (!pid) {
			p[0] = 2;
			_exit(0);
		}
		munmap(p, PAGE);
		waitpid(pid, NULL, 0);
		close(req.out_fd);
		munmap(p, len);
		munmap(q, len);
	}
	return 0;
}

static void at_random_moments(void **state)
{
	uint64_t before = stats(PINBUF_STATS_ALL, 0).out_allocation_count;

	(void)state;
	for (int round = 0; round < 30; round++) {
		pid_t pid = child_start(works_for_ever, NULL);

		usleep(random_below(60000));
		assert_ok(kill(pid, SIGKILL));
		assert_killed(child_wait(pid));
	}
	/* it was at work */
	assert_true(stats(PINBUF_STATS_ALL, 0).out_allocation_count >
		    before + 30);
}

static int allocates_large(void *argument)
{
	struct pinbuf_ioc_alloc req = request(*(uint64_t *)argument);

	for (;;) {
		CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
		close(req.out_fd);
	}
	return 0;
}

static int maps_large(void *argument)
{
	uint64_t len = *(uint64_t *)argument;

	for (;;) {
		void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			       dev, 0);

		CHECK(p != MAP_FAILED);
		munmap(p, len);
	}
	return 0;
}

/* Kills it at moments all over an allocation, until one was cut short. */
static void ends_an_allocation(int (*body)(void *))
{
	uint64_t len = meminfo("MemAvailable") / 3 & ~(MIB(1) - 1);
	uint64_t cut = stats(PINBUF_STATS_ALL, 0).out_failed_signal;
	int round;

	for (round = 0; round < 60; round++) {
		pid_t pid = child_start(body, &len);

		usleep(20000 + random_below(100000));
		assert_ok(kill(pid, SIGKILL));
		assert_killed(child_wait(pid));
		if (stats(PINBUF_STATS_ALL, 0).out_failed_signal > cut)
			break;
	}
	assert_true(stats(PINBUF_STATS_ALL, 0).out_failed_signal > cut);
}

static void ends_an_ioctl_that_allocates(void **state)
{
	(void)state;
	ends_an_allocation(allocates_large);
}

static void ends_an_mmap_that_allocates(void **state)
{
	(void)state;
	ends_an_allocation(maps_large);
}

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
	(void)number;
	ticks++;
}

static void other_signals_do_not_end_it(void **state)
{
	uint64_t len = meminfo("MemAvailable") / 4 & ~(MIB(1) - 1);
	struct sigaction old, action = { .sa_handler = on_tick };
	timer_t timer;
	struct itimerspec every = {
		.it_interval.tv_nsec = 2000000, .it_value.tv_nsec = 2000000,
	};

	(void)state;
	assert_ok(sigaction(SIGALRM, &action, &old));
	assert_ok(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	assert_ok(timer_settime(timer, 0, &every, NULL));
	ticks = 0;
	for (int i = 0; i < 20 && !ticks; i++)
		assert_int_equal(alloc_errno(request(len)), 0);
	timer_delete(timer);
	sigaction(SIGALRM, &old, NULL);
	assert_true(ticks > 0);
}

struct race {
	char *map;
	size_t len;
	int fd;
};

static void *touches(void *argument)
{
	struct race *race = argument;

	for (;;)
		for (size_t at = 0; at < race->len; at += PAGE)
			((volatile char *)race->map)[at] = 1;
	return NULL;
}

static void *drops(void *argument)
{
	struct race *race = argument;

	for (;;)
		madvise(race->map, race->len, MADV_DONTNEED);
	return NULL;
}

static void *allocates(void *unused)
{
	(void)unused;
	for (;;) {
		void *p = mmap(NULL, MIB(1), PROT_READ | PROT_WRITE, MAP_SHARED,
			       dev, 0);

		if (p != MAP_FAILED)
			munmap(p, MIB(1));
	}
	return NULL;
}

static int threads_race(void *unused)
{
	static struct race race = { .len = MIB(4) };
	pthread_t thread;

	(void)unused;
	race.map = mmap(NULL, race.len, PROT_READ | PROT_WRITE, MAP_SHARED,
			dev, 0);
	CHECK(race.map != MAP_FAILED);
	CHECK(!pthread_create(&thread, NULL, touches, &race));
	CHECK(!pthread_create(&thread, NULL, drops, &race));
	CHECK(!pthread_create(&thread, NULL, allocates, NULL));
	pause();
	return 0;
}

static void with_threads_in_faults_and_allocations(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++) {
		pid_t pid = child_start(threads_race, NULL);

		usleep(50000 + random_below(100000));
		assert_ok(kill(pid, SIGKILL));
		assert_killed(child_wait(pid));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(at_random_moments),
		TEST(ends_an_ioctl_that_allocates),
		TEST(ends_an_mmap_that_allocates),
		TEST(other_signals_do_not_end_it),
		TEST(with_threads_in_faults_and_allocations),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
