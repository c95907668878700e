// SPDX-License-Identifier: MIT
/* What a refused request is told, from the facts alone. */
#include "device/explain.h"
#include "unit.h"

#define MIB ((uint64_t)1 << 20)

static struct pinbuf__request request(void)
{
	struct pinbuf__request r = {
		.len = 64 * MIB,
		.opts = PINBUF_BUF_OPTS_INIT,
		.info = {
			.page_size = 4096, .huge_size = 2 * MIB, .max_block = 4 * MIB,
			.max_len = INT64_MAX & ~4095, .nr_nodes = 2, .node_end = 2,
			.features = PINBUF_DEV_HUGE,
		},
		.limits = {
			.memlock = UINT64_MAX, .memlock_hard = UINT64_MAX,
			.available = 500 * MIB, .cgroup_max = UINT64_MAX,
		},
	};

	return r;
}

static void memlock_tells_value_use_and_cure(void **state)
{
	struct pinbuf__request r = request();
	const struct pinbuf_error *e = pinbuf_error_last();

	(void)state;
	r.limits.memlock = 8 * MIB;
	r.limits.memlock_hard = 16 * MIB;
	r.limits.locked = 3 * MIB;
	assert_int_equal(pinbuf__explain_create(&r, EDQUOT), -EDQUOT);
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_string_equal(e->limit_name, "RLIMIT_MEMLOCK");
	assert_int_equal(e->requested, 64 * MIB);
	assert_int_equal(e->limit, 8 * MIB);
	assert_int_equal(e->available, 5 * MIB);
	assert_says("64 MiB");
	assert_says("RLIMIT_MEMLOCK, which is 8 MiB with 3 MiB of it in use");
	assert_says("`ulimit -l` (up to the hard limit, 16 MiB)");
	assert_says("LimitMEMLOCK=");
	assert_says("CAP_IPC_LOCK");
}

static void limits_are_compared_with_whole_pages(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.len = 8 * MIB - 1;
	r.limits.memlock = 8 * MIB;
	r.limits.locked = 4096;
	pinbuf__explain_create(&r, EDQUOT);
	assert_int_equal(pinbuf_error_last()->requested, 8 * MIB);
	assert_string_equal(pinbuf_error_last()->limit_name, "RLIMIT_MEMLOCK");
}

static void more_locked_than_the_limit_leaves_nothing(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.limits.memlock = 8 * MIB;
	r.limits.locked = 20 * MIB;
	pinbuf__explain_create(&r, EDQUOT);
	assert_int_equal(pinbuf_error_last()->available, 0);
}

static void ceiling_of_a_user_names_its_parameter(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.limits.max_bytes = 400 * MIB;
	r.limits.live_bytes = 100 * MIB;
	r.limits.max_user_bytes = 80 * MIB;
	r.limits.user_bytes = 40 * MIB;
	assert_int_equal(pinbuf__explain_create(&r, EDQUOT), -EDQUOT);
	assert_string_equal(pinbuf_error_last()->limit_name, "max_user_bytes");
	assert_int_equal(pinbuf_error_last()->available, 40 * MIB);
	assert_says("for one user, which is 80 MiB with 40 MiB of it in use");
	assert_says("/sys/module/pinbuf/parameters/max_user_bytes");
}

static void ceiling_of_all_names_its_parameter(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.limits.max_bytes = 400 * MIB;
	r.limits.live_bytes = 350 * MIB;
	assert_int_equal(pinbuf__explain_create(&r, EDQUOT), -EDQUOT);
	assert_string_equal(pinbuf_error_last()->limit_name, "max_bytes");
	assert_says("for all users, which is 400 MiB with 350 MiB of it in use");
	assert_says("> /sys/module/pinbuf/parameters/max_bytes");
}

static void limit_that_has_gone_again_says_so(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	assert_int_equal(pinbuf__explain_create(&r, EDQUOT), -EDQUOT);
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_null(pinbuf_error_last()->limit_name);
	assert_says("try again");
}

static void memory_cgroup_is_named(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.limits.cgroup_max = 32 * MIB;
	r.limits.cgroup_current = 8 * MIB;
	strcpy(r.limits.cgroup, "/user.slice/x");
	assert_int_equal(pinbuf__explain_create(&r, ENOMEM), -ENOMEM);
	assert_kind(PINBUF_ERROR_MEMORY);
	assert_string_equal(pinbuf_error_last()->limit_name, "memory.max");
	assert_int_equal(pinbuf_error_last()->available, 24 * MIB);
	assert_says("memory.max of /user.slice/x is 32 MiB with 8 MiB of it in use");
}

static void want_of_memory_tells_what_there_is(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	assert_int_equal(pinbuf__explain_create(&r, ENOMEM), -ENOMEM);
	assert_kind(PINBUF_ERROR_MEMORY);
	assert_says("500 MiB are available");
	r.opts.flags = PINBUF_BUF_HUGE;
	pinbuf__explain_create(&r, ENOMEM);
	assert_says("in huge folios");
	assert_says("without the flag");
	r.opts.flags = PINBUF_BUF_STRICT_NODE;
	pinbuf__explain_create(&r, ENOMEM);
	assert_says("on that NUMA node alone");
}

static void unsupported_says_what(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.opts.align = 8 * MIB;
	assert_int_equal(pinbuf__explain_create(&r, EOPNOTSUPP), -EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_ALIGN);
	assert_says("an alignment of 8 MiB");
	assert_says("4 MiB is the most");
	r = request();
	r.opts.flags = PINBUF_BUF_CONTIG;
	pinbuf__explain_create(&r, EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("one physical run");
	r = request();
	r.opts.addr_bits = 32;
	pinbuf__explain_create(&r, EOPNOTSUPP);
	assert_kind(PINBUF_ERROR_UNSUPPORTED);
	assert_says("addr_bits 32");
}

static void nodes_are_told(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.opts.node = 5;
	assert_int_equal(pinbuf__explain_create(&r, ENOENT), -ENOENT);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_says("no NUMA node 5");
	assert_says("has 2, the highest is number 1");
	r.opts.node = 1;
	assert_int_equal(pinbuf__explain_create(&r, EINVAL), -EINVAL);
	assert_says("outside this process's cpuset");
	assert_says("Mems_allowed_list");
}

static void length_that_wraps_tells_the_largest(void **state)
{
	struct pinbuf__request r = request();

	(void)state;
	r.len = SIZE_MAX;
	assert_int_equal(pinbuf__explain_create(&r, EOVERFLOW), -EOVERFLOW);
	assert_kind(PINBUF_ERROR_OVERFLOW);
	assert_int_equal(pinbuf_error_last()->requested, SIZE_MAX);
	assert_says("18446744073709551615 bytes");
	assert_says("9223372036854771712 is the largest");
}

static void every_text_is_a_whole_sentence(void **state)
{
	static const int errors[] = { EDQUOT, ENOMEM, EOPNOTSUPP, ENOENT, EINVAL, EOVERFLOW,
				      EPERM, EMFILE, EINTR, E2BIG, ENOTTY, EACCES };
	struct pinbuf__request r = request();
	size_t i;

	(void)state;
	r.opts.label = "a label";
	/* the longest of them: every figure as long as it can be */
	r.limits.memlock = UINT64_MAX - 1;
	r.limits.memlock_hard = UINT64_MAX - 1;
	r.limits.locked = UINT64_MAX - 1;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(pinbuf__explain_create(&r, errors[i]), -errors[i]);
		assert_int_equal(pinbuf_error_last()->err, errors[i]);
		assert_string_equal(pinbuf_error_last()->name, "a label");
		assert_in_range(strlen(pinbuf_error_text()), 20,
				sizeof(pinbuf_error_last()->text) - 2);
		assert_null(strchr(pinbuf_error_text(), '\n'));
	}
}

static void no_device_tells_how_to_load_it(void **state)
{
	static const int errors[] = { ENOENT, ENODEV, ENXIO };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		assert_int_equal(pinbuf__explain_open("/dev/pinbuf", errors[i]), -EOPNOTSUPP);
		assert_kind(PINBUF_ERROR_UNSUPPORTED);
		assert_int_equal(pinbuf_error_last()->err, EOPNOTSUPP);
		assert_string_equal(pinbuf_error_last()->name, "/dev/pinbuf");
	}
	assert_says("modprobe pinbuf");
}

static void closed_door_tells_the_group(void **state)
{
	(void)state;
	assert_int_equal(pinbuf__explain_open("/dev/pinbuf", EACCES), -EACCES);
	assert_kind(PINBUF_ERROR_PERMISSION);
	assert_says("usermod -aG pinbuf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memlock_tells_value_use_and_cure),
		cmocka_unit_test(limits_are_compared_with_whole_pages),
		cmocka_unit_test(more_locked_than_the_limit_leaves_nothing),
		cmocka_unit_test(ceiling_of_a_user_names_its_parameter),
		cmocka_unit_test(ceiling_of_all_names_its_parameter),
		cmocka_unit_test(limit_that_has_gone_again_says_so),
		cmocka_unit_test(memory_cgroup_is_named),
		cmocka_unit_test(want_of_memory_tells_what_there_is),
		cmocka_unit_test(unsupported_says_what),
		cmocka_unit_test(nodes_are_told),
		cmocka_unit_test(length_that_wraps_tells_the_largest),
		cmocka_unit_test(every_text_is_a_whole_sentence),
		cmocka_unit_test(no_device_tells_how_to_load_it),
		cmocka_unit_test(closed_door_tells_the_group),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
