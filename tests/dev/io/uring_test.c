// SPDX-License-Identifier: MIT
/*
 * io_uring: plain reads and writes on every kernel; registered buffers where
 * the kernel takes file-backed memory there (6.12 does, 6.1 answers EOPNOTSUPP).
 */
#include "common.h"
#include "io/disk.h"
#include "proc.h"

#include <liburing.h>
#include <sys/resource.h>
#include <sys/utsname.h>

static struct io_uring ring;

static void ring_begin(void)
{
	int err = io_uring_queue_init(8, &ring, 0);

	if (err == -ENOSYS || err == -EPERM)
		skip_because("this kernel has no io_uring");
	assert_int_equal(err, 0);
}

static int ring_run(void)
{
	struct io_uring_cqe *cqe;
	int res;

	assert_int_equal(io_uring_submit(&ring), 1);
	assert_int_equal(io_uring_wait_cqe(&ring, &cqe), 0);
	res = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return res;
}

/* Linux 6.1 refuses to register memory that a file is behind. */
static bool kernel_refuses_to_register(void)
{
	struct utsname name;

	assert_ok(uname(&name));
	return !strncmp(name.release, "6.1.", 4);
}

static int ring_register(void *p, size_t len)
{
	struct iovec iov = { .iov_base = p, .iov_len = len };

	return io_uring_register_buffers(&ring, &iov, 1);
}

static void require_registering(void)
{
	if (kernel_refuses_to_register())
		skip_because("Linux 6.1 registers no file-backed memory");
}

static void plain_reads_and_writes_are_exact(void **state)
{
	const size_t len = MIB(3) - PAGE;
	int disk;
	char *p;

	(void)state;
	disk = disk_open();
	ring_begin();
	p = map_shared(dev, len);
	fill(p, len, 1);
	io_uring_prep_write(io_uring_get_sqe(&ring), disk, p, (unsigned int)len,
			    0);
	assert_int_equal(ring_run(), len);
	memset(p, 0, len);
	io_uring_prep_read(io_uring_get_sqe(&ring), disk, p, (unsigned int)len,
			   0);
	assert_int_equal(ring_run(), len);
	assert_int_equal(differs(p, len, 1), -1);
	munmap(p, len);
	io_uring_queue_exit(&ring);
	close(disk);
}

static void registering_answers_as_the_kernel_does(void **state)
{
	static const size_t lens[] = { PAGE, 7 * PAGE, MIB(1) - PAGE, MIB(4) };
	int expected = kernel_refuses_to_register() ? -EOPNOTSUPP : 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		void *ours = map_shared(dev, lens[i]);
		void *theirs = map_shared(fd, lens[i]);

		ring_begin();
		assert_int_equal(ring_register(ours, lens[i]), expected);
		if (!expected)
			assert_int_equal(io_uring_unregister_buffers(&ring), 0);
		assert_int_equal(ring_register(theirs, lens[i]), expected);
		io_uring_queue_exit(&ring);
		munmap(ours, lens[i]);
		munmap(theirs, lens[i]);
		close(fd);
	}
}

static void fixed_reads_and_writes_are_exact(void **state)
{
	const size_t len = MIB(4);
	int disk;
	char *p;

	(void)state;
	require_registering();
	disk = disk_open();
	ring_begin();
	p = map_shared(dev, len);
	assert_int_equal(ring_register(p, len), 0);
	fill(p, len, 2);
	io_uring_prep_write_fixed(io_uring_get_sqe(&ring), disk, p,
				  (unsigned int)len, 0, 0);
	assert_int_equal(ring_run(), len);
	memset(p, 0xee, len);
	/* a piece in the middle, neighbours intact */
	io_uring_prep_read_fixed(io_uring_get_sqe(&ring), disk, p + 512,
				 (unsigned int)(MIB(3) + 512), 512, 0);
	assert_int_equal(ring_run(), MIB(3) + 512);
	assert_int_equal(differs(p + 512, MIB(3) + 512,
				 2 + 512 / sizeof(uint64_t)), -1);
	assert_int_equal((uint8_t)p[511], 0xee);
	assert_int_equal((uint8_t)p[MIB(3) + 1024], 0xee);
	io_uring_queue_exit(&ring);
	munmap(p, len);
	close(disk);
}

static void ring_keeps_what_was_released(void **state)
{
	const size_t len = MIB(2) + 5 * PAGE;
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	char *p, *check;
	int disk;

	(void)state;
	require_registering();
	disk = disk_open();
	ring_begin();
	p = map_shared(dev, len);
	fill(p, len, 3);
	assert_int_equal(ring_register(p, len), 0);
	munmap(p, len);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
	/* whoever gets memory now gets other memory */
	for (int i = 0; i < 4; i++) {
		char *other = map_shared(dev, MIB(8) - PAGE);

		memset(other, 0xdd, MIB(8) - PAGE);
		munmap(other, MIB(8) - PAGE);
	}
	/* the ring still writes the first one's bytes */
	io_uring_prep_write_fixed(io_uring_get_sqe(&ring), disk, p,
				  (unsigned int)len, 0, 0);
	assert_int_equal(ring_run(), len);
	io_uring_queue_exit(&ring);
	check = malloc(len);
	disk_get(0, check, len);
	assert_int_equal(differs(check, len, 3), -1);
	free(check);
	close(disk);
}

/* The disk is read into memory that was released, while others have theirs. */
static void ring_writes_into_nobody_elses_memory(void **state)
{
	static const size_t lens[] = { 5 * PAGE, MIB(4) };
	char *others[8], *check = malloc(MIB(4));
	int disk;

	(void)state;
	require_registering();
	disk = disk_open();
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t len = lens[i];
		int fd = buf_new(len);
		char *p = map_shared(fd, len);

		fill(check, len, 20 + i);
		disk_put(0, check, len);
		ring_begin();
		assert_int_equal(ring_register(p, len), 0);
		munmap(p, len);
		close(fd);
		for (size_t j = 0; j < ARRAY_LEN(others); j++) {
			others[j] = map_shared(dev, len);
			fill(others[j], len, 30 + j);
		}
		io_uring_prep_read_fixed(io_uring_get_sqe(&ring), disk, p,
					 (unsigned int)len, 0, 0);
		assert_int_equal(ring_run(), len);
		/* it did land somewhere */
		io_uring_prep_write_fixed(io_uring_get_sqe(&ring), disk, p,
					  (unsigned int)len, MIB(8), 0);
		assert_int_equal(ring_run(), len);
		disk_get(MIB(8), check, len);
		assert_int_equal(differs(check, len, 20 + i), -1);
		for (size_t j = 0; j < ARRAY_LEN(others); j++) {
			assert_int_equal(differs(others[j], len, 30 + j), -1);
			munmap(others[j], len);
		}
		io_uring_queue_exit(&ring);
	}
	free(check);
	close(disk);
}

static void registration_counts_as_references(void **state)
{
	struct pinbuf_ioc_query query = { .flags = PINBUF_QUERY_REFS };
	void *p;

	(void)state;
	require_registering();
	ring_begin();
	query.fd = buf_new(4 * PAGE);
	p = map_shared(query.fd, 4 * PAGE);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_int_equal(query.out.refs, 0);
	assert_int_equal(ring_register(p, 4 * PAGE), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_int_not_equal(query.out.refs, 0);
	assert_int_equal(io_uring_unregister_buffers(&ring), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_int_equal(query.out.refs, 0);
	io_uring_queue_exit(&ring);
	munmap(p, 4 * PAGE);
	close(query.fd);
}

static int shares_the_limit(void *unused)
{
	const size_t len = MIB(1);
	struct rlimit rlim = { 3 * len, 3 * len };
	struct pinbuf_ioc_info in = { 0 };
	uint64_t before;
	int node;
	void *p;

	(void)unused;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	CHECK(!io_uring_queue_init(4, &ring, 0));
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	before = in.out_locked;
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!ring_register(p, len));
	/* the same bytes, counted by both */
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked >= before + 2 * len);
	CHECK(map_errno(node, len + PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	CHECK(!io_uring_unregister_buffers(&ring));
	CHECK(map_errno(node, len + PAGE, PROT_READ, MAP_SHARED, 0) == 0);
	return 0;
}

static void registration_is_charged_to_the_same_limit(void **state)
{
	(void)state;
	require_registering();
	ring_begin();
	io_uring_queue_exit(&ring);
	in_child(shares_the_limit, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_reads_and_writes_are_exact),
		TEST(registering_answers_as_the_kernel_does),
		TEST(fixed_reads_and_writes_are_exact),
		TEST(ring_keeps_what_was_released),
		TEST(ring_writes_into_nobody_elses_memory),
		TEST(registration_counts_as_references),
		TEST(registration_is_charged_to_the_same_limit),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
