// SPDX-License-Identifier: MIT
/*
 * o_direct FILE: cat, through one pinned buffer and past the page cache.
 *
 * The disk's controller writes straight into the buffer: the processor copies
 * nothing on the way in.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pinbuf.h>

#define LEN ((size_t)1 << 20)

static int copy(int file, void *mem)
{
	ssize_t n;

	while ((n = read(file, mem, LEN)) > 0)
		if (fwrite(mem, 1, (size_t)n, stdout) != (size_t)n)
			return -1;
	return n || fflush(stdout) ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct pinbuf_dev *dev = NULL;
	struct pinbuf_buf *buf = NULL;
	void *mem;
	int file, ret;

	if (argc != 2) {
		fprintf(stderr, "usage: o_direct FILE\n");
		return 2;
	}
	file = open(argv[1], O_RDONLY | O_DIRECT);
	if (file < 0) {
		fprintf(stderr, "o_direct: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (pinbuf_open(&dev, NULL) || pinbuf_buf_create(&buf, dev, LEN, NULL) ||
	    pinbuf_buf_map(buf, &mem, NULL)) {
		fprintf(stderr, "o_direct: %s\n", pinbuf_error_text());
		ret = 1;
	} else {
		ret = copy(file, mem) != 0;
		if (ret)
			fprintf(stderr, "o_direct: %s: %s\n", argv[1], strerror(errno));
	}
	pinbuf_buf_put(buf);
	pinbuf_close(dev);
	close(file);
	return ret;
}
