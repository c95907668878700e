// SPDX-License-Identifier: MIT
/* The commands of the node, and opening it. */
#include "scene.h"

#include <linux/dma-heap.h>

static int run_open(const struct operation *op)
{
	(void)op;
	scene.got = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	return errno_of(scene.got);
}

static int run_alloc(const struct operation *op)
{
	struct pinbuf_ioc_alloc req = op->alloc;
	int err;

	req.node = op->alloc.node ? op->alloc.node : PINBUF_NODE_ANY;
	req.fd_flags = O_CLOEXEC;
	err = alloc_on(dev, &req);
	scene.got = err ? -1 : req.out_fd;
	return err;
}

static int run_heap(const struct operation *op)
{
	struct dma_heap_allocation_data data = {
		.len = op->alloc.len, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int heap = open("/dev/dma_heap/pinbuf", O_RDWR | O_CLOEXEC);
	int err = errno_of(heap);

	if (err)
		return err;
	err = errno_of(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data));
	scene.got = err ? -1 : (int)data.fd;
	close(heap);
	return err;
}

static int run_info(const struct operation *op)
{
	struct pinbuf_ioc_info in = { 0 };

	(void)op;
	return errno_of(ioctl(dev, PINBUF_IOC_INFO, &in));
}

static int run_query(const struct operation *op)
{
	struct pinbuf_ioc_query query = { .fd = scene.fd, .flags = op->flags };

	return errno_of(ioctl(dev, PINBUF_IOC_QUERY, &query));
}

static int run_stats(const struct operation *op)
{
	struct pinbuf_ioc_stats st = { .scope = op->flags };

	return errno_of(ioctl(dev, PINBUF_IOC_STATS, &st));
}

static int run_sync(const struct operation *op)
{
	struct pinbuf_ioc_sync sync = {
		.fd = scene.fd, .len = SCENE_LEN,
		.flags = op->flags | PINBUF_SYNC_READ | PINBUF_SYNC_WRITE,
	};

	return errno_of(ioctl(dev, PINBUF_IOC_SYNC, &sync));
}

static int run_extents(const struct operation *op)
{
	static struct pinbuf_extent runs[16];
	struct pinbuf_ioc_extents extents = {
		.fd = scene.fd, .array = (uintptr_t)runs, .capacity = op->flags,
	};

	return errno_of(ioctl(dev, PINBUF_IOC_EXTENTS, &extents));
}

static int run_publish(const struct operation *op)
{
	struct pinbuf_ioc_publish publish = { .fd = scene.fd, .mode = 0600, .name = "another" };

	(void)op;
	return errno_of(ioctl(dev, PINBUF_IOC_PUBLISH, &publish));
}

static void undo_publish(void)
{
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = "another" };

	assert_ok(ioctl(dev, PINBUF_IOC_UNPUBLISH, &unpublish));
}

static int run_attach(const struct operation *op)
{
	struct pinbuf_ioc_attach attach = { .uid = -1, .name = SCENE_NAME };
	int err = errno_of(ioctl(dev, PINBUF_IOC_ATTACH, &attach));

	(void)op;
	scene.got = err ? -1 : attach.out_fd;
	return err;
}

static int run_unpublish(const struct operation *op)
{
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = SCENE_NAME };

	(void)op;
	return errno_of(ioctl(dev, PINBUF_IOC_UNPUBLISH, &unpublish));
}

static void undo_unpublish(void)
{
	struct pinbuf_ioc_publish publish = {
		.fd = scene.named, .mode = 0600, .name = SCENE_NAME,
	};

	assert_ok(ioctl(dev, PINBUF_IOC_PUBLISH, &publish));
}

static int run_debugfs(const struct operation *op)
{
	static char text[16384];
	int fd = open("/sys/kernel/debug/pinbuf/buffers", O_RDONLY | O_CLOEXEC);
	int err = errno_of(fd);

	(void)op;
	if (err)
		return err;
	err = errno_of(read(fd, text, sizeof(text)));
	close(fd);
	return err;
}

const struct operation alloc_operations[] = {
	OPERATION("open", run_open, undo_fd),
	OPERATION("INFO", run_info, NULL),
	OPERATION("ALLOC, a page", run_alloc, undo_fd, .alloc = { .len = PAGE }),
	OPERATION("ALLOC, a page with a label", run_alloc, undo_fd,
		  .alloc = { .len = PAGE, .name = "label" }),
	OPERATION("ALLOC, small folios of every size", run_alloc, undo_fd,
		  .alloc = { .len = MIB(2) - PAGE }),
	OPERATION("ALLOC, huge and small folios", run_alloc, undo_fd,
		  .alloc = { .len = SCENE_LEN }),
	OPERATION("ALLOC, HUGE", run_alloc, undo_fd,
		  .alloc = { .len = MIB(4) + PAGE, .flags = PINBUF_ALLOC_HUGE }),
	OPERATION("ALLOC, aligned to more than its length", run_alloc, undo_fd,
		  .alloc = { .len = 3 * PAGE, .align = KIB(64) }),
	OPERATION("ALLOC, aligned to more than a huge page", run_alloc, undo_fd,
		  .alloc = { .len = MIB(2), .align = MIB(4) }),
	OPERATION("the heap's node and its ALLOC", run_heap, undo_fd, .alloc = { .len = 3 * PAGE }),
	OPERATION("ALLOC, below 32 bits", run_alloc, undo_fd,
		  .alloc = { .len = SCENE_LEN, .addr_bits = 32 }),
	OPERATION("ALLOC, below 28 bits", run_alloc, undo_fd,
		  .alloc = { .len = SCENE_LEN, .addr_bits = 28 }),
	OPERATION("ALLOC, CONTIG, within a huge page", run_alloc, undo_fd,
		  .alloc = { .len = 3 * PAGE, .flags = PINBUF_ALLOC_CONTIG }),
	OPERATION("ALLOC, CONTIG, several huge pages", run_alloc, undo_fd,
		  .alloc = { .len = MIB(8), .flags = PINBUF_ALLOC_CONTIG }),
	OPERATION("ALLOC, CONTIG, a huge page and a page", run_alloc, undo_fd,
		  .alloc = { .len = MIB(2) + PAGE, .flags = PINBUF_ALLOC_CONTIG }),
	OPERATION("ALLOC, CONTIG, below 32 bits", run_alloc, undo_fd,
		  .alloc = { .len = MIB(4), .flags = PINBUF_ALLOC_CONTIG, .addr_bits = 32 }),
	OPERATION("ALLOC, by several CPUs", run_alloc, undo_fd, .alloc = { .len = MIB(32) }),
	OPERATION("QUERY", run_query, NULL),
	OPERATION("QUERY, REFS", run_query, NULL, .flags = PINBUF_QUERY_REFS),
	OPERATION("SYNC, START", run_sync, NULL, .flags = PINBUF_SYNC_START),
	OPERATION("SYNC, END", run_sync, NULL, .flags = PINBUF_SYNC_END),
	OPERATION("STATS", run_stats, NULL, .flags = PINBUF_STATS_ALL),
	OPERATION("EXTENTS, to count", run_extents, NULL, .flags = 0),
	OPERATION("EXTENTS", run_extents, NULL, .flags = 16),
	OPERATION("PUBLISH", run_publish, undo_publish),
	OPERATION("ATTACH", run_attach, undo_fd),
	OPERATION("UNPUBLISH", run_unpublish, undo_unpublish),
	OPERATION("debugfs", run_debugfs, NULL),
};
const size_t nr_alloc_operations = ARRAY_LEN(alloc_operations);
