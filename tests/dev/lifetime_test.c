// SPDX-License-Identifier: MIT
/*
 * Promise 6: a buffer lives while a descriptor, a mapping or a message in
 * flight refers to it, and goes by itself when the last one does.
 */
#include "common.h"
#include "proc.h"

#include <sys/socket.h>
#include <sys/wait.h>

static const size_t len = 3 * PAGE;

static uint64_t live(void)
{
	return stats(PINBUF_STATS_ALL, 0).out_current_live;
}

static void last_dup_frees_it(void **state)
{
	uint64_t before = live();
	int a = buf_new(len), b = dup(a), c = fcntl(a, F_DUPFD_CLOEXEC, 100);

	(void)state;
	close(a);
	close(b);
	assert_int_equal(live(), before + len);
	assert_int_equal(buf_query(c).len, len);
	close(c);
	assert_int_equal(live(), before);
}

static void last_mapping_outlives_every_descriptor(void **state)
{
	uint64_t before = live();
	int fd = buf_new(len);
	char *a = map_shared(fd, len), *b = map_shared(fd, len);

	(void)state;
	fill(a, len, 1);
	close(fd);
	munmap(a, len);
	assert_int_equal(live(), before + len);
	assert_int_equal(differs(b, len, 1), -1);
	/* page by page: the last one frees it */
	munmap(b, PAGE);
	munmap(b + 2 * PAGE, PAGE);
	assert_int_equal(live(), before + len);
	munmap(b + PAGE, PAGE);
	assert_int_equal(live(), before);
}

static void descriptor_in_flight_keeps_it(void **state)
{
	uint64_t before = live();
	int fd = buf_new(len), socks[2];
	uint64_t *p = map_shared(fd, len);

	(void)state;
	fill(p, len, 2);
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	assert_ok(send_fd(socks[0], fd));
	munmap(p, len);
	close(fd);
	assert_int_equal(live(), before + len);
	fd = recv_fd(socks[1]);
	assert_true(fd >= 0);
	p = map_shared(fd, len);
	assert_int_equal(differs(p, len, 2), -1);
	munmap(p, len);
	close(fd);
	assert_int_equal(live(), before);
	close(socks[0]);
	close(socks[1]);
}

static void socket_closed_with_it_in_flight_frees_it(void **state)
{
	uint64_t before = live();
	int fd = buf_new(len), socks[2];

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	assert_ok(send_fd(socks[0], fd));
	close(fd);
	close(socks[0]);
	assert_int_equal(live(), before + len);
	close(socks[1]);
	/* the fixture waits for it to go */
}

struct passing {
	int sock;
	uint64_t id;
};

static int maker(void *argument)
{
	struct passing *passing = argument;
	struct pinbuf_ioc_alloc req = request(len);
	void *p;

	CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, req.out_fd, 0);
	CHECK(p != MAP_FAILED);
	fill(p, len, 5);
	CHECK(!send_fd(passing->sock, req.out_fd));
	return 0;
}

static void buffer_outlives_its_maker(void **state)
{
	struct passing passing;
	int socks[2], fd;
	pid_t pid;
	void *p;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	passing.sock = socks[1];
	pid = child_start(maker, &passing);
	fd = recv_fd(socks[0]);
	assert_int_equal(child_wait(pid), 0);
	p = map_shared(fd, len);
	assert_int_equal(differs(p, len, 5), -1);
	munmap(p, len);
	close(fd);
	close(socks[0]);
	close(socks[1]);
}

static int exits_with_all(void *unused)
{
	struct pinbuf_ioc_alloc req = request(MIB(2) + PAGE);
	char *p;

	(void)unused;
	CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = mmap(NULL, MIB(2) + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		 req.out_fd, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 1, MIB(2) + PAGE);
	CHECK(mmap(NULL, MIB(3), PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0) !=
	      MAP_FAILED);
	return 0;
}

static void exit_frees_everything(void **state)
{
	uint64_t before = live();

	(void)state;
	in_child(exits_with_all, NULL);
	assert_int_equal(live(), before);
}

static int segfaults(void *argument)
{
	char *wall = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	exits_with_all(argument);
	*(volatile char *)wall = 1;
	return 0;
}

static void crash_frees_everything(void **state)
{
	uint64_t before = live();
	int status = child_wait(child_start(segfaults, NULL));

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(live(), before);
}

/* Execs a shell that tells whether descriptor @fd is open there. */
static int shell_sees(int fd)
{
	char command[64];

	snprintf(command, sizeof(command), "test -e /proc/self/fd/%d", fd);
	execl("/bin/sh", "sh", "-c", command, NULL);
	return 127;
}

static int exec_with(void *argument)
{
	struct pinbuf_ioc_alloc req = request(len);
	void *p;

	req.fd_flags = *(uint32_t *)argument;
	CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 1, MIB(2));
	return shell_sees(req.out_fd);
}

static void exec_closes_or_keeps_as_asked(void **state)
{
	uint64_t before = live();
	uint32_t closing = O_CLOEXEC, keeping = 0;
	int status;

	(void)state;
	status = child_wait(child_start(exec_with, &keeping));
	assert_int_equal(WEXITSTATUS(status), 0);
	status = child_wait(child_start(exec_with, &closing));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_int_equal(live(), before);
}

static int waits_for_gate(void *argument)
{
	char byte;

	return read(*(int *)argument, &byte, 1) != 1;
}

static void childs_copies_keep_it(void **state)
{
	uint64_t before = live();
	int fd = buf_new(len), gate[2];
	char *p = map_shared(fd, len);
	pid_t pid;

	(void)state;
	assert_ok(pipe(gate));
	pid = child_start(waits_for_gate, &gate[0]);
	munmap(p, len);
	close(fd);
	assert_int_equal(live(), before + len);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(child_wait(pid), 0);
	assert_int_equal(live(), before);
	close(gate[0]);
	close(gate[1]);
}

static void dontfork_keeps_it_from_children(void **state)
{
	int fd = buf_new(len), gate[2];
	char *p = map_shared(fd, len);
	pid_t pid;

	(void)state;
	assert_ok(pipe(gate));
	assert_ok(madvise(p, len, MADV_DONTFORK));
	pid = child_start(waits_for_gate, &gate[0]);
	assert_int_equal(buf_query(fd).mappings, 1);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(child_wait(pid), 0);
	close(gate[0]);
	close(gate[1]);
	munmap(p, len);
	close(fd);
}

static void node_closed_first_changes_nothing(void **state)
{
	struct pinbuf_ioc_alloc req = request(len);
	int node = open(NODE_PATH, O_RDWR);
	char *p;

	(void)state;
	assert_ok(ioctl(node, PINBUF_IOC_ALLOC, &req));
	close(node);
	p = map_shared(req.out_fd, len);
	memset(p, 1, len);
	assert_int_equal(buf_query(req.out_fd).len, len);
	munmap(p, len);
	close(req.out_fd);
}

static void reopened_through_proc_is_not_the_buffer(void **state)
{
	int fd = buf_new(len);
	char path[64];
	int again;

	(void)state;
	/* a dma-buf cannot be opened by name: no second file, no other mode */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY);
	assert_int_equal(again, -1);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(last_dup_frees_it),
		TEST(last_mapping_outlives_every_descriptor),
		TEST(descriptor_in_flight_keeps_it),
		TEST(socket_closed_with_it_in_flight_frees_it),
		TEST(buffer_outlives_its_maker),
		TEST(exit_frees_everything),
		TEST(crash_frees_everything),
		TEST(exec_closes_or_keeps_as_asked),
		TEST(childs_copies_keep_it),
		TEST(dontfork_keeps_it_from_children),
		TEST(node_closed_first_changes_nothing),
		TEST(reopened_through_proc_is_not_the_buffer),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
