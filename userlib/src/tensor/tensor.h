/* SPDX-License-Identifier: MIT */
/* What the files of the tensors share. */
#ifndef PINBUF_TENSOR_PRIVATE_H
#define PINBUF_TENSOR_PRIVATE_H

#include <errno.h>

#include <pinbuf/tensor.h>
#include <pinbuf/tensor_view.h>

#include "../internal.h"

/* a type of elements, and what DLPack calls it */
struct tensor_dtype {
	const char *name;
	unsigned char size;	/* bytes; its alignment too */
	unsigned char code;
	unsigned char bits;
	unsigned char lanes;
};

extern const struct tensor_dtype pinbuf__dtypes[PINBUF_NR_DTYPES];

static inline enum pinbuf_error_kind tensor_error_kind(int err)
{
	return err == EOVERFLOW ? PINBUF_ERROR_OVERFLOW :
	       err == EOPNOTSUPP ? PINBUF_ERROR_UNSUPPORTED :
	       err == EPERM ? PINBUF_ERROR_PERMISSION : PINBUF_ERROR_MISUSE;
}

/* -@number, and the sentence */
#define tensor_refuse(number, ...)							\
	pinbuf__error(&(struct pinbuf_error){ .kind = tensor_error_kind(number),	\
					      .err = (number) }, __VA_ARGS__)

/* the type, rank and lengths of @n, with contiguous strides */
int pinbuf__tensor_form(struct pinbuf_tensor *n, enum pinbuf_dtype dtype, unsigned int rank,
			const ptrdiff_t *shape);

/* where the last of @n's lengths are known: contiguous strides */
void pinbuf__tensor_strides(struct pinbuf_tensor *n);

/* whether element [0, ...] is at @n->offset of @bytes, and all others lie within */
int pinbuf__tensor_within(const struct pinbuf_tensor *n, const struct pinbuf_shared *bytes);

/* 0, or -ESTALE */
int pinbuf__tensor_live(const struct pinbuf_tensor *t);

/* an owner of @t's bytes; NULL: -ESTALE was said */
struct pinbuf_shared *pinbuf__tensor_hold(const struct pinbuf_tensor *t);

/* @n, which was made of @t, becomes the view @v */
int pinbuf__tensor_publish(struct pinbuf_tensor *v, struct pinbuf_tensor *n,
			   const struct pinbuf_tensor *t, enum pinbuf_view mode);

#endif /* PINBUF_TENSOR_PRIVATE_H */
