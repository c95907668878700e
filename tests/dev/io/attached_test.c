// SPDX-License-Identifier: MIT
/*
 * A disk and another device at work on one buffer: the disk by O_DIRECT through
 * the mapping, edu by its attachment, which stays mapped all the while.
 */
#include "common.h"
#include "edu.h"
#include "io/disk.h"

#include <pthread.h>

#define EDGE	0xee
#define BOTH	(PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE)
#define PIECE	2048

static const size_t len = MIB(2) + 3 * PAGE;
static int edu = -1, disk = -1, buf = -1;
static uint8_t *p;

static int attached_setup(void **state)
{
	edu = -1;
	disk = -1;
	buf = -1;
	return fixture_setup(state);
}

static int attached_teardown(void **state)
{
	if (edu >= 0)
		close(edu);
	if (disk >= 0)
		close(disk);
	if (buf >= 0) {
		munmap(p, len);
		close(buf);
	}
	return fixture_teardown(state);
}

#define ATTACHED(function) \
	cmocka_unit_test_setup_teardown(function, attached_setup, \
					attached_teardown)

/* The buffer, with edges in all of it, and the device that keeps it */
static void attach(void)
{
	edu = edu_open();
	disk = disk_open();
	/* a disk's driver cannot say, as we do, that somebody else synchronises */
	if (kernel_is("debug") && !has_iommu() && !getenv("PINBUF_MAY_WARN"))
		skip_because("the kernel warns when two devices write one buffer; behind an IOMMU it is tested");
	buf = buf_new(len);
	p = map_shared(buf, len);
	memset(p, EDGE, len);
	edu_keep(edu, buf, BOTH);
}

static void sync_range(uint32_t flags, uint64_t offset, uint64_t bytes)
{
	struct pinbuf_ioc_sync sync = {
		.fd = buf, .flags = flags, .offset = offset, .len = bytes,
	};

	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
}

/* What the device has in its memory, by way of another buffer */
static void assert_device_has(const uint8_t *bytes)
{
	int fd = buf_new(PAGE);
	uint8_t *q = map_shared(fd, PAGE);

	assert_int_equal(edu_dma(edu, fd, PINBUF_EDU_FROM_DEVICE, 0, PIECE), 0);
	assert_memory_equal(q, bytes, PIECE);
	munmap(q, PAGE);
	close(fd);
}

static bool only_edges(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != EDGE)
			return false;
	return true;
}

static void the_device_reads_what_the_disk_wrote(void **state)
{
	/* over the end of the huge folio */
	const size_t at = MIB(2) - 3 * PAGE - 512, bytes = 5 * PAGE;
	uint8_t *witness = malloc(bytes);

	(void)state;
	attach();
	fill(witness, bytes, 7);
	disk_put(MIB(1), witness, bytes);
	assert_int_equal(pread(disk, p + at, bytes, (off_t)MIB(1)), bytes);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, at, bytes);
	assert_int_equal(edu_dma(edu, PINBUF_EDU_KEPT, PINBUF_EDU_TO_DEVICE,
				 at + bytes - 3000, PIECE), 0);
	assert_device_has(witness + bytes - 3000);
	sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, 0, len);
	assert_memory_equal(p + at, witness, bytes);
	assert_true(only_edges(0, at));
	assert_true(only_edges(at + bytes, len));
	free(witness);
}

static void the_disk_reads_what_the_device_wrote(void **state)
{
	uint8_t bytes[PIECE], *witness = malloc(len);

	(void)state;
	attach();
	fill(p + PAGE, PIECE, 8);
	memcpy(bytes, p + PAGE, PIECE);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, PAGE, PIECE);
	assert_int_equal(edu_dma(edu, PINBUF_EDU_KEPT, PINBUF_EDU_TO_DEVICE,
				 PAGE, PIECE), 0);
	assert_int_equal(edu_dma(edu, PINBUF_EDU_KEPT, PINBUF_EDU_FROM_DEVICE,
				 MIB(2) - 1000, PIECE), 0);
	sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, MIB(2) - 1000, PIECE);
	assert_int_equal(pwrite(disk, p, len, (off_t)MIB(4)), len);
	disk_get(MIB(4), witness, len);
	assert_memory_equal(witness + MIB(2) - 1000, bytes, PIECE);
	assert_memory_equal(witness, p, len);
	assert_true(only_edges(PAGE + PIECE, MIB(2) - 1000));
	assert_true(only_edges(MIB(2) - 1000 + PIECE, len));
	free(witness);
}

/* The disk's part: the upper MiB, again and again */
static const size_t upper = MIB(1);
static volatile bool stop;

/* How often the bytes came, or -1 when they were wrong */
static void *reads_the_upper_half(void *unused)
{
	intptr_t rounds = 0;

	(void)unused;
	while (!stop) {
		memset(p + upper, 0, MIB(1));
		if (pread(disk, p + upper, MIB(1), 0) != (ssize_t)MIB(1) ||
		    differs(p + upper, MIB(1), 9) != -1)
			return (void *)-1;
		rounds++;
	}
	return (void *)rounds;
}

static void both_work_at_the_same_time(void **state)
{
	uint8_t *witness = malloc(MIB(1));
	pthread_t thread;
	void *rounds;

	(void)state;
	attach();
	fill(witness, MIB(1), 9);
	disk_put(0, witness, MIB(1));
	fill(p, upper, 10);
	memcpy(witness, p, upper);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, 0, upper);
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, reads_the_upper_half,
					NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		size_t from = i * 100 * 1000, to = from + 50 * 1000;

		assert_int_equal(edu_dma(edu, PINBUF_EDU_KEPT,
					 PINBUF_EDU_TO_DEVICE, from, PIECE), 0);
		assert_int_equal(edu_dma(edu, PINBUF_EDU_KEPT,
					 PINBUF_EDU_FROM_DEVICE, to, PIECE), 0);
		memcpy(witness + to, witness + from, PIECE);
	}
	stop = true;
	assert_int_equal(pthread_join(thread, &rounds), 0);
	assert_true((intptr_t)rounds > 0);
	sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, 0, upper);
	assert_memory_equal(p, witness, upper);
	assert_true(only_edges(MIB(2), len));
	free(witness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ATTACHED(the_device_reads_what_the_disk_wrote),
		ATTACHED(the_disk_reads_what_the_device_wrote),
		ATTACHED(both_work_at_the_same_time),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
