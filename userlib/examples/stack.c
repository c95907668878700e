// SPDX-License-Identifier: MIT
/* A calculator for reverse Polish notation: operands go back newest first. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <pinbuf.h>

static int evaluate(struct pinbuf_stack *s, const char *text, long *result)
{
	long *operands[32], *top;
	int nr = 0;

	for (; *text; text++) {
		if (isdigit((unsigned char)*text)) {
			top = pinbuf_stack_push(s, sizeof(*top), PINBUF_ALIGNOF(long));
			if (!top)
				return -1;
			*top = *text - '0';
			operands[nr++] = top;
		} else if (nr >= 2 && (*text == '+' || *text == '*')) {
			top = operands[--nr];
			*operands[nr - 1] = *text == '+' ? *operands[nr - 1] + *top :
							   *operands[nr - 1] * *top;
			pinbuf_stack_pop(s, top);
		}
	}
	if (!nr)
		return -1;
	*result = *operands[0];
	pinbuf_stack_reset(s);
	return 0;
}

int main(void)
{
	struct pinbuf_stack_opts opts = PINBUF_STACK_OPTS_INIT;
	struct pinbuf_stack s;
	long result;

	opts.bytes = 2048;
	opts.name = "operands";
	if (pinbuf_stack_init(&s, &opts) || evaluate(&s, "3 4 + 5 *", &result)) {
		fprintf(stderr, "%s\n", pinbuf_error_text());
		return 1;
	}
	printf("3 4 + 5 * = %ld, and %zu bytes are left\n", result, pinbuf_stack_remaining(&s));
	pinbuf_stack_fini(&s);
	return result == 35 ? 0 : 1;
}
