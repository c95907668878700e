// SPDX-License-Identifier: MIT
/*
 * The commands as a 32-bit program sends them: the same structs at the same
 * numbers through the kernel's 32-bit entry, int 0x80, which a 64-bit program
 * may use too as long as its pointers fit in 32 bits.
 */
#include "abi_calls.h"

#ifdef __x86_64__

#define COMPAT_NR_GETPID 20
#define COMPAT_NR_IOCTL 54

static uint8_t *low;	/* a page below 4 GiB */

static long compat_call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static int compat_ioctl(int fd, unsigned long number, void *arg)
{
	long ret = compat_call(COMPAT_NR_IOCTL, fd, (long)(uint32_t)number,
			       (long)(uintptr_t)arg);

	return ret < 0 ? (int)-ret : 0;
}

static int has_compat(void *unused)
{
	(void)unused;
	return compat_call(COMPAT_NR_GETPID, 0, 0, 0) != getpid();
}

static void require_compat(void)
{
	/* without the entry int 0x80 is a general protection fault */
	if (child_wait(child_start(has_compat, NULL)))
		skip_because("this kernel has no 32-bit system calls (IA32_EMULATION)");
	low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	assert_ptr_not_equal(low, MAP_FAILED);
	assert_int_equal((uintptr_t)low >> 32, 0);
}

static void every_command_answers_32_bit_callers(void **state)
{
	int buf;

	(void)state;
	require_compat();
	buf = buf_new(PAGE);
	for (size_t i = 0; i < abi_calls_count; i++) {
		const struct abi_call *call = &abi_calls[i];
		int err;

		call->fill(low, buf);
		err = compat_ioctl(dev, abi_number(call, call->size), low);
		check_errno(call->answers ? 0 : ENOTTY, err, call->name,
			    __FILE__, __LINE__);
		if (!err && call->out_fd(low) >= 0)
			close(call->out_fd(low));
	}
	abi_done();
	close(buf);
	munmap(low, PAGE);
}

static void both_entries_answer_the_same(void **state)
{
	struct pinbuf_ioc_query query;
	struct pinbuf_ioc_info in;
	int buf;

	(void)state;
	require_compat();
	buf = buf_new(3 * PAGE);
	memset(low, 0, sizeof(query));
	((struct pinbuf_ioc_query *)low)->fd = buf;
	assert_int_equal(compat_ioctl(dev, PINBUF_IOC_QUERY, low), 0);
	memset(&query, 0, sizeof(query));
	query.fd = buf;
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_memory_equal(low, &query, sizeof(query));

	memset(low, 0, sizeof(in));
	assert_int_equal(compat_ioctl(dev, PINBUF_IOC_INFO, low), 0);
	in = info();
	assert_memory_equal(low, &in, sizeof(in));
	close(buf);
	munmap(low, PAGE);
}

static void compat_pointers_are_cut_to_32_bits(void **state)
{
	struct pinbuf_ioc_info *high = mmap((void *)0x700000000000, PAGE,
					    PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	require_compat();
	assert_ptr_not_equal(high, MAP_FAILED);
	/* the low half of this address is not mapped */
	if (((uintptr_t)high & 0xffffffff) == 0)
		assert_int_equal(compat_ioctl(dev, PINBUF_IOC_INFO, high),
				 EFAULT);
	assert_int_equal(high->out_page_size, 0);
	munmap(high, PAGE);
	munmap(low, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_command_answers_32_bit_callers),
		TEST(both_entries_answer_the_same),
		TEST(compat_pointers_are_cut_to_32_bits),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void every_command_answers_32_bit_callers(void **state)
{
	(void)state;
	skip_because("this architecture's 32-bit entry is not reachable from 64-bit code");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_answers_32_bit_callers),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
