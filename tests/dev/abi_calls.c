// SPDX-License-Identifier: MIT
#include "abi_calls.h"

#define JUNK 0xa5

static void fill_info(void *arg, int buf)
{
	struct pinbuf_ioc_info *info = arg;

	(void)buf;
	memset(info, JUNK, sizeof(*info));
	info->reserved = 0;
}

static void fill_alloc(void *arg, int buf)
{
	struct pinbuf_ioc_alloc *alloc = arg;

	(void)buf;
	memset(alloc, JUNK, sizeof(*alloc));
	memset(alloc, 0, offsetof(struct pinbuf_ioc_alloc, out_len));
	alloc->len = 1;
	alloc->node = PINBUF_NODE_ANY;
	alloc->fd_flags = O_CLOEXEC;
	alloc->reserved = 0;
}

static int alloc_out_fd(const void *arg)
{
	return ((const struct pinbuf_ioc_alloc *)arg)->out_fd;
}

static void fill_query(void *arg, int buf)
{
	struct pinbuf_ioc_query *query = arg;

	memset(query, JUNK, sizeof(*query));
	query->fd = buf;
	query->flags = 0;
}

static void fill_extents(void *arg, int buf)
{
	struct pinbuf_ioc_extents *extents = arg;

	memset(extents, 0, sizeof(*extents));
	extents->fd = buf;
}

static void fill_sync(void *arg, int buf)
{
	struct pinbuf_ioc_sync *sync = arg;

	sync->fd = buf;
	sync->flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
	sync->offset = 0;
	sync->len = 1;
}

static void fill_stats(void *arg, int buf)
{
	struct pinbuf_ioc_stats *stats = arg;

	(void)buf;
	memset(stats, JUNK, sizeof(*stats));
	stats->scope = PINBUF_STATS_ALL;
	stats->node = 0;
}

/* Each of the three finds the name as it needs it, whichever came before. */
void abi_done(void)
{
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = "n" };

	ioctl(dev, PINBUF_IOC_UNPUBLISH, &unpublish);
}

static void fill_publish(void *arg, int buf)
{
	struct pinbuf_ioc_publish *publish = arg;

	abi_done();
	memset(publish, 0, sizeof(*publish));
	publish->fd = buf;
	publish->mode = 0600;
	publish->name[0] = 'n';
}

static void have_name(int buf)
{
	struct pinbuf_ioc_publish publish;

	fill_publish(&publish, buf);
	ioctl(dev, PINBUF_IOC_PUBLISH, &publish);
}

static void fill_attach(void *arg, int buf)
{
	struct pinbuf_ioc_attach *attach = arg;

	have_name(buf);
	memset(attach, JUNK, sizeof(*attach));
	memset(attach, 0, offsetof(struct pinbuf_ioc_attach, out_fd));
	attach->reserved = 0;
	attach->uid = -1;
	attach->name[0] = 'n';
}

static void fill_unpublish(void *arg, int buf)
{
	struct pinbuf_ioc_unpublish *unpublish = arg;

	have_name(buf);
	memset(unpublish, 0, sizeof(*unpublish));
	unpublish->uid = -1;
	unpublish->name[0] = 'n';
}

static int attach_out_fd(const void *arg)
{
	return ((const struct pinbuf_ioc_attach *)arg)->out_fd;
}

static int no_out_fd(const void *arg)
{
	(void)arg;
	return -1;
}

#define ENDOF(type, last)						\
	(offsetof(struct pinbuf_ioc_##type, last) +			\
	 sizeof(((struct pinbuf_ioc_##type *)0)->last))

#define CALL(type, number, last, released) {				\
	.name = #number,						\
	.nr = _IOC_NR(PINBUF_IOC_##number),				\
	.size = sizeof(struct pinbuf_ioc_##type),			\
	.first_size = ENDOF(type, last),				\
	.answers = released,						\
	.copies_out = PINBUF_IOC_##number != PINBUF_IOC_SYNC &&		\
		      PINBUF_IOC_##number != PINBUF_IOC_PUBLISH &&	\
		      PINBUF_IOC_##number != PINBUF_IOC_UNPUBLISH,	\
	.fill = fill_##type,						\
	.out_fd = PINBUF_IOC_##number == PINBUF_IOC_ALLOC ?		\
		  alloc_out_fd :					\
		  PINBUF_IOC_##number == PINBUF_IOC_ATTACH ?		\
		  attach_out_fd : no_out_fd,				\
},

const struct abi_call abi_calls[] = { ABI_ROWS(CALL) };
const size_t abi_calls_count = ARRAY_LEN(abi_calls);

unsigned long abi_number(const struct abi_call *call, size_t size)
{
	return _IOC(_IOC_READ | _IOC_WRITE, PINBUF_IOC_TYPE, call->nr, size);
}

int abi_try(const struct abi_call *call, size_t size, void *arg)
{
	int err = errno_of(ioctl(dev, abi_number(call, size), arg));

	if (!err && call->out_fd(arg) >= 0)
		assert_ok(close(call->out_fd(arg)));
	return err;
}
