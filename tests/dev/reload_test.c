// SPDX-License-Identifier: MIT
/*
 * The module cannot go while anything of it lives, and can when nothing does.
 * Run last: what it counted starts again from nothing.
 */
#include "names.h"
#include "proc.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int unload(void)
{
	return errno_of(syscall(SYS_delete_module, "pinbuf", O_NONBLOCK));
}

static int load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = errno_of(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	return err;
}

static const char *require_module(void)
{
	const char *path = getenv("PINBUF_KO");

	if (!path || access(path, R_OK))
		skip_because("PINBUF_KO names no module to load again");
	return path;
}

static void open_node_holds_the_module(void **state)
{
	int node;

	(void)state;
	require_module();
	node = open(NODE_PATH, O_RDONLY);
	assert_true(node >= 0);
	assert_int_equal(unload(), EWOULDBLOCK);
	close(node);
}

static void descriptor_holds_the_module(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int node;

	(void)state;
	require_module();
	node = open(NODE_PATH, O_RDWR);
	assert_ok(ioctl(node, PINBUF_IOC_ALLOC, &req));
	close(node);
	assert_int_equal(unload(), EWOULDBLOCK);
	assert_int_equal(lseek(req.out_fd, 0, SEEK_END), PAGE);
	close(req.out_fd);
}

static void mapping_holds_the_module(void **state)
{
	int node;
	char *p;

	(void)state;
	require_module();
	node = open(NODE_PATH, O_RDWR);
	p = map_shared(node, MIB(2));
	close(node);
	assert_int_equal(unload(), EWOULDBLOCK);
	memset(p, 1, MIB(2));
	munmap(p, MIB(2));
}

static void descriptor_in_flight_holds_the_module(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);
	int node, socks[2];

	(void)state;
	require_module();
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	node = open(NODE_PATH, O_RDWR);
	assert_ok(ioctl(node, PINBUF_IOC_ALLOC, &req));
	close(node);
	assert_ok(send_fd(socks[0], req.out_fd));
	close(req.out_fd);
	assert_int_equal(unload(), EWOULDBLOCK);
	close(recv_fd(socks[1]));
	close(socks[0]);
	close(socks[1]);
}

static void name_holds_the_module(void **state)
{
	int node, fd;

	(void)state;
	require_module();
	dev = open(NODE_PATH, O_RDWR);
	fd = buf_new(PAGE);
	assert_int_equal(publish(dev, fd, 0600, "held"), 0);
	close(fd);
	close(dev);
	assert_int_equal(unload(), EWOULDBLOCK);
	node = open(NODE_PATH, O_RDWR);
	assert_int_equal(unpublish(node, OWN, "held"), 0);
	close(node);
}

/* A release may still be on its way: the user is told to try again. */
static int unload_soon(void)
{
	int err;

	for (int tries = 0; (err = unload()) && tries < 100; tries++)
		usleep(10000);
	return err;
}

static void goes_and_comes_back(void **state)
{
	const char *path = require_module();
	struct stat node;

	(void)state;
	for (int round = 0; round < 5; round++) {
		void *p;

		assert_ok(stat(NODE_PATH, &node));
		assert_int_equal(unload_soon(), 0);
		assert_int_equal(access(NODE_PATH, F_OK), -1);
		assert_int_equal(access("/sys/kernel/debug/pinbuf", F_OK), -1);
		assert_int_equal(access("/sys/module/pinbuf", F_OK), -1);
		assert_int_equal(load(path), 0);
		assert_int_equal(load(path), EEXIST);

		/* there is no udev here to set them again */
		assert_ok(chmod(NODE_PATH, node.st_mode & 07777));
		assert_ok(chown(NODE_PATH, node.st_uid, node.st_gid));
		dev = open(NODE_PATH, O_RDWR | O_CLOEXEC);
		assert_true(dev >= 0);
		assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_total_allocated,
				 0);
		p = map_shared(dev, MIB(3));
		assert_true(is_zero(p, MIB(3)));
		munmap(p, MIB(3));
		close(dev);
	}
}

static void pages_that_others_hold_outlive_the_module(void **state)
{
	const char *path = require_module();
	char copy[4096];
	struct iovec iov = { .iov_len = PAGE };
	struct stat node;
	int ends[2];
	int fd;

	(void)state;
	assert_ok(stat(NODE_PATH, &node));
	fd = open(NODE_PATH, O_RDWR);
	iov.iov_base = map_shared(fd, PAGE);
	close(fd);
	fill(iov.iov_base, PAGE, 3);
	assert_ok(pipe(ends));
	assert_int_equal(vmsplice(ends[1], &iov, 1, 0), PAGE);
	munmap(iov.iov_base, PAGE);
	assert_int_equal(unload_soon(), 0);
	assert_int_equal(read(ends[0], copy, sizeof(copy)), PAGE);
	assert_int_equal(differs(copy, PAGE, 3), -1);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(load(path), 0);
	assert_ok(chmod(NODE_PATH, node.st_mode & 07777));
	assert_ok(chown(NODE_PATH, node.st_uid, node.st_gid));
}

static atomic_bool stop;
static atomic_long published;

/* The node may be gone at any moment, but not while he has it open or a name. */
static void *publishes_and_unpublishes(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_alloc req = request(PAGE);
		int node = open(NODE_PATH, O_RDWR | O_CLOEXEC);

		if (node < 0)
			continue;
		CHECK(!alloc_on(node, &req));
		CHECK(!publish(node, req.out_fd, 0600, "racing"));
		close(req.out_fd);
		close(node);
		node = open(NODE_PATH, O_RDWR | O_CLOEXEC);
		CHECK(node >= 0);
		CHECK(!unpublish(node, OWN, "racing"));
		close(node);
		published++;
		usleep(500);
	}
	return unused;
}

static void unloading_races_with_publishing(void **state)
{
	const char *path = require_module();
	long unloaded = 0, refused = 0, last = 0;
	struct stat node;
	pthread_t thread;

	(void)state;
	assert_ok(stat(NODE_PATH, &node));
	assert_int_equal(pthread_create(&thread, NULL, publishes_and_unpublishes, NULL), 0);
	for (int i = 0; (unloaded < 5 || refused < 20) && i < 300000; i++) {
		if (unload()) {
			refused++;
			continue;
		}
		unloaded++;
		assert_int_equal(load(path), 0);
		/* both have their turn */
		for (int tries = 0; published == last && tries < 1000; tries++)
			usleep(1000);
		last = published;
	}
	stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("# unloaded %ld times, refused %ld times, published %ld times\n", unloaded,
		      refused, published);
	assert_true(unloaded && refused && published);
	assert_ok(chmod(NODE_PATH, node.st_mode & 07777));
	assert_ok(chown(NODE_PATH, node.st_uid, node.st_gid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_node_holds_the_module),
		cmocka_unit_test(descriptor_holds_the_module),
		cmocka_unit_test(mapping_holds_the_module),
		cmocka_unit_test(descriptor_in_flight_holds_the_module),
		cmocka_unit_test(name_holds_the_module),
		cmocka_unit_test(goes_and_comes_back),
		cmocka_unit_test(pages_that_others_hold_outlive_the_module),
		cmocka_unit_test(unloading_races_with_publishing),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
