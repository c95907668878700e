// SPDX-License-Identifier: MIT
/*
 * io_uring_fixed FILE: cat, through io_uring and a registered pinned buffer.
 *
 * Linux 6.1 registers no file's mapping (EOPNOTSUPP): there the same reads are
 * made without, which is all that a program has to provide for.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pinbuf.h>

#define LEN ((size_t)1 << 20)

static int chunk_read(struct io_uring *ring, int file, void *mem, off_t at, int fixed)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (fixed)
		io_uring_prep_read_fixed(sqe, file, mem, LEN, (__u64)at, 0);
	else
		io_uring_prep_read(sqe, file, mem, LEN, (__u64)at);
	ret = io_uring_submit_and_wait(ring, 1);
	if (ret < 0 || (ret = io_uring_wait_cqe(ring, &cqe)) < 0)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static int copy(struct io_uring *ring, int file, void *mem)
{
	struct iovec iov = { .iov_base = mem, .iov_len = LEN };
	int n = io_uring_register_buffers(ring, &iov, 1), fixed = !n;
	off_t at = 0;

	if (n)
		fprintf(stderr, "io_uring_fixed: not registered (%s), so plain reads\n", strerror(-n));
	while ((n = chunk_read(ring, file, mem, at, fixed)) > 0) {
		if (fwrite(mem, 1, (size_t)n, stdout) != (size_t)n)
			return -errno;
		at += n;
	}
	return n || !fflush(stdout) ? n : -errno;
}

int main(int argc, char **argv)
{
	int file = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECT) : -1, ret = 1;
	struct pinbuf_dev *dev = NULL;
	struct pinbuf_buf *buf = NULL;
	struct io_uring ring;
	void *mem;

	if (file < 0 || io_uring_queue_init(1, &ring, 0)) {
		fprintf(stderr, "usage: io_uring_fixed FILE (one that O_DIRECT can read)\n");
		return 2;
	}
	if (pinbuf_open(&dev, NULL) || pinbuf_buf_create(&buf, dev, LEN, NULL) ||
	    pinbuf_buf_map(buf, &mem, NULL))
		fprintf(stderr, "io_uring_fixed: %s\n", pinbuf_error_text());
	else
		ret = -copy(&ring, file, mem);
	if (ret > 1)
		fprintf(stderr, "io_uring_fixed: %s\n", strerror(ret));
	io_uring_queue_exit(&ring);
	pinbuf_buf_put(buf);
	pinbuf_close(dev);
	close(file);
	return ret;
}
