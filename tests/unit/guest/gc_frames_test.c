// SPDX-License-Identifier: MIT
/*
 * The collected heap over /dev/pinbuf: pinned leaves keep their physical frames through
 * collections, compaction and attempts to migrate them, and a device's view of them is
 * the program's.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"

enum { LARGE = 3 << 20, SMALL = 200, PAGES = LARGE / 4096 };

static struct pinbuf_heap *heap;
static struct pinbuf_gc *gc;
static struct pinbuf_gc_mutator *m;
static const struct pinbuf_gc_type *bytes_type, *dma_type, *node_type;

struct node {
	struct node *next;
	unsigned char *payload;
};

static int gc_open(void **state)
{
	static const size_t pointers[] = { 0, 8 };
	struct pinbuf_heap_opts h = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_gc_opts o = PINBUF_GC_OPTS_INIT;
	struct pinbuf_gc_type_opts bytes = PINBUF_GC_ARRAY(unsigned char), dma = bytes;
	struct pinbuf_gc_type_opts node = PINBUF_GC_STRUCT(struct node, pointers);

	(void)state;
	h.dev = dev;
	h.keep = 0;
	dma.flags = PINBUF_GC_PINNED;
	if (pinbuf_heap_create(&heap, &h))
		return -1;
	o.pinned = heap;
	return pinbuf_gc_create(&gc, &o) || pinbuf_gc_type_create(&bytes_type, gc, &bytes) ||
	       pinbuf_gc_type_create(&dma_type, gc, &dma) ||
	       pinbuf_gc_type_create(&node_type, gc, &node) || pinbuf_gc_attach(&m, gc);
}

static int gc_close(void **state)
{
	(void)state;
	pinbuf_gc_detach(m);
	pinbuf_gc_destroy(gc);
	pinbuf_heap_destroy(heap);
	return live_bytes() ? -1 : 0;
}

/* The frame behind each page of @mem. */
static void frames_read(const void *mem, size_t nr, uint64_t *out)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	size_t i;

	assert_true(fd >= 0);
	for (i = 0; i < nr; i++)
		(void)((const volatile char *)mem)[i * 4096];
	assert_int_equal(pread(fd, out, nr * 8, (off_t)((uintptr_t)mem / 4096 * 8)), nr * 8);
	close(fd);
	for (i = 0; i < nr; i++) {
		assert_true(out[i] >> 63);
		out[i] &= (1ULL << 55) - 1;
		assert_true(out[i]);
	}
}

static bool has_node(int node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
	return !access(path, F_OK);
}

/* Everything that makes the kernel move pages which can be moved. */
static void kernel_tries_to_move(void *mem, size_t nr)
{
	static int nodes[PAGES], status[PAGES];
	static void *pages[PAGES];
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY), other;
	size_t i;

	if (fd >= 0) {
		assert_int_equal(write(fd, "1", 1), 1);
		close(fd);
	}
	for (i = 0; i < nr; i++)
		pages[i] = (char *)mem + i * 4096;
	/* without nodes it says where they are */
	if (!has_node(1) || syscall(SYS_move_pages, 0, nr, pages, NULL, status, 0))
		return;
	other = status[0] == 0;
	for (i = 0; i < nr; i++)
		nodes[i] = other;
	syscall(SYS_move_pages, 0, nr, pages, nodes, status, 2 /* MPOL_MF_MOVE */);
}

/* So that the test would see a move: ordinary memory does. */
static void ordinary_memory_moves(void)
{
	char *mem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t before, after;

	assert_true(mem != MAP_FAILED);
	*mem = 1;
	frames_read(mem, 1, &before);
	kernel_tries_to_move(mem, 1);
	frames_read(mem, 1, &after);
	if (has_node(1))
		assert_true(before != after);
	munmap(mem, 4096);
}

static void garbage_make(void)
{
	struct node *n;
	int i;

	for (i = 0; i < 100000; i++) {
		n = pinbuf_gc_new(m, node_type, struct node);
		assert_non_null(n);
		if (i % 1000 == 0)
			assert_non_null(pinbuf_gc_new_array(m, bytes_type, 100000));
	}
}

static void pinned_leaves_keep_their_frames(void **state)
{
	static uint64_t before[PAGES], after[PAGES];
	struct pinbuf_heap_place place;
	uint64_t small_before, small_after;
	int i;

	(void)state;
	PINBUF_GC_SCOPE(m);
	struct node **n = pinbuf_gc_root(m, pinbuf_gc_new(m, node_type, struct node));
	unsigned char **small = pinbuf_gc_root(m, (unsigned char *)pinbuf_gc_new_array(m, dma_type, SMALL));
	unsigned char *large = pinbuf_gc_new_array(m, bytes_type, LARGE), *at = *small;

	assert_non_null(large);
	assert_non_null(at);
	pinbuf_gc_set(m, *n, payload, large);
	memset(large, 0x5a, LARGE);
	memset(at, 0xa5, SMALL);
	assert_int_equal(pinbuf_region_caps(pinbuf_gc_region(gc)) & PINBUF_NEVER_MOVES,
			 PINBUF_NEVER_MOVES);
	frames_read(large, PAGES, before);
	frames_read(at, 1, &small_before);
	for (i = 0; i < 8; i++) {
		garbage_make();
		assert_int_equal(pinbuf_gc_collect(m, (enum pinbuf_gc_kind)(i % 4)), 0);
		kernel_tries_to_move(large, PAGES);
	}
	ordinary_memory_moves();
	assert_int_equal(pinbuf_gc_verify(m), 0);
	assert_ptr_equal((*n)->payload, large);
	assert_ptr_equal(*small, at);
	frames_read(large, PAGES, after);
	frames_read(at, 1, &small_after);
	assert_memory_equal(before, after, sizeof(before));
	assert_int_equal(small_before, small_after);
	for (i = 0; i < LARGE; i++)
		assert_int_equal(large[i], 0x5a);
	/* by its buffer it is the same memory */
	assert_int_equal(pinbuf_heap_locate(heap, large, &place), 0);
	assert_non_null(place.buf);
}

static void a_collected_payload_takes_direct_io(void **state)
{
	const char *disk = "/dev/nvme0n1";
	int fd = open(disk, O_RDONLY | O_DIRECT | O_CLOEXEC), cached;
	static unsigned char expect[LARGE];

	(void)state;
	if (fd < 0)
		skip();
	PINBUF_GC_SCOPE(m);
	unsigned char **bytes = pinbuf_gc_root(m, (unsigned char *)pinbuf_gc_new_array(m, bytes_type, LARGE));

	assert_int_equal(read(fd, *bytes, LARGE), LARGE);
	close(fd);
	cached = open(disk, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(cached, expect, LARGE), LARGE);
	close(cached);
	garbage_make();
	assert_memory_equal(*bytes, expect, LARGE);
}

static void dead_payloads_go_back_to_the_device(void **state)
{
	uint64_t before = live_bytes();

	(void)state;
	assert_non_null(pinbuf_gc_new_array(m, bytes_type, LARGE));
	assert_true(live_bytes() >= before + LARGE);
	assert_int_equal(pinbuf_gc_collect(m, PINBUF_GC_FULL), 0);
	pinbuf_heap_trim(heap);
	assert_int_equal(live_bytes(), before);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, gc_open, gc_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pinned_leaves_keep_their_frames),
		TEST(a_collected_payload_takes_direct_io),
		TEST(dead_payloads_go_back_to_the_device),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, dev_open, dev_close);
}
