// SPDX-License-Identifier: MIT
/* Names that buffers outlive their processes by, as their owner sees them. */
#include "names.h"
#include "proc.h"
#include "tracing.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static int publishes_and_is_killed(void *argument)
{
	struct pinbuf_ioc_alloc req = request(MIB(4) + PAGE);
	void *p;

	(void)argument;
	strcpy((char *)req.name, "label");
	CHECK(!alloc_on(dev, &req));
	p = mmap(NULL, MIB(4) + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, req.out_fd, 0);
	CHECK(p != MAP_FAILED);
	fill(p, MIB(4) + PAGE, 11);
	CHECK(!publish(dev, req.out_fd, 0600, "cache.1_a-b"));
	raise(SIGKILL);
	return 0;
}

static void outlives_a_process_that_is_killed(void **state)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_ALL, 0);
	int fd;
	void *p;

	(void)state;
	assert_int_equal(child_wait(child_start(publishes_and_is_killed, NULL)), SIGKILL);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_published, before.out_published + 1);
	assert_int_equal(attach(dev, OWN, "cache.1_a-b", &fd), 0);
	p = map_shared(fd, MIB(4) + PAGE);
	assert_int_equal(differs(p, MIB(4) + PAGE, 11), -1);
	munmap(p, MIB(4) + PAGE);
	close(fd);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
			 before.out_current_live + MIB(4) + PAGE);
	assert_int_equal(unpublish(dev, OWN, "cache.1_a-b"), 0);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, before.out_current_live);
}

static void attaching_gives_the_same_dma_buf(void **state)
{
	struct pinbuf_ioc_attach req = { .uid = OWN, .name = "same" };
	struct pinbuf_desc first, second;
	struct stat a, b;
	int fd = buf_new(3 * PAGE);
	char *p, *q;

	(void)state;
	assert_int_equal(publish(dev, fd, 0600, "same"), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_ATTACH, &req));
	assert_int_not_equal(req.out_fd, fd);
	assert_int_equal(fcntl(req.out_fd, F_GETFD), 0);
	assert_int_equal(fcntl(req.out_fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_ok(fstat(fd, &a));
	assert_ok(fstat(req.out_fd, &b));
	assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	first = buf_query(fd);
	second = buf_query(req.out_fd);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_memory_equal(&first, &req.out, sizeof(first));
	assert_int_equal(first.len, 3 * PAGE);
	p = map_shared(fd, PAGE);
	q = map_shared(req.out_fd, PAGE);
	p[7] = 5;
	assert_int_equal(q[7], 5);
	munmap(p, PAGE);
	munmap(q, PAGE);
	close(fd);
	close(req.out_fd);
	assert_int_equal(unpublish(dev, OWN, "same"), 0);
}

static void attach_takes_its_flags(void **state)
{
	struct pinbuf_ioc_attach req = { .uid = OWN, .fd_flags = O_CLOEXEC, .name = "flags" };
	int fd = buf_new(PAGE);

	(void)state;
	assert_int_equal(publish(dev, fd, 0600, "flags"), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_ATTACH, &req));
	assert_int_equal(fcntl(req.out_fd, F_GETFD), FD_CLOEXEC);
	close(req.out_fd);
	req.fd_flags = O_CLOEXEC | O_RDWR;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_ATTACH, &req));
	req.fd_flags = O_NONBLOCK;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_ATTACH, &req));
	assert_int_equal(unpublish(dev, OWN, "flags"), 0);
	close(fd);
}

static void one_name_a_buffer_one_buffer_a_name(void **state)
{
	int a = buf_new(PAGE), b = buf_new(PAGE), got;

	(void)state;
	assert_int_equal(publish(dev, a, 0600, "a"), 0);
	assert_int_equal(publish(dev, a, 0600, "a"), EEXIST);
	assert_int_equal(publish(dev, a, 0600, "other"), EEXIST);
	assert_int_equal(publish(dev, b, 0666, "a"), EEXIST);
	/* the refused ones left nothing */
	assert_int_equal(attach(dev, OWN, "other", NULL), ENOENT);
	assert_string_equal(buf_query(b).name, "");
	/* a name that was taken away is free, and so is the buffer */
	assert_int_equal(unpublish(dev, OWN, "a"), 0);
	assert_int_equal(unpublish(dev, OWN, "a"), ENOENT);
	assert_int_equal(attach(dev, OWN, "a", NULL), ENOENT);
	assert_int_equal(publish(dev, b, 0600, "a"), 0);
	assert_int_equal(publish(dev, a, 0600, "A"), 0);
	assert_int_equal(attach(dev, OWN, "a", &got), 0);
	assert_int_equal(buf_query(got).id, buf_query(b).id);
	close(got);
	assert_int_equal(unpublish(dev, OWN, "a"), 0);
	assert_int_equal(unpublish(dev, OWN, "A"), 0);
	close(a);
	close(b);
}

static void memory_goes_with_the_last_who_has_it(void **state)
{
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	int fd = buf_new(MIB(2));
	char *p;

	(void)state;
	assert_int_equal(publish(dev, fd, 0600, "last"), 0);
	p = map_shared(fd, MIB(2));
	p[0] = 3;
	assert_int_equal(unpublish(dev, OWN, "last"), 0);
	close(fd);
	assert_int_equal(p[0], 3);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live + MIB(2));
	munmap(p, MIB(2));
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
}

static void modes_are_three(void **state)
{
	static const uint32_t good[] = { 0600, 0660, 0666 };
	static const uint32_t bad[] = {
		0, 0400, 0644, 0604, 0606, 0640, 0664, 0700, 0777, 01600, 0100600, 1U << 31 | 0600,
	};
	int fd = buf_new(PAGE);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(publish(dev, fd, good[i], "m"), 0);
		assert_int_equal(unpublish(dev, OWN, "m"), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(publish(dev, fd, bad[i], "m"), EINVAL);
	close(fd);
}

/* What all three answer to a name of @len bytes followed by zeroes. */
static int name_errno(int fd, const void *bytes, size_t len)
{
	struct pinbuf_ioc_publish req = { .fd = fd, .mode = 0600 };
	struct pinbuf_ioc_attach at = { .uid = OWN, .fd_flags = O_CLOEXEC };
	struct pinbuf_ioc_unpublish un = { .uid = OWN };
	int err;

	memcpy(req.name, bytes, len);
	memcpy(at.name, bytes, len);
	memcpy(un.name, bytes, len);
	err = errno_of(ioctl(dev, PINBUF_IOC_PUBLISH, &req));
	assert_errno(err, ioctl(dev, PINBUF_IOC_ATTACH, &at));
	if (!err)
		close(at.out_fd);
	assert_errno(err, ioctl(dev, PINBUF_IOC_UNPUBLISH, &un));
	return err;
}

static void names_are_what_they_may_be(void **state)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char name[PINBUF_NAME_SIZE];
	int fd = buf_new(PAGE);

	(void)state;
	for (int c = 1; c < 256; c++) {
		char text[] = { 'x', (char)c, 'y' };

		assert_int_equal(name_errno(fd, text, 3), strchr(set, c) ? 0 : EINVAL);
		assert_int_equal(name_errno(fd, text + 1, 1), strchr(set, c) ? 0 : EINVAL);
	}
	memset(name, 'n', sizeof(name));
	assert_int_equal(name_errno(fd, name, 1), 0);
	assert_int_equal(name_errno(fd, name, sizeof(name) - 1), 0);
	assert_int_equal(name_errno(fd, name, sizeof(name)), EINVAL);
	assert_int_equal(name_errno(fd, name, 0), EINVAL);
	name[3] = 0;
	assert_int_equal(name_errno(fd, name, sizeof(name) - 1), EINVAL);
	memset(name, 0, sizeof(name));
	name[1] = 'n';
	assert_int_equal(name_errno(fd, name, sizeof(name)), EINVAL);
	name[0] = 'n';
	name[1] = 0;
	name[63] = 'n';
	assert_int_equal(name_errno(fd, name, sizeof(name)), EINVAL);
	close(fd);
}

static void what_is_no_buffer_gets_no_name(void **state)
{
	int memfd = memfd_create("no buffer", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(publish(dev, -1, 0600, "n"), EBADF);
	assert_int_equal(publish(dev, 12345, 0600, "n"), EBADF);
	assert_int_equal(publish(dev, memfd, 0600, "n"), EINVAL);
	assert_int_equal(publish(dev, dev, 0600, "n"), EINVAL);
	assert_int_equal(attach(dev, OWN, "n", NULL), ENOENT);
	close(memfd);
}

static void node_must_be_open_for_writing(void **state)
{
	int fd = buf_new(PAGE), ro = open(NODE_PATH, O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(ro >= 0);
	assert_int_equal(publish(ro, fd, 0600, "n"), EACCES);
	assert_int_equal(publish(dev, fd, 0600, "n"), 0);
	assert_int_equal(attach(ro, OWN, "n", NULL), EACCES);
	assert_int_equal(unpublish(ro, OWN, "n"), EACCES);
	assert_int_equal(unpublish(dev, OWN, "n"), 0);
	close(ro);
	close(fd);
}

static void without_a_descriptor_left_nothing_is_attached(void **state)
{
	int fd = buf_new(PAGE), next = next_fd();
	struct rlimit old, full;

	(void)state;
	assert_int_equal(publish(dev, fd, 0600, "n"), 0);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	full = (struct rlimit){ (rlim_t)next, old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &full));
	assert_int_equal(attach(dev, OWN, "n", NULL), EMFILE);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(attach(dev, OWN, "missing", NULL), ENOENT);
	assert_int_equal(next_fd(), next);
	assert_int_equal(unpublish(dev, OWN, "n"), 0);
	close(fd);
}

static void a_name_is_told_where_it_belongs(void **state)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_USER, 0);
	struct pinbuf_ioc_alloc req = request(PAGE);
	char wanted[32], id[32];
	const char *trace;

	(void)state;
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	assert_string_equal(buf_query(req.out_fd).name, "");
	tracing_start();
	assert_int_equal(publish(dev, req.out_fd, 0600, "told"), 0);
	assert_string_equal(buf_query(req.out_fd).name, "told");
	assert_int_equal(stats(PINBUF_STATS_USER, 0).out_published, before.out_published + 1);
	snprintf(wanted, sizeof(wanted), "\n%llu ", (unsigned long long)req.out_id);
	trace = strstr(file_text("/sys/kernel/debug/pinbuf/buffers"), wanted);
	assert_non_null(trace);
	assert_memory_equal(strchr(trace + 1, '\n') - 5, " told", 5);
	assert_int_equal(attach(dev, OWN, "told", NULL), 0);
	assert_int_equal(attach(dev, OWN, "missing", NULL), ENOENT);
	assert_int_equal(unpublish(dev, OWN, "told"), 0);
	trace = tracing_stop();
	snprintf(id, sizeof(id), "id=%llu name=told err=0 ns=", (unsigned long long)req.out_id);
	assert_non_null(tracing_line(trace, "pinbuf_publish", id));
	assert_non_null(tracing_line(trace, "pinbuf_attach_name", id));
	assert_non_null(tracing_line(trace, "pinbuf_attach_name", "id=0 name=missing err=-2 "));
	assert_non_null(tracing_line(trace, "pinbuf_unpublish", id));
	assert_string_equal(buf_query(req.out_fd).name, "");
	assert_int_equal(stats(PINBUF_STATS_USER, 0).out_published, before.out_published);
	close(req.out_fd);
}

static void many_names_are_kept_apart(void **state)
{
	enum { COUNT = 300 };
	uint64_t ids[COUNT];
	char name[16];
	int fd;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%d", i * 7919 % COUNT);
		fd = buf_new(PAGE);
		ids[i * 7919 % COUNT] = buf_query(fd).id;
		assert_int_equal(publish(dev, fd, 0600, name), 0);
		close(fd);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_int_equal(attach(dev, OWN, name, &fd), 0);
		assert_int_equal(buf_query(fd).id, ids[i]);
		assert_string_equal(buf_query(fd).name, name);
		close(fd);
		assert_int_equal(unpublish(dev, OWN, name), 0);
		assert_int_equal(attach(dev, OWN, name, NULL), ENOENT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(outlives_a_process_that_is_killed),
		TEST(attaching_gives_the_same_dma_buf),
		TEST(attach_takes_its_flags),
		TEST(one_name_a_buffer_one_buffer_a_name),
		TEST(memory_goes_with_the_last_who_has_it),
		TEST(modes_are_three),
		TEST(names_are_what_they_may_be),
		TEST(what_is_no_buffer_gets_no_name),
		TEST(node_must_be_open_for_writing),
		TEST(without_a_descriptor_left_nothing_is_attached),
		TEST(a_name_is_told_where_it_belongs),
		TEST(many_names_are_kept_apart),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
