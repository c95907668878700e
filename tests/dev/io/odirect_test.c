// SPDX-License-Identifier: MIT
/*
 * O_DIRECT between a disk and a buffer: raw NVMe and a file on ext4, into and
 * out of every kind of mapping, with the neighbours of each piece intact.
 */
#include "common.h"
#include "io/disk.h"
#include "proc.h"

#include <sys/mount.h>
#include <sys/stat.h>

#define EDGE 0xee		/* what lies around a piece */
#define MOUNT_POINT "/tmp/pinbuf-ext4"

/* A piece of the buffer and where it goes on the disk. */
struct piece {
	size_t offset, len, disk;
};

static const struct piece pieces[] = {
	{ 0, 4096, 0 },
	{ 512, 512, 4096 },
	{ 4096 - 512, 1024, 8192 },
	{ 3 * 4096, 5 * 4096, MIB(1) },
	{ 4096 + 1536, 64 * 1024, MIB(2) + 512 },
	{ MIB(1) - 4096, MIB(1), MIB(3) },
};

static bool only_has(const uint8_t *p, size_t len, int byte)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != byte)
			return false;
	return true;
}

/* The disk is read into the buffer's piece and into nothing else. */
static void reads(int disk, uint8_t *p, size_t len, const struct piece *piece)
{
	uint8_t *witness = malloc(piece->len);

	fill(witness, piece->len, piece->disk);
	disk_put(piece->disk, witness, piece->len);
	memset(p, EDGE, len);
	assert_int_equal(pread(disk, p + piece->offset, piece->len,
			       (off_t)piece->disk), piece->len);
	assert_int_equal(differs(p + piece->offset, piece->len, piece->disk),
			 -1);
	assert_true(only_has(p, piece->offset, EDGE));
	assert_true(only_has(p + piece->offset + piece->len,
			     len - piece->offset - piece->len, EDGE));
	free(witness);
}

/* The buffer's piece is written to the disk, and nothing around it. */
static void writes(int disk, uint8_t *p, size_t len, const struct piece *piece)
{
	size_t around = 512;
	uint8_t *witness = malloc(piece->len + 2 * around);
	size_t start = piece->disk + 4096;

	memset(witness, EDGE, piece->len + 2 * around);
	disk_put(start - around, witness, piece->len + 2 * around);
	memset(p, 0x11, len);
	fill(p + piece->offset, piece->len, start);
	assert_int_equal(pwrite(disk, p + piece->offset, piece->len,
				(off_t)start), piece->len);
	disk_get(start - around, witness, piece->len + 2 * around);
	assert_true(only_has(witness, around, EDGE));
	assert_int_equal(differs(witness + around, piece->len, start), -1);
	assert_true(only_has(witness + around + piece->len, around, EDGE));
	free(witness);
}

static void both_ways(uint8_t *p, size_t len)
{
	int disk = disk_open();

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		if (pieces[i].offset + pieces[i].len > len)
			continue;
		reads(disk, p, len, &pieces[i]);
		writes(disk, p, len, &pieces[i]);
	}
	close(disk);
}

static void node_mapping_of_huge_folios(void **state)
{
	void *p;

	(void)state;
	close(disk_open());
	p = map_shared(dev, MIB(4));
	both_ways(p, MIB(4));
	munmap(p, MIB(4));
}

static void buffer_of_small_folios(void **state)
{
	const size_t len = MIB(2) - PAGE;
	int fd;
	void *p;

	(void)state;
	close(disk_open());
	fd = buf_new(len);
	p = map_shared(fd, len);
	close(fd);
	both_ways(p, len);
	munmap(p, len);
}

static void buffer_of_one_page(void **state)
{
	void *p;

	(void)state;
	close(disk_open());
	p = map_shared(dev, PAGE);
	both_ways(p, PAGE);
	munmap(p, PAGE);
}

static void huge_folios_at_an_unaligned_address(void **state)
{
	char *place;
	void *p;
	int fd;

	(void)state;
	close(disk_open());
	fd = buf_new(MIB(4));
	place = reserve_aligned(MIB(6), MIB(2));
	p = mmap(place + 3 * PAGE, MIB(4), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	both_ways(p, MIB(4));
	munmap(place, MIB(6));
	close(fd);
}

static void untouched_mapping_can_be_read_into(void **state)
{
	const struct piece *piece = &pieces[5];
	uint8_t *witness;
	int disk;
	void *p;

	(void)state;
	disk = disk_open();
	witness = malloc(piece->len);
	fill(witness, piece->len, 77);
	disk_put(piece->disk, witness, piece->len);
	/* the device's write is the first touch */
	p = map_shared(dev, MIB(4));
	assert_int_equal(pread(disk, (char *)p + piece->offset, piece->len,
			       (off_t)piece->disk), piece->len);
	assert_int_equal(differs((char *)p + piece->offset, piece->len, 77), -1);
	munmap(p, MIB(4));
	free(witness);
	close(disk);
}

static void protection_of_the_mapping_counts(void **state)
{
	int disk, fd;
	void *p;

	(void)state;
	disk = disk_open();
	fd = buf_new(PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_errno(EFAULT, (int)pread(disk, p, PAGE, 0));
	assert_int_equal(pwrite(disk, p, PAGE, 0), PAGE);
	munmap(p, PAGE);
	close(fd);
	close(disk);
}

static void large_transfer_is_exact(void **state)
{
	const size_t len = MIB(16);
	uint8_t *p;
	int disk;

	(void)state;
	disk = disk_open();
	p = map_shared(dev, len);
	fill(p, len, 99);
	assert_int_equal(pwrite(disk, p, len, (off_t)MIB(8)), len);
	memset(p, 0, len);
	assert_int_equal(pread(disk, p, len, (off_t)MIB(8)), len);
	assert_int_equal(differs(p, len, 99), -1);
	munmap(p, len);
	close(disk);
}

static int mount_ext4(void)
{
	system("/usr/sbin/modprobe ext4 2>/dev/null");
	if (system("/usr/sbin/mkfs.ext4 -q -F " DISK_PATH " >/dev/null 2>&1"))
		return -1;
	mkdir(MOUNT_POINT, 0700);
	return mount(DISK_PATH, MOUNT_POINT, "ext4", 0, "");
}

static void file_on_ext4(void **state)
{
	const size_t len = MIB(3) - PAGE;
	uint8_t *p, *copy;
	int file;

	(void)state;
	close(disk_open());
	if (mount_ext4())
		skip_because("no ext4 on " DISK_PATH ": %s", strerror(errno));
	p = map_shared(dev, len);
	copy = malloc(len);
	file = open(MOUNT_POINT "/file", O_RDWR | O_CREAT | O_DIRECT, 0600);
	assert_true(file >= 0);
	fill(p, len, 5);
	assert_int_equal(pwrite(file, p, len, 0), len);
	assert_ok(fcntl(file, F_SETFL, 0));
	assert_int_equal(pread(file, copy, len, 0), len);
	assert_int_equal(differs(copy, len, 5), -1);

	/* the other way: written by the page cache, read directly */
	fill(copy, len, 6);
	assert_int_equal(pwrite(file, copy, len, 0), len);
	assert_ok(fsync(file));
	assert_ok(fcntl(file, F_SETFL, O_DIRECT));
	memset(p, EDGE, len);
	assert_int_equal(pread(file, p + PAGE, len - 2 * PAGE, (off_t)PAGE),
			 len - 2 * PAGE);
	assert_int_equal(differs(p + PAGE, len - 2 * PAGE,
				 6 + PAGE / sizeof(uint64_t)), -1);
	assert_true(only_has(p, PAGE, EDGE));
	assert_true(only_has(p + len - PAGE, PAGE, EDGE));
	close(file);
	munmap(p, len);
	free(copy);
	assert_ok(umount(MOUNT_POINT));
	rmdir(MOUNT_POINT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(node_mapping_of_huge_folios),
		TEST(buffer_of_small_folios),
		TEST(buffer_of_one_page),
		TEST(huge_folios_at_an_unaligned_address),
		TEST(untouched_mapping_can_be_read_into),
		TEST(protection_of_the_mapping_counts),
		TEST(large_transfer_is_exact),
		TEST(file_on_ext4),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
