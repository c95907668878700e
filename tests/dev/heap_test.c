// SPDX-License-Identifier: MIT
/*
 * /dev/dma_heap/pinbuf: what it answers is what the kernel's own heap answers,
 * and what comes is a buffer like every other.
 */
#include "names.h"
#include "proc.h"
#include "vgem.h"

#include <linux/dma-heap.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define HEAP_PATH "/dev/dma_heap/pinbuf"
#define SYSTEM_PATH "/dev/dma_heap/system"

static int heap = -1;

static int heap_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	heap = open(HEAP_PATH, O_RDWR | O_CLOEXEC);
	return heap < 0 ? -1 : 0;
}

static int heap_teardown(void **state)
{
	close(heap);
	return fixture_teardown(state);
}

#define HEAP(function) \
	cmocka_unit_test_setup_teardown(function, heap_setup, heap_teardown)

static struct dma_heap_allocation_data wish(uint64_t len, uint32_t fd_flags)
{
	return (struct dma_heap_allocation_data){ .len = len, .fd_flags = fd_flags };
}

static int heap_new(uint64_t len, uint32_t fd_flags)
{
	struct dma_heap_allocation_data data = wish(len, fd_flags);

	assert_ok(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	return (int)data.fd;
}

static void comes_as_a_buffer_of_ours(void **state)
{
	int fd = heap_new(MIB(2) + 1, O_RDWR | O_CLOEXEC);
	struct pinbuf_desc desc = buf_query(fd);
	char *p = map_shared(fd, MIB(2) + PAGE);
	struct iovec iov = { p, PAGE };
	int ends[2];

	(void)state;
	assert_int_equal(desc.len, MIB(2) + PAGE);
	assert_int_equal(desc.uid, 0);
	assert_int_equal(desc.pid, getpid());
	assert_true(is_zero(p, MIB(2) + PAGE));
	/* which the kernel's own heaps refuse */
	assert_ok(pipe(ends));
	assert_int_equal(vmsplice(ends[1], &iov, 1, 0), PAGE);
	close(ends[0]);
	close(ends[1]);
	munmap(p, MIB(2) + PAGE);
	close(fd);
}

/* A request as bytes, so that its struct may have any size. */
struct request_row {
	const char *name;
	int err;
	unsigned long number;
	uint64_t words[8];
};

#define SIZED(bytes) _IOC(_IOC_READ | _IOC_WRITE, DMA_HEAP_IOC_MAGIC, 0, bytes)
#define FLAGS(flags) ((uint64_t)(flags) << 32)

static const struct request_row rows[] = {
	{ "as it is", 0, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_RDWR) } },
	{ "to read", 0, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_RDONLY) } },
	{ "to write", 0, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_WRONLY) } },
	{ "no access", 0, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_ACCMODE) } },
	{ "one byte", 0, DMA_HEAP_IOCTL_ALLOC, { 1, FLAGS(O_RDWR) } },
	{ "nothing", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 0, FLAGS(O_RDWR) } },
	{ "rounding up wraps", EINVAL, DMA_HEAP_IOCTL_ALLOC, { -1ULL, FLAGS(O_RDWR) } },
	{ "far too much", ENOMEM, DMA_HEAP_IOCTL_ALLOC, { 1ULL << 63, FLAGS(O_RDWR) } },
	{ "a descriptor in it", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_RDWR) | 1 } },
	{ "O_NONBLOCK", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_NONBLOCK | O_RDWR) } },
	{ "all flags", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(-1U) } },
	{ "a flag of the heap", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_RDWR), 1 } },
	{ "its highest flag", EINVAL, DMA_HEAP_IOCTL_ALLOC, { 4096, FLAGS(O_RDWR), 1ULL << 63 } },
	{ "without heap_flags", 0, SIZED(16), { 4096, FLAGS(O_RDWR), -1ULL } },
	{ "a length alone", 0, SIZED(8), { 4096, -1ULL, -1ULL } },
	{ "half a length", 0, SIZED(4), { 4096, -1ULL, -1ULL } },
	{ "no byte", EINVAL, SIZED(0), { 4096 } },
	{ "garbage beyond", 0, SIZED(48), { 4096, FLAGS(O_RDWR), 0, -1ULL, 7, 9 } },
	{ "to be written only", 0, _IOW(DMA_HEAP_IOC_MAGIC, 0, uint64_t[3]),
	  { 4096, FLAGS(O_RDWR) } },
	{ "to be read only", EINVAL, _IOR(DMA_HEAP_IOC_MAGIC, 0, uint64_t[3]),
	  { 4096, FLAGS(O_RDWR) } },
	{ "no direction", EINVAL, _IO(DMA_HEAP_IOC_MAGIC, 0), { 4096, FLAGS(O_RDWR) } },
	{ "another magic", 0, _IOWR('P', 0, uint64_t[3]), { 4096, FLAGS(O_RDWR) } },
	{ "another number", EINVAL, _IOWR(DMA_HEAP_IOC_MAGIC, 1, uint64_t[3]), { 4096 } },
	{ "the last number", EINVAL, _IOWR(DMA_HEAP_IOC_MAGIC, 255, uint64_t[3]), { 4096 } },
	{ "TCGETS", EINVAL, 0x5401, { 0 } },
	{ "INFO", EINVAL, PINBUF_IOC_INFO, { 0 } },
};

struct outcome {
	int err;		/* of the call */
	int fd_flags, status_flags, maps_read, maps_write, maps_both;
	uint64_t len;
	uint64_t words[8];	/* but for the descriptor */
};

static void try_row(int node, const struct request_row *row, struct outcome *out)
{
	uint64_t words[8];
	int before = next_fd(), fd;

	memset(out, 0, sizeof(*out));
	memcpy(words, row->words, sizeof(words));
	out->err = errno_of(ioctl(node, row->number, words));
	/* where the struct has no room for it, a descriptor comes all the same */
	fd = out->err ? -1 : before;
	assert_int_equal(next_fd() != before, !out->err);
	if (fd >= 0) {
		if (_IOC_SIZE(row->number) >= 12 && row->number & IOC_OUT)
			assert_int_equal((uint32_t)words[1], fd);
		words[1] &= ~0xffffffffULL;
		out->fd_flags = fcntl(fd, F_GETFD);
		out->status_flags = fcntl(fd, F_GETFL);
		out->len = (uint64_t)lseek(fd, 0, SEEK_END);
		out->maps_read = map_errno(fd, PAGE, PROT_READ, MAP_SHARED, 0);
		out->maps_write = map_errno(fd, PAGE, PROT_WRITE, MAP_SHARED, 0);
		out->maps_both = map_errno(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
		close(fd);
	}
	memcpy(out->words, words, sizeof(words));
}

static void answers_as_the_systems_heap_does(void **state)
{
	int theirs = open(SYSTEM_PATH, O_RDWR | O_CLOEXEC);

	(void)state;
	if (theirs < 0)
		skip_because("this kernel has no " SYSTEM_PATH);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct outcome want, got;

		/* for which the system's heap would take all the memory there is */
		if (rows[i].err == ENOMEM)
			continue;
		try_row(theirs, &rows[i], &want);
		try_row(heap, &rows[i], &got);
		if (memcmp(&want, &got, sizeof(want)))
			print_error("# %s: %d for %d, mode %#x for %#x\n", rows[i].name, got.err,
				    want.err, got.status_flags, want.status_flags);
		assert_memory_equal(&want, &got, sizeof(want));
	}
	close(theirs);
}

/* The same where there is nothing to compare with. */
static void requests_are_judged(void **state)
{
	struct outcome got;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		try_row(heap, &rows[i], &got);
		if (got.err != rows[i].err)
			print_error("# %s\n", rows[i].name);
		assert_int_equal(got.err, rows[i].err);
		if (!got.err)
			assert_int_equal(got.len, PAGE);
	}
}

static void faults_leave_no_descriptor(void **state)
{
	struct dma_heap_allocation_data *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
						     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before = next_fd();

	(void)state;
	assert_ptr_not_equal(data, MAP_FAILED);
	*data = wish(PAGE, O_RDWR);
	assert_ok(mprotect(data, PAGE, PROT_READ));
	assert_errno(EFAULT, ioctl(heap, DMA_HEAP_IOCTL_ALLOC, data));
	assert_errno(EFAULT, ioctl(heap, DMA_HEAP_IOCTL_ALLOC, NULL));
	assert_errno(EFAULT, ioctl(heap, DMA_HEAP_IOCTL_ALLOC, -4096L));
	/* what a longer struct has beyond is read too */
	assert_errno(EFAULT, ioctl(heap, SIZED(8192), data));
	assert_int_equal(next_fd(), before);
	munmap(data, PAGE);
}

static void without_a_descriptor_left_nothing_comes(void **state)
{
	struct dma_heap_allocation_data data = wish(PAGE, O_RDWR);
	struct rlimit old, full;

	(void)state;
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	full = (struct rlimit){ (rlim_t)next_fd(), old.rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &full));
	assert_errno(EMFILE, ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
}

static void what_is_read_only_nobody_writes(void **state)
{
	int fd = heap_new(2 * PAGE, O_RDONLY | O_CLOEXEC), vgem, mem, got, ends[2];
	char path[64];
	uint32_t handle;
	char *p;

	(void)state;
	assert_int_equal(map_errno(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0), EACCES);
	assert_int_equal(map_errno(fd, PAGE, PROT_WRITE, MAP_SHARED, 0), EACCES);
	assert_int_equal(map_errno(fd, PAGE, PROT_READ, MAP_PRIVATE, 0), EINVAL);
	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_errno(EACCES, mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	/* not by a debugger, not by input, not by another opening */
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(mem, "x", 1, (off_t)(uintptr_t)p), -1);
	close(mem);
	assert_ok(pipe(ends));
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_errno(EFAULT, read(ends[0], p, 1));
	close(ends[0]);
	close(ends[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(open(path, O_RDWR), -1);
	/* nor under a name */
	assert_int_equal(publish(dev, fd, 0600, "read-only"), 0);
	assert_int_equal(attach(dev, OWN, "read-only", &got), 0);
	assert_int_equal(map_errno(got, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0), EACCES);
	assert_int_equal(unpublish(dev, OWN, "read-only"), 0);
	close(got);
	assert_true(is_zero(p, 2 * PAGE));
	munmap(p, 2 * PAGE);
	/* vgem wants to do both */
	vgem = vgem_open();
	assert_int_equal(vgem_import(vgem, fd, &handle), EACCES);
	assert_int_equal(buf_query(fd).attachments, 0);
	close(vgem);
	close(fd);
}

static int node_opened_by_a_user(void *unused)
{
	struct rlimit rlim = { MIB(1), MIB(1) };
	struct dma_heap_allocation_data data = wish(MIB(1), O_RDWR), more = wish(1, O_RDWR);
	struct pinbuf_ioc_info in = { 0 };
	int node, own;

	(void)unused;
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	/* no mode is needed, as for a heap */
	node = open(HEAP_PATH, O_RDONLY);
	own = open_node();
	CHECK(node >= 0);
	CHECK(!ioctl(node, DMA_HEAP_IOCTL_ALLOC, &data));
	CHECK_ERRNO(EDQUOT, ioctl(node, DMA_HEAP_IOCTL_ALLOC, &more));
	CHECK(!ioctl(own, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == MIB(1));
	/* one user, by whichever door */
	CHECK(!publish(own, (int)data.fd, 0600, "by-the-heap"));
	CHECK(!unpublish(own, OWN, "by-the-heap"));
	return 0;
}

static void opener_pays_as_everywhere(void **state)
{
	(void)state;
	in_child(node_opened_by_a_user, NULL);
}

static void node_is_an_allocator_and_nothing_else(void **state)
{
	struct stat st;
	char byte;

	(void)state;
	assert_ok(stat(HEAP_PATH, &st));
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_mode & 007, 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(map_errno(heap, PAGE, PROT_READ, MAP_SHARED, 0), ENODEV);
	assert_errno(ESPIPE, lseek(heap, 0, SEEK_END));
	assert_errno(EINVAL, read(heap, &byte, 1));
	assert_errno(EINVAL, write(heap, &byte, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAP(comes_as_a_buffer_of_ours),
		HEAP(answers_as_the_systems_heap_does),
		HEAP(requests_are_judged),
		HEAP(faults_leave_no_descriptor),
		HEAP(without_a_descriptor_left_nothing_comes),
		HEAP(what_is_read_only_nobody_writes),
		HEAP(opener_pays_as_everywhere),
		HEAP(node_is_an_allocator_and_nothing_else),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
