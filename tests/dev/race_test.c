// SPDX-License-Identifier: MIT
/*
 * Many at once: limits hold to the byte whoever is first, readers of every view
 * go on while buffers come and go, and nobody waits for another's allocation.
 */
#include "common.h"
#include "proc.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>

static atomic_bool stop;

/* Runs @body in @count threads until the time is over. */
static void race(void *(*const bodies[])(void *), size_t count, unsigned int ms)
{
	pthread_t threads[16];

	stop = false;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_create(&threads[i], NULL, bodies[i],
				      (void *)i));
	usleep(ms * 1000);
	stop = true;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static int node = -1;
static atomic_long held, most, refused;

static void raise_most(long now)
{
	long seen = most;

	while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
		;
}

/* Takes and gives back a few pages; what all have together is bounded. */
static void *takes(void *argument)
{
	size_t pages = 1 + (size_t)argument % 3;

	while (!stop) {
		struct pinbuf_ioc_alloc req = request(pages * PAGE);
		int err = alloc_on(node, &req);

		if (err) {
			CHECK(err == EDQUOT);
			refused++;
			continue;
		}
		raise_most(held += (long)pages);
		usleep(100);
		held -= (long)pages;
		close(req.out_fd);
	}
	return NULL;
}

static int races_for_the_limit(void *unused)
{
	static void *(*const bodies[])(void *) = {
		takes, takes, takes, takes, takes, takes,
	};
	struct rlimit rlim = { 7 * PAGE, 7 * PAGE };
	struct pinbuf_ioc_info in = { 0 };

	(void)unused;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	race(bodies, ARRAY_LEN(bodies), 1000);
	CHECK(most <= 7);
	/* it was a race: the limit was reached, and more than one had some */
	CHECK(refused > 0 && most > 3);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == 0);
	return 0;
}

static void limit_holds_however_many_ask_at_once(void **state)
{
	(void)state;
	in_child(races_for_the_limit, NULL);
}

static int races_for_the_ceiling(void *unused)
{
	static void *(*const bodies[])(void *) = {
		takes, takes, takes, takes, takes, takes,
	};

	(void)unused;
	node = dev;
	race(bodies, ARRAY_LEN(bodies), 1000);
	CHECK(most <= 7 && refused > 0 && most > 3);
	return 0;
}

static void ceiling_holds_however_many_ask_at_once(void **state)
{
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	long long ceiling = param_get("max_bytes");
	int status;

	(void)state;
	assert_ok(param_set("max_bytes", (long long)(live + 7 * PAGE)));
	status = child_wait(child_start(races_for_the_ceiling, NULL));
	assert_ok(param_set("max_bytes", ceiling));
	assert_int_equal(status, 0);
}

static int asks_for_too_much(void *argument)
{
	struct rlimit rlim = { PAGE, PAGE };

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	for (;;) {
		struct pinbuf_ioc_alloc req = request(*(uint64_t *)argument);

		CHECK(alloc_on(node, &req) == EDQUOT);
	}
	return 0;
}

static void refusals_of_one_are_not_felt_by_others(void **state)
{
	uint64_t all = (uint64_t)param_get("max_bytes") & ~(PAGE - 1);
	struct pinbuf_ioc_stats st;
	pid_t pids[2];
	int err = 0;

	(void)state;
	/* what he asks for would fill the ceiling, but his own limit refuses it */
	for (size_t i = 0; i < ARRAY_LEN(pids); i++)
		pids[i] = child_start(asks_for_too_much, &all);
	do {
		usleep(1000);
		st = stats(PINBUF_STATS_ALL, 0);
	} while (!st.out_failed_memlock);
	for (int i = 0; i < 1000 && !err; i++)
		err = alloc_errno(request(PAGE));
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		assert_ok(kill(pids[i], SIGKILL));
		child_wait(pids[i]);
	}
	assert_int_equal(err, 0);
}

/* One slot that all share: descriptors are closed under their users' feet. */
static atomic_int slot = -1;

static void *makes(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_alloc req = request(MIB(2) + PAGE);
		int old;

		CHECK(alloc_on(dev, &req) == 0);
		old = atomic_exchange(&slot, req.out_fd);
		if (old >= 0)
			close(old);
	}
	return unused;
}

static void *queries(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_query query = {
			.fd = slot, .flags = PINBUF_QUERY_REFS,
		};
		int err = errno_of(ioctl(dev, PINBUF_IOC_QUERY, &query));

		CHECK(err == 0 || err == EBADF || err == EINVAL);
		CHECK(err || query.out.len == MIB(2) + PAGE);
	}
	return unused;
}

static void *syncs(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_sync sync = {
			.fd = slot, .len = PAGE,
			.flags = PINBUF_SYNC_START | PINBUF_SYNC_WRITE,
		};
		int err = errno_of(ioctl(dev, PINBUF_IOC_SYNC, &sync));

		CHECK(err == 0 || err == EBADF || err == EINVAL);
	}
	return unused;
}

static void *maps(void *unused)
{
	while (!stop) {
		char *p = mmap(NULL, MIB(2) + PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED, slot, 0);

		if (p == MAP_FAILED)
			continue;
		p[0] = 1;
		p[MIB(2)] = 2;
		CHECK(p[PAGE] == 0);
		munmap(p, MIB(2) + PAGE);
	}
	return unused;
}

static void *reads_debugfs(void *unused)
{
	char text[4096];

	while (!stop) {
		int fd = open("/sys/kernel/debug/pinbuf/buffers", O_RDONLY);

		CHECK(fd >= 0);
		CHECK(read(fd, text, sizeof(text)) > 0);
		close(fd);
	}
	return unused;
}

static void *reads_stats(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_ALL };

		CHECK(!ioctl(dev, PINBUF_IOC_STATS, &st));
		CHECK(st.out_current_live < MIB(4096ULL));
		CHECK(st.out_live_buffers < 1000);
		CHECK(st.out_current_live ==
		      st.out_total_allocated - st.out_total_deallocated);
	}
	return unused;
}

static void *opens(void *unused)
{
	while (!stop) {
		int fd = open(NODE_PATH, O_RDWR);

		CHECK(fd >= 0);
		close(fd);
	}
	return unused;
}

static int everything_at_once(void *unused)
{
	static void *(*const bodies[])(void *) = {
		makes, makes, queries, syncs, maps, maps, reads_debugfs,
		reads_stats, opens,
	};

	(void)unused;
	race(bodies, ARRAY_LEN(bodies), 1000);
	close(slot);
	return 0;
}

static void readers_go_on_while_buffers_come_and_go(void **state)
{
	(void)state;
	in_child(everything_at_once, NULL);
}

static atomic_long rounds;

/* All that another thread of the same process may want meanwhile. */
static void *lives_on(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
		struct pinbuf_ioc_alloc req = request(PAGE);
		char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int fd = open(NODE_PATH, O_RDWR);

		CHECK(p != MAP_FAILED && fd >= 0);
		p[0] = 1;
		munmap(p, 4 * PAGE);
		CHECK(!ioctl(fd, PINBUF_IOC_STATS, &st));
		CHECK(alloc_on(fd, &req) == 0);
		close(req.out_fd);
		close(fd);
		rounds++;
	}
	return unused;
}

static int allocates_beside(void *unused)
{
	uint64_t len = meminfo("MemAvailable") / 3 & ~(MIB(1) - 1);
	struct pinbuf_ioc_alloc req = request(len);
	pthread_t thread;
	long before;

	(void)unused;
	stop = false;
	CHECK(!pthread_create(&thread, NULL, lives_on, NULL));
	while (!rounds)
		usleep(1000);
	before = rounds;
	CHECK(alloc_on(dev, &req) == 0);
	/* a lock that both want would let through one, the last */
	CHECK(rounds - before > 5);
	stop = true;
	CHECK(!pthread_join(thread, NULL));
	return 0;
}

static void nobody_waits_for_anothers_allocation(void **state)
{
	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip_because("needs two processors");
	in_child(allocates_beside, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(limit_holds_however_many_ask_at_once),
		TEST(ceiling_holds_however_many_ask_at_once),
		TEST(refusals_of_one_are_not_felt_by_others),
		TEST(readers_go_on_while_buffers_come_and_go),
		TEST(nobody_waits_for_anothers_allocation),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
