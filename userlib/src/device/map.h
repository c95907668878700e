/* SPDX-License-Identifier: MIT */
#ifndef PINBUF_DEVICE_MAP_H
#define PINBUF_DEVICE_MAP_H

#include <pinbuf/buf.h>

struct pinbuf__mapping;

/* the mappings of one buffer that this process made; its owner locks it */
struct pinbuf__maps {
	struct pinbuf__mapping *first;
	size_t nr;
};

struct pinbuf__map_request {
	int fd;
	uint64_t offset;
	size_t len;
	uint64_t huge_size;
	unsigned int access;
	enum pinbuf_fork fork;
};

void *pinbuf__room_reserve(size_t len, uint64_t offset, size_t align);

int pinbuf__maps_add(struct pinbuf__maps *maps, const struct pinbuf__map_request *r,
		     void **out);
int pinbuf__maps_lend(struct pinbuf__maps *maps, void *addr);
int pinbuf__maps_remove(struct pinbuf__maps *maps, const void *addr);
void pinbuf__maps_fini(struct pinbuf__maps *maps);

#endif /* PINBUF_DEVICE_MAP_H */
