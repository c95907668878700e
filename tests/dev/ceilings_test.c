// SPDX-License-Identifier: MIT
/* The module's own ceilings: max_bytes and max_user_bytes, for everyone. */
#include "common.h"
#include "proc.h"

#include <sys/resource.h>
#include <sys/stat.h>

static long long old_all, old_user;

static int ceilings_setup(void **state)
{
	old_all = param_get("max_bytes");
	old_user = param_get("max_user_bytes");
	if (old_all < 0 || old_user < 0)
		return -1;
	return fixture_setup(state);
}

static int ceilings_teardown(void **state)
{
	if (param_set("max_bytes", old_all) ||
	    param_set("max_user_bytes", old_user))
		return -1;
	return fixture_teardown(state);
}

#define CEILING(function) \
	cmocka_unit_test_setup_teardown(function, ceilings_setup, \
					ceilings_teardown)

static uint64_t live(void)
{
	return stats(PINBUF_STATS_ALL, 0).out_current_live;
}

static void defaults_are_half_of_ram_and_none(void **state)
{
	long long half = (long long)meminfo("MemTotal") / 2;

	(void)state;
	/* memory that boot gives back later is not in the module's figure */
	assert_in_range(old_all, half - (long long)MIB(32),
			half + (long long)MIB(1));
	assert_int_equal(old_user, 0);
}

static void ceiling_holds_for_root_to_the_byte(void **state)
{
	int fd;

	(void)state;
	assert_ok(param_set("max_bytes", (long long)(live() + MIB(1))));
	assert_int_equal(alloc_errno(request(MIB(1) + 1)), EDQUOT);
	fd = buf_new(MIB(1));
	assert_int_equal(alloc_errno(request(1)), EDQUOT);
	assert_int_equal(map_errno(dev, PAGE, PROT_READ, MAP_SHARED, 0), EDQUOT);
	close(fd);
	assert_int_equal(alloc_errno(request(MIB(1))), 0);
}

static void user_ceiling_holds_for_root_to_the_byte(void **state)
{
	uint64_t mine = stats(PINBUF_STATS_USER, 0).out_current_live;
	int fd;

	(void)state;
	assert_ok(param_set("max_user_bytes", (long long)(mine + MIB(1))));
	assert_int_equal(alloc_errno(request(MIB(1) + 1)), EDQUOT);
	fd = buf_new(MIB(1));
	assert_int_equal(alloc_errno(request(1)), EDQUOT);
	close(fd);
	assert_int_equal(alloc_errno(request(MIB(1))), 0);
}

static void zero_is_no_ceiling(void **state)
{
	(void)state;
	assert_ok(param_set("max_bytes", 1));
	assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	assert_ok(param_set("max_bytes", 0));
	assert_int_equal(alloc_errno(request(PAGE)), 0);
	assert_ok(param_set("max_user_bytes", 1));
	assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	assert_ok(param_set("max_user_bytes", 0));
	assert_int_equal(alloc_errno(request(PAGE)), 0);
}

static void lowering_below_what_lives_only_stops_new_ones(void **state)
{
	int fd = buf_new(MIB(1));
	char *p = map_shared(fd, MIB(1));

	(void)state;
	assert_ok(param_set("max_bytes", (long long)PAGE));
	memset(p, 1, MIB(1));
	assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	munmap(p, MIB(1));
	close(fd);
}

static int allocs_as(uid_t uid, uint64_t len, int expected)
{
	struct pinbuf_ioc_alloc req = request(len);
	struct rlimit rlim = { RLIM_INFINITY, RLIM_INFINITY };
	int node;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(uid);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	CHECK_ERRNO(expected, ioctl(node, PINBUF_IOC_ALLOC, &req));
	return 0;
}

static int user_fits(void *len)
{
	return allocs_as(USER_UID, *(uint64_t *)len, 0);
}

static int user_is_refused(void *len)
{
	return allocs_as(USER_UID, *(uint64_t *)len, EDQUOT);
}

static void user_ceiling_is_each_users_own(void **state)
{
	uint64_t mine = stats(PINBUF_STATS_USER, 0).out_current_live;
	uint64_t fits = mine + MIB(1), above = fits + PAGE;
	int fd;

	(void)state;
	assert_ok(param_set("max_user_bytes", (long long)fits));
	fd = buf_new(MIB(1));
	assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	in_child(user_fits, &fits);
	in_child(user_is_refused, &above);
	close(fd);
}

static void ceiling_of_all_is_shared_by_users(void **state)
{
	uint64_t page = PAGE;
	int fd;

	(void)state;
	assert_ok(param_set("max_bytes", (long long)(live() + MIB(1))));
	fd = buf_new(MIB(1));
	in_child(user_is_refused, &page);
	close(fd);
	in_child(user_fits, &page);
}

static void refusals_are_counted(void **state)
{
	struct pinbuf_ioc_stats before = stats(PINBUF_STATS_ALL, 0), now;

	(void)state;
	assert_ok(param_set("max_bytes", 1));
	for (int i = 0; i < 3; i++)
		assert_int_equal(alloc_errno(request(PAGE)), EDQUOT);
	now = stats(PINBUF_STATS_ALL, 0);
	assert_int_equal(now.out_failed_ceiling, before.out_failed_ceiling + 3);
	assert_int_equal(now.out_failed_memlock, before.out_failed_memlock);
}

static int writes_parameter(void *unused)
{
	(void)unused;
	become_user(USER_UID);
	CHECK(param_get("max_bytes") >= 0);
	CHECK(param_set("max_bytes", 0) == -1 && errno == EACCES);
	return 0;
}

static void only_root_changes_them(void **state)
{
	struct stat st;

	(void)state;
	in_child(writes_parameter, NULL);
	assert_ok(stat("/sys/module/pinbuf/parameters/max_bytes", &st));
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_ok(stat("/sys/module/pinbuf/parameters/max_user_bytes", &st));
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	assert_errno(EINVAL, file_write("/sys/module/pinbuf/parameters/max_bytes",
					"lots"));
	assert_int_equal(param_get("max_bytes"), old_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CEILING(defaults_are_half_of_ram_and_none),
		CEILING(ceiling_holds_for_root_to_the_byte),
		CEILING(user_ceiling_holds_for_root_to_the_byte),
		CEILING(zero_is_no_ceiling),
		CEILING(lowering_below_what_lives_only_stops_new_ones),
		CEILING(user_ceiling_is_each_users_own),
		CEILING(ceiling_of_all_is_shared_by_users),
		CEILING(refusals_are_counted),
		CEILING(only_root_changes_them),
		CEILING(nonsense_is_refused),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
