// SPDX-License-Identifier: MIT
/* Elements: checked, unchecked, and of shapes that the compiler knows; the wrong ones die. */
#include <stdlib.h>

#include "unit.h"

#include "child.h"

static const ptrdiff_t shape[] = { 2, 3 };

static struct pinbuf_tensor made(void)
{
	struct pinbuf_tensor t;
	int i;

	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_F32, 2, shape, NULL), 0);
	for (i = 0; i < 6; i++)
		((float *)(void *)t.data)[i] = (float)i;
	return t;
}

static void checked_and_unchecked_name_the_same_element(void **state)
{
	struct pinbuf_tensor t = made(), v;
	ptrdiff_t i, k;

	(void)state;
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_KEEP), 0);
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 3; k++) {
			assert_ptr_equal(&PINBUF_AT(&t, float, i, k), &PINBUF_AT_UNCHECKED(&t, float, i, k));
			assert_ptr_equal(&PINBUF_AT(&v, float, k, i), &PINBUF_AT(&t, float, i, k));
			assert_true(PINBUF_AT(&t, float, i, k) == (float)(3 * i + k));
		}
	}
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
}

static void up_to_eight_indices(void **state)
{
	static const ptrdiff_t lengths[] = { 2, 1, 2, 1, 2, 1, 2, 3 };
	struct pinbuf_tensor t;

	(void)state;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_U8, 8, lengths, NULL), 0);
	assert_ptr_equal(&PINBUF_AT(&t, uint8_t, 1, 0, 1, 0, 1, 0, 1, 2), t.data + 47);
	assert_ptr_equal(&PINBUF_AT_UNCHECKED(&t, uint8_t, 1, 0, 1, 0, 1, 0, 1, 2), t.data + 47);
	pinbuf_tensor_fini(&t);
}

static void an_index_outside_is_told(void **state)
{
	static const ptrdiff_t right[] = { 1, 2 }, high[] = { 1, 3 }, low[] = { -1, 0 };
	struct pinbuf_tensor t = made();

	(void)state;
	assert_ptr_equal(pinbuf_tensor_at(&t, right), t.data + 20);
	assert_null(pinbuf_tensor_at(&t, high));
	assert_int_equal(errno, ERANGE);
	assert_says("index 3 of dimension 1 is outside its 3 elements");
	assert_null(pinbuf_tensor_at(&t, low));
	assert_says("index -1 of dimension 0");
	pinbuf_tensor_fini(&t);
}

static volatile ptrdiff_t one = 1, three = 3, minus_one = -1;

static void read_above(void)
{
	struct pinbuf_tensor t = made();

	PINBUF_AT(&t, float, one, three) = 0;
}

static void read_below(void)
{
	struct pinbuf_tensor t = made();

	PINBUF_AT(&t, float, minus_one, 0) = 0;
}

static void read_with_too_few(void)
{
	struct pinbuf_tensor t = made();

	PINBUF_AT(&t, float, one) = 0;
}

static void read_as_another_type(void)
{
	struct pinbuf_tensor t = made();

	PINBUF_AT(&t, double, one, 0) = 0;
}

static void wrong_accesses_end_the_program(void **state)
{
	(void)state;
	dies_saying(read_above, "index 3 of dimension 1 is outside its 3 elements");
	dies_saying(read_below, "index -1 of dimension 0 is outside its 2 elements");
	dies_saying(read_with_too_few, "is read with 1 indices");
	dies_saying(read_as_another_type, "as elements of 8 bytes");
}

/* what the memory rules call unsafeView: the view escapes, the tensor does not */
static struct pinbuf_tensor escaping_view(void)
{
	struct pinbuf_tensor t = made(), v;

	assert_int_equal(pinbuf_tensor_slice(&v, &t, PINBUF_VIEW_BORROW, 1, 0, 2, 1), 0);
	pinbuf_tensor_fini(&t);
	return v;
}

static void use_escaped_view(void)
{
	struct pinbuf_tensor v = escaping_view();

	PINBUF_AT(&v, float, 0, 0) = 1;
}

static void a_borrowed_view_that_outlives_its_parent_is_caught(void **state)
{
	(void)state;
	dies_saying(use_escaped_view, "the view has outlived its parent");
}

#ifdef __SANITIZE_ADDRESS__
static void use_escaped_view_unchecked(void)
{
	struct pinbuf_tensor v = escaping_view();

	PINBUF_AT_UNCHECKED(&v, volatile float, 0, 0) = 1;
}

static void the_sanitizer_sees_an_unchecked_one(void **state)
{
	(void)state;
	dies_saying(use_escaped_view_unchecked, "heap-use-after-free");
}
#endif

static void a_constant_shape_is_an_array(void **state)
{
	struct pinbuf_tensor t = made(), v;
	float (*m)[2][3] = PINBUF_TENSOR_ARRAY(&t, float, 2, 3);
	ptrdiff_t i = one;

	(void)state;
	assert_non_null(m);
	assert_ptr_equal(m, t.data);
	assert_true(PINBUF_ARRAY_AT(m, 1, 2) == 5);
	assert_true(PINBUF_ARRAY_AT(m, i, 0) == 3);
	assert_int_equal(sizeof(*m), 24);
	assert_null(PINBUF_TENSOR_ARRAY(&t, float, 3, 2));
	assert_int_equal(errno, EINVAL);
	assert_null(PINBUF_TENSOR_ARRAY(&t, double, 2, 3));
	assert_null(PINBUF_TENSOR_ARRAY(&t, float, 6));
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_BORROW), 0);
	assert_null(PINBUF_TENSOR_ARRAY(&v, float, 3, 2));
	pinbuf_tensor_fini(&v);
	assert_int_equal(pinbuf_tensor_view(&v, &t, PINBUF_VIEW_BORROW), 0);
	pinbuf_tensor_fini(&t);
	assert_null(PINBUF_TENSOR_ARRAY(&v, float, 2, 3));
	assert_int_equal(errno, ESTALE);
	pinbuf_tensor_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checked_and_unchecked_name_the_same_element),
		cmocka_unit_test(up_to_eight_indices),
		cmocka_unit_test(an_index_outside_is_told),
		cmocka_unit_test(wrong_accesses_end_the_program),
		cmocka_unit_test(a_borrowed_view_that_outlives_its_parent_is_caught),
#ifdef __SANITIZE_ADDRESS__
		cmocka_unit_test(the_sanitizer_sees_an_unchecked_one),
#endif
		cmocka_unit_test(a_constant_shape_is_an_array),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensor access", tests, NULL, NULL);
}
