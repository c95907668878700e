/* SPDX-License-Identifier: MIT */
/* What an element of a tensor is. */
#ifndef PINBUF_DTYPE_H
#define PINBUF_DTYPE_H

#include <stddef.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

/**
 * enum pinbuf_dtype - types of elements; each is aligned to its size
 * @PINBUF_I8: int8_t
 * @PINBUF_I16: int16_t
 * @PINBUF_I32: int32_t
 * @PINBUF_I64: int64_t
 * @PINBUF_U8: uint8_t
 * @PINBUF_U16: uint16_t
 * @PINBUF_U32: uint32_t
 * @PINBUF_U64: uint64_t
 * @PINBUF_F16: IEEE half, 2 bytes
 * @PINBUF_BF16: the upper half of a float, 2 bytes
 * @PINBUF_F32: float, 4 bytes
 * @PINBUF_F64: double, 8 bytes
 * @PINBUF_F32X4: 4 floats, 16 bytes, for SSE and NEON
 * @PINBUF_F32X8: 8 floats, 32 bytes, for AVX
 * @PINBUF_NR_DTYPES: how many there are
 */
enum pinbuf_dtype {
	PINBUF_I8,
	PINBUF_I16,
	PINBUF_I32,
	PINBUF_I64,
	PINBUF_U8,
	PINBUF_U16,
	PINBUF_U32,
	PINBUF_U64,
	PINBUF_F16,
	PINBUF_BF16,
	PINBUF_F32,
	PINBUF_F64,
	PINBUF_F32X4,
	PINBUF_F32X8,
	PINBUF_NR_DTYPES,
};

/**
 * pinbuf_dtype_size() - how long an element is
 * @dtype: any value
 *
 * Return: bytes; 0 for a value that is no type.
 */
PINBUF_API size_t pinbuf_dtype_size(enum pinbuf_dtype dtype);

/**
 * pinbuf_dtype_align() - what an element's address is a multiple of
 * @dtype: any value
 *
 * Return: bytes: 4 for PINBUF_F32, 8 for F64, 16 for F32X4, 32 for F32X8; 0 for a
 * value that is no type.
 */
PINBUF_API size_t pinbuf_dtype_align(enum pinbuf_dtype dtype);

/**
 * pinbuf_dtype_name() - a type as a word
 * @dtype: any value
 *
 * Return: a constant string such as "f32"; "unknown" for a value that is no type.
 */
PINBUF_API const char *pinbuf_dtype_name(enum pinbuf_dtype dtype);

PINBUF_END_DECLS

#endif /* PINBUF_DTYPE_H */
