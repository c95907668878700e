// SPDX-License-Identifier: MIT
/*
 * Names while others come and go: the last close against ATTACH, PUBLISH against
 * UNPUBLISH, many owners of one name.
 */
#include "names.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

static atomic_bool stop;
static atomic_long attached, missed, published, unpublished, taken;

/* For a while, and on until they have met, however slow the machine is. */
static void race(void *(*const bodies[])(void *), size_t count, bool (*have_met)(void))
{
	pthread_t threads[16];

	stop = false;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_create(&threads[i], NULL, bodies[i], (void *)i));
	for (int tenths = 0; tenths < 5 || (!have_met() && tenths < 300); tenths++)
		usleep(100000);
	stop = true;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* The name is all that keeps the buffer: UNPUBLISH drops the last reference. */
static void *makes_and_drops(void *argument)
{
	while (!stop) {
		struct pinbuf_ioc_alloc req = request(PAGE);

		CHECK(!alloc_on(dev, &req));
		if (publish(dev, req.out_fd, 0600, "n")) {
			taken++;
			close(req.out_fd);
			continue;
		}
		published++;
		close(req.out_fd);
		if (!unpublish(dev, OWN, "n"))
			unpublished++;
	}
	return argument;
}

static void *attaches(void *argument)
{
	while (!stop) {
		struct pinbuf_ioc_query query = { 0 };
		int err = attach(dev, OWN, "n", &query.fd);

		CHECK(!err || err == ENOENT);
		if (err) {
			missed++;
			continue;
		}
		attached++;
		/* what was attached lives, whether it still has the name or not */
		CHECK(!ioctl(dev, PINBUF_IOC_QUERY, &query));
		CHECK(query.out.len == PAGE);
		CHECK(!query.out.name[0] || !strcmp((char *)query.out.name, "n"));
		close(query.fd);
	}
	return argument;
}

static void *reads_debugfs(void *argument)
{
	char text[4096];

	while (!stop) {
		int fd = open("/sys/kernel/debug/pinbuf/buffers", O_RDONLY);

		CHECK(fd >= 0 && read(fd, text, sizeof(text)) > 0);
		close(fd);
	}
	return argument;
}

static bool attached_and_missed(void)
{
	return published && attached && missed;
}

static int last_close(void *unused)
{
	static void *(*const bodies[])(void *) = {
		makes_and_drops, attaches, attaches, reads_debugfs,
	};

	(void)unused;
	race(bodies, ARRAY_LEN(bodies), attached_and_missed);
	CHECK(attached_and_missed());
	CHECK(published == unpublished);
	return 0;
}

static void attaching_races_with_the_last_close(void **state)
{
	(void)state;
	in_child(last_close, NULL);
}

static bool published_and_taken(void)
{
	return published && taken;
}

static int one_winner(void *unused)
{
	static void *(*const bodies[])(void *) = {
		makes_and_drops, makes_and_drops, makes_and_drops, attaches,
	};

	(void)unused;
	race(bodies, ARRAY_LEN(bodies), published_and_taken);
	CHECK(published_and_taken());
	/* every name that came has gone, by whoever it was */
	CHECK(published == unpublished);
	CHECK(attach(dev, OWN, "n", NULL) == ENOENT);
	return 0;
}

static void a_name_has_one_buffer_however_many_want_it(void **state)
{
	(void)state;
	in_child(one_winner, NULL);
}

/* One slot that all share: it is closed while it is being published. */
static atomic_int slot = -1;

static void *replaces(void *argument)
{
	while (!stop) {
		struct pinbuf_ioc_alloc req = request(PAGE);
		int old;

		CHECK(!alloc_on(dev, &req));
		old = atomic_exchange(&slot, req.out_fd);
		if (old >= 0)
			close(old);
	}
	return argument;
}

static void *publishes_the_slot(void *argument)
{
	char name[] = { 'a', 0 };

	name[0] += (char)(uintptr_t)argument;
	while (!stop) {
		int err = publish(dev, slot, 0600, name);

		CHECK(!err || err == EBADF || err == EINVAL || err == EEXIST);
		if (err)
			continue;
		published++;
		CHECK(!unpublish(dev, OWN, name));
	}
	return argument;
}

static bool any_published(void)
{
	return published;
}

static int close_against_publish(void *unused)
{
	static void *(*const bodies[])(void *) = {
		replaces, publishes_the_slot, publishes_the_slot, publishes_the_slot,
	};

	(void)unused;
	race(bodies, ARRAY_LEN(bodies), any_published);
	close(slot);
	CHECK(any_published());
	return 0;
}

static void closing_races_with_publishing(void **state)
{
	(void)state;
	in_child(close_against_publish, NULL);
}

static int publishes_for_ever(void *argument)
{
	become(USER_UID + (uid_t)(uintptr_t)argument, 4711, 4711);
	dev = open_node();
	for (;;) {
		struct pinbuf_ioc_alloc req = request(PAGE);

		CHECK(!alloc_on(dev, &req));
		CHECK(!publish(dev, req.out_fd, 0600, "n"));
		close(req.out_fd);
		CHECK(!unpublish(dev, OWN, "n"));
	}
	return 0;
}

static void owners_do_not_meet_and_die_at_any_point(void **state)
{
	pid_t pids[3];

	(void)state;
	for (int round = 0; round < 10; round++) {
		for (size_t i = 0; i < ARRAY_LEN(pids); i++)
			pids[i] = child_start(publishes_for_ever, (void *)i);
		usleep(20000);
		for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
			int err;

			kill(pids[i], SIGKILL);
			assert_int_equal(child_wait(pids[i]), SIGKILL);
			/* he died with the name, or without it */
			err = unpublish(dev, USER_UID + (uid_t)i, "n");
			assert_true(!err || err == ENOENT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attaching_races_with_the_last_close),
		TEST(a_name_has_one_buffer_however_many_want_it),
		TEST(closing_races_with_publishing),
		TEST(owners_do_not_meet_and_die_at_any_point),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
