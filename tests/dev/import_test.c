// SPDX-License-Identifier: MIT
/*
 * Drivers that import dma-bufs accept a buffer, hold it, and are waited for.
 * The importer is vgem; bytes through a device's DMA are io/edu_test.c's.
 */
#include "common.h"
#include "proc.h"
#include "vgem.h"

#include <linux/dma-buf.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static const size_t len = MIB(2) + 3 * PAGE;
static int buf = -1, vgem = -1;

static int import_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	buf = buf_new(len);
	vgem = -1;
	return 0;
}

static int import_teardown(void **state)
{
	if (buf >= 0)
		close(buf);
	if (vgem >= 0)
		close(vgem);
	return fixture_teardown(state);
}

#define IMPORT(function) \
	cmocka_unit_test_setup_teardown(function, import_setup, import_teardown)

static uint32_t import(void)
{
	uint32_t handle;

	vgem = vgem_open();
	assert_int_equal(vgem_import(vgem, buf, &handle), 0);
	return handle;
}

static void attachments_are_counted(void **state)
{
	uint64_t before = stats(PINBUF_STATS_ALL, 0).out_attachments;
	uint32_t handle = import();

	(void)state;
	assert_int_equal(buf_query(buf).attachments, 1);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_attachments,
			 before + 1);
	assert_int_equal(vgem_close(vgem, handle), 0);
	assert_int_equal(buf_query(buf).attachments, 0);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_attachments, before);
}

static void an_attachment_keeps_the_buffer(void **state)
{
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	void *p = map_shared(buf, len);
	uint32_t handle;

	(void)state;
	fill(p, len, 1);
	munmap(p, len);
	handle = import();
	close(buf);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live, live);

	/* the same one comes back */
	buf = vgem_export(vgem, handle);
	assert_true(buf >= 0);
	assert_int_equal(buf_query(buf).len, len);
	p = map_shared(buf, len);
	assert_int_equal(differs(p, len, 1), -1);
	munmap(p, len);
	close(buf);
	buf = -1;
	assert_int_equal(vgem_close(vgem, handle), 0);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
			 live - len);
}

static void brackets(int fd, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	CHECK(!ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
}

/* A process that has nothing but the driver's descriptor, as a compositor has */
static int second_importer(void *shared)
{
	uint32_t handle;
	int other = vgem_open(), fd;
	void *p;

	CHECK(!vgem_import(other, *(int *)shared, &handle));
	fd = vgem_export(other, handle);
	CHECK(fd >= 0);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	brackets(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	CHECK(differs(p, len, 4) == -1);
	fill(p, len, 5);
	brackets(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	return 0;
}

/* Program, driver, another process's driver, and all the way back */
static void bytes_go_through_two_importers_and_back(void **state)
{
	void *p = map_shared(buf, len);
	uint32_t handle;
	int shared;

	(void)state;
	handle = import();
	shared = vgem_export(vgem, handle);
	assert_true(shared >= 0);
	brackets(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE);
	fill(p, len, 4);
	brackets(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
	in_child(second_importer, &shared);
	brackets(buf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	assert_int_equal(differs(p, len, 5), -1);
	brackets(buf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	assert_int_equal(buf_query(shared).id, buf_query(buf).id);
	munmap(p, len);
	close(shared);
}

static void importers_death_lets_go(void **state)
{
	import();
	(void)state;
	assert_int_equal(buf_query(buf).attachments, 1);
	close(vgem);
	vgem = -1;
	assert_int_equal(buf_query(buf).attachments, 0);
}

static int imports_and_is_killed(void *argument)
{
	uint32_t handle;

	CHECK(!vgem_import(vgem_open(), buf, &handle));
	CHECK(write(*(int *)argument, "", 1) == 1);
	pause();
	return 0;
}

static void killed_importer_lets_go(void **state)
{
	int gate[2];
	char byte;
	pid_t pid;

	(void)state;
	vgem = vgem_open();
	assert_ok(pipe(gate));
	pid = child_start(imports_and_is_killed, &gate[1]);
	assert_int_equal(read(gate[0], &byte, 1), 1);
	assert_int_equal(buf_query(buf).attachments, 1);
	kill(pid, SIGKILL);
	child_wait(pid);
	assert_int_equal(buf_query(buf).attachments, 0);
	close(gate[0]);
	close(gate[1]);
}

static void many_sizes_are_imported(void **state)
{
	static const size_t lens[] = { PAGE, 7 * PAGE, MIB(1) - PAGE, MIB(16) };

	(void)state;
	vgem = vgem_open();
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		int fd = buf_new(lens[i]);
		uint32_t handle;

		assert_int_equal(vgem_import(vgem, fd, &handle), 0);
		assert_int_equal(buf_query(fd).attachments, 1);
		assert_int_equal(vgem_close(vgem, handle), 0);
		close(fd);
	}
}

static void sync_while_attached_keeps_the_bytes(void **state)
{
	struct pinbuf_ioc_sync sync = {
		.fd = buf, .offset = PAGE - 1, .len = MIB(2) + 2,
		.flags = PINBUF_SYNC_START | PINBUF_SYNC_READ |
			 PINBUF_SYNC_WRITE,
	};
	void *p = map_shared(buf, len);

	import();
	(void)state;
	fill(p, len, 2);
	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
	sync.flags ^= PINBUF_SYNC_START | PINBUF_SYNC_END;
	assert_ok(ioctl(dev, PINBUF_IOC_SYNC, &sync));
	assert_int_equal(differs(p, len, 2), -1);
	munmap(p, len);
}

static int syncs_by_pinbuf(void *flags)
{
	struct pinbuf_ioc_sync sync = {
		.fd = buf, .flags = *(uint32_t *)flags, .len = len,
	};

	return errno_of(ioctl(dev, PINBUF_IOC_SYNC, &sync));
}

static int syncs_by_dma_buf(void *flags)
{
	struct dma_buf_sync sync = { .flags = *(uint32_t *)flags };

	return errno_of(ioctl(buf, DMA_BUF_IOCTL_SYNC, &sync));
}

/* The child must still wait when the fence is signalled, and end then. */
static void waits_for_the_fence(int (*body)(void *), uint32_t flags)
{
	uint32_t handle = import(), fence;
	int status;
	pid_t pid;

	assert_int_equal(vgem_fence_attach(vgem, handle, true, &fence), 0);
	pid = child_start(body, &flags);
	usleep(300000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(vgem_fence_signal(vgem, fence), 0);
	status = child_wait(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void dma_buf_sync_waits_for_a_devices_write(void **state)
{
	(void)state;
	waits_for_the_fence(syncs_by_dma_buf,
			    DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
}

static void sync_of_a_range_waits_for_a_devices_write(void **state)
{
	(void)state;
	waits_for_the_fence(syncs_by_pinbuf,
			    PINBUF_SYNC_START | PINBUF_SYNC_READ);
}

static void reading_does_not_wait_for_a_devices_read(void **state)
{
	uint32_t read_flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
	uint32_t end_flags = PINBUF_SYNC_END | PINBUF_SYNC_WRITE;
	uint32_t handle = import(), fence;

	(void)state;
	assert_int_equal(vgem_fence_attach(vgem, handle, false, &fence), 0);
	assert_int_equal(syncs_by_pinbuf(&read_flags), 0);
	assert_int_equal(syncs_by_pinbuf(&end_flags), 0);
	assert_int_equal(vgem_fence_signal(vgem, fence), 0);
}

static void writing_waits_for_a_devices_read(void **state)
{
	uint32_t flags = PINBUF_SYNC_START | PINBUF_SYNC_WRITE;
	uint32_t handle = import(), fence;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(vgem_fence_attach(vgem, handle, false, &fence), 0);
	pid = child_start(syncs_by_pinbuf, &flags);
	usleep(300000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(vgem_fence_signal(vgem, fence), 0);
	assert_int_equal(child_wait(pid), 0);
}

static void on_alarm(int number)
{
	(void)number;
}

static void a_signal_ends_the_wait(void **state)
{
	struct sigaction old, action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 100000 };
	uint32_t flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
	uint32_t handle = import(), fence;

	(void)state;
	assert_int_equal(vgem_fence_attach(vgem, handle, true, &fence), 0);
	assert_ok(sigaction(SIGALRM, &action, &old));
	assert_ok(setitimer(ITIMER_REAL, &soon, NULL));
	assert_int_equal(syncs_by_pinbuf(&flags), EINTR);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(vgem_fence_signal(vgem, fence), 0);
	assert_int_equal(syncs_by_pinbuf(&flags), 0);
}

static void fence_is_seen_by_poll_and_sync_file(void **state)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ };
	struct pollfd pollfds[2] = {
		{ .fd = buf, .events = POLLIN }, { .events = POLLIN },
	};
	uint32_t handle = import(), fence;

	(void)state;
	assert_int_equal(vgem_fence_attach(vgem, handle, true, &fence), 0);
	assert_ok(ioctl(buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	pollfds[1].fd = export.fd;
	assert_int_equal(poll(pollfds, 2, 100), 0);
	assert_int_equal(vgem_fence_signal(vgem, fence), 0);
	assert_int_equal(poll(&pollfds[0], 1, 5000), 1);
	assert_int_equal(poll(&pollfds[1], 1, 5000), 1);
	close(export.fd);
}

static void foreign_dma_bufs_are_einval(void **state)
{
	struct pinbuf_ioc_query query = { 0 };
	struct pinbuf_ioc_sync sync = {
		.flags = PINBUF_SYNC_START | PINBUF_SYNC_READ, .len = 1,
	};

	(void)state;
	vgem = vgem_open();
	query.fd = sync.fd = vgem_buffer(vgem);
	assert_true(query.fd >= 0);
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_SYNC, &sync));
	close(query.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IMPORT(attachments_are_counted),
		IMPORT(an_attachment_keeps_the_buffer),
		IMPORT(bytes_go_through_two_importers_and_back),
		IMPORT(importers_death_lets_go),
		IMPORT(killed_importer_lets_go),
		IMPORT(many_sizes_are_imported),
		IMPORT(sync_while_attached_keeps_the_bytes),
		IMPORT(dma_buf_sync_waits_for_a_devices_write),
		IMPORT(sync_of_a_range_waits_for_a_devices_write),
		IMPORT(reading_does_not_wait_for_a_devices_read),
		IMPORT(writing_waits_for_a_devices_read),
		IMPORT(a_signal_ends_the_wait),
		IMPORT(fence_is_seen_by_poll_and_sync_file),
		IMPORT(foreign_dma_bufs_are_einval),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
