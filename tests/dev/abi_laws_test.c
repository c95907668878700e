// SPDX-License-Identifier: MIT
/*
 * The laws that every command obeys, applied to every row of abi_rows.h: struct
 * sizes, tails, pointers, numbers.  After each law no descriptor is left, and
 * the fixture sees that no byte is.
 */
#include "abi_calls.h"

#include <termios.h>

static int buf = -1;
static int fds_before, next_before;

static int laws_setup(void **state)
{
	if (fixture_setup(state))
		return -1;
	buf = buf_new(PAGE);
	fds_before = count_fds();
	next_before = next_fd();
	return 0;
}

static int laws_teardown(void **state)
{
	int fds = count_fds(), next = next_fd();

	abi_done();
	close(buf);
	if (fixture_teardown(state))
		return -1;
	if (fds == fds_before && next == next_before)
		return 0;
	print_message("# %d descriptors before, %d after; the next %d before, %d after\n",
		      fds_before, fds, next_before, next);
	return -1;
}

#define LAW(function) \
	cmocka_unit_test_setup_teardown(function, laws_setup, laws_teardown)

#define for_each_call(call) \
	for (const struct abi_call *(call) = abi_calls; \
	     (call) < abi_calls + abi_calls_count; (call)++)

static void expect(const struct abi_call *call, int wanted, int got,
		   const char *law)
{
	char what[128];

	snprintf(what, sizeof(what), "%s, %s", call->name, law);
	check_errno(call->answers ? wanted : ENOTTY, got, what, __FILE__,
		    __LINE__);
}

static void shorter_than_first_release_is_refused(void **state)
{
	uint64_t arg[ABI_ROOM / 8];

	(void)state;
	for_each_call(call) {
		call->fill(arg, buf);
		expect(call, EINVAL, abi_try(call, call->first_size - 1, arg),
		       "one byte short");
		expect(call, EINVAL, abi_try(call, 1, arg), "one byte");
		expect(call, EINVAL, abi_try(call, 0, arg), "no byte");
		expect(call, EINVAL, abi_try(call, 0, NULL), "no byte at NULL");
	}
}

static void exact_size_succeeds(void **state)
{
	uint64_t arg[ABI_ROOM / 8];

	(void)state;
	for_each_call(call) {
		call->fill(arg, buf);
		expect(call, 0, abi_try(call, call->size, arg), "exact");
	}
}

static void longer_with_zero_tail_succeeds(void **state)
{
	static const size_t tails[] = { 1, 8, 64, 512 };
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		for (size_t i = 0; i < ARRAY_LEN(tails); i++) {
			memset(arg, 0, sizeof(arg));
			call->fill(arg, buf);
			expect(call, 0,
			       abi_try(call, call->size + tails[i], arg),
			       "zero tail");
			assert_true(is_zero(arg + call->size,
					    ABI_ROOM - call->size));
		}
	}
}

static void longest_number_succeeds_and_is_checked(void **state)
{
	const size_t longest = _IOC_SIZEMASK;
	uint8_t *arg = calloc(1, longest + 1);

	(void)state;
	assert_non_null(arg);
	for_each_call(call) {
		memset(arg, 0, longest);
		call->fill(arg, buf);
		expect(call, 0, abi_try(call, longest, arg), "16383 bytes");
		arg[longest - 1] = 1;
		call->fill(arg, buf);
		expect(call, E2BIG, abi_try(call, longest, arg),
		       "16383 bytes, the last set");
	}
	free(arg);
}

static void nothing_is_written_past_the_callers_struct(void **state)
{
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		memset(arg, 0x77, sizeof(arg));
		call->fill(arg, buf);
		abi_try(call, call->size, arg);
		for (size_t i = call->size; i < sizeof(arg); i++)
			assert_int_equal(arg[i], 0x77);
	}
}

static void garbage_tail_is_refused_at_every_byte(void **state)
{
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		for (size_t tail = 0; tail < 17; tail++) {
			memset(arg, 0, sizeof(arg));
			call->fill(arg, buf);
			arg[call->size + tail] = 1;
			expect(call, E2BIG,
			       abi_try(call, call->size + 17, arg),
			       "garbage tail");
		}
	}
}

static void null_pointer_is_efault(void **state)
{
	(void)state;
	for_each_call(call)
		expect(call, EFAULT, abi_try(call, call->size, NULL), "NULL");
}

static void kernel_and_wild_pointers_are_efault(void **state)
{
	static const uintptr_t wild[] = {
		0x10, (uintptr_t)-4096, 0xffff888000000000, 0x7ffffffff000,
	};

	(void)state;
	for_each_call(call)
		for (size_t i = 0; i < ARRAY_LEN(wild); i++)
			expect(call, EFAULT,
			       errno_of(ioctl(dev,
					      abi_number(call, call->size),
					      wild[i])),
			       "wild pointer");
}

static void struct_cut_by_an_unmapped_page_is_efault(void **state)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_ok(munmap(pages + PAGE, PAGE));
	for_each_call(call) {
		uint8_t whole[ABI_ROOM] __attribute__((aligned(8)));
		uint8_t *arg = pages + PAGE - 8;

		call->fill(whole, buf);
		memcpy(arg, whole, 8);
		expect(call, EFAULT, abi_try(call, call->size, arg),
		       "cut struct");
	}
	munmap(pages, PAGE);
}

static void read_only_struct_is_efault_and_leaves_nothing(void **state)
{
	void *arg = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(arg, MAP_FAILED);
	for_each_call(call) {
		int err;

		assert_ok(mprotect(arg, PAGE, PROT_READ | PROT_WRITE));
		call->fill(arg, buf);
		assert_ok(mprotect(arg, PAGE, PROT_READ));
		err = errno_of(ioctl(dev, abi_number(call, call->size), arg));
		/* what has no output needs no room for it */
		if (call->copies_out || err)
			expect(call, EFAULT, err, "read-only struct");
	}
	munmap(arg, PAGE);
}

static void outputs_stand_in_the_callers_struct(void **state)
{
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));
	uint8_t before[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		if (!call->answers || !call->copies_out)
			continue;
		call->fill(before, buf);
		memcpy(arg, before, call->size);
		expect(call, 0, abi_try(call, call->size, arg), "outputs");
		assert_memory_not_equal(arg, before, call->size);
	}
}

static void other_directions_are_enotty(void **state)
{
	static const unsigned int dirs[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE };
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
			call->fill(arg, buf);
			assert_errno(ENOTTY,
				     ioctl(dev, _IOC(dirs[i], PINBUF_IOC_TYPE,
						     call->nr, call->size),
					   arg));
		}
	}
}

static void other_types_and_numbers_are_enotty(void **state)
{
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	memset(arg, 0, sizeof(arg));
	for_each_call(call) {
		call->fill(arg, buf);
		assert_errno(ENOTTY, ioctl(dev, _IOC(_IOC_READ | _IOC_WRITE,
						     PINBUF_IOC_TYPE + 1,
						     call->nr, call->size),
					   arg));
	}
	for (unsigned int nr = abi_calls_count; nr < 256; nr++) {
		assert_errno(ENOTTY, ioctl(dev, _IOWR(PINBUF_IOC_TYPE, nr,
						      struct pinbuf_ioc_info),
					   arg));
		assert_errno(ENOTTY, ioctl(dev, _IOC(_IOC_READ | _IOC_WRITE,
						     PINBUF_IOC_TYPE, nr, 0),
					   NULL));
	}
}

static void a_terminals_ioctls_are_enotty(void **state)
{
	struct termios termios;
	int fd;

	(void)state;
	assert_errno(ENOTTY, ioctl(dev, TCGETS, &termios));
	assert_errno(ENOTTY, ioctl(dev, TIOCGWINSZ, &termios));
	assert_int_equal(isatty(dev), 0);
	assert_int_equal(errno, ENOTTY);
	fd = buf_new(PAGE);
	assert_errno(ENOTTY, ioctl(fd, TCGETS, &termios));
	close(fd);
}

static void buffers_do_not_answer_the_nodes_commands(void **state)
{
	uint8_t arg[ABI_ROOM] __attribute__((aligned(8)));

	(void)state;
	for_each_call(call) {
		call->fill(arg, buf);
		assert_errno(ENOTTY, ioctl(buf, abi_number(call, call->size),
					   arg));
	}
}

static void reserved_fields_are_refused(void **state)
{
	struct pinbuf_ioc_info in = { .reserved = 1 };
	struct pinbuf_ioc_alloc al = request(PAGE);
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_ALL, .node = 1 };
	struct pinbuf_ioc_attach at = { .uid = -1, .name = "n" };
	struct pinbuf_ioc_unpublish un = { .uid = -1, .name = "n" };

	(void)state;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_INFO, &in));
	in.reserved = 1U << 31;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_INFO, &in));
	al.reserved = 1;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_ALLOC, &al));
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_STATS, &st));
	st.scope = PINBUF_STATS_USER;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_STATS, &st));
	at.reserved = 1;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_ATTACH, &at));
	un.flags = 1;
	assert_errno(EINVAL, ioctl(dev, PINBUF_IOC_UNPUBLISH, &un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAW(shorter_than_first_release_is_refused),
		LAW(exact_size_succeeds),
		LAW(longer_with_zero_tail_succeeds),
		LAW(longest_number_succeeds_and_is_checked),
		LAW(nothing_is_written_past_the_callers_struct),
		LAW(garbage_tail_is_refused_at_every_byte),
		LAW(null_pointer_is_efault),
		LAW(kernel_and_wild_pointers_are_efault),
		LAW(struct_cut_by_an_unmapped_page_is_efault),
		LAW(read_only_struct_is_efault_and_leaves_nothing),
		LAW(outputs_stand_in_the_callers_struct),
		LAW(other_directions_are_enotty),
		LAW(other_types_and_numbers_are_enotty),
		LAW(a_terminals_ioctls_are_enotty),
		LAW(buffers_do_not_answer_the_nodes_commands),
		LAW(reserved_fields_are_refused),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
