// SPDX-License-Identifier: MIT
/*
 * One record a thread, written by every call that fails and by no other.  It is
 * thread-local storage of the general model: half a kilobyte of the initial-exec
 * one would keep the library from being dlopen()ed.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <pinbuf/error.h>

#include "internal.h"

static _Thread_local struct pinbuf_error last = {
	.text = "no call of this thread has failed",
};

static const char *const kind_names[] = {
	[PINBUF_ERROR_NONE] = "none",
	[PINBUF_ERROR_MEMORY] = "out of memory",
	[PINBUF_ERROR_LAYOUT] = "invalid layout",
	[PINBUF_ERROR_EXHAUSTED] = "region exhausted",
	[PINBUF_ERROR_ALIGN] = "unsupported alignment",
	[PINBUF_ERROR_OVERFLOW] = "overflow",
	[PINBUF_ERROR_LIMIT] = "limit",
	[PINBUF_ERROR_PERMISSION] = "permission",
	[PINBUF_ERROR_UNSUPPORTED] = "unsupported",
	[PINBUF_ERROR_MISUSE] = "misuse",
	[PINBUF_ERROR_SYSTEM] = "system",
};

const struct pinbuf_error *pinbuf_error_last(void)
{
	return &last;
}

const char *pinbuf_error_text(void)
{
	return last.text;
}

const char *pinbuf_error_kind_name(enum pinbuf_error_kind kind)
{
	size_t i = (size_t)kind;

	return i < sizeof(kind_names) / sizeof(kind_names[0]) ? kind_names[i] : "unknown";
}

/**
 * pinbuf__error() - keep a failure for pinbuf_error_last()
 * @facts: everything but the text; may not be the thread's record itself
 * @fmt: the sentence
 *
 * Return: -@facts->err, for the caller to return.
 */
int pinbuf__error(const struct pinbuf_error *facts, const char *fmt, ...)
{
	va_list args;

	last = *facts;
	va_start(args, fmt);
	vsnprintf(last.text, sizeof(last.text), fmt, args);
	va_end(args);
	return -facts->err;
}

/* A failure that another way made good is none. */
void pinbuf__error_restore(const struct pinbuf_error *before)
{
	last = *before;
}

/* In the largest unit that says it exactly: a limit must not be rounded. */
const char *pinbuf__bytes(char text[PINBUF__BYTES_SIZE], uint64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned int u = 0;

	while (u < 4 && bytes && !(bytes % 1024)) {
		bytes /= 1024;
		u++;
	}
	snprintf(text, PINBUF__BYTES_SIZE, "%" PRIu64 " %s", bytes,
		 !u && bytes == 1 ? "byte" : units[u]);
	return text;
}
