// SPDX-License-Identifier: MIT
/* ALLOC: what a buffer is when it comes. */
#include "common.h"
#include "proc.h"

#include <sys/stat.h>

static struct pinbuf_ioc_alloc alloc(struct pinbuf_ioc_alloc req)
{
	assert_ok(ioctl(dev, PINBUF_IOC_ALLOC, &req));
	return req;
}

static void length_is_rounded_up_to_pages_and_nothing_else(void **state)
{
	static const uint64_t lens[] = {
		1, 4095, 4096, 4097, 8192, 3 * 4096, 5 * 4096 + 1,
		MIB(1) - 4096, MIB(1), MIB(2) - 1, MIB(2), MIB(2) + 4096,
		MIB(3) - 4096, MIB(6) - 4096,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		uint64_t want = (lens[i] + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
		struct pinbuf_ioc_alloc req = alloc(request(lens[i]));

		assert_int_equal(req.out_len, want);
		assert_int_equal(lseek(req.out_fd, 0, SEEK_END), want);
		assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
				 live + want);
		assert_int_equal(info().out_locked, live + want);
		close(req.out_fd);
	}
}

static void inputs_come_back_unchanged(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE + 1), got;

	(void)state;
	strcpy((char *)req.name, "label");
	req.align = 2 * PAGE;
	got = alloc(req);
	assert_memory_equal(&req, &got, offsetof(struct pinbuf_ioc_alloc,
						 out_len));
	assert_int_equal(got.reserved, 0);
	close(got.out_fd);
}

static void descriptor_is_read_write_whatever_was_asked(void **state)
{
	struct pinbuf_ioc_alloc req = alloc(request(PAGE));

	(void)state;
	assert_int_equal(fcntl(req.out_fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(req.out_fd);
}

static void close_on_exec_is_as_asked(void **state)
{
	struct pinbuf_ioc_alloc req = request(PAGE);

	(void)state;
	req = alloc(req);
	assert_int_equal(fcntl(req.out_fd, F_GETFD), FD_CLOEXEC);
	close(req.out_fd);
	req = request(PAGE);
	req.fd_flags = 0;
	req = alloc(req);
	assert_int_equal(fcntl(req.out_fd, F_GETFD), 0);
	close(req.out_fd);
}

static void lowest_free_descriptor_is_taken(void **state)
{
	int low = dup(dev);
	struct pinbuf_ioc_alloc req;

	(void)state;
	close(low);
	req = alloc(request(PAGE));
	assert_int_equal(req.out_fd, low);
	close(low);
}

static void id_is_the_inode_that_tools_show(void **state)
{
	struct pinbuf_ioc_alloc a = alloc(request(PAGE));
	struct pinbuf_ioc_alloc b = alloc(request(PAGE));
	struct stat st;

	(void)state;
	assert_ok(fstat(a.out_fd, &st));
	assert_int_equal(st.st_ino, a.out_id);
	assert_int_equal(st.st_size, a.out_len);
	assert_int_not_equal(a.out_id, b.out_id);
	close(a.out_fd);
	close(b.out_fd);
}

static void label_names_the_dma_buf(void **state)
{
	/* 31 bytes: the longest */
	static const char longest[] = "abc DEF 123 ~!@#$%^&*()-_=+[]{}";
	struct pinbuf_ioc_alloc req = request(PAGE);
	struct pinbuf_desc desc;
	char path[64];

	(void)state;
	assert_int_equal(strlen(longest), PINBUF_LABEL_SIZE - 1);
	memcpy(req.name, longest, sizeof(longest));
	req = alloc(req);
	desc = buf_query(req.out_fd);
	assert_string_equal((char *)desc.label, longest);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", req.out_fd);
	assert_non_null(strstr(file_text(path), longest));
	close(req.out_fd);
}

static void every_alignment_up_to_the_largest_block_is_honoured(void **state)
{
	static const uint64_t lens[] = { 4096, 3 * 4096, MIB(1), MIB(3) - 4096 };
	uint64_t max_block = info().out_max_block;

	(void)state;
	for (uint64_t align = 1; align <= max_block; align <<= 1) {
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			struct pinbuf_ioc_alloc req = request(lens[i]);
			uint64_t frame;
			void *p;

			req.align = align;
			req = alloc(req);
			assert_int_equal(req.out_len, lens[i]);
			p = map_shared(req.out_fd, lens[i]);
			*(volatile char *)p = 1;
			frame = frame_of(p);
			assert_int_not_equal(frame, 0);
			assert_int_equal(frame * PAGE % align, 0);
			munmap(p, lens[i]);
			close(req.out_fd);
		}
	}
}

static size_t count_runs(const uint64_t *frames, size_t pages)
{
	size_t runs = 1;

	for (size_t i = 1; i < pages; i++)
		runs += frames[i] != frames[i - 1] + 1;
	return runs;
}

static void extents_are_the_physical_runs(void **state)
{
	static const uint64_t lens[] = { 4096, 7 * 4096, MIB(1) - 4096, MIB(9) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_alloc req = alloc(request(lens[i]));
		size_t pages = lens[i] / PAGE;
		uint64_t *frames = calloc(pages, sizeof(*frames));
		void *p = map_shared(req.out_fd, lens[i]);

		assert_ok(madvise(p, lens[i], MADV_POPULATE_WRITE));
		frames_read(p, pages, frames);
		for (size_t page = 0; page < pages; page++)
			assert_int_not_equal(frames[page], 0);
		assert_int_equal(req.out_extents, count_runs(frames, pages));
		free(frames);
		munmap(p, lens[i]);
		close(req.out_fd);
	}
}

static void one_run_is_told_as_contiguous(void **state)
{
	struct pinbuf_ioc_alloc req = alloc(request(PAGE));

	(void)state;
	assert_int_equal(req.out_extents, 1);
	assert_true(req.out_flags & PINBUF_ALLOC_CONTIG);
	assert_int_equal(req.out_flags & ~7U, 0);
	close(req.out_fd);
}

static void huge_gives_huge_folios_for_every_whole_piece(void **state)
{
	static const uint64_t lens[] = { MIB(2), MIB(4), MIB(5), MIB(6) - 4096 };
	uint64_t huge = info().out_huge_size;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		struct pinbuf_ioc_alloc req = request(lens[i]);

		req.flags = PINBUF_ALLOC_HUGE;
		req = alloc(req);
		assert_true(req.out_flags & PINBUF_ALLOC_HUGE);
		assert_int_equal(buf_query(req.out_fd).huge_bytes,
				 lens[i] / huge * huge);
		close(req.out_fd);
	}
}

static void huge_is_told_where_it_holds_unasked(void **state)
{
	struct pinbuf_ioc_alloc req = alloc(request(MIB(4)));
	struct pinbuf_desc desc = buf_query(req.out_fd);

	(void)state;
	assert_int_equal(!!(req.out_flags & PINBUF_ALLOC_HUGE),
			 desc.huge_bytes == MIB(4));
	close(req.out_fd);
}

static void node_that_is_asked_for_is_got(void **state)
{
	struct pinbuf_ioc_alloc req = request(MIB(3));

	(void)state;
	req.node = 0;
	req.flags = PINBUF_ALLOC_STRICT_NODE;
	req = alloc(req);
	assert_int_equal(req.out_node, 0);
	assert_true(req.out_flags & PINBUF_ALLOC_STRICT_NODE);
	close(req.out_fd);
}

static void arrives_zeroed_after_dirty_reuse(void **state)
{
	static const uint64_t lens[] = { 4096, 5 * 4096, MIB(1) - 4096, MIB(8) };

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			int fd = buf_new(lens[i]);
			void *p = map_shared(fd, lens[i]);

			assert_true(is_zero(p, lens[i]));
			memset(p, 0xee, lens[i]);
			munmap(p, lens[i]);
			close(fd);
		}
	}
}

static void file_calls_cannot_reach_or_resize_it(void **state)
{
	int fd = buf_new(2 * PAGE);
	char *p = map_shared(fd, 2 * PAGE);
	char byte = 1;

	(void)state;
	assert_int_equal(write(fd, &byte, 1), -1);
	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(ftruncate(fd, PAGE), -1);
	assert_int_equal(ftruncate(fd, 4 * PAGE), -1);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE |
				   FALLOC_FL_KEEP_SIZE, 0, PAGE), -1);
	assert_int_equal(lseek(fd, 0, SEEK_END), 2 * PAGE);
	assert_true(is_zero(p, 2 * PAGE));
	p[PAGE] = 1;
	munmap(p, 2 * PAGE);
	close(fd);
}

static void hundreds_of_buffers_live_side_by_side(void **state)
{
	enum { COUNT = 300 };
	int fds[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++)
		fds[i] = buf_new(PAGE * (1 + i % 7));
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(buf_query(fds[i]).len, PAGE * (1 + i % 7));
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(length_is_rounded_up_to_pages_and_nothing_else),
		TEST(inputs_come_back_unchanged),
		TEST(descriptor_is_read_write_whatever_was_asked),
		TEST(close_on_exec_is_as_asked),
		TEST(lowest_free_descriptor_is_taken),
		TEST(id_is_the_inode_that_tools_show),
		TEST(label_names_the_dma_buf),
		TEST(every_alignment_up_to_the_largest_block_is_honoured),
		TEST(extents_are_the_physical_runs),
		TEST(one_run_is_told_as_contiguous),
		TEST(huge_gives_huge_folios_for_every_whole_piece),
		TEST(huge_is_told_where_it_holds_unasked),
		TEST(node_that_is_asked_for_is_got),
		TEST(arrives_zeroed_after_dirty_reuse),
		TEST(file_calls_cannot_reach_or_resize_it),
		TEST(hundreds_of_buffers_live_side_by_side),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
