/* SPDX-License-Identifier: MIT */
#ifndef PINBUF_DEVICE_LIMITS_H
#define PINBUF_DEVICE_LIMITS_H

#include <stdint.h>

/* Everything that can stand between a caller and his memory, in bytes. */
struct pinbuf__limits {
	uint64_t memlock;		/* UINT64_MAX where it is not applied */
	uint64_t memlock_hard;
	uint64_t locked;		/* of the user, by anything */
	uint64_t max_bytes;		/* the module's; 0 for none, as in /sys */
	uint64_t live_bytes;		/* held against max_bytes */
	uint64_t max_user_bytes;
	uint64_t user_bytes;
	uint64_t available;		/* MemAvailable; 0 if not known */
	uint64_t cgroup_max;		/* of the tightest group; UINT64_MAX for none */
	uint64_t cgroup_current;
	char cgroup[64];		/* its path, cut at the front if long */
};

uint64_t pinbuf__number(const char *path);
uint64_t pinbuf__ceiling(const char *parameter);
void pinbuf__limits_process(struct pinbuf__limits *l);
void pinbuf__limits_read(struct pinbuf__limits *l);
void pinbuf__cgroup_read(struct pinbuf__limits *l, const char *root, const char *path);

#endif /* PINBUF_DEVICE_LIMITS_H */
