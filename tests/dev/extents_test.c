// SPDX-License-Identifier: MIT
/* EXTENTS: the runs are those that the memory lies in, and only root's to see. */
#include "caps.h"
#include "extents.h"
#include "proc.h"
#include "tracing.h"

#include <ctype.h>
#include <sys/klog.h>

static struct pinbuf_ioc_extents extents(int fd)
{
	return (struct pinbuf_ioc_extents){ .fd = fd };
}

static int extents_errno(int node, struct pinbuf_ioc_extents req)
{
	return errno_of(ioctl(node, PINBUF_IOC_EXTENTS, &req));
}

/*
 * A buffer of several runs: folios of ten sizes rarely lie in one, and those of
 * two buffers that are made in turns still less.
 */
static int buf_in_pieces(size_t least)
{
	int others[64], fd = -1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(others) && fd < 0; i++) {
		others[i] = buf_new(MIB(4) - PAGE);
		if (buf_query(others[i]).extents >= least)
			fd = others[i];
	}
	while (i--)
		if (others[i] != fd)
			close(others[i]);
	assert_true(fd >= 0);
	return fd;
}

static void capacity_0_only_counts(void **state)
{
	static const size_t lens[] = { PAGE, 3 * PAGE, MIB(2), MIB(5) - PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_alloc buf = request(lens[i]);
		struct pinbuf_ioc_extents req;

		assert_int_equal(alloc_on(dev, &buf), 0);
		req = extents(buf.out_fd);
		/* an array is not looked at, wherever it points */
		req.array = 1;
		assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
		assert_int_equal(req.out_total, buf.out_extents);
		assert_int_equal(req.out_written, 0);
		close(buf.out_fd);
	}
}

static void runs_are_where_the_pages_are(void **state)
{
	static const size_t lens[] = { PAGE, 7 * PAGE, MIB(2), MIB(5) - PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		volatile char *p = map_shared(fd, lens[i]);
		uint64_t *frames = calloc(lens[i] / PAGE, sizeof(*frames));
		struct extents e = extents_of(fd);
		size_t at = 0;

		for (size_t touched = 0; touched < lens[i]; touched += PAGE)
			p[touched] = 1;
		frames_read((void *)p, lens[i] / PAGE, frames);
		for (size_t run = 0; run < e.count; run++) {
			/* adjacent ones would be one run */
			if (run)
				assert_int_not_equal(e.runs[run].addr, e.runs[run - 1].addr +
						     e.runs[run - 1].len);
			assert_true(at + e.runs[run].len <= lens[i]);
			for (size_t k = 0; k < e.runs[run].len; k += PAGE)
				assert_int_equal(frames[(at + k) / PAGE] * PAGE,
						 e.runs[run].addr + k);
			at += e.runs[run].len;
		}
		assert_int_equal(at, lens[i]);
		extents_free(&e);
		free(frames);
		munmap((void *)p, lens[i]);
		close(fd);
	}
}

static void a_window_shows_its_part(void **state)
{
	int fd = buf_in_pieces(4);
	struct extents e = extents_of(fd);

	(void)state;
	for (size_t first = 0; first <= e.count + 1; first++) {
		for (size_t room = 0; room <= e.count + 2; room++) {
			struct pinbuf_ioc_extents req = extents(fd);
			struct pinbuf_extent got[e.count + 3];
			size_t left = first < e.count ? e.count - first : 0;
			size_t want = room < left ? room : left;

			memset(got, 0xa5, sizeof(got));
			req.first = first;
			req.array = (uintptr_t)got;
			req.capacity = room;
			assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
			assert_int_equal(req.out_total, e.count);
			assert_int_equal(req.out_written, want);
			if (want)
				assert_memory_equal(got, e.runs + first, want * sizeof(*got));
			/* nothing behind what was written */
			assert_int_equal(got[want].addr, 0xa5a5a5a5a5a5a5a5);
		}
	}
	extents_free(&e);
	close(fd);
}

static void numbers_past_the_end_write_nothing(void **state)
{
	static const uint64_t firsts[] = { 1, 1ULL << 32, INT64_MAX, UINT64_MAX };
	int fd = buf_new(PAGE);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		struct pinbuf_extent got = { .len = 7 };
		struct pinbuf_ioc_extents req = extents(fd);

		req.first = firsts[i];
		req.array = (uintptr_t)&got;
		req.capacity = UINT64_MAX;
		assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
		assert_int_equal(req.out_written, 0);
		assert_int_equal(req.out_total, 1);
		assert_int_equal(got.len, 7);
	}
	close(fd);
}

static void array_that_cannot_be_written_is_efault(void **state)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = buf_in_pieces(2);
	struct pinbuf_ioc_extents req = extents(fd);

	(void)state;
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_ok(munmap(p + PAGE, PAGE));
	req.capacity = UINT64_MAX;
	assert_int_equal(extents_errno(dev, req), EFAULT);
	req.array = UINT64_MAX;
	assert_int_equal(extents_errno(dev, req), EFAULT);
	req.array = 1ULL << 63;
	assert_int_equal(extents_errno(dev, req), EFAULT);
	/* room for the first alone */
	req.array = (uintptr_t)p + PAGE - sizeof(struct pinbuf_extent);
	assert_int_equal(extents_errno(dev, req), EFAULT);
	req.capacity = 1;
	assert_int_equal(extents_errno(dev, req), 0);
	assert_ok(mprotect(p, PAGE, PROT_READ));
	assert_int_equal(extents_errno(dev, req), EFAULT);
	munmap(p, PAGE);
	close(fd);
}

static void flags_and_descriptors_are_checked(void **state)
{
	int fd = buf_new(PAGE), other = open("/dev/null", O_RDWR);
	struct pinbuf_ioc_extents req;

	(void)state;
	for (int bit = 0; bit < 32; bit++) {
		req = extents(fd);
		req.flags = 1U << bit;
		assert_int_equal(extents_errno(dev, req), EINVAL);
	}
	assert_int_equal(extents_errno(dev, extents(other)), EINVAL);
	assert_int_equal(extents_errno(dev, extents(dev)), EINVAL);
	assert_int_equal(extents_errno(dev, extents(-1)), EBADF);
	close(fd);
	assert_int_equal(extents_errno(dev, extents(fd)), EBADF);
	close(other);
}

/* A node of his own and root's are alike: it is the caller who is looked at. */
static int is_refused(void *roots_buffer)
{
	struct pinbuf_ioc_alloc mine = request(PAGE);
	int node;

	become_user_with(~CAP_BIT(CAP_SYS_RAWIO) & (CAP_BIT(CAP_LAST_CAP + 1) - 1));
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0 && alloc_on(node, &mine) == 0);
	CHECK(extents_errno(node, extents(mine.out_fd)) == EPERM);
	CHECK(extents_errno(dev, extents(mine.out_fd)) == EPERM);
	CHECK(extents_errno(dev, extents(*(int *)roots_buffer)) == EPERM);
	/* not even whether it is a buffer */
	CHECK(extents_errno(dev, extents(-1)) == EPERM);
	return 0;
}

static void every_other_capability_is_not_enough(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	in_child(is_refused, &fd);
	close(fd);
}

static int is_allowed(void *roots_buffer)
{
	struct pinbuf_ioc_extents req = extents(*(int *)roots_buffer);
	struct pinbuf_extent run;

	become_user_with(CAP_BIT(CAP_SYS_RAWIO));
	req.array = (uintptr_t)&run;
	req.capacity = 1;
	CHECK(!ioctl(dev, PINBUF_IOC_EXTENTS, &req));
	CHECK(req.out_written == 1 && run.len == PAGE && run.addr);
	return 0;
}

static void cap_sys_rawio_is(void **state)
{
	int fd = buf_new(PAGE);

	(void)state;
	in_child(is_allowed, &fd);
	close(fd);
}

static int is_root_at_home(void *roots_buffer)
{
	if (!become_root_of_namespace())
		return 2;
	CHECK(extents_errno(dev, extents(*(int *)roots_buffer)) == EPERM);
	return 0;
}

static void root_of_a_namespace_is_refused(void **state)
{
	int fd = buf_new(PAGE);
	int status = child_wait(child_start(is_root_at_home, &fd));

	(void)state;
	close(fd);
	if (status == 2 << 8)
		skip_because("a user may not make user namespaces here");
	assert_int_equal(status, 0);
}

/* Whether @text has the address, or its frame's number, in hexadecimal or decimal. */
static bool tells(const char *text, uint64_t addr)
{
	static const char *const formats[] = { "%llx", "%llu" };
	char number[32];

	for (size_t i = 0; i < 2 * ARRAY_LEN(formats); i++) {
		snprintf(number, sizeof(number), formats[i / 2],
			 (unsigned long long)(i % 2 ? addr / PAGE : addr));
		for (const char *at = text; (at = strstr(at, number)); at++)
			if ((at == text || !isxdigit(at[-1])) && !isxdigit(at[strlen(number)]))
				return true;
	}
	return false;
}

static bool told(const struct extents *e, const char *where, const char *text)
{
	for (size_t i = 0; i < e->count; i++) {
		if (tells(text, e->runs[i].addr)) {
			print_message("# %s has %#llx:\n# %s\n", where,
				      (unsigned long long)e->runs[i].addr, text);
			return true;
		}
	}
	return false;
}

static bool told_by_the_log(const struct extents *e)
{
	static char log[1 << 18];
	int len = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);
	bool any = false;

	assert_true(len >= 0);
	log[len] = '\0';
	for (char *line = strstr(log, "pinbuf"); line; line = strstr(line, "pinbuf")) {
		char *end = strchrnul(line, '\n');

		if (*end)
			*end++ = '\0';
		any |= told(e, "the log", line);
		line = end;
	}
	return any;
}

#define TOLD_LEN (MIB(4) - PAGE)

/* Whether anything that the module says anywhere, while it does everything, has an address. */
static bool address_is_told(void)
{
	struct pinbuf_ioc_query query = { .flags = PINBUF_QUERY_REFS };
	size_t len = TOLD_LEN;
	struct extents e;
	char path[64];
	bool any;
	void *p;

	tracing_start();
	query.fd = buf_new(len);
	p = map_shared(query.fd, len);
	memset(p, 1, len);
	e = extents_of(query.fd);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", query.fd);
	any = told(&e, path, file_text(path));
	any |= told(&e, "debugfs", file_text("/sys/kernel/debug/pinbuf/buffers"));
	munmap(p, len);
	close(query.fd);
	any |= told(&e, "a tracepoint", tracing_stop());
	any |= told_by_the_log(&e);
	for (size_t i = 0; i < sizeof(query) / 8; i++)
		for (size_t k = 0; k < e.count; k++)
			any |= ((uint64_t *)&query)[i] == e.runs[k].addr;
	extents_free(&e);
	return any;
}

static void no_address_is_told_anywhere_else(void **state)
{
	int there;

	(void)state;
	if (!address_is_told())
		return;
	/* a latency, or a size that was refused, may have the digits of one place, not of two */
	there = buf_new(TOLD_LEN);
	assert_false(address_is_told());
	close(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capacity_0_only_counts),
		TEST(runs_are_where_the_pages_are),
		TEST(a_window_shows_its_part),
		TEST(numbers_past_the_end_write_nothing),
		TEST(array_that_cannot_be_written_is_efault),
		TEST(flags_and_descriptors_are_checked),
		TEST(every_other_capability_is_not_enough),
		TEST(cap_sys_rawio_is),
		TEST(root_of_a_namespace_is_refused),
		TEST(no_address_is_told_anywhere_else),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
