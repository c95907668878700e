// SPDX-License-Identifier: MIT
/* A buffer is a dma-buf, to every tool and call that knows dma-bufs. */
#include "common.h"
#include "proc.h"

#include <linux/dma-buf.h>
#include <poll.h>
#include <sys/stat.h>

static const size_t len = 5 * PAGE;
static int buf = -1;

static int dmabuf_setup(void **state)
{
	struct pinbuf_ioc_alloc req = request(len);

	if (fixture_setup(state))
		return -1;
	strcpy((char *)req.name, "first name");
	if (alloc_on(dev, &req))
		return -1;
	buf = req.out_fd;
	return 0;
}

static int dmabuf_teardown(void **state)
{
	close(buf);
	return fixture_teardown(state);
}

#define DMABUF(function) \
	cmocka_unit_test_setup_teardown(function, dmabuf_setup, dmabuf_teardown)

static const char *fdinfo(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", buf);
	return file_text(path);
}

static void sync_takes_what_dma_buf_sync_takes(void **state)
{
	static const uint64_t directions[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(directions); i++) {
		struct dma_buf_sync sync;

		sync.flags = DMA_BUF_SYNC_START | directions[i];
		assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
		sync.flags = DMA_BUF_SYNC_END | directions[i];
		assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
		sync.flags = DMA_BUF_SYNC_START;
		assert_errno(EINVAL, ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
	}
}

static void sync_keeps_the_bytes(void **state)
{
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	void *p = map_shared(buf, len);

	(void)state;
	fill(p, len, 1);
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
	assert_int_equal(differs(p, len, 1), -1);
	munmap(p, len);
}

static void name_can_be_changed_and_the_label_stays(void **state)
{
	(void)state;
	assert_non_null(strstr(fdinfo(), "name:\tfirst name\n"));
	assert_ok(ioctl(buf, DMA_BUF_SET_NAME_B, "second name"));
	assert_non_null(strstr(fdinfo(), "name:\tsecond name\n"));
	assert_string_equal((char *)buf_query(buf).label, "first name");
	/* twice: the first one's memory was the core's to free */
	assert_ok(ioctl(buf, DMA_BUF_SET_NAME_B, "third name"));
	assert_non_null(strstr(fdinfo(), "name:\tthird name\n"));
}

static void fdinfo_is_that_of_every_dma_buf(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "size:\t%zu\n", len);
	assert_non_null(strstr(fdinfo(), line));
	assert_non_null(strstr(fdinfo(), "exp_name:\tpinbuf\n"));
	assert_non_null(strstr(fdinfo(), "count:\t"));
	snprintf(line, sizeof(line), "ino:\t%llu\n",
		 (unsigned long long)buf_query(buf).id);
	assert_non_null(strstr(fdinfo(), line));
}

static void seeking_tells_the_size(void **state)
{
	(void)state;
	assert_int_equal(lseek(buf, 0, SEEK_END), len);
	assert_int_equal(lseek(buf, 0, SEEK_SET), 0);
	assert_errno(EINVAL, lseek(buf, 1, SEEK_SET));
	assert_errno(EINVAL, lseek(buf, 1, SEEK_END));
	assert_errno(EINVAL, lseek(buf, 0, SEEK_CUR));
}

static void idle_buffer_is_ready_for_both(void **state)
{
	struct pollfd pollfd = { .fd = buf, .events = POLLIN | POLLOUT };

	(void)state;
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(pollfd.revents & (POLLIN | POLLOUT),
			 POLLIN | POLLOUT);
}

static void sync_file_of_an_idle_buffer_is_signalled(void **state)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	struct pollfd pollfd = { .events = POLLIN };

	(void)state;
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	pollfd.fd = export.fd;
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	close(export.fd);
}

static void kernels_list_of_dma_bufs_shows_it(void **state)
{
	static const char path[] = "/sys/kernel/debug/dma_buf/bufinfo";
	const char *text = file_text(path), *line;
	char id[32];

	(void)state;
	if (!text)
		skip_because("this kernel has no %s", path);
	snprintf(id, sizeof(id), "\t%08llu\t",
		 (unsigned long long)buf_query(buf).id);
	text = file_text(path);
	line = strstr(text, id);
	assert_non_null(line);
	assert_non_null(strstr(line, "first name"));
	/* size flags mode count exporter inode name */
	while (line > text && line[-1] != '\n')
		line--;
	assert_int_equal(strtoull(line, NULL, 10), len);
	assert_non_null(strstr(line, "\tpinbuf\t"));
}

static void mappings_carry_its_name(void **state)
{
	void *p = map_shared(buf, len);

	(void)state;
	assert_non_null(strstr(file_text("/proc/self/maps"),
			       "/dmabuf:first name"));
	munmap(p, len);
}

static void size_is_told_by_stat(void **state)
{
	struct stat st;

	(void)state;
	assert_ok(fstat(buf, &st));
	assert_int_equal(st.st_size, len);
	assert_int_equal(st.st_ino, buf_query(buf).id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DMABUF(sync_takes_what_dma_buf_sync_takes),
		DMABUF(sync_keeps_the_bytes),
		DMABUF(name_can_be_changed_and_the_label_stays),
		DMABUF(fdinfo_is_that_of_every_dma_buf),
		DMABUF(seeking_tells_the_size),
		DMABUF(idle_buffer_is_ready_for_both),
		DMABUF(sync_file_of_an_idle_buffer_is_signalled),
		DMABUF(kernels_list_of_dma_bufs_shows_it),
		DMABUF(mappings_carry_its_name),
		DMABUF(size_is_told_by_stat),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
