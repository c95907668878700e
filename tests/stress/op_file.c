// SPDX-License-Identifier: MIT
/* Descriptors: closed, copied, sent to other users, read about, asked as dma-bufs. */
#include "fuzz.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/dma-buf.h>

static bool op_close(struct hand *hand)
{
	int fd = atomic_exchange(&hand->desk->slots[dice_below(&hand->dice, NR_SLOTS)], -1);

	return fd >= 0 && !close(fd);
}

/* Under the feet of whoever uses it now. */
static bool op_close_any(struct hand *hand)
{
	return !close(FIRST_FREE_FD + (int)dice_below(&hand->dice, 8));
}

static bool op_dup(struct hand *hand)
{
	int fd = fcntl(hand_fd(hand), F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	if (fd < 0)
		return false;
	hand_put_fd(hand, fd);
	return true;
}

static bool op_node(struct hand *hand)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_PATH, O_RDWR | O_TRUNC };
	int fd = open(NODE_PATH, modes[dice_below(&hand->dice, ARRAY_LEN(modes))] | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (dice_one_in(&hand->dice, 2))
		close(fd);
	else
		hand_put_fd(hand, fd);
	return true;
}

union control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static struct msghdr message(struct iovec *iov, union control *control)
{
	return (struct msghdr){
		.msg_iov = iov, .msg_iovlen = 1,
		.msg_control = control->space, .msg_controllen = sizeof(control->space),
	};
}

static bool op_send(struct hand *hand)
{
	union control control = { .space = { 0 } };
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = message(&iov, &control);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fd = hand_fd(hand);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(hand->desk->socks[0], &msg, MSG_DONTWAIT) == 1;
}

static bool op_receive(struct hand *hand)
{
	union control control = { .space = { 0 } };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = message(&iov, &control);
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(hand->desk->socks[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return false;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return false;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	hand_put_fd(hand, fd);
	return true;
}

static bool op_seek(struct hand *hand)
{
	int fd = hand_fd(hand);
	struct stat st;

	return lseek(fd, 0, SEEK_END) > 0 && !lseek(fd, 0, SEEK_SET) && !fstat(fd, &st);
}

/* No read or write of it: it is no file of bytes. */
static bool op_not_for_files(struct hand *hand)
{
	char byte = 1;
	int fd = hand_fd(hand);

	(void)!ftruncate(fd, dice_below(&hand->dice, MIB(1)));
	(void)!fallocate(fd, (int)dice_below(&hand->dice, 4), 0, PAGE);
	return read(fd, &byte, 1) < 0 && write(fd, &byte, 1) < 0;
}

static bool op_fcntl(struct hand *hand)
{
	static const int flags[] = { 0, O_NONBLOCK, O_APPEND, O_ASYNC };
	int fd = hand_fd(hand);

	if (dice_one_in(&hand->dice, 2))
		return fcntl(fd, F_SETFD, dice_below(&hand->dice, 2)) == 0;
	return fcntl(fd, F_SETFL, flags[dice_below(&hand->dice, ARRAY_LEN(flags))]) == 0;
}

static bool read_whole(const char *path)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = read(fd, text, sizeof(text))) > 0)
		;
	close(fd);
	return got == 0;
}

static bool op_fdinfo(struct hand *hand)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", hand_fd(hand));
	return read_whole(path);
}

static bool op_debugfs(struct hand *hand)
{
	return read_whole(dice_one_in(&hand->dice, 2) ? "/sys/kernel/debug/pinbuf/buffers" :
			  "/sys/kernel/debug/dma_buf/bufinfo");
}

static bool op_smaps(struct hand *hand)
{
	return read_whole(dice_one_in(&hand->dice, 2) ? "/proc/self/smaps" :
			  "/proc/self/numa_maps");
}

static bool op_dma_buf_sync(struct hand *hand)
{
	struct dma_buf_sync sync = { .flags = dice_below(&hand->dice, 8) };

	return !ioctl(hand_fd(hand), DMA_BUF_IOCTL_SYNC, &sync);
}

static bool op_dma_buf_name(struct hand *hand)
{
	char name[40] = "";

	memset(name, 'n', dice_below(&hand->dice, sizeof(name)));
	return !ioctl(hand_fd(hand), DMA_BUF_SET_NAME_B, name);
}

const struct op file_ops[] = {
	{ "close", 30, 0, op_close },
	{ "close any", 4, 0, op_close_any },
	{ "dup", 10, 0, op_dup },
	{ "open the node", 8, MAY_MOST, op_node },
	{ "send", 12, MAY_MOST, op_send },
	{ "receive", 12, MAY_MOST, op_receive },
	{ "lseek and stat", 4, 0, op_seek },
	{ "read, write, truncate", 4, 0, op_not_for_files },
	{ "fcntl", 4, 0, op_fcntl },
	{ "fdinfo", 4, MAY_MOST, op_fdinfo },
	{ "debugfs", 2, MAY_ROOT, op_debugfs },
	{ "smaps", 1, MAY_MOST, op_smaps },
	{ "dma-buf sync", 6, 0, op_dma_buf_sync },
	{ "dma-buf name", 3, MAY_MOST, op_dma_buf_name },
};
const size_t nr_file_ops = ARRAY_LEN(file_ops);
