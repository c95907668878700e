/* SPDX-License-Identifier: MIT */
/* What a mapping costs in page-table entries. */
#ifndef PROVE_ENTRIES_H
#define PROVE_ENTRIES_H

#include <stddef.h>

/* bytes of this process's page tables */
size_t tables_size(void);

/*
 * Entries that map @len bytes at @mem, a huge one counted once; @tables_before is
 * tables_size() from before it was mapped.
 */
int entries_count(const void *mem, size_t len, size_t tables_before, size_t *out);

#endif /* PROVE_ENTRIES_H */
