// SPDX-License-Identifier: MIT
/*
 * Pieces of the buffer go out to the device and come back into another buffer.
 * They lie at the start and the end of its huge folios, across the border of two,
 * and at odd bytes; their places in the other buffer are in the reverse order, so
 * that no piece comes back to where it was.
 *
 * Everything else there holds a known byte, and must still do so at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "edu.h"
#include "prove.h"
#include "say.h"

#define PIECES 32U
#define REST 0x5a

static size_t place(const struct prove *p, unsigned int i)
{
	size_t step = p->len / PIECES, base = i * step;

	switch (i % 4) {
	case 1:
		return base - EDU_PIECE / 2;
	case 2:
		return base + 12345;
	case 3:
		return base + step - EDU_PIECE;
	default:
		return base;
	}
}

static size_t place_back(const struct prove *p, unsigned int i)
{
	return place(p, PIECES - 1 - i);
}

static int pieces_move(struct prove *p, struct pinbuf_buf *back)
{
	unsigned int i;
	int err;

	for (i = 0; i < PIECES; i++) {
		/* the device's memory is reused at another place each time */
		uint32_t at = i % 2 ? 999 : 0;

		err = edu_out(p->edu, pinbuf_buf_fd(p->buf), place(p, i), at);
		if (!err)
			err = edu_back(p->edu, pinbuf_buf_fd(back), place_back(p, i), at);
		if (err)
			return say_wrong("the device cannot move piece %u, at byte %zu: %s", i,
					 place(p, i), strerror(err));
		p->facts.device_dma_bytes += 2 * EDU_PIECE;
	}
	return 0;
}

static uint64_t bytes_differing(const unsigned char *a, const unsigned char *b, size_t len)
{
	uint64_t nr = 0;
	size_t i;

	if (memcmp(a, b, len))
		for (i = 0; i < len; i++)
			nr += a[i] != b[i];
	return nr;
}

/* The pieces first; then they too become REST, and all must be. */
static uint64_t mismatches_count(const struct prove *p, unsigned char *mem)
{
	unsigned char rest[4096];
	uint64_t nr = 0;
	unsigned int i;
	size_t at;

	for (i = 0; i < PIECES; i++) {
		nr += bytes_differing(mem + place_back(p, i), p->mem + place(p, i), EDU_PIECE);
		memset(mem + place_back(p, i), REST, EDU_PIECE);
	}
	memset(rest, REST, sizeof(rest));
	for (at = 0; at < p->len; at += sizeof(rest))
		nr += bytes_differing(mem + at, rest, sizeof(rest));
	return nr;
}

static int round_trip(struct prove *p, struct pinbuf_buf *back)
{
	struct prove_facts *f = &p->facts;
	void *mem;

	if (pinbuf_buf_map(back, &mem, NULL) ||
	    pinbuf_buf_sync_begin(back, 0, p->len, PINBUF_WRITE))
		return say_wrong("%s", pinbuf_error_text());
	memset(mem, REST, p->len);
	if (pinbuf_buf_sync_end(back, 0, p->len, PINBUF_WRITE))
		return say_wrong("%s", pinbuf_error_text());
	if (pieces_move(p, back))
		return -1;
	if (pinbuf_buf_sync_begin(back, 0, p->len, PINBUF_READWRITE))
		return say_wrong("%s", pinbuf_error_text());
	f->device_dma_mismatches = mismatches_count(p, mem);
	if (pinbuf_buf_sync_end(back, 0, p->len, PINBUF_READWRITE))
		return say_wrong("%s", pinbuf_error_text());
	say("device", "%u pieces of %u bytes out to the device and back into a second buffer:",
	    PIECES, EDU_PIECE);
	say_more("%llu bytes by DMA; of the %zu bytes there, all compared, %llu %s wrong",
		 (unsigned long long)f->device_dma_bytes, p->len,
		 (unsigned long long)f->device_dma_mismatches,
		 f->device_dma_mismatches == 1 ? "is" : "are");
	return 0;
}

int device(struct prove *p)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *back;
	int ret;

	p->edu = open(p->edu_path, O_RDWR | O_CLOEXEC);
	if (p->edu < 0)
		return say_wrong("%s cannot be opened: %s; it needs QEMU's edu device and the module pinbuf_edu",
				 p->edu_path, strerror(errno));
	opts.label = "prove: back";
	if (pinbuf_buf_create(&back, p->dev, p->len, &opts))
		return say_wrong("%s", pinbuf_error_text());
	ret = round_trip(p, back);
	pinbuf_buf_put(back);
	return ret;
}
