// SPDX-License-Identifier: MIT
/* Copies between tensors of any strides. */
#include "unit.h"

static void copies_go_between_any_strides(void **state)
{
	static const enum pinbuf_dtype types[] = {
		PINBUF_I8, PINBUF_F16, PINBUF_F32, PINBUF_F64, PINBUF_F32X4, PINBUF_F32X8,
	};
	static const ptrdiff_t shape[] = { 4, 3, 5 };
	static const unsigned int axes[] = { 2, 0, 1 };
	struct pinbuf_tensor t, v, c, back;
	size_t k, i;

	(void)state;
	for (k = 0; k < sizeof(types) / sizeof(types[0]); k++) {
		assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), types[k], 3, shape, NULL), 0);
		for (i = 0; i < pinbuf_tensor_length(&t) * t.element; i++)
			t.data[i] = (char)(i * 7 + i / 256);
		assert_int_equal(pinbuf_tensor_permute(&v, &t, PINBUF_VIEW_KEEP, axes), 0);
		assert_int_equal(pinbuf_tensor_contiguous(&c, &v, pinbuf_global()), 0);
		assert_ptr_not_equal(c.data, t.data);
		assert_true(pinbuf_tensor_is_contiguous(&c));
		for (i = 0; i < 60; i++) {
			ptrdiff_t to[] = { (ptrdiff_t)i / 12, (ptrdiff_t)i / 3 % 4, (ptrdiff_t)i % 3 };
			ptrdiff_t from[] = { to[1], to[2], to[0] };

			assert_memory_equal(pinbuf_tensor_at(&c, to), pinbuf_tensor_at(&t, from),
					    t.element);
		}
		assert_int_equal(pinbuf_tensor_clone(&back, &t, pinbuf_global()), 0);
		memset(t.data, 0, pinbuf_tensor_length(&t) * t.element);
		assert_int_equal(pinbuf_tensor_copy(&v, &c), 0);	/* strided destination */
		assert_memory_equal(t.data, back.data, pinbuf_tensor_length(&t) * t.element);
		assert_int_equal(pinbuf_tensor_copy(&v, &t), -EINVAL);
		pinbuf_tensor_fini(&back);
		pinbuf_tensor_fini(&c);
		assert_int_equal(pinbuf_tensor_contiguous(&c, &t, pinbuf_global()), 0);
		assert_ptr_equal(c.data, t.data);
		pinbuf_tensor_fini(&c);
		pinbuf_tensor_fini(&v);
		pinbuf_tensor_fini(&t);
	}
}

static void a_copy_onto_itself_is_refused_unless_contiguous(void **state)
{
	struct pinbuf_tensor_opts zeroed = PINBUF_TENSOR_OPTS_INIT;
	static const ptrdiff_t square[] = { 3, 3 };
	struct pinbuf_tensor t, v;

	(void)state;
	zeroed.flags = PINBUF_TENSOR_ZEROED;
	assert_int_equal(pinbuf_tensor_init(&t, pinbuf_global(), PINBUF_I32, 2, square, &zeroed), 0);
	assert_int_equal(pinbuf_tensor_transpose(&v, &t, PINBUF_VIEW_BORROW), 0);
	assert_int_equal(pinbuf_tensor_copy(&t, &v), -EINVAL);
	assert_says("overlap");
	assert_int_equal(pinbuf_tensor_copy(&t, &t), 0);
	pinbuf_tensor_fini(&v);
	pinbuf_tensor_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_go_between_any_strides),
		cmocka_unit_test(a_copy_onto_itself_is_refused_unless_contiguous),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tensor copy", tests, NULL, NULL);
}
