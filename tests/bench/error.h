/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ERROR_H
#define BENCH_ERROR_H

/* Say what went wrong and end the program: a figure from a broken setup is none. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same, with the words for the errno value @error after it. */
void fail_errno(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif
