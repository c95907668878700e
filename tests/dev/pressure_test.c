// SPDX-License-Identifier: MIT
/*
 * Promise 1, without being asked: what the kernel does by itself under pressure,
 * with bad memory, when memory is taken away, and to bring it nearer to a CPU.
 */
#include "common.h"
#include "cpus.h"
#include "moves.h"
#include "numa.h"
#include "proc.h"

#include <time.h>

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

static void pageout_leaves_it(void **state)
{
	(void)state;
	madvise(pinned, LEN, MADV_COLD);
	madvise(pinned, LEN, MADV_PAGEOUT);
	assert_int_equal(pinned_moved(), 0);
	assert_pinned_bytes();
}

/* Pages that make it pressure. */
#define SCANNED 2048

/* Pages that the kernel has looked at to free them. */
static long long pages_scanned(void)
{
	return file_number("/proc/vmstat", "pgscan_kswapd") +
	       file_number("/proc/vmstat", "pgscan_direct");
}

/*
 * Little is left above the mark at which the kernel starts to look for memory
 * (5/4 of the least), and then a disk is read: its page cache can always be
 * dropped, so the kernel has to work for every page but never to kill.
 */
static int eats_memory(void *unused)
{
	size_t kept = (size_t)file_number("/proc/sys/vm/min_free_kbytes", NULL) * 1280;
	size_t len = meminfo("MemFree");
	long long before = pages_scanned();
	static char block[1 << 16];
	int disk = open("/dev/nvme0n1", O_RDONLY);
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)unused;
	CHECK(p != MAP_FAILED);
	len = (len - kept - MIB(32)) & -PAGE;
	CHECK(!madvise(p, len, MADV_POPULATE_WRITE));
	/* all of the disk is cached: more of the rest, while there is cache to drop */
	while (pages_scanned() < before + SCANNED) {
		if (read(disk, block, sizeof(block)) > 0)
			continue;
		CHECK(!madvise(p + len, KIB(256), MADV_POPULATE_WRITE));
		len += KIB(256);
	}
	return 0;
}

static void memory_pressure_leaves_it(void **state)
{
	long long before = pages_scanned();

	(void)state;
	if (kernel_is("debug"))
		skip_because("filling the memory takes minutes under the checkers");
	if (access("/dev/nvme0n1", R_OK))
		skip_because("no disk /dev/nvme0n1 to read (tests/vm/run --nvme 64M)");
	in_child(eats_memory, NULL);
	assert_true(pages_scanned() >= before + SCANNED);
	assert_int_equal(pinned_moved(), 0);
	assert_pinned_bytes();
}

static void soft_offline_leaves_it(void **state)
{
	int err;

	(void)state;
	/* the first of huge folios, of small ones, and a single page */
	for (size_t at = 0; at < 3; at++) {
		const size_t where[] = { 0, LEN / 2, LEN - PAGE };

		err = errno_of(madvise(pinned + where[at], PAGE,
				       MADV_SOFT_OFFLINE));
		if (err == EINVAL)
			skip_because("this kernel cannot offline pages (MEMORY_FAILURE)");
		assert_int_not_equal(err, 0);
		assert_int_equal(pinned_moved(), 0);
	}
	assert_pinned_bytes();
}

static void offlining_its_memory_is_refused(void **state)
{
	const char *text = file_text("/sys/devices/system/memory/block_size_bytes");
	unsigned long long size, last = 0;
	int refused = 0;

	(void)state;
	if (!text)
		skip_because("this kernel cannot take memory offline");
	size = strtoull(text, NULL, 16);
	for (size_t i = 0; i < PAGES; i++) {
		unsigned long long block = pinned_before[i] * PAGE / size;
		char path[96];
		int err;

		if (i && block == last)
			continue;
		last = block;
		snprintf(path, sizeof(path),
			 "/sys/devices/system/memory/memory%llu/state", block);
		err = errno_of(file_write(path, "offline"));
		/* EINVAL: it spans zones, and cannot be in any case */
		assert_true(err == EBUSY || err == EINVAL);
		refused += err == EBUSY;
		assert_int_equal(pinned_moved(), 0);
	}
	assert_pinned_bytes();
	if (!refused)
		skip_because("all of the buffer lies in blocks that span zones");
}

enum { OURS = 256, THEIRS = 511 };	/* pages */

#define BALANCING "/sys/kernel/debug/sched/numa_balancing/"

static long faults_of_touching(volatile char *p, size_t len)
{
	long faults = minor_faults();

	for (size_t at = 0; at < len; at += PAGE)
		p[at] = p[at];
	return minor_faults() - faults;
}

/* The scanner counts the time that the thread has run, not the clock's. */
static time_t seconds_run(void)
{
	struct timespec now;

	CHECK(!clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now));
	return now.tv_sec;
}

/*
 * Buffers of a page each on node 1, side by side: one entry and, where a fault
 * deals with a whole folio, one fault each.
 */
static char *buffers_on_node_1(void)
{
	char *place = reserve_aligned(OURS * PAGE, PAGE);

	for (size_t i = 0; i < OURS; i++) {
		struct pinbuf_ioc_alloc req = request(PAGE);

		req.node = 1;
		req.flags = PINBUF_ALLOC_STRICT_NODE;
		CHECK(!ioctl(dev, PINBUF_IOC_ALLOC, &req));
		CHECK(mmap(place + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, req.out_fd, 0) != MAP_FAILED);
		close(req.out_fd);
	}
	return place;
}

/* The same of ordinary memory, under no policy of its own. */
static char *memory_on_node_1(void)
{
	char *p = mmap(NULL, THEIRS * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	madvise(p, THEIRS * PAGE, MADV_NOHUGEPAGE);
	CHECK(!policy_set(MPOL_BIND, 2));
	memset(p, 1, THEIRS * PAGE);
	CHECK(!policy_set(MPOL_DEFAULT, 0));
	return p;
}

/*
 * A thread on node 0 uses memory on node 1 until the kernel has looked into it:
 * half of the control's pages have taken a hinting fault, and the buffers' none.
 */
static int is_balanced(void *unused)
{
	long ours = 0, others = 0;
	char *buffers, *memory;

	(void)unused;
	cpus_bind(0);
	buffers = buffers_on_node_1();
	memory = memory_on_node_1();
	faults_of_touching(buffers, OURS * PAGE);
	for (int after = 0; after < 20 && seconds_run() < 20; ) {
		others += faults_of_touching(memory, THEIRS * PAGE);
		ours += faults_of_touching(buffers, OURS * PAGE);
		after += others > THEIRS / 2;
	}
	fprintf(stderr, "# hinting faults: %ld of ordinary memory, %ld of ours\n",
		others, ours);
	CHECK(others > THEIRS / 2);
	/* code and stack are balanced too */
	CHECK(ours < 64);
	return 0;
}

static void numa_balancing_leaves_it(void **state)
{
	static const char path[] = "/proc/sys/kernel/numa_balancing";
	long long old = file_number(path, NULL);
	int status;

	(void)state;
	require_two_nodes();
	if (old < 0)
		skip_because("this kernel does not balance nodes");
	/* sooner and more often, where the kernel lets itself be told */
	file_write(BALANCING "scan_delay_ms", "1");
	file_write(BALANCING "scan_period_min_ms", "20");
	assert_ok(file_write(path, "1"));
	status = child_wait(child_start(is_balanced, NULL));
	assert_ok(file_write_number(path, old));
	file_write(BALANCING "scan_delay_ms", "1000");
	file_write(BALANCING "scan_period_min_ms", "1000");
	assert_int_equal(status, 0);
	assert_int_equal(pinned_moved(), 0);
	assert_pinned_bytes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOVES(pageout_leaves_it),
		MOVES(memory_pressure_leaves_it),
		MOVES(soft_offline_leaves_it),
		MOVES(offlining_its_memory_is_refused),
		MOVES(numa_balancing_leaves_it),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
