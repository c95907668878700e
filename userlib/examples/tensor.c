// SPDX-License-Identifier: MIT
/* A matrix, views of it without a copy, and the copy that a transposed one takes. */
#include <stdio.h>

#include <pinbuf.h>

static void print(const char *what, const struct pinbuf_tensor *t)
{
	ptrdiff_t i, k;

	printf("%s: shape [%td, %td], strides [%td, %td], offset %zu%s\n", what, t->shape[0],
	       t->shape[1], t->strides[0], t->strides[1], t->offset,
	       pinbuf_tensor_is_contiguous(t) ? ", contiguous" : "");
	for (i = 0; i < t->shape[0]; i++) {
		for (k = 0; k < t->shape[1]; k++)
			printf(" %3.0f", PINBUF_AT(t, float, i, k));
		printf("\n");
	}
}

static int views(struct pinbuf_tensor *m, struct pinbuf_region *r)
{
	PINBUF_AUTO_TENSOR(turned);
	PINBUF_AUTO_TENSOR(odd);
	PINBUF_AUTO_TENSOR(copy);

	if (pinbuf_tensor_transpose(&turned, m, PINBUF_VIEW_KEEP) ||
	    pinbuf_tensor_slice(&odd, &turned, PINBUF_VIEW_BORROW, 0, 2, PINBUF_TO_END, -2) ||
	    pinbuf_tensor_contiguous(&copy, &turned, r))
		return -1;
	print("transposed", &turned);
	print("every second column, backwards", &odd);
	PINBUF_AT(&odd, float, 0, 1) = 50;	/* the matrix's own */
	print("the matrix", m);
	print("the copy", &copy);
	return PINBUF_AT(m, float, 1, 2) == 50 && PINBUF_AT(&copy, float, 2, 1) == 5 ? 0 : -1;
}

int main(void)
{
	static const ptrdiff_t shape[] = { 2, 3 };
	PINBUF_AUTO_TENSOR(m);
	ptrdiff_t i;

	if (pinbuf_tensor_init(&m, pinbuf_global(), PINBUF_F32, 2, shape, NULL)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	for (i = 0; i < 6; i++)
		PINBUF_AT(&m, float, i / 3, i % 3) = (float)i;
	return views(&m, pinbuf_global()) ? 1 : 0;
}
