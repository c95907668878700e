// SPDX-License-Identifier: MIT
/* The types of elements: a type is a row. */
#include <dlpack/dlpack.h>

#include "tensor.h"

const struct tensor_dtype pinbuf__dtypes[PINBUF_NR_DTYPES] = {
	[PINBUF_I8]	= { "i8",     1, kDLInt,     8, 1 },
	[PINBUF_I16]	= { "i16",    2, kDLInt,    16, 1 },
	[PINBUF_I32]	= { "i32",    4, kDLInt,    32, 1 },
	[PINBUF_I64]	= { "i64",    8, kDLInt,    64, 1 },
	[PINBUF_U8]	= { "u8",     1, kDLUInt,    8, 1 },
	[PINBUF_U16]	= { "u16",    2, kDLUInt,   16, 1 },
	[PINBUF_U32]	= { "u32",    4, kDLUInt,   32, 1 },
	[PINBUF_U64]	= { "u64",    8, kDLUInt,   64, 1 },
	[PINBUF_F16]	= { "f16",    2, kDLFloat,  16, 1 },
	[PINBUF_BF16]	= { "bf16",   2, kDLBfloat, 16, 1 },
	[PINBUF_F32]	= { "f32",    4, kDLFloat,  32, 1 },
	[PINBUF_F64]	= { "f64",    8, kDLFloat,  64, 1 },
	[PINBUF_F32X4]	= { "4xf32", 16, kDLFloat,  32, 4 },
	[PINBUF_F32X8]	= { "8xf32", 32, kDLFloat,  32, 8 },
};

size_t pinbuf_dtype_size(enum pinbuf_dtype dtype)
{
	return (size_t)dtype < PINBUF_NR_DTYPES ? pinbuf__dtypes[dtype].size : 0;
}

size_t pinbuf_dtype_align(enum pinbuf_dtype dtype)
{
	return pinbuf_dtype_size(dtype);
}

const char *pinbuf_dtype_name(enum pinbuf_dtype dtype)
{
	return (size_t)dtype < PINBUF_NR_DTYPES ? pinbuf__dtypes[dtype].name : "unknown";
}
