/* SPDX-License-Identifier: MIT */
/* What every test program includes. */
#ifndef UNIT_H
#define UNIT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pinbuf.h>

/* the last error's text has these words */
#define assert_says(words)						\
	do {								\
		if (!strstr(pinbuf_error_text(), words))		\
			fail_msg("'%s' does not say '%s'", pinbuf_error_text(), words);	\
	} while (0)

#define assert_kind(kind_expected) \
	assert_int_equal(pinbuf_error_last()->kind, kind_expected)

/* tests/unit/suite puts the reason behind the test */
#define skip_because(why)						\
	do {								\
		printf("# skip: %s\n", why);				\
		fflush(stdout);						\
		skip();							\
	} while (0)

#endif /* UNIT_H */
