// SPDX-License-Identifier: MIT
#include <errno.h>
#include <liburing.h>

#include "ring.h"

#define DEPTH 8U
#define CHUNK ((size_t)1 << 20)

struct job {
	int disk;
	char *mem;
	size_t len;
	bool fixed;
};

static void chunk_queue(struct io_uring *ring, const struct job *job, size_t at)
{
	size_t len = job->len - at < CHUNK ? job->len - at : CHUNK;
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (job->fixed)
		io_uring_prep_read_fixed(sqe, job->disk, job->mem + at, (unsigned int)len, at, 0);
	else
		io_uring_prep_read(sqe, job->disk, job->mem + at, (unsigned int)len, at);
	io_uring_sqe_set_data64(sqe, len);
}

/* A short read is an error: the disk is as long as was asked. */
static int chunk_reap(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe(ring, &cqe), res;
	size_t len;

	if (ret)
		return -ret;
	res = cqe->res;
	len = io_uring_cqe_get_data64(cqe);
	io_uring_cqe_seen(ring, cqe);
	if (res < 0)
		return -res;
	return (size_t)res == len ? 0 : EIO;
}

/* Reaps all that was queued, also after an error: the kernel writes to @job. */
static int job_run(struct io_uring *ring, const struct job *job)
{
	unsigned int flying = 0;
	int err = 0, one;
	size_t at = 0;

	while (flying || (at < job->len && !err)) {
		while (flying < DEPTH && at < job->len && !err) {
			chunk_queue(ring, job, at);
			at += CHUNK;
			flying++;
		}
		one = io_uring_submit(ring);
		if (one < 0)
			return -one;
		one = chunk_reap(ring);
		flying--;
		if (!err)
			err = one;
	}
	return err;
}

int ring_read(int disk, void *mem, size_t len, bool else_plain, struct ring_answer *answer)
{
	struct job job = { .disk = disk, .mem = mem, .len = len };
	struct iovec iov = { .iov_base = mem, .iov_len = len };
	struct io_uring ring;
	int ret = io_uring_queue_init(DEPTH, &ring, 0);

	if (ret)
		return ret;
	answer->registered = -io_uring_register_buffers(&ring, &iov, 1);
	job.fixed = !answer->registered;
	answer->read = answer->registered;
	if (job.fixed || else_plain)
		answer->read = job_run(&ring, &job);
	io_uring_queue_exit(&ring);
	return 0;
}
