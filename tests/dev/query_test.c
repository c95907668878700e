// SPDX-License-Identifier: MIT
/* QUERY: what is known of a buffer, and of which descriptors. */
#include "common.h"
#include "proc.h"

#include <sys/socket.h>

static int query_errno(int fd, uint32_t flags)
{
	struct pinbuf_ioc_query query = { .fd = fd, .flags = flags };

	return errno_of(ioctl(dev, PINBUF_IOC_QUERY, &query));
}

static uint64_t refs(int fd)
{
	struct pinbuf_ioc_query query = {
		.fd = fd, .flags = PINBUF_QUERY_REFS,
	};

	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	return query.out.refs;
}

static void tells_all_that_alloc_said(void **state)
{
	static const uint64_t lens[] = { PAGE, 3 * PAGE, MIB(2), MIB(5) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_alloc req = request(lens[i]);
		struct pinbuf_desc desc;

		strcpy((char *)req.name, "query me");
		assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
		desc = buf_query(req.out_fd);
		assert_int_equal(desc.len, req.out_len);
		assert_int_equal(desc.extents, req.out_extents);
		assert_int_equal(desc.id, req.out_id);
		assert_int_equal(desc.flags, req.out_flags);
		assert_int_equal(desc.node, req.out_node);
		assert_memory_equal(desc.label, req.name, sizeof(desc.label));
		assert_true(is_zero(desc.name, sizeof(desc.name)));
		assert_true(is_zero(desc.reserved, sizeof(desc.reserved)));
		assert_int_equal(desc.uid, getuid());
		assert_int_equal(desc.pid, getpid());
		assert_int_equal(desc.refs, 0);
		close(req.out_fd);
	}
}

static void counts_vmas_as_mappings(void **state)
{
	int fd = buf_new(4 * PAGE);
	char *a, *b;

	(void)state;
	assert_int_equal(buf_query(fd).mappings, 0);
	a = map_shared(fd, 4 * PAGE);
	assert_int_equal(buf_query(fd).mappings, 1);
	b = map_shared(fd, 4 * PAGE);
	assert_int_equal(buf_query(fd).mappings, 2);
	munmap(b, 4 * PAGE);
	assert_int_equal(buf_query(fd).mappings, 1);
	munmap(a + PAGE, PAGE);		/* a hole: two pieces */
	assert_int_equal(buf_query(fd).mappings, 2);
	munmap(a, PAGE);
	assert_int_equal(buf_query(fd).mappings, 1);
	munmap(a + 2 * PAGE, 2 * PAGE);
	assert_int_equal(buf_query(fd).mappings, 0);
	close(fd);
}

static int child_waits(void *argument)
{
	char byte;

	return read(*(int *)argument, &byte, 1) != 1;
}

static void counts_mappings_of_other_processes(void **state)
{
	int fd = buf_new(PAGE);
	char *p = map_shared(fd, PAGE);
	int gate[2];
	pid_t pid;

	(void)state;
	assert_ok(pipe(gate));
	pid = child_start(child_waits, &gate[0]);
	assert_int_equal(buf_query(fd).mappings, 2);
	assert_int_equal(write(gate[1], "", 1), 1);
	assert_int_equal(child_wait(pid), 0);
	assert_int_equal(buf_query(fd).mappings, 1);
	close(gate[0]);
	close(gate[1]);
	munmap(p, PAGE);
	close(fd);
}

static void references_of_the_module_and_mappings_do_not_count(void **state)
{
	static const size_t lens[] = { PAGE, 7 * PAGE, MIB(2), MIB(3) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		void *a, *b;

		assert_int_equal(refs(fd), 0);
		a = map_shared(fd, lens[i]);
		memset(a, 1, lens[i]);
		b = map_shared(fd, lens[i]);
		memset(b, 2, lens[i]);
		assert_int_equal(refs(fd), 0);
		munmap(a, lens[i]);
		munmap(b, lens[i]);
		close(fd);
	}
}

static void references_of_others_count(void **state)
{
	static const size_t lens[] = { PAGE, 7 * PAGE, MIB(2) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		char *p = map_shared(fd, lens[i]);
		struct iovec iov = { .iov_base = p, .iov_len = PAGE };
		char page[4096];
		int ends[2];

		assert_ok(pipe(ends));
		assert_int_equal(vmsplice(ends[1], &iov, 1, 0), PAGE);
		assert_int_equal(refs(fd), 1);
		assert_int_equal(buf_query(fd).refs, 0);
		assert_int_equal(read(ends[0], page, sizeof(page)), PAGE);
		assert_int_equal(refs(fd), 0);
		close(ends[0]);
		close(ends[1]);
		munmap(p, lens[i]);
		close(fd);
	}
}

static void closed_descriptors_are_ebadf(void **state)
{
	int fd = dup(dev);

	(void)state;
	close(fd);
	assert_int_equal(query_errno(fd, 0), EBADF);
	assert_int_equal(query_errno(-1, 0), EBADF);
	assert_int_equal(query_errno(1 << 30, 0), EBADF);
	assert_int_equal(query_errno(INT32_MIN, 0), EBADF);
	/* an O_PATH descriptor is not open for anything */
	fd = open("/dev/null", O_PATH);
	assert_int_equal(query_errno(fd, 0), EBADF);
	close(fd);
}

static void foreign_descriptors_are_einval(void **state)
{
	int ends[2], socks[2];
	int fds[4];

	(void)state;
	assert_ok(pipe(ends));
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	fds[0] = open("/dev/null", O_RDWR);
	fds[1] = memfd_create("foreign", 0);
	fds[2] = open("/proc/self/maps", O_RDONLY);
	fds[3] = open("/", O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		assert_true(fds[i] >= 0);
		assert_int_equal(query_errno(fds[i], 0), EINVAL);
		close(fds[i]);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(query_errno(ends[i], 0), EINVAL);
		assert_int_equal(query_errno(socks[i], 0), EINVAL);
		close(ends[i]);
		close(socks[i]);
	}
	assert_int_equal(query_errno(dev, 0), EINVAL);
}

static void unknown_flags_are_einval(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	for (int bit = 1; bit < 32; bit++)
		assert_int_equal(query_errno(fd, 1U << bit), EINVAL);
	close(fd);
}

static void needs_no_mode_on_the_node(void **state)
{
	struct pinbuf_ioc_query query = { .fd = buf_new(PAGE) };
	int ro = open(NODE_PATH, O_RDONLY);

	(void)state;
	assert_ok(ioctl(ro, PINBUF_IOC_QUERY, &query));
	assert_int_equal(query.out.len, PAGE);
	close(ro);
	close(query.fd);
}

static int reads_parents_buffer(void *argument)
{
	struct pinbuf_ioc_query query = { .fd = *(int *)argument };

	CHECK(!ioctl(dev, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.pid == getppid());
	return 0;
}

static void pid_is_the_allocators_not_the_callers(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	in_child(reads_parents_buffer, &fd);
	close(fd);
}

static int makes_and_sends(void *argument)
{
	struct pinbuf_ioc_alloc req = request(PAGE);

	CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
	CHECK(!send_fd(*(int *)argument, req.out_fd));
	return 0;
}

static void pid_outlives_the_allocator(void **state)
{
	int socks[2], fd;
	pid_t pid;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = child_start(makes_and_sends, &socks[1]);
	fd = recv_fd(socks[0]);
	assert_true(fd >= 0);
	assert_int_equal(child_wait(pid), 0);
	assert_int_equal(buf_query(fd).pid, pid);
	close(fd);
	close(socks[0]);
	close(socks[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tells_all_that_alloc_said),
		TEST(counts_vmas_as_mappings),
		TEST(counts_mappings_of_other_processes),
		TEST(references_of_the_module_and_mappings_do_not_count),
		TEST(references_of_others_count),
		TEST(closed_descriptors_are_ebadf),
		TEST(foreign_descriptors_are_einval),
		TEST(unknown_flags_are_einval),
		TEST(needs_no_mode_on_the_node),
		TEST(pid_is_the_allocators_not_the_callers),
		TEST(pid_outlives_the_allocator),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
