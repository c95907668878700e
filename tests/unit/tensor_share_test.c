// SPDX-License-Identifier: MIT
/* Tensors where they do not move, and in the hands of other libraries. */
#include <stdlib.h>
#include <sys/mman.h>

#include <dlpack/dlpack.h>

#include "unit.h"

static const ptrdiff_t shape[] = { 2, 3 };

/* pinned memory that is there without a device: one page that is locked, as a region */
struct pinned_page {
	struct pinbuf_region region;
	struct pinbuf_arena arena;
	void *page;
};

static void *page_alloc(struct pinbuf_region *r, struct pinbuf_layout l)
{
	return pinbuf_alloc(&((struct pinned_page *)r)->arena.region, l);
}

static void page_stats(const struct pinbuf_region *r, struct pinbuf_stats *st)
{
	const struct pinbuf_region *inner = &((const struct pinned_page *)r)->arena.region;

	inner->ops->stats(inner, st);
}

static const struct pinbuf_region_ops page_ops = {
	.size = sizeof(page_ops), .type = "page", .klass = PINBUF_CLASS_PINNED,
	.alloc = page_alloc, .stats = page_stats,
};

static void page_open(struct pinned_page *p)
{
	p->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(p->page != MAP_FAILED);
	assert_int_equal(mlock(p->page, 4096), 0);
	assert_int_equal(pinbuf_arena_init_buffer(&p->arena, p->page, 4096, NULL), 0);
	pinbuf_region_init(&p->region, &page_ops, "locked", PINBUF_PINNED | PINBUF_NOFREE);
}

static void page_close(struct pinned_page *p)
{
	pinbuf_arena_fini(&p->arena);
	munmap(p->page, 4096);
}

static struct pinbuf_tensor made(struct pinbuf_region *r)
{
	struct pinbuf_tensor t;
	int i;

	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 2, shape, NULL), 0);
	for (i = 0; i < 6; i++)
		((float *)(void *)t.data)[i] = (float)i;
	return t;
}

/* what a device does: adds 1 to all */
static int device_run(void *ptr, size_t bytes, void *arg)
{
	float *f = ptr;
	size_t i;

	for (i = 0; i < bytes / sizeof(*f); i++)
		f[i] += 1;
	*(void **)arg = ptr;
	return 7;
}

static void pinned_memory_is_used_in_place(void **state)
{
	struct pinned_page p;
	struct pinbuf_tensor t;
	void *seen;

	(void)state;
	page_open(&p);
	t = made(&p.region);
	assert_int_equal(pinbuf_tensor_with_pinned(&t, NULL, PINBUF_PIN_READ | PINBUF_PIN_WRITE,
						   device_run, &seen), 7);
	assert_ptr_equal(seen, t.data);
	assert_true(PINBUF_AT(&t, float, 1, 2) == 6);
	pinbuf_tensor_fini(&t);
	page_close(&p);
}

static void other_memory_is_copied_there_and_back(void **state)
{
	struct pinned_page p;
	struct pinbuf_tensor t = made(pinbuf_global()), v;
	void *seen;

	(void)state;
	page_open(&p);
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_BORROW), 0);
	assert_int_equal(pinbuf_tensor_with_pinned(&v, &p.region, PINBUF_PIN_WRITE, device_run, &seen), 7);
	assert_true((char *)seen >= (char *)p.page && (char *)seen < (char *)p.page + 4096);
	assert_true(((float *)seen)[1] == 4);	/* the view's order */
	assert_true(PINBUF_AT(&t, float, 1, 0) == 4 && PINBUF_AT(&t, float, 0, 2) == 3);
	/* only read: nothing comes back */
	assert_int_equal(pinbuf_tensor_with_pinned(&v, &p.region, PINBUF_PIN_READ, device_run, &seen), 7);
	assert_true(PINBUF_AT(&t, float, 1, 0) == 4);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
	page_close(&p);
}

static void a_pinned_scope_ends_with_its_block(void **state)
{
	struct pinned_page p;
	struct pinbuf_tensor t = made(pinbuf_global());

	(void)state;
	page_open(&p);
	{
		PINBUF_PINNED_SCOPE(pin, &t, &p.region, PINBUF_PIN_WRITE);

		assert_non_null(pin.ptr);
		assert_true(pin.copied);
		assert_int_equal(pin.bytes, 24);
		((float *)pin.ptr)[0] = 42;
		assert_true(PINBUF_AT(&t, float, 0, 0) == 0);
	}
	assert_true(PINBUF_AT(&t, float, 0, 0) == 42);
	pinbuf_tensor_fini(&t);
	page_close(&p);
}

static void what_cannot_be_pinned_is_refused(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_global()), ro, lent;
	struct pinbuf_pinned pin;

	(void)state;
	assert_int_equal(pinbuf_tensor_pin(&pin, &t, NULL, PINBUF_PIN_READ), -EOPNOTSUPP);
	assert_null(pin.ptr);
	pinbuf_tensor_unpin(&pin);
	assert_int_equal(pinbuf_tensor_pin(&pin, &t, pinbuf_global(), PINBUF_PIN_READ), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_int_equal(pinbuf_tensor_pin(&pin, &t, NULL, 0), -EINVAL);
	assert_int_equal(pinbuf_tensor_pin(&pin, &t, NULL, 4), -EINVAL);
	assert_int_equal(pinbuf_tensor_readonly(&ro, &t, PINBUF_VIEW_KEEP), 0);
	assert_int_equal(pinbuf_tensor_pin(&pin, &ro, NULL, PINBUF_PIN_WRITE), -EPERM);
	assert_int_equal(pinbuf_tensor_view(&lent, &t, PINBUF_VIEW_BORROW), 0);
	pinbuf_tensor_fini(&ro);
	pinbuf_tensor_fini(&t);
	assert_int_equal(pinbuf_tensor_pin(&pin, &lent, NULL, PINBUF_PIN_READ), -ESTALE);
	pinbuf_tensor_fini(&lent);
}

static void dlpack_goes_out_and_comes_back_in_place(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_global()), v, back;
	DLManagedTensor *m;
	char *data = t.data;

	(void)state;
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_BORROW), 0);
	assert_int_equal(pinbuf_tensor_to_dlpack(&v, &m), 0);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);		/* the other library keeps the bytes */
	assert_ptr_equal(m->dl_tensor.data, data);
	assert_int_equal(m->dl_tensor.device.device_type, kDLCPU);
	assert_int_equal(m->dl_tensor.ndim, 2);
	assert_int_equal(m->dl_tensor.shape[0], 3);
	assert_int_equal(m->dl_tensor.strides[0], 1);
	assert_int_equal(m->dl_tensor.strides[1], 3);
	assert_int_equal(m->dl_tensor.dtype.code, kDLFloat);
	assert_int_equal(m->dl_tensor.dtype.bits, 32);
	assert_int_equal(m->dl_tensor.dtype.lanes, 1);
	assert_int_equal(pinbuf_tensor_from_dlpack(&back, m), 0);
	assert_ptr_equal(back.data, data);
	assert_true(PINBUF_AT(&back, float, 2, 1) == 5);
	pinbuf_tensor_fini(&back);	/* the deleter, and with it the bytes */
}

static void every_type_goes_through_dlpack(void **state)
{
	DLManagedTensor *m;
	int d;

	(void)state;
	for (d = 0; d < PINBUF_NR_DTYPES; d++) {
		struct pinbuf_tensor t, back;

		assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), (enum pinbuf_dtype)d, 2, shape, NULL), 0);
		assert_int_equal(pinbuf_tensor_to_dlpack(&t, &m), 0);
		assert_int_equal(m->dl_tensor.dtype.bits * m->dl_tensor.dtype.lanes, 8 * t.element);
		assert_int_equal(pinbuf_tensor_from_dlpack(&back, m), 0);
		assert_int_equal(back.dtype, d);
		pinbuf_tensor_fini(&back);
		pinbuf_tensor_fini(&t);
	}
}

static void a_read_only_or_dead_tensor_is_not_exported(void **state)
{
	struct pinbuf_tensor t = made(pinbuf_global()), ro, lent;
	DLManagedTensor *m = NULL;

	(void)state;
	assert_int_equal(pinbuf_tensor_readonly(&ro, &t, PINBUF_VIEW_KEEP), 0);
	assert_int_equal(pinbuf_tensor_to_dlpack(&ro, &m), -EPERM);
	assert_says("read-only");
	assert_int_equal(pinbuf_tensor_view(&lent, &t, PINBUF_VIEW_BORROW), 0);
	pinbuf_tensor_fini(&ro);
	pinbuf_tensor_fini(&t);
	assert_int_equal(pinbuf_tensor_to_dlpack(&lent, &m), -ESTALE);
	assert_null(m);
	pinbuf_tensor_fini(&lent);
}

/* another library's struct, on this stack */
static int deleted;

static void delete(DLManagedTensor *m)
{
	(void)m;
	deleted++;
}

static void what_other_libraries_give_is_checked(void **state)
{
	static double bytes[6] = { 0, 1, 2, 3, 4, 5 };
	int64_t lengths[] = { 2, 3 }, strides[] = { 3, 1 }, huge[] = { INT64_MAX / 2, 4 };
	DLManagedTensor m = { .deleter = delete };
	const DLTensor right = {
		.data = bytes, .device = { kDLCPU, 0 }, .ndim = 2, .dtype = { kDLFloat, 64, 1 },
		.shape = lengths, .strides = NULL, .byte_offset = 0,
	};
	struct pinbuf_tensor t;

	(void)state;
	deleted = 0;
#define REFUSED(err, change)								\
	do {										\
		m.dl_tensor = right;							\
		change;									\
		assert_int_equal(pinbuf_tensor_from_dlpack(&t, &m), -(err));		\
	} while (0)
	REFUSED(EOPNOTSUPP, m.dl_tensor.device.device_type = kDLCUDA);
	REFUSED(EOPNOTSUPP, m.dl_tensor.ndim = 9);
	REFUSED(EINVAL, m.dl_tensor.ndim = -1);
	REFUSED(EOPNOTSUPP, m.dl_tensor.dtype.lanes = 2);
	REFUSED(EOPNOTSUPP, m.dl_tensor.dtype.code = kDLComplex);
	REFUSED(EINVAL, m.dl_tensor.byte_offset = 4);
	REFUSED(EINVAL, m.dl_tensor.data = NULL);
	REFUSED(EOVERFLOW, m.dl_tensor.shape = huge);
	REFUSED(EINVAL, lengths[0] = -2);
	lengths[0] = 2;
	REFUSED(EOVERFLOW, (m.dl_tensor.strides = strides, strides[0] = INT64_MAX));
	assert_int_equal(deleted, 0);		/* still the caller's */
	strides[0] = 3;
	REFUSED(0, (m.dl_tensor.strides = strides, m.dl_tensor.byte_offset = 8, lengths[0] = 1));
	assert_true(PINBUF_AT(&t, double, 0, 1) == 2);
	pinbuf_tensor_fini(&t);
	assert_int_equal(deleted, 1);
	/* no elements, and so no memory */
	REFUSED(0, (m.dl_tensor.data = NULL, lengths[0] = 0));
	assert_int_equal(pinbuf_tensor_length(&t), 0);
	pinbuf_tensor_fini(&t);
	assert_int_equal(deleted, 2);
	m.deleter = NULL;
	REFUSED(0, lengths[0] = 2);
	pinbuf_tensor_fini(&t);
#undef REFUSED
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pinned_memory_is_used_in_place),
		cmocka_unit_test(other_memory_is_copied_there_and_back),
		cmocka_unit_test(a_pinned_scope_ends_with_its_block),
		cmocka_unit_test(what_cannot_be_pinned_is_refused),
		cmocka_unit_test(dlpack_goes_out_and_comes_back_in_place),
		cmocka_unit_test(every_type_goes_through_dlpack),
		cmocka_unit_test(a_read_only_or_dead_tensor_is_not_exported),
		cmocka_unit_test(what_other_libraries_give_is_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensor share", tests, NULL, NULL);
}
