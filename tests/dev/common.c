// SPDX-License-Identifier: MIT
/*
 * The fixture and its helpers.
 *
 * Every test starts by reading STATS for the whole module and ends by reading
 * it again: bytes, buffers, mappings, attachments and folios must be back.  A
 * release may be finished by a work queue of another subsystem (io_uring's
 * rings, sockets), so the check waits for a while before it calls it a leak.
 */
#include "common.h"

#include <dirent.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

int dev = -1;

static struct pinbuf_ioc_stats baseline;

void tests_begin(void)
{
	/* a fork must not print its parent's lines a second time */
	setvbuf(stdout, NULL, _IOLBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
}

static bool read_stats(int fd, struct pinbuf_ioc_stats *st)
{
	memset(st, 0, sizeof(*st));
	st->scope = PINBUF_STATS_ALL;
	return !ioctl(fd, PINBUF_IOC_STATS, st);
}

bool stats_same_live(const struct pinbuf_ioc_stats *a,
		     const struct pinbuf_ioc_stats *b)
{
	return a->out_current_live == b->out_current_live &&
	       a->out_live_buffers == b->out_live_buffers &&
	       a->out_mappings == b->out_mappings &&
	       a->out_attachments == b->out_attachments &&
	       a->out_published == b->out_published &&
	       a->out_huge_bytes == b->out_huge_bytes &&
	       a->out_small_bytes == b->out_small_bytes &&
	       a->out_huge_folios == b->out_huge_folios &&
	       a->out_small_folios == b->out_small_folios;
}

static void print_live(const char *when, const struct pinbuf_ioc_stats *st)
{
	print_message("# %s: %llu bytes, %llu buffers, %llu mappings, "
		      "%llu attachments, %llu+%llu folios\n",
		      when, (unsigned long long)st->out_current_live,
		      (unsigned long long)st->out_live_buffers,
		      (unsigned long long)st->out_mappings,
		      (unsigned long long)st->out_attachments,
		      (unsigned long long)st->out_huge_folios,
		      (unsigned long long)st->out_small_folios);
}

int fixture_setup(void **state)
{
	(void)state;
	dev = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	if (dev < 0) {
		print_message("# cannot open %s: %s\n", NODE_PATH,
			      strerror(errno));
		return -1;
	}
	return read_stats(dev, &baseline) ? 0 : -1;
}

int fixture_teardown(void **state)
{
	struct pinbuf_ioc_stats now;
	int tries = 0;
	bool same;

	(void)state;
	for (;;) {
		if (!read_stats(dev, &now)) {
			print_message("# STATS failed: %s\n", strerror(errno));
			return -1;
		}
		same = stats_same_live(&baseline, &now);
		if (same || ++tries == 300)
			break;
		usleep(10000);
	}
	close(dev);
	dev = -1;
	if (same)
		return 0;
	print_live("before the test", &baseline);
	print_live("after it", &now);
	return -1;
}

void skip_because(const char *format, ...)
{
	va_list args;

	/* tests/dev/suite puts this line behind the test's own */
	printf("# skip: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	skip();
}

void check_errno(int expected, int got, const char *what, const char *file,
		 int line)
{
	const char *want = expected ? strerrorname_np(expected) : "success";
	const char *was = got ? strerrorname_np(got) : "success";

	if (expected == got)
		return;
	print_error("# %s: expected %s, got %s\n", what, want,
		    was ? was : "an unknown errno");
	_fail(file, line);
}

void child_die(const char *what, const char *file, int line)
{
	fprintf(stderr, "# in a child, %s:%d: %s (errno %s)\n", file, line, what,
		errno ? strerrorname_np(errno) : "0");
	_exit(1);
}

pid_t child_start(int (*body)(void *), void *argument)
{
	static const int caught[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS };
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid)
		return pid;

	/* cmocka's handlers would jump back into the parent's test loop */
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		signal(caught[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	_exit(body(argument));
}

int child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) == -1)
		assert_int_equal(errno, EINTR);
	return status;
}

void in_child(int (*body)(void *), void *argument)
{
	int status = child_wait(child_start(body, argument));

	if (WIFSIGNALED(status))
		print_error("# the child died of signal %d\n", WTERMSIG(status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void become_user(uid_t uid)
{
	struct stat st;

	CHECK(!stat(NODE_PATH, &st));
	CHECK(!setgroups(1, &st.st_gid));
	CHECK(!setresgid(st.st_gid, st.st_gid, st.st_gid));
	CHECK(!setresuid(uid, uid, uid));
	/* or /proc/self would stay root's */
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
}

struct pinbuf_ioc_alloc request(uint64_t len)
{
	struct pinbuf_ioc_alloc req;

	memset(&req, 0, sizeof(req));
	req.len = len;
	req.node = PINBUF_NODE_ANY;
	req.fd_flags = O_CLOEXEC;
	return req;
}

int alloc_on(int node_fd, struct pinbuf_ioc_alloc *req)
{
	return errno_of(ioctl(node_fd, PINBUF_IOC_ALLOC, req));
}

int alloc_len(int node_fd, uint64_t len, int *fd)
{
	struct pinbuf_ioc_alloc req = request(len);
	int err = alloc_on(node_fd, &req);

	*fd = err ? -1 : req.out_fd;
	return err;
}

int alloc_errno(struct pinbuf_ioc_alloc req)
{
	int err = alloc_on(dev, &req);

	if (!err)
		close(req.out_fd);
	return err;
}

int buf_new(uint64_t len)
{
	struct pinbuf_ioc_alloc req = request(len);

	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	return req.out_fd;
}

struct pinbuf_desc buf_query(int fd)
{
	struct pinbuf_ioc_query query = { .fd = fd };

	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	return query.out;
}

struct pinbuf_ioc_info info(void)
{
	struct pinbuf_ioc_info in = { 0 };

	assert_ok(ioctl(dev, PINBUF_IOC_INFO, &in));
	return in;
}

struct pinbuf_ioc_stats stats(uint32_t scope, int node)
{
	struct pinbuf_ioc_stats st = { .scope = scope, .node = node };

	assert_ok(ioctl(dev, PINBUF_IOC_STATS, &st));
	return st;
}

void *map_shared(int fd, size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		print_error("# mmap of %zu bytes: %s\n", len, strerror(errno));
	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

int map_errno(int fd, size_t len, int prot, int flags, off_t offset)
{
	void *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, len);
	return 0;
}

void *reserve_aligned(size_t len, size_t align)
{
	uint8_t *p = mmap(NULL, len + align, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t head;

	assert_ptr_not_equal(p, MAP_FAILED);
	head = -(uintptr_t)p & (align - 1);
	if (head)
		munmap(p, head);
	if (align - head)
		munmap(p + head + len, align - head);
	return p + head;
}

static uint64_t pattern(uint64_t seed, size_t word)
{
	return (seed + word) * 0x9e3779b97f4a7c15ULL;
}

void fill(void *p, size_t len, uint64_t seed)
{
	uint64_t *words = p;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		words[i] = pattern(seed, i);
}

ssize_t differs(const void *p, size_t len, uint64_t seed)
{
	const uint64_t *words = p;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		if (words[i] != pattern(seed, i))
			return (ssize_t)(i * sizeof(*words));
	return -1;
}

bool is_zero(const void *p, size_t len)
{
	const uint64_t *words = p;

	for (size_t i = 0; i < len / sizeof(*words); i++)
		if (words[i])
			return false;
	return true;
}

int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	/* ".", ".." and the folder's own */
	return count - 3;
}

int next_fd(void)
{
	int fd = dup(STDOUT_FILENO);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

union fd_control {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int send_fd(int sock, int fd)
{
	union fd_control control = { .space = { 0 } };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -1;
}

int recv_fd(int sock)
{
	union fd_control control = { .space = { 0 } };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(int));
	return fd;
}

bool kernel_is(const char *name)
{
	const char *kernel = getenv("PINBUF_KERNEL");

	return kernel && !strcmp(kernel, name);
}
