// SPDX-License-Identifier: MIT
/* Buffers where there is no device: locked memory, what it is and what it is not. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "locked_memory.h"

static void source_says_what_it_is_and_lacks(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };

	(void)state;
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	assert_int_equal(info.source, PINBUF_SOURCE_LOCKED);
	assert_int_equal(info.caps, PINBUF_PINNED);
	assert_int_equal(info.abi_version, 0);
	assert_int_equal(info.page_size, sysconf(_SC_PAGESIZE));
	assert_true(info.nr_nodes >= 1 && info.node_end >= info.nr_nodes);
	assert_non_null(strstr(info.why, "locked memory was asked for"));
	assert_non_null(strstr(info.why, "the kernel may move"));
	assert_int_equal(pinbuf_dev_fd(dev), -1);
}

static int limited_info(void *arg)
{
	struct rlimit limit = { 8 * MIB, 8 * MIB };
	struct pinbuf_dev_info info = { .size = sizeof(info) };

	(void)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || (!geteuid() && setuid(65534)))
		return 1;
	if (pinbuf_dev_info(dev, &info) || info.limit != 8 * MIB)
		return 2;
	return !strstr(info.why, "RLIMIT_MEMLOCK is 8 MiB, 0 bytes of it used");
}

static void limit_is_told_with_its_value(void **state)
{
	(void)state;
	assert_int_equal(in_child(limited_info, NULL), 0);
}

static void absent_device_is_the_reason_and_no_error(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_error before;
	struct pinbuf_dev *any;

	(void)state;
	if (!access("/dev/pinbuf", F_OK))
		skip_because("there is a device");
	before = *pinbuf_error_last();
	assert_int_equal(pinbuf_open(&any, NULL), 0);
	assert_memory_equal(pinbuf_error_last(), &before, sizeof(before));
	assert_int_equal(pinbuf_dev_info(any, &info), 0);
	assert_int_equal(info.source, PINBUF_SOURCE_LOCKED);
	assert_non_null(strstr(info.why, "there is no device /dev/pinbuf"));
	pinbuf_close(any);
}

static void what_must_not_move_is_refused(void **state)
{
	static const unsigned int rows[] = {
		PINBUF_NEVER_MOVES, PINBUF_DMA, PINBUF_PINNED | PINBUF_NEVER_MOVES,
	};
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *none = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		opts.require = rows[i];
		opts.flags = PINBUF_OPEN_LOCKED;
		assert_int_equal(pinbuf_open(&none, &opts), -EOPNOTSUPP);
		assert_kind(PINBUF_ERROR_UNSUPPORTED);
		assert_says("the kernel may move it");
		opts.flags = 0;
		if (access("/dev/pinbuf", F_OK)) {
			assert_int_equal(pinbuf_open(&none, &opts), -EOPNOTSUPP);
			assert_says("modprobe pinbuf");
		}
	}
	opts.require = PINBUF_PINNED;
	opts.flags = PINBUF_OPEN_LOCKED;
	assert_int_equal(pinbuf_open(&none, &opts), 0);
	pinbuf_close(none);
	opts.path = "/dev/pinbuf";
	assert_int_equal(pinbuf_open(&none, &opts), -EINVAL);
	assert_says("locked memory has no node");
}

static size_t resident(const char *mem, size_t len)
{
	static unsigned char page[4096];
	size_t i, nr = 0;

	assert_true(len / 4096 <= sizeof(page));
	assert_int_equal(mincore((void *)mem, len, page), 0);
	for (i = 0; i < len / 4096; i++)
		nr += page[i] & 1;
	return nr;
}

static void memory_is_zeroed_resident_and_locked(void **state)
{
	static const unsigned int flags[] = { 0, PINBUF_BUF_FD };
	size_t before = status_bytes("VmLck:"), i, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct pinbuf_buf *buf = create(4 * MIB + 1, flags[i]);
		char *mem = map(buf);

		assert_int_equal(pinbuf_buf_len(buf), 4 * MIB + 4096);
		assert_int_equal(resident(mem, 4 * MIB + 4096), 1025);
		assert_int_equal(status_bytes("VmLck:"), before + 4 * MIB + 4096);
		for (k = 0; k < 4 * MIB + 4096; k++)
			assert_false(mem[k]);
		memset(mem, 0x5a, 4 * MIB + 4096);
		pinbuf_buf_put(buf);
		assert_int_equal(status_bytes("VmLck:"), before);
	}
}

static void backing_is_told(void **state)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *buf = create(MIB - 1, 0);
	struct pinbuf_buf_info info = query(buf);

	(void)state;
	assert_int_equal(info.backing, PINBUF_BACKING_ANON);
	assert_int_equal(info.len, MIB);
	assert_int_equal(info.id, 0);
	assert_int_equal(info.extents, 0);
	assert_int_equal(info.pid, getpid());
	assert_int_equal(info.uid, getuid());
	assert_int_equal(pinbuf_buf_fd(buf), -1);
	pinbuf_buf_put(buf);
	opts.flags = PINBUF_BUF_FD;
	opts.label = "a label";
	assert_int_equal(pinbuf_buf_create(&buf, dev, MIB - 1, &opts), 0);
	info = query(buf);
	assert_int_equal(info.backing, PINBUF_BACKING_MEMFD);
	assert_string_equal(info.label, "a label");
	assert_true(info.id);
	assert_int_equal(fcntl(pinbuf_buf_fd(buf), F_GETFD), FD_CLOEXEC);
	pinbuf_buf_put(buf);
}

/* Where the kernel has huge pages for whoever asks. */
static void huge_pages_are_used_and_told(void **state)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf_info is;
	struct pinbuf_buf *buf;
	int ret;

	(void)state;
	assert_int_equal(pinbuf_dev_info(dev, &info), 0);
	if (!info.huge_size)
		skip_because("this kernel has no huge pages");
	buf = create(3 * info.huge_size + 4096, 0);
	assert_int_equal((uintptr_t)map(buf) % info.huge_size, 0);
	pinbuf_buf_put(buf);
	opts.flags = PINBUF_BUF_HUGE;
	ret = pinbuf_buf_create(&buf, dev, 3 * info.huge_size + 4096, &opts);
	if (ret) {	/* none are to be had, or transparent_hugepage=never */
		assert_int_equal(ret, -ENOMEM);
		assert_says("in huge folios (PINBUF_BUF_HUGE)");
		return;
	}
	is = query(buf);
	assert_int_equal(is.huge_bytes, 3 * info.huge_size);
	assert_int_equal(is.flags, PINBUF_BUF_HUGE);
	pinbuf_buf_put(buf);
}

static void what_locked_memory_has_not_is_unsupported(void **state)
{
	static const struct {
		struct pinbuf_buf_opts opts;
		enum pinbuf_error_kind kind;
		const char *words;
	} rows[] = {
		{ { sizeof(rows[0].opts), 0, PINBUF_BUF_CONTIG, -1, 0, 0, NULL },
		  PINBUF_ERROR_UNSUPPORTED, "not one physical run" },
		{ { sizeof(rows[0].opts), 0, 0, -1, 32, 0, NULL },
		  PINBUF_ERROR_UNSUPPORTED, "any physical address (addr_bits 32)" },
		{ { sizeof(rows[0].opts), 1 << 20, 0, -1, 0, 0, NULL },
		  PINBUF_ERROR_ALIGN, "no physical alignment of 1 MiB" },
	};
	struct pinbuf_dev_stats stats = { .size = sizeof(stats) };
	struct pinbuf_buf *none = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pinbuf_buf_create(&none, dev, MIB, &rows[i].opts), -EOPNOTSUPP);
		assert_kind(rows[i].kind);
		assert_says(rows[i].words);
		assert_null(none);
	}
	assert_int_equal(pinbuf_stats_device(dev, PINBUF_DEV_SCOPE_ALL, 0, &stats), -EOPNOTSUPP);
	assert_says("no statistics");
}

static void node_is_taken_or_named(void **state)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *buf = NULL;

	(void)state;
	opts.node = 0;
	opts.flags = PINBUF_BUF_STRICT_NODE;
	assert_int_equal(pinbuf_buf_create(&buf, dev, MIB, &opts), 0);
	assert_int_equal(query(buf).node, 0);
	pinbuf_buf_put(buf);
	opts.node = 77;
	assert_int_equal(pinbuf_buf_create(&buf, dev, MIB, &opts), -ENOENT);
	assert_says("no NUMA node 77");
	opts.flags = PINBUF_BUF_INTERLEAVE;
	assert_int_equal(pinbuf_buf_create(&buf, dev, MIB, &opts), -EINVAL);
	assert_says("PINBUF_BUF_INTERLEAVE goes over all nodes");
	opts.node = PINBUF_NODE_ANY;
	assert_int_equal(pinbuf_buf_create(&buf, dev, MIB, &opts), 0);
	pinbuf_buf_put(buf);
}

static int limited_create(void *arg)
{
	struct rlimit limit = { MIB, 2 * MIB };
	const struct pinbuf_error *e = pinbuf_error_last();
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_buf *half, *none = NULL;

	opts.flags = *(unsigned int *)arg;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || (!geteuid() && setuid(65534)))
		return 1;
	if (pinbuf_buf_create(&half, dev, MIB / 2, &opts))
		return 2;
	if (pinbuf_buf_create(&none, dev, MIB / 2 + 1, &opts) != -EDQUOT || none)
		return 3;
	if (e->kind != PINBUF_ERROR_LIMIT || strcmp(e->limit_name, "RLIMIT_MEMLOCK") ||
	    e->limit != MIB || e->available != MIB / 2 || e->requested != MIB / 2 + 4096)
		return 4;
	if (!strstr(e->text, "1 MiB with 512 KiB of it in use") || !strstr(e->text, "hard limit, 2 MiB"))
		return 5;
	if (status_bytes("VmLck:") != MIB / 2)
		return 6;
	pinbuf_buf_put(half);
	limit.rlim_cur = 0;
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || pinbuf_buf_create(&none, dev, 1, &opts) != -EDQUOT)
		return 7;
	return e->limit != 0 || e->available != 0;
}

static void limit_is_told_and_how_to_raise_it(void **state)
{
	static unsigned int flags[] = { 0, PINBUF_BUF_FD };

	(void)state;
	assert_int_equal(in_child(limited_create, &flags[0]), 0);
	assert_int_equal(in_child(limited_create, &flags[1]), 0);
}

static void more_than_the_machine_has_kills_nobody(void **state)
{
	size_t before = status_bytes("VmSize:");
	struct pinbuf_buf *none = NULL;

	(void)state;
	assert_int_equal(pinbuf_buf_create(&none, dev, (size_t)1 << 45, NULL), -ENOMEM);
	assert_kind(PINBUF_ERROR_MEMORY);
	assert_int_equal(pinbuf_buf_create(&none, dev, SIZE_MAX, NULL), -EOVERFLOW);
	assert_null(none);
	assert_true(status_bytes("VmSize:") <= before + MIB);
}

static void sync_takes_ranges_inside(void **state)
{
	struct pinbuf_buf *buf = create(MIB, 0);

	(void)state;
	assert_int_equal(pinbuf_buf_sync_begin(buf, 5, MIB - 5, PINBUF_READWRITE), 0);
	assert_int_equal(pinbuf_buf_sync_end(buf, 5, MIB - 5, PINBUF_READWRITE), 0);
	assert_int_equal(pinbuf_buf_sync_begin(buf, 5, MIB, PINBUF_READ), -EINVAL);
	assert_int_equal(pinbuf_buf_sync_begin(buf, 0, 1, 8), -EINVAL);
	pinbuf_buf_put(buf);
}

static void heap_on_it_is_pinned_and_may_move(void **state)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	size_t before = status_bytes("VmLck:");
	struct pinbuf_heap_place place;
	struct pinbuf_heap *heap;
	char *ptr;

	(void)state;
	opts.dev = dev;
	opts.grow = 256 << 10;
	opts.keep = 0;
	assert_int_equal(pinbuf_heap_create(&heap, &opts), 0);
	assert_int_equal(pinbuf_region_caps(pinbuf_heap_region(heap)),
			 PINBUF_PINNED | PINBUF_THREADSAFE);
	ptr = pinbuf_heap_malloc(heap, 1000);
	assert_true(pinbuf_is_pinned(ptr));
	assert_int_equal(pinbuf_heap_locate(heap, ptr, &place), 0);
	assert_non_null(place.buf);
	assert_int_equal(query(place.buf).backing, PINBUF_BACKING_ANON);
	assert_true(status_bytes("VmLck:") >= before + (256 << 10));
	/* a device is still at it when the heap gives the buffer back */
	pinbuf_buf_hold(place.buf);
	pinbuf_heap_free(heap, ptr);
	pinbuf_heap_destroy(heap);
	assert_true(pinbuf_is_pinned(ptr));
	ptr[999] = 1;
	pinbuf_buf_release(place.buf);
	assert_false(pinbuf_is_pinned(ptr));
	assert_int_equal(status_bytes("VmLck:"), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(source_says_what_it_is_and_lacks),
		cmocka_unit_test(limit_is_told_with_its_value),
		cmocka_unit_test(absent_device_is_the_reason_and_no_error),
		cmocka_unit_test(what_must_not_move_is_refused),
		cmocka_unit_test(memory_is_zeroed_resident_and_locked),
		cmocka_unit_test(backing_is_told),
		cmocka_unit_test(huge_pages_are_used_and_told),
		cmocka_unit_test(what_locked_memory_has_not_is_unsupported),
		cmocka_unit_test(node_is_taken_or_named),
		cmocka_unit_test(limit_is_told_and_how_to_raise_it),
		cmocka_unit_test(more_than_the_machine_has_kills_nobody),
		cmocka_unit_test(sync_takes_ranges_inside),
		cmocka_unit_test(heap_on_it_is_pinned_and_may_move),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, locked_open, locked_close);
}
