// SPDX-License-Identifier: MIT
/*
 * The same three uses of each kind of memory.  An answer is what the kernel said;
 * where it said yes, the bytes are compared with those of the proved buffer.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "edu.h"
#include "entries.h"
#include "kinds.h"
#include "prove.h"
#include "ring.h"
#include "say.h"

#define TRIED ((size_t)1 << 20)	/* bytes of each try */

/* The disk begins with the same bytes as the proved buffer. */
static int o_direct_try(const struct prove *p, const struct piece *piece)
{
	ssize_t n = pread(p->disk, piece->mem, TRIED, 0);

	if (n < 0)
		return errno;
	if ((size_t)n != TRIED)
		return EIO;
	return memcmp(piece->mem, p->mem, TRIED) ? ANSWER_WRONG_BYTES : ANSWER_OK;
}

static int io_uring_try(const struct prove *p, const struct piece *piece)
{
	unsigned char *mem = piece->mem;
	struct ring_answer answer;
	int ret;

	memset(mem, 0, TRIED);
	ret = ring_read(p->disk, mem, TRIED, false, &answer);
	if (ret)
		return -ret;
	if (answer.read)
		return answer.read;
	return memcmp(mem, p->mem, TRIED) ? ANSWER_WRONG_BYTES : ANSWER_OK;
}

static int sync_piece(const struct piece *piece, uint64_t step)
{
	struct dma_buf_sync sync = { .flags = step | DMA_BUF_SYNC_RW };

	return ioctl(piece->fd, DMA_BUF_IOCTL_SYNC, &sync) ? errno : 0;
}

/* Out of its first bytes, and back into others. */
static int device_try(const struct prove *p, const struct piece *piece)
{
	unsigned char *mem = piece->mem;
	size_t back = piece->len - 2 * EDU_PIECE;
	int err;

	if (piece->fd < 0)
		return ANSWER_NO_FD;
	err = sync_piece(piece, DMA_BUF_SYNC_START);
	if (err)
		return err;
	memcpy(mem, p->mem, EDU_PIECE);
	memset(mem + back, 0, EDU_PIECE);
	err = sync_piece(piece, DMA_BUF_SYNC_END);
	if (!err)
		err = edu_out(p->edu, piece->fd, 0, 0);
	if (!err)
		err = edu_back(p->edu, piece->fd, back, 0);
	if (!err)
		err = sync_piece(piece, DMA_BUF_SYNC_START);
	if (err)
		return err;
	if (memcmp(mem + back, p->mem, EDU_PIECE))
		return ANSWER_WRONG_BYTES;
	return sync_piece(piece, DMA_BUF_SYNC_END);
}

static int kind_try(struct prove *p, const struct kind *kind, struct kind_fact *fact)
{
	size_t tables = tables_size();
	struct piece piece;
	int ret;

	fact->key = kind->key;
	fact->name = kind->name;
	fact->made = piece_make(kind, &piece, p->len, p->dev);
	if (fact->made)
		return 0;
	memset(piece.mem, 0, piece.len);
	fact->pages = piece.len / (size_t)sysconf(_SC_PAGESIZE);
	fact->o_direct = o_direct_try(p, &piece);
	fact->io_uring = io_uring_try(p, &piece);
	fact->device_dma = device_try(p, &piece);
	ret = entries_count(piece.mem, piece.len, tables, &fact->entries);
	piece_drop(&piece);
	return ret;
}

int peers(struct prove *p)
{
	struct prove_facts *f = &p->facts;
	size_t i;

	for (i = 0; i < nr_kinds; i++) {
		if (kind_try(p, &kinds[i], &f->kinds[i]))
			return -1;
		f->nr_kinds++;
	}
	say("peers", "the same tried on what there is besides");
	return 0;
}
