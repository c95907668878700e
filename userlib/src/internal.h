/* SPDX-License-Identifier: MIT */
/* What every file of the library may use, and nobody else sees. */
#ifndef PINBUF_INTERNAL_H
#define PINBUF_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include <pinbuf/error.h>

/* error.c */

#define PINBUF__BYTES_SIZE 32	/* room for what pinbuf__bytes() writes */

__attribute__((format(printf, 2, 3)))
int pinbuf__error(const struct pinbuf_error *facts, const char *fmt, ...);
void pinbuf__error_restore(const struct pinbuf_error *before);
const char *pinbuf__bytes(char text[PINBUF__BYTES_SIZE], uint64_t bytes);

/* opts.c */

int pinbuf__opts_copy(void *opts, size_t known, size_t least, const void *user,
		      const char *what);
int pinbuf__info_copy(void *user, size_t least, const void *info, size_t known,
		      const char *what);

#endif /* PINBUF_INTERNAL_H */
