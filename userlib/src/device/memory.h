/* SPDX-License-Identifier: MIT */
/* Locked memory: what its kinds share. */
#ifndef PINBUF_DEVICE_MEMORY_H
#define PINBUF_DEVICE_MEMORY_H

#include "handle.h"

/**
 * struct pinbuf__kind - a way to memory that stays: a row of memory.c's table
 * @suits: whether a request is one for it
 * @make: sets base, fd, backing and len of a buffer; 0, or -errno with nothing left
 *	behind and the thread's error as it was
 * @import: the same with a descriptor of another buffer, which is its own on success;
 *	NULL where there are none
 */
struct pinbuf__kind {
	bool (*suits)(const struct pinbuf__request *r, uint64_t huge);
	int (*make)(struct pinbuf_buf *buf, const struct pinbuf__request *r);
	int (*import)(struct pinbuf_buf *buf, int fd, size_t len);
};

extern const struct pinbuf__kind pinbuf__hugetlb, pinbuf__anon, pinbuf__memfd;

/* What buffers of all kinds can do; a kind's row differs in its first field. */
#define PINBUF__MEMORY_BACKING(number)						\
	{									\
		.kind = (number), .map = pinbuf__memory_map,			\
		.query = pinbuf__memory_query, .sync = pinbuf__memory_sync,	\
		.end = pinbuf__memory_end,					\
	}

int pinbuf__memory_map(struct pinbuf_buf *buf, const struct pinbuf_map_opts *o, void **out);
int pinbuf__memory_query(struct pinbuf_buf *buf, unsigned int flags, struct pinbuf_buf_info *info);
int pinbuf__memory_sync(struct pinbuf_buf *buf, uint64_t offset, uint64_t len,
			unsigned int access, bool end);
void pinbuf__memory_end(struct pinbuf_buf *buf);

/* for the kinds' make; each returns -errno and leaves the thread's error alone */
PINBUF_MUST_CHECK int pinbuf__memory_room(const struct pinbuf__request *r, size_t len);
PINBUF_MUST_CHECK int pinbuf__memory_lock(void *addr, size_t len);
PINBUF_MUST_CHECK int pinbuf__memory_populate(void *addr, size_t len, size_t step);

#endif /* PINBUF_DEVICE_MEMORY_H */
