/* SPDX-License-Identifier: MIT */
/*
 * Small files of /proc and /sys.  Each function ends the program where it fails.
 */
#ifndef BENCH_FILE_H
#define BENCH_FILE_H

#include <stddef.h>

void file_write(const char *path, const char *text);
void file_read(const char *path, char *text, size_t size);

/*
 * For files that are read again and again: opening and closing one leaves
 * objects behind in the kernel, which the next reading would show.
 */
int file_open(const char *path);
void file_reread(int fd, char *text, size_t size);

#endif
