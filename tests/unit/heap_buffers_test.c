// SPDX-License-Identifier: MIT
/* The pinned heap and its buffers: growing, giving back, being full, lying on others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <pinbuf.h>
#include <pinbuf/heap.h>

#include "heap_fixture.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

static void empty_buffers_go_back(void **state)
{
	enum { NR = 20000 };
	static void *ptr[NR];
	size_t i;

	(void)state;
	for (i = 0; i < NR; i++)
		assert_non_null(ptr[i] = pinbuf_heap_malloc(heap, 1 + i % 3000));
	assert_true(source.pieces > 1);
	for (i = 0; i < NR; i++)
		pinbuf_heap_free(heap, ptr[i]);
	assert_true(pinbuf_heap_trim(heap) > 0);
	assert_int_equal(source.pieces, 0);
	assert_int_equal(heap_stats(heap).held, 0);
}

static void pointer_is_located_in_its_buffer(void **state)
{
	char *small = pinbuf_heap_malloc(heap, 100), *large = pinbuf_heap_malloc(heap, 3 * MIB);
	struct pinbuf_heap_place place;

	(void)state;
	assert_int_equal(pinbuf_heap_locate(heap, small + 50, &place), 0);
	assert_ptr_equal((char *)place.addr + place.offset, small + 50);
	assert_true(place.offset < place.len);
	assert_int_equal(!place.buf, !ground_dev());
	assert_int_equal(pinbuf_heap_locate(heap, large + 2 * MIB + 17, &place), 0);
	assert_ptr_equal((char *)place.addr + place.offset, large + 2 * MIB + 17);
	assert_int_equal(pinbuf_heap_locate(heap, &place, &place), -EINVAL);
	assert_int_equal(pinbuf_heap_locate(heap, NULL, &place), -EINVAL);
	assert_int_equal(pinbuf_heap_locate(heap, (void *)-1L, &place), -EINVAL);
}

static void several_heaps_do_not_mix(void **state)
{
	struct heap_source other_source = { 0 };
	struct pinbuf_heap *other = heap_of_source(&other_source, 0);
	struct pinbuf_heap_place place;
	void *mine[100], *others[100];
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		mine[i] = pinbuf_heap_malloc(heap, 64);
		others[i] = pinbuf_heap_malloc(other, 64);
		assert_int_equal(pinbuf_heap_locate(heap, mine[i], &place), 0);
		assert_int_equal(pinbuf_heap_locate(heap, others[i], &place), -EINVAL);
	}
	for (i = 0; i < 100; i++) {
		pinbuf_heap_free(heap, mine[i]);
		pinbuf_heap_free(other, others[i]);
	}
	assert_int_equal(heap_stats(heap).allocation_count, 100);
	assert_int_equal(heap_stats(other).deallocation_count, 100);
	pinbuf_heap_destroy(other);
	assert_int_equal(other_source.pieces, 0);
	/* the thread's cache of the other heap is used again */
	other = heap_of_source(&other_source, 0);
	others[0] = pinbuf_heap_malloc(other, 64);
	assert_int_equal(heap_stats(other).allocation_count, 1);
	pinbuf_heap_free(other, others[0]);
	pinbuf_heap_destroy(other);
	assert_int_equal(other_source.pieces, 0);
}

static void full_heap_says_what_is_left_and_works_on(void **state)
{
	struct heap_source small_source = { 0 };
	struct pinbuf_heap *small = heap_of_source(&small_source, 1 * MIB);
	size_t nr = 0;
	void *last = NULL, **ptr;

	(void)state;
	while ((ptr = pinbuf_heap_malloc(small, 1000))) {
		*ptr = last;
		last = ptr;
		nr++;
	}
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(nr, 16 * 64);		/* 16 spans of 64 blocks of 1024 */
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_EXHAUSTED);
	assert_int_equal(pinbuf_error_last()->requested, 1000);
	assert_int_equal(pinbuf_error_last()->available, 0);
	assert_string_equal(pinbuf_error_last()->name, "tested");
	assert_non_null(strstr(pinbuf_error_text(), "heap 'tested' is exhausted: 1000 bytes asked"));
	assert_int_equal(heap_stats(small).failures, 1);
	assert_null(pinbuf_heap_malloc(small, 2 * MIB));
	for (; last; last = ptr) {
		ptr = *(void **)last;
		pinbuf_heap_free(small, last);
	}
	/* what threads have at hand is gathered before a block is refused */
	ptr = pinbuf_heap_malloc(small, 1 * MIB);
	assert_non_null(ptr);
	pinbuf_heap_free(small, ptr);
	assert_int_equal(small_source.bytes, 0);
	pinbuf_heap_destroy(small);
}

static void options_that_cannot_be_are_refused(void **state)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *none = NULL;

	(void)state;
	opts.flags = 1;
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	opts.flags = 0;
	opts.size = 8;
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	opts.size = sizeof(opts);
	opts.grow = 4096;
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	opts.grow = 0;
	opts.parent = pinbuf_heap_region(heap);
	opts.source = &heap_source;
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	opts.source = NULL;
	opts.max = 65536;
	opts.initial = 65537;
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	opts.initial = 0;
	opts.name = "a name that is longer than the room for it";
	assert_int_equal(pinbuf_heap_create(&none, &opts), -EINVAL);
	assert_null(none);
}

static void initial_bytes_are_there_and_stay(void **state)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct heap_source s = { 0 };
	struct pinbuf_heap *ready;
	void *ptr;

	(void)state;
	opts.source = &heap_source;
	opts.source_ctx = &s;
	opts.initial = 10 * MIB;
	opts.keep = 0;
	assert_int_equal(pinbuf_heap_create(&ready, &opts), 0);
	assert_int_equal(s.bytes, 10 * MIB);
	ptr = pinbuf_heap_malloc(ready, 10 * MIB);
	assert_non_null(ptr);
	assert_int_equal(s.calls, 1);
	pinbuf_heap_free(ready, ptr);
	pinbuf_heap_trim(ready);
	assert_int_equal(s.bytes, 10 * MIB);
	pinbuf_heap_destroy(ready);
	assert_int_equal(s.bytes, 0);
}

static void memory_that_begins_anywhere_will_do(void **state)
{
	struct heap_source skewed = { .skew = 4096 };
	struct pinbuf_heap *odd = heap_of_source(&skewed, 0);
	void *ptr[200];
	int i;

	(void)state;
	for (i = 0; i < 200; i++) {
		ptr[i] = pinbuf_heap_malloc(odd, (size_t)i * 997);
		assert_non_null(ptr[i]);
		memset(ptr[i], i, (size_t)i * 997);
	}
	for (i = 0; i < 200; i++)
		pinbuf_heap_free(odd, ptr[i]);
	pinbuf_heap_destroy(odd);
	assert_int_equal(skewed.pieces, 0);
}

static void heap_lies_on_a_heap(void **state)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *upper;
	void *ptr;

	(void)state;
	opts.parent = pinbuf_heap_region(heap);
	opts.keep = 0;
	assert_int_equal(pinbuf_heap_create(&upper, &opts), 0);
	ptr = pinbuf_heap_malloc(upper, 100);
	assert_non_null(ptr);
	memset(ptr, 1, 100);
	assert_true(heap_stats(upper).held > 0);
	assert_int_equal(heap_stats(heap).current_live, heap_stats(upper).held);
	pinbuf_heap_free(upper, ptr);
	pinbuf_heap_destroy(upper);
	assert_int_equal(heap_stats(heap).current_live, 0);
}

/* One buffer, and the mapping of it through which the device writes. */
static char *device;

static int device_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	int fd = memfd_create("buffer", MFD_CLOEXEC);
	char *room = mmap(NULL, len + 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)ctx;
	assert_ptr_not_equal(room, MAP_FAILED);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	device = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	pages->cookie = room;
	pages->addr = mmap(room + -(uintptr_t)room % 65536, len, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_not_equal(device, MAP_FAILED);
	assert_ptr_not_equal(pages->addr, MAP_FAILED);
	close(fd);
	pages->len = len;
	return 0;
}

static void device_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	munmap(device, pages->len);
	munmap(pages->cookie, pages->len + 65536);
}

static void device_writes(struct pinbuf_heap *of, const void *ptr, size_t size)
{
	struct pinbuf_heap_place place;

	assert_int_equal(pinbuf_heap_locate(of, ptr, &place), 0);
	memset(device + place.offset, 0xee, size);
}

static void late_device_write_harms_no_books(void **state)
{
	enum { NR = 5000 };
	static const struct pinbuf_heap_source dma = {
		.size = sizeof(dma), .get = device_get, .put = device_put,
	};
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *of;
	static unsigned char *ptr[NR];
	size_t i, k;

	(void)state;
	opts.source = &dma;
	opts.max = opts.initial = 32 * MIB;
	assert_int_equal(pinbuf_heap_create(&of, &opts), 0);
	for (i = 0; i < NR; i++)
		assert_non_null(ptr[i] = pinbuf_heap_malloc(of, 16 + i % 5000));
	for (i = 0; i < NR; i += 2)
		pinbuf_heap_free(of, ptr[i]);
	for (i = 0; i < NR; i += 2)
		device_writes(of, ptr[i], 16 + i % 5000);
	for (i = 0; i < NR; i += 2) {
		ptr[i] = pinbuf_heap_malloc(of, 16 + i % 5000);
		assert_non_null(ptr[i]);
		memset(ptr[i], (int)i, 16 + i % 5000);
	}
	for (i = 0; i < NR; i += 2)
		for (k = 0; k < 16 + i % 5000; k++)
			assert_int_equal(ptr[i][k], (unsigned char)i);
	for (i = 0; i < NR; i++)
		pinbuf_heap_free(of, ptr[i]);
	assert_int_equal(heap_stats(of).current_live, 0);
	pinbuf_heap_trim(of);
	assert_non_null(ptr[0] = pinbuf_heap_malloc(of, 31 * MIB));
	pinbuf_heap_destroy(of);
}

#define T(name) cmocka_unit_test_setup_teardown(name, heap_open, heap_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(empty_buffers_go_back),
		T(pointer_is_located_in_its_buffer),
		T(several_heaps_do_not_mix),
		T(full_heap_says_what_is_left_and_works_on),
		T(options_that_cannot_be_are_refused),
		T(initial_bytes_are_there_and_stay),
		T(memory_that_begins_anywhere_will_do),
		T(heap_lies_on_a_heap),
		T(late_device_write_harms_no_books),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heap_buffers", tests, NULL, NULL);
}
