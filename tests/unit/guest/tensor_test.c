// SPDX-License-Identifier: MIT
/* Tensors and the process's sums on the device's memory. */
#include <string.h>

#include "device.h"

static const ptrdiff_t shape[] = { 64, 128 };

static struct pinbuf_heap *heap;

static int heap_open(void **state)
{
	struct pinbuf_heap_opts o = PINBUF_HEAP_OPTS_INIT;

	o.keep = 0;
	return dev_open(state) || (o.dev = dev, pinbuf_heap_create(&heap, &o));
}

static int heap_close(void **state)
{
	pinbuf_heap_destroy(heap);
	return dev_close(state);
}

static struct pinbuf_tensor made(struct pinbuf_region *r)
{
	struct pinbuf_tensor t;
	ptrdiff_t i;

	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 2, shape, NULL), 0);
	for (i = 0; i < 64 * 128; i++)
		((float *)(void *)t.data)[i] = (float)i;
	return t;
}

struct seen {
	void *ptr;
	struct pinbuf_heap_place place;
	bool ours;
};

static int look(void *ptr, size_t bytes, void *arg)
{
	struct seen *s = arg;

	assert_int_equal(bytes, 64 * 128 * 4);
	s->ptr = ptr;
	s->ours = pinbuf_is_pinned(ptr) && !pinbuf_heap_locate(heap, ptr, &s->place);
	return ((float *)ptr)[1] == 128 ? 1 : 0;	/* whether it is the transposed order */
}

static void a_tensor_of_the_device_is_pinned_where_it_is(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_heap_region(heap));
	struct seen s;

	(void)state;
	assert_true(pinbuf_shared_caps(t.bytes) & PINBUF_NEVER_MOVES);
	assert_int_equal(pinbuf_tensor_with_pinned(&t, NULL, PINBUF_PIN_WRITE, look, &s), 0);
	assert_ptr_equal(s.ptr, t.data);
	assert_true(s.ours);
	/* named to io_uring or a device: a descriptor and an offset */
	assert_true(pinbuf_buf_fd(s.place.buf) >= 0);
	assert_int_equal(s.place.offset, t.data - (char *)s.place.addr);
	pinbuf_tensor_fini(&t);
}

static void what_is_elsewhere_or_strided_is_staged(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_global()), there = made(pinbuf_heap_region(heap)), v;
	struct seen s;

	(void)state;
	assert_int_equal(pinbuf_tensor_with_pinned(&t, pinbuf_heap_region(heap), PINBUF_PIN_READ, look, &s), 0);
	assert_true(s.ours && s.ptr != t.data);
	assert_int_equal(pinbuf_tensor_transpose(&v, &there, PINBUF_VIEW_BORROW), 0);
	assert_int_equal(pinbuf_tensor_with_pinned(&v, pinbuf_heap_region(heap), PINBUF_PIN_READ, look, &s), 1);
	assert_true(s.ours && s.ptr != there.data);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&there);
	pinbuf_tensor_fini(&t);
}

static void other_libraries_get_the_devices_memory(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_heap_region(heap)), back;
	struct DLManagedTensor *m;
	char *data = t.data;

	(void)state;
	assert_int_equal(pinbuf_tensor_to_dlpack(&t, &m), 0);
	pinbuf_tensor_fini(&t);
	assert_int_equal(pinbuf_tensor_from_dlpack(&back, m), 0);
	assert_ptr_equal(back.data, data);
	assert_true(pinbuf_is_pinned(back.data));
	assert_true(PINBUF_AT(&back, float, 63, 127) == 64 * 128 - 1);
	pinbuf_tensor_fini(&back);
}

static void buffers_of_the_device_are_in_the_sums(void **state)
{
	struct pinbuf_process_stats before = { .size = sizeof(before) }, after = before;
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	uint64_t live = live_bytes();
	struct pinbuf_buf *buf;
	struct pinbuf_arena a;

	(void)state;
	assert_int_equal(pinbuf_stats_process(&before), 0);
	assert_true(before.limit > 0);		/* max_bytes at least */
	buf = create(4 * MIB);
	assert_int_equal(pinbuf_stats_process(&after), 0);
	assert_int_equal(after.buffers - before.buffers, 4 * MIB);
	assert_int_equal(after.pinned - before.pinned, 4 * MIB);
	assert_int_equal(live_bytes() - live, 4 * MIB);
	pinbuf_buf_put(buf);
	/* an arena on the heap: its bytes are the arena's, the buffers stay what they are */
	o.bytes = MIB;
	o.parent = pinbuf_heap_region(heap);
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	assert_int_equal(pinbuf_stats_process(&after), 0);
	assert_in_range(after.arena - before.arena, MIB, MIB + 128);
	assert_int_equal(after.arena - before.arena + after.pinned - before.pinned,
			 after.buffers - before.buffers);
	pinbuf_arena_fini(&a);
	assert_int_equal(pinbuf_stats_process(&after), 0);
	assert_int_equal(after.arena, before.arena);
	assert_int_equal(after.buffers, before.buffers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tensor_of_the_device_is_pinned_where_it_is),
		cmocka_unit_test(what_is_elsewhere_or_strided_is_staged),
		cmocka_unit_test(other_libraries_get_the_devices_memory),
		cmocka_unit_test(buffers_of_the_device_are_in_the_sums),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensors on the device", tests, heap_open, heap_close);
}
