/* SPDX-License-Identifier: MIT */
/*
 * Every command of /dev/pinbuf: ROW(struct, number, last field of its first
 * release, answers).  A command that is named in the header but not yet made
 * answers ENOTTY and has 0 in the last column.
 */
#ifndef TESTS_DEV_ABI_ROWS_H
#define TESTS_DEV_ABI_ROWS_H

#define ABI_ROWS(ROW)							\
	ROW(info,	INFO,		reserved,		1)	\
	ROW(alloc,	ALLOC,		reserved,		1)	\
	ROW(query,	QUERY,		out,			1)	\
	ROW(extents,	EXTENTS,	out_total,		1)	\
	ROW(sync,	SYNC,		len,			1)	\
	ROW(stats,	STATS,		out_small_folios,	1)	\
	ROW(publish,	PUBLISH,	name,			1)	\
	ROW(attach,	ATTACH,		out,			1)	\
	ROW(unpublish,	UNPUBLISH,	name,			1)

#endif
