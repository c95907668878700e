// SPDX-License-Identifier: MIT
/* vmsplice, process_vm_*, sockets with and without MSG_ZEROCOPY, read and write. */
#include "common.h"
#include "proc.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

static const size_t sizes[] = { PAGE, 9 * PAGE, MIB(1) - PAGE, MIB(2) };

static void vmsplice_gives_the_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *p = map_shared(dev, sizes[i]);
		char page[4096];
		int ends[2];

		fill(p, sizes[i], i);
		assert_ok(pipe(ends));
		for (size_t at = 0; at < sizes[i]; at += PAGE) {
			struct iovec iov = { p + at, PAGE };

			assert_int_equal(vmsplice(ends[1], &iov, 1, 0), PAGE);
			assert_int_equal(read(ends[0], page, PAGE), PAGE);
			assert_memory_equal(page, p + at, PAGE);
		}
		close(ends[0]);
		close(ends[1]);
		munmap(p, sizes[i]);
	}
}

static void vmsplice_shares_the_page(void **state)
{
	uint64_t *p = map_shared(dev, PAGE), page[512];
	struct iovec iov = { p, PAGE };
	int ends[2];

	(void)state;
	assert_ok(pipe(ends));
	p[0] = 1;
	assert_int_equal(vmsplice(ends[1], &iov, 1, 0), PAGE);
	/* no copy: what is written later is what the reader gets */
	p[0] = 2;
	assert_int_equal(read(ends[0], page, PAGE), PAGE);
	assert_int_equal(page[0], 2);
	close(ends[0]);
	close(ends[1]);
	munmap(p, PAGE);
}

static void splice_to_a_file_is_exact(void **state)
{
	const size_t len = 16 * PAGE;
	char *p = map_shared(dev, len);
	struct iovec iov = { p, len };
	int file = memfd_create("target", MFD_CLOEXEC), ends[2];
	char *copy = malloc(len);

	(void)state;
	fill(p, len, 4);
	assert_ok(pipe(ends));
	assert_int_equal(vmsplice(ends[1], &iov, 1, SPLICE_F_GIFT), len);
	assert_int_equal(splice(ends[0], NULL, file, NULL, len, SPLICE_F_MOVE),
			 len);
	assert_int_equal(pread(file, copy, len, 0), len);
	assert_int_equal(differs(copy, len, 4), -1);
	/* a gift moves nothing out of the buffer */
	assert_int_equal(differs(p, len, 4), -1);
	free(copy);
	close(file);
	close(ends[0]);
	close(ends[1]);
	munmap(p, len);
}

struct remote {
	void *p;
	size_t len;
};

static int other_process(void *argument)
{
	struct remote *remote = argument;
	struct iovec theirs = { remote->p, remote->len };
	char *copy = malloc(remote->len);
	struct iovec mine = { copy, remote->len };

	CHECK(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0) ==
	      (ssize_t)remote->len);
	CHECK(differs(copy, remote->len, 5) == -1);
	fill(copy, remote->len, 6);
	CHECK(process_vm_writev(getppid(), &mine, 1, &theirs, 1, 0) ==
	      (ssize_t)remote->len);
	return 0;
}

static void another_process_reads_and_writes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct remote remote = { .len = sizes[i] };

		remote.p = map_shared(dev, sizes[i]);
		fill(remote.p, sizes[i], 5);
		/* the child must not have it, or it would read its own */
		assert_ok(madvise(remote.p, sizes[i], MADV_DONTFORK));
		in_child(other_process, &remote);
		assert_int_equal(differs(remote.p, sizes[i], 6), -1);
		munmap(remote.p, sizes[i]);
	}
}

static void debugger_reads_and_writes(void **state)
{
	uint64_t *p = map_shared(dev, PAGE), word = 7;
	int mem = open("/proc/self/mem", O_RDWR);

	(void)state;
	assert_true(mem >= 0);
	assert_int_equal(pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)p),
			 sizeof(word));
	assert_int_equal(p[0], 7);
	/* even a read-only mapping is not copied away under a debugger */
	assert_ok(mprotect(p, PAGE, PROT_READ));
	uint64_t frame = frame_of(p);

	word = 8;
	if (pwrite(mem, &word, sizeof(word), (off_t)(uintptr_t)p) > 0)
		assert_int_equal(p[0], 8);
	assert_int_equal(frame_of(p), frame);
	close(mem);
	munmap(p, PAGE);
}

/* Two ends of a TCP connection over lo. */
static void connect_pair(int ends[2])
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_ok(bind(listener, (struct sockaddr *)&addr, size));
	assert_ok(listen(listener, 1));
	assert_ok(getsockname(listener, (struct sockaddr *)&addr, &size));
	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(ends[0], (struct sockaddr *)&addr, size))
		skip_because("no network, not even lo: %s", strerror(errno));
	ends[1] = accept(listener, NULL, NULL);
	assert_true(ends[1] >= 0);
	close(listener);
}

/* Waits for the kernel to say that it has done with the bytes sent. */
static void wait_for_completion(int sock)
{
	struct pollfd pollfd = { .fd = sock };
	char control[128];
	struct msghdr msg = {
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct sock_extended_err *err;

	assert_int_equal(poll(&pollfd, 1, 5000), 1);
	assert_int_not_equal(recvmsg(sock, &msg, MSG_ERRQUEUE), -1);
	err = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	assert_int_equal(err->ee_errno, 0);
	assert_int_equal(err->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
}

static void sends(int flags)
{
	const size_t len = MIB(1);
	char *p = map_shared(dev, 2 * len), *copy = malloc(len);
	int ends[2], one = 1;

	connect_pair(ends);
	if (flags & MSG_ZEROCOPY)
		assert_ok(setsockopt(ends[0], SOL_SOCKET, SO_ZEROCOPY, &one,
				     sizeof(one)));
	fill(p, 2 * len, 9);
	for (size_t at = 0; at < 2 * len; at += KIB(64)) {
		size_t got = 0;

		assert_int_equal(send(ends[0], p + at, KIB(64), flags),
				 KIB(64));
		while (got < KIB(64)) {
			ssize_t n = recv(ends[1], copy + got, KIB(64) - got, 0);

			assert_true(n > 0);
			got += (size_t)n;
		}
		assert_int_equal(differs(copy, KIB(64), 9 + at / 8), -1);
		if (flags & MSG_ZEROCOPY)
			wait_for_completion(ends[0]);
	}
	close(ends[0]);
	close(ends[1]);
	free(copy);
	munmap(p, 2 * len);
}

static void sockets_send_it(void **state)
{
	(void)state;
	sends(0);
}

static void sockets_send_it_without_a_copy(void **state)
{
	(void)state;
	sends(MSG_ZEROCOPY);
}

static void sockets_receive_into_it(void **state)
{
	const size_t len = KIB(64);
	char *p = map_shared(dev, MIB(2)), *bytes = malloc(len);
	int ends[2];
	size_t got = 0;

	(void)state;
	connect_pair(ends);
	fill(bytes, len, 10);
	assert_int_equal(send(ends[0], bytes, len, 0), len);
	while (got < len) {
		ssize_t n = recv(ends[1], p + PAGE + got, len - got, 0);

		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(differs(p + PAGE, len, 10), -1);
	assert_true(is_zero(p, PAGE));
	assert_true(is_zero(p + PAGE + len, PAGE));
	free(bytes);
	close(ends[0]);
	close(ends[1]);
	munmap(p, MIB(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vmsplice_gives_the_bytes),
		TEST(vmsplice_shares_the_page),
		TEST(splice_to_a_file_is_exact),
		TEST(another_process_reads_and_writes),
		TEST(debugger_reads_and_writes),
		TEST(sockets_send_it),
		TEST(sockets_send_it_without_a_copy),
		TEST(sockets_receive_into_it),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
