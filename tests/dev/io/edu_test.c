// SPDX-License-Identifier: MIT
/*
 * A device's DMA into and out of a buffer: QEMU's edu, which imports it as any
 * driver does.  A transfer takes 100 ms, so there are few, at telling places.
 */
#include "common.h"
#include "edu.h"
#include "proc.h"

#define EDGE 0xee

static int edu = -1;

static int edu_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	edu = open(EDU_PATH, O_RDWR | O_CLOEXEC);
	return 0;
}

static int edu_teardown(void **state)
{
	if (edu >= 0)
		close(edu);
	return fixture_teardown(state);
}

#define EDU(function) \
	cmocka_unit_test_setup_teardown(function, edu_setup, edu_teardown)

static void require_edu(void)
{
	if (edu < 0)
		skip_because("no device " EDU_PATH " (tests/vm/run --edu)");
}

static int dma(int fd, uint32_t direction, uint64_t offset, uint32_t len)
{
	return edu_dma(edu, fd, direction, offset, len);
}

static bool only_edges(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != EDGE)
			return false;
	return true;
}

/* Out of one buffer, through the device, into another at another place. */
static void goes_through_the_device(size_t len, size_t from, size_t to,
				    uint32_t bytes)
{
	int a = buf_new(len), b = buf_new(len);
	uint8_t *p = map_shared(a, len), *q = map_shared(b, len);

	fill(p, len, 1);
	memset(q, EDGE, len);
	assert_int_equal(dma(a, PINBUF_EDU_TO_DEVICE, from, bytes), 0);
	assert_int_equal(dma(b, PINBUF_EDU_FROM_DEVICE, to, bytes), 0);
	assert_memory_equal(q + to, p + from, bytes);
	assert_true(only_edges(q, 0, to));
	assert_true(only_edges(q, to + bytes, len));
	assert_int_equal(differs(p, len, 1), -1);
	munmap(p, len);
	munmap(q, len);
	close(a);
	close(b);
}

static void both_directions_are_exact(void **state)
{
	(void)state;
	require_edu();
	goes_through_the_device(PAGE, 0, 2048, 2048);
	goes_through_the_device(MIB(2), MIB(1) + 8, PAGE - 1024, 2048);
	/* across two folios, and odd everything */
	goes_through_the_device(7 * PAGE, 4 * PAGE - 1000, 6 * PAGE - 333, 1999);
	goes_through_the_device(MIB(4) + PAGE, MIB(4) - 7, MIB(2) - 5, 11);
}

static void what_cannot_be_is_refused_by_the_importer(void **state)
{
	int fd;

	(void)state;
	require_edu();
	fd = buf_new(PAGE);
	assert_int_equal(dma(fd, PINBUF_EDU_TO_DEVICE, PAGE - 1, 2), EINVAL);
	assert_int_equal(dma(dev, PINBUF_EDU_TO_DEVICE, 0, 2), EINVAL);
	assert_int_equal(dma(-2, PINBUF_EDU_TO_DEVICE, 0, 2), EBADF);
	assert_int_equal(buf_query(fd).attachments, 0);
	close(fd);
}

static void attachments_are_counted_and_held(void **state)
{
	struct pinbuf_edu_attach attach = {
		.direction = PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE,
	};
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	struct pinbuf_ioc_sync sync = { .len = 2 * PAGE };
	uint8_t *p;

	(void)state;
	require_edu();
	attach.fd = buf_new(2 * PAGE);
	sync.fd = attach.fd;
	p = map_shared(attach.fd, 2 * PAGE);
	assert_ok(ioctl(edu, PINBUF_EDU_ATTACH, &attach));
	assert_int_not_equal(attach.out_segments, 0);
	assert_int_equal(buf_query(attach.fd).attachments, 1);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_attachments, 1);

	/* while it is mapped for the device: sync, write, let the device read */
	fill(p, 2 * PAGE, 3);
	sync.flags = PINBUF_SYNC_END | PINBUF_SYNC_WRITE;
	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
	assert_int_equal(dma(PINBUF_EDU_KEPT, PINBUF_EDU_TO_DEVICE, 100, 2048),
			 0);
	assert_int_equal(dma(PINBUF_EDU_KEPT, PINBUF_EDU_FROM_DEVICE, PAGE,
			     2048), 0);
	sync.flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
	assert_memory_equal(p + PAGE, p + 100, 2048);

	/* the device keeps it when everybody else has let go */
	munmap(p, 2 * PAGE);
	close(attach.fd);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
			 live + 2 * PAGE);
	assert_int_equal(dma(PINBUF_EDU_KEPT, PINBUF_EDU_FROM_DEVICE, 0, 512),
			 0);
	assert_ok(ioctl(edu, PINBUF_EDU_DETACH));
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);
}

static int attaches_and_exits(void *fd)
{
	struct pinbuf_edu_attach attach = {
		.fd = *(int *)fd, .direction = PINBUF_EDU_TO_DEVICE,
	};
	int own = open(EDU_PATH, O_RDWR);

	CHECK(own >= 0);
	CHECK(!ioctl(own, PINBUF_EDU_ATTACH, &attach));
	return 0;
}

static void death_of_the_holder_detaches(void **state)
{
	int fd;

	(void)state;
	require_edu();
	fd = buf_new(PAGE);
	in_child(attaches_and_exits, &fd);
	assert_int_equal(buf_query(fd).attachments, 0);
	close(fd);
}

/* In both directions: the DMA API's checks must have nothing to say of it. */
static void two_devices_files_attach_side_by_side(void **state)
{
	int second, fd;

	(void)state;
	require_edu();
	second = edu_open();
	fd = buf_new(MIB(2));
	edu_keep(edu, fd, PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE);
	edu_keep(second, fd, PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE);
	assert_int_equal(buf_query(fd).attachments, 2);
	close(second);
	assert_int_equal(buf_query(fd).attachments, 1);
	assert_ok(ioctl(edu, PINBUF_EDU_DETACH));
	assert_int_equal(buf_query(fd).attachments, 0);
	close(fd);
}

static void kernels_own_mapping_sees_the_same_bytes(void **state)
{
	static const size_t lens[] = { PAGE, 9 * PAGE, MIB(2) + PAGE };
	uint8_t bytes[2048];

	(void)state;
	require_edu();
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		uint8_t *p = map_shared(fd, lens[i]);
		struct pinbuf_edu_vmap vmap = {
			.fd = fd, .direction = PINBUF_EDU_TO_DEVICE,
			.user = (uintptr_t)bytes, .len = sizeof(bytes),
			.offset = lens[i] - sizeof(bytes),
		};

		fill(p, lens[i], i);
		assert_ok(ioctl(edu, PINBUF_EDU_VMAP, &vmap));
		assert_memory_equal(bytes, p + vmap.offset, sizeof(bytes));
		memset(bytes, 0x3c, sizeof(bytes));
		vmap.direction = PINBUF_EDU_FROM_DEVICE;
		assert_ok(ioctl(edu, PINBUF_EDU_VMAP, &vmap));
		assert_memory_equal(p + vmap.offset, bytes, sizeof(bytes));
		assert_int_equal(differs(p, vmap.offset, i), -1);
		munmap(p, lens[i]);
		close(fd);
	}
}

/* A buffer of several physical runs */
static int scattered_buffer(size_t len)
{
	for (int tries = 0; tries < 64; tries++) {
		int fd = buf_new(len);

		if (buf_query(fd).extents > 1)
			return fd;
		close(fd);
	}
	fail_msg("64 buffers of %zu bytes are contiguous", len);
	return -1;
}

static void an_iommu_makes_one_run_of_all(void **state)
{
	static const size_t lens[] = { 7 * PAGE, MIB(2) - PAGE };

	(void)state;
	require_edu();
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = scattered_buffer(lens[i]);
		uint32_t runs = edu_keep(edu, fd, PINBUF_EDU_TO_DEVICE |
					 PINBUF_EDU_FROM_DEVICE);

		print_message("# %llu extents are %u runs of the device\n",
			      (unsigned long long)buf_query(fd).extents, runs);
		if (has_iommu())
			assert_int_equal(runs, 1);
		else
			/* more where bounce pages are at hand: they are in pieces */
			assert_true(runs >= buf_query(fd).extents);
		assert_ok(ioctl(edu, PINBUF_EDU_DETACH));
		close(fd);
	}
}

#define REACH		28	/* bits */
#define REACH_BYTES	((uint64_t)1 << REACH)

/* Offset of the first page that the device does not reach; -1 if it reaches all */
static int64_t first_out_of_reach(int fd, size_t len)
{
	uint64_t *frames = calloc(len / PAGE, sizeof(*frames));
	void *p = map_shared(fd, len);
	int64_t found = -1;

	memset(p, 1, len);
	frames_read(p, len / PAGE, frames);
	for (size_t i = 0; i < len / PAGE && found < 0; i++)
		if (frames[i] * PAGE >= REACH_BYTES)
			found = (int64_t)(i * PAGE);
	munmap(p, len);
	free(frames);
	return found;
}

/* As many buffers as 256 MiB cannot hold, until one is beyond; all others go. */
static int buffer_out_of_reach(int64_t *offset)
{
	enum { SIZE = 16 << 20, NR = REACH_BYTES / SIZE + 1 };
	int fds[NR], nr = 0, found = -1;

	*offset = -1;
	while (found < 0 && nr < NR) {
		struct pinbuf_ioc_alloc req = request(SIZE);

		if (alloc_on(dev, &req))
			break;
		*offset = first_out_of_reach(req.out_fd, SIZE);
		if (*offset >= 0)
			found = req.out_fd;
		else
			fds[nr++] = req.out_fd;
	}
	while (nr)
		close(fds[--nr]);
	return found;
}

static void a_device_that_cannot_reach_it_is_told(void **state)
{
	int fd, err, expected = has_iommu() ? 0 : EIO;
	int64_t offset;
	uint32_t bits;

	(void)state;
	require_edu();
	/* the kernel itself warns of a device that cannot reach its memory */
	if (expected && !getenv("PINBUF_MAY_WARN"))
		skip_because("without an IOMMU the kernel warns, which fails a run: tests/vm/reach expects it");
	fd = buffer_out_of_reach(&offset);
	if (fd < 0)
		skip_because("no memory above 256 MiB in this guest");
	bits = edu_mask(edu, REACH);
	err = dma(fd, PINBUF_EDU_TO_DEVICE, (uint64_t)offset, 64);
	edu_mask(edu, bits);
	/* an IOMMU puts it where the device reaches */
	assert_int_equal(err, expected);
	assert_int_equal(buf_query(fd).attachments, 0);
	assert_int_equal(dma(fd, PINBUF_EDU_TO_DEVICE, (uint64_t)offset, 64), 0);
	close(fd);
}

/* What addr_bits is for: no byte is where the device does not get to. */
static void memory_below_its_bound_is_reached(void **state)
{
	struct pinbuf_ioc_alloc req = request(MIB(2) + 3 * PAGE);
	uint8_t *p, bytes[2048];
	uint32_t bits;
	int err;

	(void)state;
	require_edu();
	if (ram_start() >= REACH_BYTES)
		skip_because("this machine's memory begins above 256 MiB");
	req.addr_bits = REACH;
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	p = map_shared(req.out_fd, req.out_len);
	fill(p, req.out_len, 5);
	memcpy(bytes, p + MIB(2) - 1000, sizeof(bytes));
	bits = edu_mask(edu, REACH);
	/* over the seam of two folios, and to the last byte */
	err = dma(req.out_fd, PINBUF_EDU_TO_DEVICE, MIB(2) - 1000,
		  sizeof(bytes));
	if (!err)
		err = dma(req.out_fd, PINBUF_EDU_FROM_DEVICE,
			  req.out_len - sizeof(bytes), sizeof(bytes));
	edu_mask(edu, bits);
	assert_int_equal(err, 0);
	assert_memory_equal(p + req.out_len - sizeof(bytes), bytes,
			    sizeof(bytes));
	assert_int_equal(differs(p, req.out_len - sizeof(bytes), 5), -1);
	munmap(p, req.out_len);
	close(req.out_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EDU(both_directions_are_exact),
		EDU(what_cannot_be_is_refused_by_the_importer),
		EDU(attachments_are_counted_and_held),
		EDU(death_of_the_holder_detaches),
		EDU(two_devices_files_attach_side_by_side),
		EDU(kernels_own_mapping_sees_the_same_bytes),
		EDU(an_iommu_makes_one_run_of_all),
		EDU(a_device_that_cannot_reach_it_is_told),
		EDU(memory_below_its_bound_is_reached),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
