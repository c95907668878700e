// SPDX-License-Identifier: MIT
/* Layouts against the compiler's own, and against the documents' worked examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <pinbuf.h>

/* usable where the language wants a constant */
_Static_assert(pinbuf_align_up(17, 16) == 32, "the document's example");
_Static_assert(pinbuf_align_up(32, 16) == 32 && pinbuf_align_up(0, 16) == 0, "already there");
_Static_assert(pinbuf_align_down(17, 16) == 16, "down");
_Static_assert(pinbuf_is_aligned(32, 16) && !pinbuf_is_aligned(17, 16), "the document's example");
static char constant_size[pinbuf_align_up(100, PINBUF_ALIGN_CACHE_LINE)];

static void named_alignments_are_the_documents(void **state)
{
	(void)state;
	assert_int_equal(PINBUF_ALIGN_DEFAULT, 8);
	assert_int_equal(PINBUF_ALIGN_SIMD128, 16);
	assert_int_equal(PINBUF_ALIGN_SIMD256, 32);
	assert_int_equal(PINBUF_ALIGN_SIMD512, 64);
	assert_int_equal(PINBUF_ALIGN_CACHE_LINE, 64);
	assert_int_equal(PINBUF_ALIGN_PAGE, 4096);
	assert_int_equal(sizeof(constant_size), 128);
}

static void aligning_is_also_a_function(void **state)
{
	size_t (*up)(size_t, size_t) = pinbuf_align_up;
	size_t (*down)(size_t, size_t) = pinbuf_align_down;
	bool (*is)(size_t, size_t) = pinbuf_is_aligned;
	size_t v, a;

	(void)state;
	for (a = 1; a <= 8192; a *= 2) {
		for (v = 0; v < 300; v++) {
			assert_int_equal(up(v, a), (v + a - 1) / a * a);
			assert_int_equal(down(v, a), v / a * a);
			assert_int_equal(is(v, a), v % a == 0);
			assert_int_equal(pinbuf_is_ptr_aligned((void *)v, a), v % a == 0);
		}
	}
	assert_int_equal(up(SIZE_MAX - 3, 16), 0);
}

static void new_refuses_what_cannot_be(void **state)
{
	struct pinbuf_layout l = { 1, 1 };

	(void)state;
	assert_int_equal(pinbuf_layout_new(&l, 24, 8), 0);
	assert_int_equal(l.size, 24);
	assert_int_equal(l.align, 8);
	assert_int_equal(pinbuf_layout_new(&l, 8, 0), -EINVAL);
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_LAYOUT);
	assert_int_equal(pinbuf_layout_new(&l, 8, 3), -EINVAL);
	assert_non_null(strstr(pinbuf_error_text(), "3 is not a power of two"));
	assert_int_equal(pinbuf_layout_new(&l, SIZE_MAX, 1), -EOVERFLOW);
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_OVERFLOW);
	/* rounded up to the alignment it is one too many */
	assert_int_equal(pinbuf_layout_new(&l, (size_t)PTRDIFF_MAX - 6, 8), -EOVERFLOW);
	assert_int_equal(pinbuf_layout_new(&l, (size_t)PTRDIFF_MAX - 7, 8), 0);
	assert_int_equal(pinbuf_layout_new(&l, 0, (size_t)1 << 63), 0);
	assert_int_equal(pinbuf_layout_new(&l, 1, (size_t)1 << 63), -EOVERFLOW);
}

static void extend_builds_the_documents_structs(void **state)
{
	struct pinbuf_layout l;
	size_t at = 99;

	(void)state;
	/* { u8, u32, u16 }: 3 bytes of padding, 2 at the end, 12 in all */
	assert_int_equal(pinbuf_layout_extend(&l, &at, PINBUF_LAYOUT(uint8_t), PINBUF_LAYOUT(uint32_t)), 0);
	assert_int_equal(at, 4);
	assert_int_equal(pinbuf_layout_extend(&l, &at, l, PINBUF_LAYOUT(uint16_t)), 0);
	assert_int_equal(at, 8);
	assert_int_equal(l.size, 10);
	l = pinbuf_layout_pad(l);
	assert_int_equal(l.size, 12);
	assert_int_equal(l.align, 4);

	/* { i64, i32, ptr } */
	assert_int_equal(pinbuf_layout_extend(&l, NULL, PINBUF_LAYOUT(int64_t), PINBUF_LAYOUT(int32_t)), 0);
	assert_int_equal(l.size, 12);
	assert_int_equal(pinbuf_layout_extend(&l, &at, l, PINBUF_LAYOUT(void *)), 0);
	assert_int_equal(at, 16);
	assert_int_equal(l.size, 24);
	assert_int_equal(l.align, 8);
}

/* a tag, padding, and the largest variant */
static void tagged_unions_are_a_tag_and_the_largest_variant(void **state)
{
	struct shape {
		uint8_t tag;
		union {
			uint16_t circle;
			double square;
			char name[11];
		} u;
	};
	struct pinbuf_layout variant = { 11, 8 }, l;
	size_t at;

	(void)state;
	variant = pinbuf_layout_pad(variant);
	assert_int_equal(pinbuf_layout_extend(&l, &at, PINBUF_LAYOUT(uint8_t), variant), 0);
	l = pinbuf_layout_pad(l);
	assert_int_equal(at, offsetof(struct shape, u));
	assert_int_equal(l.size, sizeof(struct shape));
	assert_int_equal(l.align, _Alignof(struct shape));
}

/*
 * Structs of three fields each, every combination of six types: offsets, size and
 * alignment are the compiler's.
 */
#define TYPES(X, ...)	X(uint8_t, ##__VA_ARGS__) X(uint16_t, ##__VA_ARGS__)		\
			X(float, ##__VA_ARGS__) X(double, ##__VA_ARGS__)		\
			X(long_double, ##__VA_ARGS__) X(three, ##__VA_ARGS__)
#define TYPES2(X, ...)	X(uint8_t, ##__VA_ARGS__) X(uint16_t, ##__VA_ARGS__)		\
			X(float, ##__VA_ARGS__) X(double, ##__VA_ARGS__)		\
			X(long_double, ##__VA_ARGS__) X(three, ##__VA_ARGS__)
#define TYPES3(X, ...)	X(uint8_t, ##__VA_ARGS__) X(uint16_t, ##__VA_ARGS__)		\
			X(float, ##__VA_ARGS__) X(double, ##__VA_ARGS__)		\
			X(long_double, ##__VA_ARGS__) X(three, ##__VA_ARGS__)

typedef long double long_double;
typedef char three[3];

static unsigned int nr_structs;

static void struct_check(const struct pinbuf_layout fields[3], const size_t offsets[3],
			 struct pinbuf_layout whole)
{
	struct pinbuf_layout l = fields[0];
	size_t at, i;

	for (i = 1; i < 3; i++) {
		assert_int_equal(pinbuf_layout_extend(&l, &at, l, fields[i]), 0);
		assert_int_equal(at, offsets[i]);
	}
	l = pinbuf_layout_pad(l);
	assert_int_equal(l.size, whole.size);
	assert_int_equal(l.align, whole.align);
	nr_structs++;
}

#define STRUCT(c, a, b) {								\
	struct s { a x; b y; c z; };							\
	struct_check((struct pinbuf_layout[]){ PINBUF_LAYOUT(a), PINBUF_LAYOUT(b),	\
					       PINBUF_LAYOUT(c) },			\
		     (size_t[]){ offsetof(struct s, x), offsetof(struct s, y),		\
				 offsetof(struct s, z) },				\
		     PINBUF_LAYOUT(struct s));						\
}
#define STRUCTS_OF(b, a)	TYPES3(STRUCT, a, b)
#define STRUCTS(a)		TYPES2(STRUCTS_OF, a)

static void records_are_laid_out_as_the_compiler_does(void **state)
{
	(void)state;
	TYPES(STRUCTS)
	assert_int_equal(nr_structs, 216);
}

static void arrays_pad_each_element(void **state)
{
	struct pinbuf_layout l;

	(void)state;
	assert_int_equal(pinbuf_layout_array(&l, PINBUF_LAYOUT(int64_t), 10), 0);
	assert_int_equal(l.size, 80);
	assert_int_equal(pinbuf_layout_array(&l, (struct pinbuf_layout){ 6, 4 }, 3), 0);
	assert_int_equal(l.size, 24);
	assert_int_equal(l.align, 4);
	assert_int_equal(pinbuf_layout_array(&l, PINBUF_LAYOUT(int64_t), 0), 0);
	assert_int_equal(l.size, 0);
	assert_int_equal(pinbuf_layout_array(&l, PINBUF_LAYOUT(int64_t), SIZE_MAX / 8 + 1), -EOVERFLOW);
	assert_int_equal(pinbuf_layout_array(&l, PINBUF_LAYOUT(int64_t), (size_t)PTRDIFF_MAX / 8 + 1), -EOVERFLOW);
	assert_int_equal(pinbuf_layout_array(&l, (struct pinbuf_layout){ 1, 6 }, 1), -EINVAL);
}

static void repeat_has_no_padding_after_the_last(void **state)
{
	struct pinbuf_layout l;
	size_t stride;

	(void)state;
	assert_int_equal(pinbuf_layout_repeat(&l, &stride, (struct pinbuf_layout){ 6, 4 }, 3), 0);
	assert_int_equal(stride, 8);
	assert_int_equal(l.size, 22);
	assert_int_equal(l.align, 4);
	assert_int_equal(pinbuf_layout_repeat(&l, &stride, (struct pinbuf_layout){ 6, 4 }, 0), 0);
	assert_int_equal(l.size, 0);
	assert_int_equal(pinbuf_layout_repeat(&l, NULL, (struct pinbuf_layout){ 6, 4 }, SIZE_MAX), -EOVERFLOW);
}

static void extend_refuses_overflow(void **state)
{
	struct pinbuf_layout big = { PTRDIFF_MAX - 7, 8 }, l = { 3, 1 };
	size_t at = 5;

	(void)state;
	assert_int_equal(pinbuf_layout_extend(&l, &at, big, PINBUF_LAYOUT(int64_t)), -EOVERFLOW);
	assert_int_equal(pinbuf_layout_extend(&l, &at, PINBUF_LAYOUT(int64_t), big), -EOVERFLOW);
	assert_int_equal(at, 5);
	assert_int_equal(l.size, 3);
}

static void simd_alignment_is_this_processors(void **state)
{
	size_t a = pinbuf_simd_align();

	(void)state;
	assert_true(a == 16 || a == 32 || a == 64);
#ifdef __x86_64__
	__builtin_cpu_init();
	assert_int_equal(a == 64, !!__builtin_cpu_supports("avx512f"));
	assert_int_equal(a >= 32, !!__builtin_cpu_supports("avx"));
#endif
}

static void aligned_arrays_are_aligned(void **state)
{
	struct pinbuf_region *r = pinbuf_global();
	float *f = pinbuf_alloc_aligned(r, float, 1024, PINBUF_ALIGN_SIMD256);
	double *d = pinbuf_alloc_aligned(r, double, 3, 1);

	(void)state;
	assert_non_null(f);
	assert_true(pinbuf_is_ptr_aligned(f, 32));
	memset(f, 0, 4096);
	assert_non_null(d);
	assert_true(pinbuf_is_ptr_aligned(d, _Alignof(double)));
	pinbuf_dealloc_array(r, f, sizeof(*f), 1024, 32);
	pinbuf_dealloc_array(r, d, sizeof(*d), 3, 8);
	{
		PINBUF_AUTO_ARRAY(float, v, r, 256, pinbuf_simd_align());

		assert_non_null(v);
		assert_true(pinbuf_is_ptr_aligned(v, pinbuf_simd_align()));
	}
}

static void scalars_are_the_documents_sizes(void **state)
{
	static const struct { struct pinbuf_layout layout; size_t size; } rows[] = {
		{ PINBUF_LAYOUT(int8_t), 1 }, { PINBUF_LAYOUT(uint16_t), 2 },
		{ PINBUF_LAYOUT(uint32_t), 4 }, { PINBUF_LAYOUT(float), 4 },
		{ PINBUF_LAYOUT(int64_t), 8 }, { PINBUF_LAYOUT(double), 8 },
		{ PINBUF_LAYOUT(bool), 1 }, { PINBUF_LAYOUT(void *), 8 },
		{ PINBUF_LAYOUT(size_t), 8 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].layout.size, rows[i].size);
		assert_int_equal(rows[i].layout.align, rows[i].size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_alignments_are_the_documents),
		cmocka_unit_test(aligning_is_also_a_function),
		cmocka_unit_test(new_refuses_what_cannot_be),
		cmocka_unit_test(extend_builds_the_documents_structs),
		cmocka_unit_test(tagged_unions_are_a_tag_and_the_largest_variant),
		cmocka_unit_test(records_are_laid_out_as_the_compiler_does),
		cmocka_unit_test(arrays_pad_each_element),
		cmocka_unit_test(repeat_has_no_padding_after_the_last),
		cmocka_unit_test(extend_refuses_overflow),
		cmocka_unit_test(simd_alignment_is_this_processors),
		cmocka_unit_test(aligned_arrays_are_aligned),
		cmocka_unit_test(scalars_are_the_documents_sizes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
