/* SPDX-License-Identifier: MIT */
/* Why the last call of this thread failed. */
#ifndef PINBUF_ERROR_H
#define PINBUF_ERROR_H

#include <stdint.h>

#include <pinbuf/base.h>

PINBUF_BEGIN_DECLS

/**
 * enum pinbuf_error_kind - what sort of failure
 * @PINBUF_ERROR_NONE: no call of this thread has failed yet
 * @PINBUF_ERROR_MEMORY: the memory cannot be had
 * @PINBUF_ERROR_LAYOUT: a size or layout that cannot be
 * @PINBUF_ERROR_EXHAUSTED: the region is full
 * @PINBUF_ERROR_ALIGN: an alignment that is not offered
 * @PINBUF_ERROR_OVERFLOW: adding or rounding would wrap
 * @PINBUF_ERROR_LIMIT: a limit would be exceeded, and somebody can raise it
 * @PINBUF_ERROR_PERMISSION: the caller may not
 * @PINBUF_ERROR_UNSUPPORTED: this kernel, module or machine cannot
 * @PINBUF_ERROR_MISUSE: the call broke a rule of the interface
 * @PINBUF_ERROR_SYSTEM: the system refused for another reason
 */
enum pinbuf_error_kind {
	PINBUF_ERROR_NONE,
	PINBUF_ERROR_MEMORY,
	PINBUF_ERROR_LAYOUT,
	PINBUF_ERROR_EXHAUSTED,
	PINBUF_ERROR_ALIGN,
	PINBUF_ERROR_OVERFLOW,
	PINBUF_ERROR_LIMIT,
	PINBUF_ERROR_PERMISSION,
	PINBUF_ERROR_UNSUPPORTED,
	PINBUF_ERROR_MISUSE,
	PINBUF_ERROR_SYSTEM,
};

/**
 * struct pinbuf_error - the failure in figures and in words
 * @kind: what sort
 * @err: errno, positive; the call returned its negative
 * @requested: what was asked for, in bytes unless the text says otherwise
 * @available: what could have been had, in the same unit; 0 if not known
 * @largest_free: largest free block of a region, in bytes; 0 if not known
 * @limit: the limit that was hit; 0 if none was
 * @limit_name: what the limit is called, or NULL
 * @name: the buffer, region or file that was concerned; may be empty
 * @text: a sentence: which rule, which value, which limit and how to raise it
 *
 * The library writes it; it may grow at its end.
 */
struct pinbuf_error {
	enum pinbuf_error_kind kind;
	int err;
	uint64_t requested;
	uint64_t available;
	uint64_t largest_free;
	uint64_t limit;
	const char *limit_name;
	char name[64];
	char text[512];
};

/**
 * pinbuf_error_last() - details of this thread's last failure
 *
 * Like errno it is left alone by calls that succeed.
 *
 * Return: the thread's record, never NULL; the next failure in this thread
 * overwrites it, and it ends with the thread.
 */
PINBUF_API const struct pinbuf_error *pinbuf_error_last(void);

/**
 * pinbuf_error_text() - this thread's last failure as a sentence
 *
 * Return: a string without a newline, never NULL, of the same life as
 * pinbuf_error_last()'s.
 */
PINBUF_API const char *pinbuf_error_text(void);

/**
 * pinbuf_error_kind_name() - a kind as a word
 * @kind: any value
 *
 * Return: a constant string such as "limit"; "unknown" for a value that is no
 * kind.
 */
PINBUF_API const char *pinbuf_error_kind_name(enum pinbuf_error_kind kind);

PINBUF_END_DECLS

#endif /* PINBUF_ERROR_H */
