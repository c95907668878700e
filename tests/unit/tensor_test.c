// SPDX-License-Identifier: MIT
/* Tensors: shapes, views without copies, copies, and what is refused. */
#include <stdlib.h>

#include "unit.h"

static const ptrdiff_t two_three[] = { 2, 3 };

/* 0, 1, 2 ... in the order of the last dimension */
static void numbers(struct pinbuf_tensor *t, unsigned int rank, const ptrdiff_t *shape)
{
	size_t i;

	assert_int_equal(pinbuf_tensor_init(t, pinbuf_global(), PINBUF_I32, rank, shape, NULL), 0);
	for (i = 0; i < pinbuf_tensor_length(t); i++)
		((int32_t *)(void *)t->data)[i] = (int32_t)i;
}

static void a_tensor_is_contiguous_and_aligned_for_its_type(void **state)
{
	static const struct {
		enum pinbuf_dtype dtype;
		size_t size;
		const char *name;
	} rows[] = {
		{ PINBUF_F32, 4, "f32" }, { PINBUF_F64, 8, "f64" },
		{ PINBUF_F32X4, 16, "4xf32" }, { PINBUF_F32X8, 32, "8xf32" },
		{ PINBUF_F16, 2, "f16" }, { PINBUF_BF16, 2, "bf16" },
		{ PINBUF_I8, 1, "i8" }, { PINBUF_U64, 8, "u64" },
	};
	struct pinbuf_arena a;
	size_t i;

	(void)state;
	assert_int_equal(pinbuf_arena_init(&a, NULL), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pinbuf_tensor t;

		assert_non_null(pinbuf_arena_alloc(&a, 1, 1));
		assert_int_equal(pinbuf_tensor_init(&t, &a.region, rows[i].dtype, 2, two_three, NULL), 0);
		assert_int_equal(pinbuf_dtype_size(rows[i].dtype), rows[i].size);
		assert_int_equal(pinbuf_dtype_align(rows[i].dtype), rows[i].size);
		assert_string_equal(pinbuf_dtype_name(rows[i].dtype), rows[i].name);
		assert_true(pinbuf_is_ptr_aligned(t.data, rows[i].size));
		assert_int_equal(t.strides[0], 3);
		assert_int_equal(t.strides[1], 1);
		assert_true(pinbuf_tensor_is_contiguous(&t));
		assert_int_equal(pinbuf_tensor_length(&t), 6);
		pinbuf_tensor_fini(&t);
	}
	assert_int_equal(pinbuf_dtype_size(PINBUF_NR_DTYPES), 0);
	assert_string_equal(pinbuf_dtype_name(PINBUF_NR_DTYPES), "unknown");
	pinbuf_arena_fini(&a);
}

static void options_align_and_zero(void **state)
{
	struct pinbuf_tensor_opts o = PINBUF_TENSOR_OPTS_INIT;
	static const unsigned char zero[24];
	struct pinbuf_tensor t;

	(void)state;
	o.align = PINBUF_ALIGN_PAGE;
	o.flags = PINBUF_TENSOR_ZEROED;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F32, 2, two_three, &o), 0);
	assert_true(pinbuf_is_ptr_aligned(t.data, 4096));
	assert_memory_equal(t.data, zero, 24);
	pinbuf_tensor_fini(&t);
	o.align = 24;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F32, 2, two_three, &o), -EINVAL);
	o.align = 0;
	o.flags = PINBUF_TENSOR_READONLY;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F32, 2, two_three, &o), -EINVAL);
}

static void shapes_that_cannot_be_are_refused(void **state)
{
	static const ptrdiff_t negative[] = { 2, -1 }, huge[] = { PTRDIFF_MAX / 2, 4 };
	static const ptrdiff_t huge_but_empty[] = { 0, PTRDIFF_MAX / 2, 4 };
	static const ptrdiff_t many[PINBUF_TENSOR_RANK + 1];
	struct pinbuf_region *r = pinbuf_global();
	struct pinbuf_tensor t;

	(void)state;
	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_NR_DTYPES, 2, two_three, NULL), -EINVAL);
	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 9, many, NULL), -EINVAL);
	assert_says("9 dimensions");
	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 2, negative, NULL), -EINVAL);
	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 2, huge, NULL), -EOVERFLOW);
	assert_kind(PINBUF_ERROR_OVERFLOW);
	assert_int_equal(pinbuf_tensor_init(&t, r, PINBUF_F32, 3, huge_but_empty, NULL), -EOVERFLOW);
}

static void a_region_that_refuses_leaves_nothing(void **state)
{
	struct pinbuf_arena_opts o = PINBUF_ARENA_OPTS_INIT;
	struct pinbuf_tensor t;
	struct pinbuf_arena a;

	(void)state;
	o.bytes = 16;
	o.grow = 0;
	assert_int_equal(pinbuf_arena_init(&a, &o), 0);
	assert_int_equal(pinbuf_tensor_init(&t, &a.region, PINBUF_F32, 2, two_three, NULL), -ENOMEM);
	assert_kind(PINBUF_ERROR_EXHAUSTED);
	pinbuf_arena_fini(&a);
}

static void a_tensor_without_elements_is_one_all_the_same(void **state)
{
	static const ptrdiff_t shape[] = { 3, 0, 2 }, flat[] = { 0 }, wide[] = { 5, 3, 0, 2 };
	struct pinbuf_tensor t, v, c;

	(void)state;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F64, 3, shape, NULL), 0);
	assert_non_null(t.data);
	assert_int_equal(pinbuf_tensor_length(&t), 0);
	assert_true(pinbuf_tensor_is_contiguous(&t));
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_KEEP), 0);
	assert_true(pinbuf_tensor_is_contiguous(&v));
	assert_int_equal(pinbuf_tensor_clone(&c, &v, pinbuf_global()), 0);
	assert_int_equal(c.shape[1], 0);
	pinbuf_tensor_fini(&c);
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_reshape(&v, &t, PINBUF_VIEW_KEEP, 1, flat), 0);
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_broadcast(&v, &t, PINBUF_VIEW_KEEP, 4, wide), 0);
	assert_int_equal(pinbuf_tensor_length(&v), 0);
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 1, 0, PINBUF_TO_END, 1), 0);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
}

static void a_single_element_has_no_dimension(void **state)
{
	struct pinbuf_tensor t, c;

	(void)state;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F64, 0, NULL, NULL), 0);
	assert_int_equal(pinbuf_tensor_length(&t), 1);
	*(double *)pinbuf_tensor_at(&t, NULL) = 2.5;
	assert_int_equal(pinbuf_tensor_clone(&c, &t, pinbuf_global()), 0);
	assert_true(*(double *)(void *)c.data == 2.5);
	pinbuf_tensor_fini(&c);
	pinbuf_tensor_fini(&t);
}

static void views_share_their_parents_bytes(void **state)
{
	static const unsigned int axes[] = { 1, 0 };
	struct pinbuf_tensor t, v, w;

	(void)state;
	numbers(&t, 2, two_three);
	assert_int_equal(pinbuf_tensor_permute(&v, &t, PINBUF_VIEW_KEEP, axes), 0);
	assert_ptr_equal(v.data, t.data);
	PINBUF_AT(&v, int32_t, 2, 0) = 99;
	assert_int_equal(PINBUF_AT(&t, int32_t, 0, 2), 99);
	assert_int_equal(pinbuf_tensor_slice(&w, &v, PINBUF_VIEW_KEEP, 0, 2, PINBUF_TO_END, -2), 0);
	assert_int_equal(w.shape[0], 2);
	assert_int_equal(w.offset, 2);
	assert_int_equal(PINBUF_AT(&w, int32_t, 0, 0), 99);
	assert_int_equal(PINBUF_AT(&w, int32_t, 1, 1), 3);
	pinbuf_tensor_fini(&w);
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_select(&v, &t, PINBUF_VIEW_KEEP, 0, 1), 0);
	assert_int_equal(v.rank, 1);
	assert_int_equal(PINBUF_AT(&v, int32_t, 2), 5);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
}

static void views_that_cannot_be_are_refused(void **state)
{
	static const unsigned int twice[] = { 0, 0 }, outside[] = { 0, 2 };
	static const ptrdiff_t seven[] = { 7 }, wrong[] = { 2, 4 }, low[] = { 3 };
	static const ptrdiff_t both[] = { -1, -1 }, left[] = { 4, -1 }, six[] = { 6 };
	struct pinbuf_tensor t, v;

	(void)state;
	numbers(&t, 2, two_three);
	assert_int_equal(pinbuf_tensor_permute(&v, &t, PINBUF_VIEW_KEEP, twice), -EINVAL);
	assert_int_equal(pinbuf_tensor_permute(&v, &t, PINBUF_VIEW_KEEP, outside), -EINVAL);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 2, 0, 1, 1), -EINVAL);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 0, 0, 1, 0), -EINVAL);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 0, 0, 3, 1), -ERANGE);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 0, 3, 3, 1), -ERANGE);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 0, 2, -1, -1), -ERANGE);
	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_KEEP, 0, -1, 1, 1), -ERANGE);
	assert_int_equal(pinbuf_tensor_select(&v, &t, PINBUF_VIEW_KEEP, 0, 2), -ERANGE);
	assert_int_equal(pinbuf_tensor_select(&v, &t, PINBUF_VIEW_KEEP, 0, -1), -ERANGE);
	assert_int_equal(pinbuf_tensor_reshape(&v, &t, PINBUF_VIEW_KEEP, 1, seven), -EINVAL);
	assert_int_equal(pinbuf_tensor_reshape(&v, &t, PINBUF_VIEW_KEEP, 2, both), -EINVAL);
	assert_int_equal(pinbuf_tensor_reshape(&v, &t, PINBUF_VIEW_KEEP, 2, left), -EINVAL);
	assert_int_equal(pinbuf_tensor_broadcast(&v, &t, PINBUF_VIEW_KEEP, 2, wrong), -EINVAL);
	assert_int_equal(pinbuf_tensor_broadcast(&v, &t, PINBUF_VIEW_KEEP, 1, low), -EINVAL);
	assert_int_equal(pinbuf_tensor_squeeze(&v, &t, PINBUF_VIEW_KEEP, 0), -EINVAL);
	assert_int_equal(pinbuf_tensor_squeeze(&v, &t, PINBUF_VIEW_KEEP, 2), -EINVAL);
	assert_int_equal(pinbuf_tensor_expand(&v, &t, PINBUF_VIEW_KEEP, 3), -EINVAL);
	assert_int_equal(pinbuf_tensor_view(&v, &t, (enum pinbuf_view)2), -EINVAL);
	assert_int_equal(pinbuf_tensor_view(&t, &t, PINBUF_VIEW_KEEP), -EINVAL);
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_KEEP), 0);
	assert_int_equal(pinbuf_tensor_reshape(&t, &v, PINBUF_VIEW_KEEP, 1, six), -EOPNOTSUPP);
	assert_says("pinbuf_tensor_contiguous");
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
}

static void a_view_keeps_the_bytes_or_borrows_them(void **state)
{
	struct pinbuf_tensor t, kept, lent, again;
	struct pinbuf_stats before = { .size = sizeof(before) }, after = before;

	(void)state;
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &before), 0);
	numbers(&t, 2, two_three);
	assert_int_equal(pinbuf_tensor_view(&kept, &t, PINBUF_VIEW_KEEP), 0);
	assert_int_equal(pinbuf_tensor_transpose(&lent, &t, PINBUF_VIEW_BORROW), 0);
	pinbuf_tensor_fini(&t);
	assert_true(pinbuf_tensor_is_live(&lent));	/* the other view keeps the parent's bytes */
	assert_int_equal(PINBUF_AT(&lent, int32_t, 2, 1), 5);
	pinbuf_tensor_fini(&kept);
	assert_false(pinbuf_tensor_is_live(&lent));
	assert_null(pinbuf_tensor_data(&lent));
	assert_int_equal(errno, ESTALE);
	assert_null(pinbuf_tensor_at(&lent, two_three));
	assert_int_equal(pinbuf_tensor_view(&again, &lent, PINBUF_VIEW_KEEP), -ESTALE);
	assert_says("outlived its parent");
	assert_int_equal(pinbuf_tensor_clone(&again, &lent, pinbuf_global()), -ESTALE);
	pinbuf_tensor_fini(&lent);
	assert_int_equal(pinbuf_region_stats(pinbuf_global(), &after), 0);
	assert_int_equal(after.current_live, before.current_live);
}

static void a_kept_view_of_a_borrowed_one_owns(void **state)
{
	struct pinbuf_tensor t, lent, kept;

	(void)state;
	numbers(&t, 2, two_three);
	assert_int_equal(pinbuf_tensor_view(&lent, &t, PINBUF_VIEW_BORROW), 0);
	assert_int_equal(pinbuf_tensor_view(&kept, &lent, PINBUF_VIEW_KEEP), 0);
	pinbuf_tensor_fini(&t);
	assert_true(pinbuf_tensor_is_live(&lent));
	assert_int_equal(PINBUF_AT(&kept, int32_t, 1, 2), 5);
	pinbuf_tensor_fini(&kept);
	pinbuf_tensor_fini(&lent);
}

static void any_memory_can_be_a_tensor(void **state)
{
	static const ptrdiff_t shape[] = { 2, 2 }, back[] = { -2, 1 }, far[] = { 4, 1 };
	static float bytes[6] = { 0, 1, 2, 3, 4, 5 };
	struct pinbuf_shared_opts o = PINBUF_SHARED_OPTS_INIT;
	struct pinbuf_tensor_form f = PINBUF_TENSOR_FORM_INIT;
	struct pinbuf_shared *s;
	struct pinbuf_tensor t;

	(void)state;
	o.data = bytes;
	o.bytes = sizeof(bytes);
	assert_int_equal(pinbuf_shared_wrap(&s, &o), 0);
	f.rank = 2;
	f.shape = shape;
	f.strides = back;
	f.offset = 3;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), 0);
	assert_true(PINBUF_AT(&t, float, 0, 1) == 4 && PINBUF_AT(&t, float, 1, 0) == 1);
	pinbuf_tensor_fini(&t);
	f.offset = 1;		/* the second row would begin before the first byte */
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -ERANGE);
	f.offset = 5;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -ERANGE);
	f.strides = far;
	f.offset = 0;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), 0);
	pinbuf_tensor_fini(&t);
	f.offset = 1;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -ERANGE);
	f.offset = 0;
	f.strides = (const ptrdiff_t[]){ PTRDIFF_MAX, PTRDIFF_MAX };
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -EOVERFLOW);
	f.strides = NULL;
	f.flags = PINBUF_TENSOR_ZEROED;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -EINVAL);
	f.flags = 0;
	f.dtype = PINBUF_F32X4;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -ERANGE);
	pinbuf_shared_put(s);
	o.data = (char *)bytes + 2;
	o.bytes = sizeof(bytes) - 4;
	assert_int_equal(pinbuf_shared_wrap(&s, &o), 0);
	f.dtype = PINBUF_F32;
	assert_int_equal(pinbuf_tensor_wrap(&t, s, &f), -EINVAL);
	assert_says("not aligned");
	pinbuf_shared_put(s);
}

static void read_only_is_inherited_and_not_written(void **state)
{
	struct pinbuf_tensor t, ro, v;

	(void)state;
	numbers(&t, 2, two_three);
	assert_int_equal(pinbuf_tensor_readonly(&ro, &t, PINBUF_VIEW_KEEP), 0);
	assert_int_equal(pinbuf_tensor_transpose(&v, &ro, PINBUF_VIEW_KEEP), 0);
	assert_true(v.flags & PINBUF_TENSOR_READONLY);
	assert_int_equal(pinbuf_tensor_copy(&ro, &t), -EPERM);
	assert_kind(PINBUF_ERROR_PERMISSION);
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_clone(&v, &ro, pinbuf_global()), 0);
	assert_false(v.flags & PINBUF_TENSOR_READONLY);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&ro);
	pinbuf_tensor_fini(&t);
}

static void other_languages_get_a_pointer(void **state)
{
	struct pinbuf_tensor *t;

	(void)state;
	assert_int_equal(pinbuf_tensor_create(&t, pinbuf_global(), PINBUF_F32, 2, two_three, NULL), 0);
	assert_ptr_equal(pinbuf_tensor_data(t), t->data);
	pinbuf_tensor_destroy(t);
	pinbuf_tensor_destroy(NULL);
	assert_int_equal(pinbuf_tensor_create(&t, pinbuf_global(), PINBUF_F32, 99, two_three, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tensor_is_contiguous_and_aligned_for_its_type),
		cmocka_unit_test(options_align_and_zero),
		cmocka_unit_test(shapes_that_cannot_be_are_refused),
		cmocka_unit_test(a_region_that_refuses_leaves_nothing),
		cmocka_unit_test(a_tensor_without_elements_is_one_all_the_same),
		cmocka_unit_test(a_single_element_has_no_dimension),
		cmocka_unit_test(views_share_their_parents_bytes),
		cmocka_unit_test(views_that_cannot_be_are_refused),
		cmocka_unit_test(a_view_keeps_the_bytes_or_borrows_them),
		cmocka_unit_test(a_kept_view_of_a_borrowed_one_owns),
		cmocka_unit_test(any_memory_can_be_a_tensor),
		cmocka_unit_test(read_only_is_inherited_and_not_written),
		cmocka_unit_test(other_languages_get_a_pointer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
