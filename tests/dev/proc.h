/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own view of a process and of itself: frames, smaps, faults,
 * files under /proc and /sys.
 */
#ifndef TESTS_DEV_PROC_H
#define TESTS_DEV_PROC_H

#include "common.h"

/* Physical frame of the page at @p, 0 if there is none.  Needs root. */
uint64_t frame_of(const void *p);

/* Frames of @pages pages from @p. */
void frames_read(const void *p, size_t pages, uint64_t *frames);

/* How many of @pages differ between the two lists. */
size_t frames_moved(const uint64_t *before, const uint64_t *after, size_t pages);

/*
 * Sum over the mappings that overlap [@p, @p + @len) of one kB line of smaps
 * ("FilePmdMapped"), in bytes.
 */
size_t smaps_bytes(const void *p, size_t len, const char *field);

/* True if the mapping at @p carries the two-letter flag of VmFlags. */
bool smaps_flag(const void *p, const char *flag);

/* Minor faults of this thread so far. */
long minor_faults(void);

/* A whole small file as text, valid until the next call; NULL with errno. */
const char *file_text(const char *path);

/* Number behind @key in a file of "key value" lines, or of the whole file
 * where @key is NULL; -1 if it is not there.
 */
long long file_number(const char *path, const char *key);

/* 0 or -1 with errno. */
int file_write(const char *path, const char *text);
int file_write_number(const char *path, long long value);

/* One of the module's parameters. */
long long param_get(const char *name);
int param_set(const char *name, long long value);

/* Bytes of a /proc/meminfo line. */
size_t meminfo(const char *name);

/* The first physical address of memory, and one past the last.  Needs root. */
uint64_t ram_start(void);
uint64_t ram_end(void);

/*
 * Fills a tmpfs with @bytes and frees it, so that the page allocator hands out
 * pages with the page cache's old values in them.
 */
void tmpfs_churn(size_t bytes);

#endif
