// SPDX-License-Identifier: MIT
/*
 * Capabilities count in the initial user namespace only; uids and pids are told
 * in the caller's namespaces.
 */
#include "names.h"
#include "proc.h"
#include "userns.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int root_of_his_own(void *unused)
{
	struct rlimit rlim = { PAGE, PAGE };
	struct pinbuf_ioc_info in = { 0 };
	struct pinbuf_ioc_alloc req = request(2 * PAGE);
	int node;

	(void)unused;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	enter_user_namespace();
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_limit == PAGE);
	CHECK(alloc_on(node, &req) == EDQUOT);
	return 0;
}

static void capabilities_of_a_namespace_lift_no_limit(void **state)
{
	(void)state;
	require_user_namespaces();
	in_child(root_of_his_own, NULL);
}

static int reads_uids(void *roots_buffer)
{
	struct pinbuf_ioc_query query = { .fd = *(int *)roots_buffer };
	struct pinbuf_ioc_alloc req = request(PAGE);
	int node;

	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	CHECK(alloc_on(node, &req) == 0);
	enter_user_namespace();
	/* root has no uid here: the kernel's "nobody" */
	CHECK(!ioctl(node, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.uid ==
	      (uint32_t)file_number("/proc/sys/kernel/overflowuid", NULL));
	query = (struct pinbuf_ioc_query){ .fd = req.out_fd };
	CHECK(!ioctl(node, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.uid == 0);
	return 0;
}

static void uids_are_told_in_the_callers_namespace(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	require_user_namespaces();
	in_child(reads_uids, &fd);
	close(fd);
}

#define SUBORDINATE 100000

/* The buffer that the user gives back; a child has its descriptor too. */
static int page_fd;

/* A user in a namespace of his, as the first of his subordinate uids. */
static int becomes_subordinate(void *argument)
{
	struct pinbuf_ioc_alloc req = request(PAGE), less = request(PAGE);
	struct pinbuf_ioc_info in = { 0 };
	const int *socks = argument;
	int old = dev, fresh;
	char go;

	close(socks[0]);
	close(page_fd);
	CHECK(!unshare(CLONE_NEWUSER));
	CHECK(write(socks[1], "", 1) == 1 && read(socks[1], &go, 1) == 1);
	CHECK(!setresuid(1, 1, 1));
	fresh = open(NODE_PATH, O_RDWR);
	CHECK(fresh >= 0);
	/* whichever descriptor: his owner holds all that the limit allows */
	CHECK(alloc_on(old, &req) == EDQUOT);
	CHECK(alloc_on(fresh, &req) == EDQUOT);
	CHECK(map_errno(fresh, PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	CHECK(!ioctl(fresh, PINBUF_IOC_INFO, &in) && in.out_locked == MIB(1));
	CHECK(write(socks[1], "", 1) == 1 && read(socks[1], &go, 1) == 1);
	/* a page was given back, and is there once */
	CHECK(alloc_on(fresh, &req) == 0);
	CHECK(alloc_on(fresh, &less) == EDQUOT && alloc_on(old, &less) == EDQUOT);
	return 0;
}

static void write_map(pid_t pid, const char *which, unsigned int inside)
{
	char path[64], map[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, which);
	snprintf(map, sizeof(map), "0 %u 1\n1 %u 100\n", inside, SUBORDINATE);
	CHECK(!file_write(path, map));
}

struct family {
	int socks[2];	/* between the user and his other self */
	int root[2];	/* between them and root, who may write maps */
};

static int user_with_subordinates(void *argument)
{
	struct pinbuf_ioc_alloc most = request(MIB(1) - PAGE), page = request(PAGE);
	struct rlimit rlim = { MIB(1), MIB(1) };
	struct family *family = argument;
	pid_t pid;
	char go;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	dev = open(NODE_PATH, O_RDWR);
	CHECK(dev >= 0 && !alloc_on(dev, &most) && !alloc_on(dev, &page));
	page_fd = page.out_fd;
	pid = child_start(becomes_subordinate, family->socks);
	close(family->socks[1]);
	CHECK(read(family->socks[0], &go, 1) == 1);
	CHECK(write(family->root[1], &pid, sizeof(pid)) == sizeof(pid));
	CHECK(read(family->root[1], &go, 1) == 1);
	CHECK(write(family->socks[0], "", 1) == 1 && read(family->socks[0], &go, 1) == 1);
	close(page_fd);
	CHECK(write(family->socks[0], "", 1) == 1);
	CHECK(child_wait(pid) == 0);
	return 0;
}

static void subordinate_uids_do_not_multiply_the_limit(void **state)
{
	struct family family;
	struct stat node;
	pid_t user, other;

	(void)state;
	require_user_namespaces();
	assert_ok(stat(NODE_PATH, &node));
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, family.socks));
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, family.root));
	user = child_start(user_with_subordinates, &family);
	close(family.root[1]);
	close(family.socks[1]);
	if (read(family.root[0], &other, sizeof(other)) == sizeof(other)) {
		write_map(other, "uid_map", USER_UID);
		write_map(other, "gid_map", node.st_gid);
		assert_int_equal(write(family.root[0], "", 1), 1);
	}
	assert_int_equal(child_wait(user), 0);
	close(family.socks[0]);
	close(family.root[0]);
}

/* OTHER_UID, as one of the uids in a namespace that USER_UID has made. */
static int other_in_a_namespace(void *argument)
{
	struct pinbuf_ioc_alloc named = request(PAGE), passed = request(2 * PAGE);
	int *socks = argument, node;
	char go;

	become_user(USER_UID);
	CHECK(!unshare(CLONE_NEWUSER));
	CHECK(write(socks[1], "", 1) == 1 && read(socks[1], &go, 1) == 1);
	CHECK(!setresuid(1, 1, 1));
	node = open_node();
	CHECK(!alloc_on(node, &named) && !alloc_on(node, &passed));
	CHECK(!publish(node, named.out_fd, 0600, "inside"));
	CHECK(!send_fd(socks[1], passed.out_fd));
	CHECK(read(socks[1], &go, 1) == 1);
	/* what was named outside is the same user's, too */
	CHECK(!attach(node, OWN, "outside", NULL));
	CHECK(!attach(node, 1, "outside", NULL));
	CHECK(!unpublish(node, OWN, "outside"));
	return 0;
}

static int other_outside(void *passed)
{
	int node;

	become_user(OTHER_UID);
	node = open_node();
	CHECK(!attach(node, OWN, "inside", NULL));
	CHECK(publish(node, *(int *)passed, 0600, "inside") == EEXIST);
	CHECK(!publish(node, *(int *)passed, 0600, "outside"));
	CHECK(!unpublish(node, OTHER_UID, "inside"));
	return 0;
}

static void names_are_of_a_uid_wherever_it_is(void **state)
{
	int socks[2], passed;
	char path[64], map[64], go;
	pid_t inside;

	(void)state;
	require_user_namespaces();
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	inside = child_start(other_in_a_namespace, socks);
	assert_int_equal(read(socks[0], &go, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)inside);
	snprintf(map, sizeof(map), "0 %d 1\n1 %d 1\n", USER_UID, OTHER_UID);
	assert_ok(file_write(path, map));
	assert_int_equal(write(socks[0], "", 1), 1);
	passed = recv_fd(socks[0]);
	assert_true(passed >= 0);
	in_child(other_outside, &passed);
	close(passed);
	assert_int_equal(write(socks[0], "", 1), 1);
	assert_int_equal(child_wait(inside), 0);
	close(socks[0]);
	close(socks[1]);
}

static int sock;

static int first_of_namespace(void *outer_buffer)
{
	struct pinbuf_ioc_query query = { .fd = *(int *)outer_buffer };
	struct pinbuf_ioc_alloc req = request(PAGE);

	CHECK(getpid() == 1);
	CHECK(!ioctl(dev, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.pid == 0);
	CHECK(alloc_on(dev, &req) == 0);
	query = (struct pinbuf_ioc_query){ .fd = req.out_fd };
	CHECK(!ioctl(dev, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.pid == 1);
	CHECK(!send_fd(sock, req.out_fd));
	return 0;
}

static int makes_pid_namespace(void *outer_buffer)
{
	int status;
	pid_t pid;

	CHECK(!unshare(CLONE_NEWPID));
	pid = fork();
	if (!pid)
		_exit(first_of_namespace(outer_buffer));
	CHECK(write(sock, &pid, sizeof(pid)) == sizeof(pid));
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void pids_are_told_in_the_callers_namespace(void **state)
{
	int fd = buf_new(PAGE), socks[2], inner = -1;
	pid_t child, pid = 0;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, socks));
	sock = socks[1];
	child = child_start(makes_pid_namespace, &fd);
	/* the two messages come in any order */
	for (int i = 0; i < 2; i++) {
		char peek[sizeof(pid)];

		if (recv(socks[0], peek, sizeof(peek), MSG_PEEK) == sizeof(pid))
			assert_int_equal(read(socks[0], &pid, sizeof(pid)),
					 sizeof(pid));
		else
			inner = recv_fd(socks[0]);
	}
	assert_int_equal(child_wait(child), 0);
	assert_true(inner >= 0 && pid > 1);
	assert_int_equal(buf_query(inner).pid, pid);
	close(inner);
	close(fd);
	close(socks[0]);
	close(socks[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capabilities_of_a_namespace_lift_no_limit),
		TEST(subordinate_uids_do_not_multiply_the_limit),
		TEST(uids_are_told_in_the_callers_namespace),
		TEST(names_are_of_a_uid_wherever_it_is),
		TEST(pids_are_told_in_the_callers_namespace),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
