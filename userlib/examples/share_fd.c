// SPDX-License-Identifier: MIT
/*
 * share_fd: a buffer given to another process over a socket.
 *
 * What travels is the buffer's descriptor (SCM_RIGHTS).  The child takes it over,
 * maps the same memory and writes; the parent reads.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pinbuf.h>

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Sends *fd, or receives into it. */
static int fd_pass(int socket, int *fd, int sends)
{
	union control control = { .room = { 0 } };
	struct iovec byte = { .iov_base = &(char){ 'b' }, .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(*fd));
	memcpy(CMSG_DATA(c), fd, sizeof(*fd));
	if ((sends ? sendmsg(socket, &msg, 0) : recvmsg(socket, &msg, MSG_CMSG_CLOEXEC)) != 1)
		return -1;
	memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return 0;
}

static int child(int socket)
{
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;
	void *mem;
	int fd = -1;

	if (fd_pass(socket, &fd, 0) || pinbuf_open(&dev, NULL) ||
	    pinbuf_buf_import(&buf, dev, fd) || pinbuf_buf_map(buf, &mem, NULL))
		return 1;
	strcpy(mem, "written by the child");
	pinbuf_buf_put(buf);
	pinbuf_close(dev);
	return 0;
}

int main(void)
{
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;
	int pair[2], fd, status;
	void *mem;

	if (pinbuf_open(&dev, NULL) || pinbuf_buf_create(&buf, dev, 1 << 21, NULL) ||
	    pinbuf_buf_map(buf, &mem, NULL) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
		fprintf(stderr, "share_fd: %s\n", pinbuf_error_text());
		return 1;
	}
	if (!fork())
		_exit(child(pair[1]));
	fd = pinbuf_buf_fd(buf);
	if (fd_pass(pair[0], &fd, 1) || wait(&status) < 0 || status)
		return 1;
	printf("%s\n", (char *)mem);
	pinbuf_buf_put(buf);
	pinbuf_close(dev);
	return 0;
}
