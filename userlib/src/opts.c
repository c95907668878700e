// SPDX-License-Identifier: MIT
/*
 * Structs that start with their size, in both directions.  A program and the
 * library may have been built from different releases: what the caller does not
 * know is zero to him, and what the library does not know must be zero to it.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int size_refused(size_t size, size_t least, const char *what)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL,
		.requested = size, .available = least,
	};

	return pinbuf__error(&e, "%s.size is %zu and must be at least %zu: set it to sizeof(%s), or start from the initialiser in the header",
			     what, size, least, what);
}

/**
 * pinbuf__opts_copy() - take a struct from the caller
 * @opts: written; holds the defaults, which stay where @user is shorter
 * @known: its size in this library
 * @least: its size in the first release
 * @user: the caller's, or NULL for the defaults
 * @what: its type's name
 *
 * Return: 0; -EINVAL if it is too short; -E2BIG if it asks for something that
 * this library does not know.
 */
int pinbuf__opts_copy(void *opts, size_t known, size_t least, const void *user,
		      const char *what)
{
	const unsigned char *bytes = user;
	size_t size, i;

	if (!user)
		return 0;
	memcpy(&size, user, sizeof(size));
	if (size < least)
		return size_refused(size, least, what);
	for (i = known; i < size; i++) {
		if (bytes[i]) {
			struct pinbuf_error e = {
				.kind = PINBUF_ERROR_UNSUPPORTED, .err = E2BIG,
				.requested = size, .available = known,
			};

			return pinbuf__error(&e, "%s uses a field at byte %zu, and this library knows %zu bytes of it: the program was built for a newer libpinbuf",
					     what, i, known);
		}
	}
	memcpy(opts, user, size < known ? size : known);
	return 0;
}

/**
 * pinbuf__info_copy() - give a struct to the caller
 * @user: the caller's, its size set
 * @least: its size in the first release
 * @info: what to give
 * @known: its size in this library
 * @what: its type's name
 *
 * Return: 0, or -EINVAL if the caller's is too short.
 */
int pinbuf__info_copy(void *user, size_t least, const void *info, size_t known,
		      const char *what)
{
	size_t size;

	memcpy(&size, user, sizeof(size));
	if (size < least)
		return size_refused(size, least, what);
	memset((char *)user + sizeof(size), 0, size - sizeof(size));
	if (size > known)
		size = known;
	memcpy((char *)user + sizeof(size), (const char *)info + sizeof(size),
	       size - sizeof(size));
	return 0;
}
