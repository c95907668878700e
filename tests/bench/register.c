// SPDX-License-Identifier: MIT
#include <liburing.h>

#include "error.h"
#include "measure.h"
#include "mem.h"
#include "settle.h"
#include "size.h"
#include "works.h"

static const struct size sizes[] = {
	{ 64 * KIB,	"64 KiB" },
	{ 1 * MIB,	"1 MiB" },
	{ 16 * MIB,	"16 MiB" },
	{ 256 * MIB,	"256 MiB" },
};

enum { NR_SIZES = sizeof(sizes) / sizeof(sizes[0]) };

struct registration {
	uint64_t begin;
	uint64_t end;
};

/* Returns 0, or the errno that the kernel refuses the memory with. */
static int registration_run(struct registration *r, const struct mem *m)
{
	struct iovec iov = { m->addr, m->len };
	struct io_uring ring;
	uint64_t at[3];
	int ret;

	/*
	 * A ring for each: the kernel puts the end of a registration off until
	 * the ring is idle, and a second one would pay for the first.
	 */
	ret = io_uring_queue_init(4, &ring, 0);
	if (ret)
		fail_errno(-ret, "io_uring_queue_init");
	at[0] = measure_now();
	ret = io_uring_register_buffers(&ring, &iov, 1);
	at[1] = measure_now();
	if (!ret) {
		int error = io_uring_unregister_buffers(&ring);

		at[2] = measure_now();
		if (error)
			fail_errno(-error, "io_uring_unregister_buffers");
		measure_least(&r->begin, at[1] - at[0]);
		measure_least(&r->end, at[2] - at[1]);
	}
	io_uring_queue_exit(&ring);
	return -ret;
}

static void registration_measure(struct figure *begin, struct figure *end,
				 const struct kind *k, size_t len)
{
	struct registration r = { UINT64_MAX, UINT64_MAX };
	struct registration warm;
	struct mem m;
	int error = 0;

	settle();
	mem_make(&m, k, len);
	mem_map(&m, k);
	mem_touch(&m);
	for (int i = 0; i < MEASURE_WARMUPS && !error; i++)
		error = registration_run(&warm, &m);
	for (int i = 0; i < MEASURE_ROUNDS && !error; i++)
		error = registration_run(&r, &m);
	if (error) {
		figure_refuse(begin, error);
		figure_refuse(end, error);
	} else {
		figure_set(begin, r.begin);
		figure_set(end, r.end);
	}
	mem_unmap(&m);
	mem_free(&m, k);
}

void work_register(struct table *t)
{
	table_init_kinds(t, "io_uring: register a buffer, unregister it", "instructions");
	for (int s = 0; s < NR_SIZES; s++) {
		struct row *begin, *end;

		if (sizes[s].len > work_max_len)
			continue;
		begin = table_add(t, 0, "register %s", sizes[s].text);
		end = table_add(t, 0, "unregister %s", sizes[s].text);
		for (int i = 0; i < NR_KINDS; i++) {
			if (!kinds[i].chosen || sizes[s].len < kinds[i].min_len)
				continue;
			registration_measure(&begin->figures[i], &end->figures[i],
					     &kinds[i], sizes[s].len);
		}
	}
}
