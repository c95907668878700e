// SPDX-License-Identifier: MIT
/* The library on the device: the life of buffers and their mappings. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"

static void *map(struct pinbuf_buf *buf)
{
	void *mem;

	assert_int_equal(pinbuf_buf_map(buf, &mem, NULL), 0);
	return mem;
}

/* kB of huge page-table entries in the area at mem */
static size_t huge_kib(const void *mem)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	uintptr_t start, end;
	size_t kib, sum = 0;
	char line[512];
	int inside = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)mem && (uintptr_t)mem < end;
		else if (inside && sscanf(line, "FilePmdMapped: %zu kB", &kib) == 1)
			sum += kib;
	}
	fclose(f);
	return sum;
}

static void device_describes_itself(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.caps, PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA);
	assert_int_equal(info.page_size, sysconf(_SC_PAGESIZE));
	assert_int_equal(info.huge_size, 2 * MIB);
	assert_true(info.nr_nodes >= 1 && info.node_end >= info.nr_nodes);
	assert_true(info.max_bytes > 0);
	assert_int_equal(info.max_user_bytes, 0);
}

static void memory_is_zeroed_usable_and_given_back(void **state)
{
	uint64_t before = live_bytes();
	struct pinbuf_buf *buf = create(5 * MIB + 1);
	unsigned char *mem = map(buf);
	size_t i, len = pinbuf_buf_len(buf);

	(void)state;
	assert_int_equal(len, 5 * MIB + 4096);
	assert_int_equal(live_bytes(), before + len);
	for (i = 0; i < len; i++)
		assert_true(!mem[i]);
	memset(mem, 0xaa, len);
	pinbuf_buf_put(buf);
	assert_int_equal(live_bytes(), before);
}

static void device_may_be_closed_first(void **state)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_dev *other;
	struct pinbuf_buf *buf;

	(void)state;
	assert_int_equal(pinbuf_open(&other, NULL), 0);
	assert_int_equal(pinbuf_buf_create(&buf, other, 4096, NULL), 0);
	pinbuf_close(other);
	assert_int_equal(pinbuf_buf_query(buf, 0, &info), 0);
	assert_int_equal(info.len, 4096);
	pinbuf_buf_put(buf);
}

static void last_reference_frees(void **state)
{
	uint64_t before = live_bytes();
	struct pinbuf_buf *buf = create(MIB);
	char *mem = map(buf);

	(void)state;
	assert_ptr_equal(pinbuf_buf_get(buf), buf);
	pinbuf_buf_put(buf);
	mem[MIB - 1] = 1;
	assert_int_equal(live_bytes(), before + MIB);
	pinbuf_buf_put(buf);
	assert_int_equal(live_bytes(), before);
}

static void huge_folios_are_mapped_by_one_entry(void **state)
{
	struct pinbuf_buf *buf = create(8 * MIB);
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	char *mem = map(buf), *part;

	(void)state;
	memset(mem, 1, 8 * MIB);
	assert_int_equal(huge_kib(mem), 8192);
	/* a part that starts between two of them: the whole ones inside still are */
	opts.offset = MIB;
	opts.len = 6 * MIB;
	assert_int_equal(pinbuf_buf_map(buf, (void **)&part, &opts), 0);
	memset(part, 2, 6 * MIB);
	assert_int_equal(huge_kib(part), 4096);
	assert_int_equal(mem[MIB - 1], 1);
	assert_int_equal(mem[MIB], 2);
	assert_int_equal(mem[7 * MIB - 1], 2);
	assert_int_equal(mem[7 * MIB], 1);
	pinbuf_buf_put(buf);
}

static void query_tells_what_was_asked(void **state)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *buf;
	struct stat st;

	(void)state;
	opts.label = "thirty-one characters, no more.";
	opts.align = 64 << 10;
	opts.node = 0;
	assert_int_equal(pinbuf_buf_create(&buf, dev, 3 * MIB, &opts), 0);
	map(buf);
	map(buf);
	assert_int_equal(pinbuf_buf_query(buf, PINBUF_BUF_QUERY_REFS, &info), 0);
	assert_string_equal(info.label, opts.label);
	assert_string_equal(info.name, "");
	assert_int_equal(info.len, 3 * MIB);
	assert_int_equal(info.mappings, 2);
	assert_int_equal(info.attachments, 0);
	assert_int_equal(info.refs, 0);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.uid, 0);
	assert_int_equal(fstat(pinbuf_buf_fd(buf), &st), 0);
	assert_int_equal(info.id, st.st_ino);
	assert_int_equal(pinbuf_buf_query(buf, 8, &info), -EINVAL);
	assert_says("flags 0x8");
	pinbuf_buf_put(buf);
}

static void descriptor_is_closed_by_exec(void **state)
{
	struct pinbuf_buf *buf = create(4096);

	(void)state;
	assert_int_equal(fcntl(pinbuf_buf_fd(buf), F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(pinbuf_dev_fd(dev), F_GETFD), FD_CLOEXEC);
	pinbuf_buf_put(buf);
}

static void imported_fd_is_the_same_memory(void **state)
{
	uint64_t before = live_bytes();
	struct pinbuf_buf *buf = create(MIB), *again;
	int fd = dup(pinbuf_buf_fd(buf));
	char *mem = map(buf), *same;

	(void)state;
	assert_int_equal(pinbuf_buf_import(&again, dev, fd), 0);
	assert_int_equal(pinbuf_buf_len(again), MIB);
	same = map(again);
	strcpy(mem, "one memory");
	assert_string_equal(same, "one memory");
	pinbuf_buf_put(buf);
	assert_string_equal(same, "one memory");
	pinbuf_buf_put(again);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(live_bytes(), before);
}

static void foreign_fd_stays_the_callers(void **state)
{
	struct pinbuf_buf *buf;
	int fd = memfd_create("foreign", 0);

	(void)state;
	assert_int_equal(pinbuf_buf_import(&buf, dev, fd), -EINVAL);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("is no pinbuf buffer");
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	close(fd);
	assert_int_equal(pinbuf_buf_import(&buf, dev, fd), -EBADF);
	assert_says("is not open");
}

static void read_only_mapping_cannot_be_written(void **state)
{
	struct pinbuf_map_opts opts = PINBUF_MAP_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB);
	int status;
	char *mem;
	pid_t child;

	(void)state;
	opts.access = PINBUF_READ;
	opts.fork = PINBUF_FORK_SHARED;
	assert_int_equal(pinbuf_buf_map(buf, (void **)&mem, &opts), 0);
	assert_int_equal(mem[0], 0);
	child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)mem = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	pinbuf_buf_put(buf);
}

static void childs_use_faults_and_ours_goes_on(void **state)
{
	struct pinbuf_buf *buf = create(4 * MIB);
	char *mem = map(buf);
	pid_t child;
	int status;

	(void)state;
	mem[0] = 1;
	child = fork();
	if (!child) {
		signal(SIGSEGV, SIG_DFL);
		mem[0] = 2;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_int_equal(mem[0], 1);
	pinbuf_buf_put(buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_describes_itself),
		cmocka_unit_test(memory_is_zeroed_usable_and_given_back),
		cmocka_unit_test(device_may_be_closed_first),
		cmocka_unit_test(last_reference_frees),
		cmocka_unit_test(huge_folios_are_mapped_by_one_entry),
		cmocka_unit_test(query_tells_what_was_asked),
		cmocka_unit_test(descriptor_is_closed_by_exec),
		cmocka_unit_test(imported_fd_is_the_same_memory),
		cmocka_unit_test(foreign_fd_stays_the_callers),
		cmocka_unit_test(read_only_mapping_cannot_be_written),
		cmocka_unit_test(childs_use_faults_and_ours_goes_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, dev_open, dev_close);
}
