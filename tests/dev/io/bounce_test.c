// SPDX-License-Identifier: MIT
/*
 * A device that needs the CPU's help to be coherent: edu reaches 32 bits, so a
 * buffer above 4 GiB goes through bounce pages, which only synchronising copies.
 * What SYNC does is visible here, to the byte.
 */
#include "common.h"
#include "edu.h"
#include "proc.h"

#include <linux/dma-buf.h>

#define PIECE 2048

static int edu = -1, buf = -1;
static uint8_t *map;
static uint8_t seen[PIECE];

/* Takes buffers until one lies above 4 GiB, where the device does not reach. */
static int buffer_out_of_reach(void)
{
	for (int tries = 0; tries < 64; tries++) {
		int fd = buf_new(PAGE);

		map = map_shared(fd, PAGE);
		if (frame_of(map) * PAGE >= 1ULL << 32)
			return fd;
		munmap(map, PAGE);
		close(fd);
	}
	return -1;
}

static int bounce_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	edu = open(EDU_PATH, O_RDWR | O_CLOEXEC);
	buf = buffer_out_of_reach();
	return 0;
}

static int bounce_teardown(void **state)
{
	if (edu >= 0)
		close(edu);
	if (buf >= 0) {
		munmap(map, PAGE);
		close(buf);
	}
	return fixture_teardown(state);
}

#define BOUNCE(function) \
	cmocka_unit_test_setup_teardown(function, bounce_setup, bounce_teardown)

/* Attaches the device for good, with the buffer's bytes being @byte. */
static void attach(int byte)
{
	struct pinbuf_edu_attach arg = {
		.fd = buf,
		.direction = PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE,
	};

	if (edu < 0)
		skip_because("no device " EDU_PATH " (tests/vm/run --edu)");
	if (buf < 0)
		skip_because("no memory above 4 GiB (tests/vm/run --mem 6G)");
	memset(map, byte, PAGE);
	assert_ok(ioctl(edu, PINBUF_EDU_ATTACH, &arg));
}

static void device_moves(uint32_t direction, uint64_t offset)
{
	struct pinbuf_edu_dma dma = {
		.fd = PINBUF_EDU_KEPT, .direction = direction,
		.offset = offset, .len = PIECE,
	};

	assert_ok(ioctl(edu, PINBUF_EDU_DMA, &dma));
	assert_int_equal(dma.out_len, PIECE);
}

/* What the device reads at the start of the buffer, by way of another buffer. */
static const uint8_t *device_sees(void)
{
	struct pinbuf_edu_dma dma = {
		.direction = PINBUF_EDU_FROM_DEVICE, .len = PIECE,
	};
	uint8_t *p;

	device_moves(PINBUF_EDU_TO_DEVICE, 0);
	dma.fd = buf_new(PAGE);
	p = map_shared(dma.fd, PAGE);
	assert_ok(ioctl(edu, PINBUF_EDU_DMA, &dma));
	memcpy(seen, p, PIECE);
	munmap(p, PAGE);
	close(dma.fd);
	return seen;
}

static void sync_range(uint32_t flags, uint64_t offset, uint64_t len)
{
	struct pinbuf_ioc_sync sync = {
		.fd = buf, .flags = flags, .offset = offset, .len = len,
	};

	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
}

/* @p has @inside in [first, end) and @outside elsewhere. */
static void assert_bytes(const uint8_t *p, size_t first, size_t end, int inside,
			 int outside)
{
	for (size_t i = 0; i < PIECE; i++)
		assert_int_equal(p[i],
				 i >= first && i < end ? inside : outside);
}

static void device_sees_a_write_after_sync_end_of_that_range(void **state)
{
	(void)state;
	attach(0x11);
	memset(map, 0x22, PAGE);
	/* the control: without it the device sees what was there before */
	assert_bytes(device_sees(), 0, PIECE, 0x11, 0x11);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, 100, 300);
	assert_bytes(device_sees(), 100, 400, 0x22, 0x11);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, 0, PAGE);
	assert_bytes(device_sees(), 0, PIECE, 0x22, 0x22);
}

static void cpu_sees_a_devices_write_after_sync_start_of_that_range(void **state)
{
	(void)state;
	attach(0x33);
	device_moves(PINBUF_EDU_TO_DEVICE, 0);
	memset(map, 0x44, PAGE);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, 0, PAGE);
	device_moves(PINBUF_EDU_FROM_DEVICE, 0);
	assert_bytes(map, 0, PIECE, 0x44, 0x44);
	sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, 7, 1000);
	assert_bytes(map, 7, 1007, 0x33, 0x44);
	sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, 0, PIECE);
	assert_bytes(map, 0, PIECE, 0x33, 0x33);
}

static void dma_buf_sync_does_all_of_it(void **state)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE,
	};

	(void)state;
	attach(0x55);
	memset(map, 0x66, PAGE);
	assert_bytes(device_sees(), 0, PIECE, 0x55, 0x55);
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
	assert_bytes(device_sees(), 0, PIECE, 0x66, 0x66);
	memset(map, 0x77, PAGE);
	device_moves(PINBUF_EDU_FROM_DEVICE, 0);
	assert_bytes(map, 0, PIECE, 0x77, 0x77);
	sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
	assert_bytes(map, 0, PIECE, 0x66, 0x66);
}

static void a_transfer_of_its_own_needs_no_sync(void **state)
{
	struct pinbuf_edu_dma dma = {
		.direction = PINBUF_EDU_TO_DEVICE, .len = PIECE,
	};

	(void)state;
	if (edu < 0 || buf < 0)
		attach(0);
	/* mapping for the device and unmapping copy as much as is needed */
	dma.fd = buf;
	memset(map, 0x12, PAGE);
	assert_ok(ioctl(edu, PINBUF_EDU_DMA, &dma));
	memset(map, 0x34, PAGE);
	dma.direction = PINBUF_EDU_FROM_DEVICE;
	assert_ok(ioctl(edu, PINBUF_EDU_DMA, &dma));
	assert_bytes(map, 0, PIECE, 0x12, 0x12);
	assert_int_equal(map[PIECE], 0x34);
}

/* Another file of the device, with an attachment of its own */
static int another_attachment(uint32_t direction)
{
	int other = edu_open();

	edu_keep(other, buf, direction);
	return other;
}

/* What the device reads through the attachment of that file */
static void assert_attachment_sees(int other, int byte)
{
	int own = edu;

	edu = other;
	assert_bytes(device_sees(), 0, PIECE, byte, byte);
	edu = own;
}

static void every_attachment_sees_a_write(void **state)
{
	int others[3];

	(void)state;
	attach(0x11);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		others[i] = another_attachment(PINBUF_EDU_TO_DEVICE);
	memset(map, 0x22, PAGE);
	assert_bytes(device_sees(), 0, PIECE, 0x11, 0x11);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_attachment_sees(others[i], 0x11);
	/* one of them is live no more */
	close(others[1]);
	sync_range(PINBUF_SYNC_END | PINBUF_SYNC_WRITE, 0, PAGE);
	assert_bytes(device_sees(), 0, PIECE, 0x22, 0x22);
	assert_attachment_sees(others[0], 0x22);
	assert_attachment_sees(others[2], 0x22);
	close(others[0]);
	close(others[2]);
}

/* The one that a device writes through is among others, at any place. */
static void a_write_through_any_attachment_is_seen(void **state)
{
	const uint32_t both = PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE;
	int files[3], own = edu;

	(void)state;
	if (edu < 0 || buf < 0)
		attach(0);
	for (size_t writer = 0; writer < ARRAY_LEN(files); writer++) {
		memset(map, 0x33, PAGE);
		for (size_t i = 0; i < ARRAY_LEN(files); i++)
			files[i] = another_attachment(i == writer ? both :
						      PINBUF_EDU_TO_DEVICE);
		edu = files[writer];
		device_moves(PINBUF_EDU_TO_DEVICE, 0);
		memset(map, 0x44, PAGE);
		device_moves(PINBUF_EDU_FROM_DEVICE, 0);
		assert_bytes(map, 0, PIECE, 0x44, 0x44);
		sync_range(PINBUF_SYNC_START | PINBUF_SYNC_READ, 0, PIECE);
		assert_bytes(map, 0, PIECE, 0x33, 0x33);
		edu = own;
		for (size_t i = 0; i < ARRAY_LEN(files); i++)
			close(files[i]);
	}
}

/* The same device and the same accesses, without a single call to SYNC */
static void memory_within_reach_needs_no_copies(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);

	(void)state;
	if (edu < 0 || buf < 0)
		attach(0);
	req.addr_bits = 32;
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	munmap(map, PAGE);
	close(buf);
	buf = req.out_fd;
	map = map_shared(buf, PAGE);
	attach(0x11);
	memset(map, 0x22, PAGE);
	assert_bytes(device_sees(), 0, PIECE, 0x22, 0x22);
	memset(map, 0x33, PAGE);
	device_moves(PINBUF_EDU_FROM_DEVICE, 0);
	assert_bytes(map, 0, PIECE, 0x22, 0x22);
	assert_int_equal(map[PIECE], 0x33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOUNCE(device_sees_a_write_after_sync_end_of_that_range),
		BOUNCE(cpu_sees_a_devices_write_after_sync_start_of_that_range),
		BOUNCE(dma_buf_sync_does_all_of_it),
		BOUNCE(every_attachment_sees_a_write),
		BOUNCE(a_write_through_any_attachment_is_seen),
		BOUNCE(memory_within_reach_needs_no_copies),
		BOUNCE(a_transfer_of_its_own_needs_no_sync),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
