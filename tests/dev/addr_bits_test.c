// SPDX-License-Identifier: MIT
/*
 * addr_bits: every address of the buffer is below the bound, whatever else is
 * asked for, or nothing is had.  EXTENTS tells where it lies.
 */
#include "caps.h"
#include "cgroup.h"
#include "extents.h"
#include "moves.h"
#include "numa.h"
#include "proc.h"

static struct pinbuf_ioc_alloc below(uint64_t len, uint32_t bits)
{
	struct pinbuf_ioc_alloc req = request(len);

	req.addr_bits = bits;
	return req;
}

static uint64_t bound(uint32_t bits)
{
	return bits < 64 ? 1ULL << bits : UINT64_MAX;
}

static void assert_is_had(struct pinbuf_ioc_alloc req)
{
	int err = alloc_on(dev, &req);
	uint8_t *p;

	if (err)
		print_error("# %llu bytes below 2^%u, flags %#x, align %llu\n",
			    (unsigned long long)req.len, req.addr_bits, req.flags,
			    (unsigned long long)req.align);
	assert_int_equal(err, 0);
	assert_true(extents_end(req.out_fd) <= bound(req.addr_bits));
	assert_int_equal(req.out_flags & req.flags, req.flags);
	p = map_shared(req.out_fd, req.out_len);
	assert_true(is_zero(p, req.out_len));
	memset(p, 0x5a, req.out_len);
	munmap(p, req.out_len);
	close(req.out_fd);
}

/* On x86 28 lies inside a zone, where it takes a search; 32 ends one; the rest has none. */
static uint32_t bounds[] = { 28, 32, 33, 40, 52, 63, 64 };

/* The least bound with 128 MiB of memory below, which is 28 bits on x86. */
static uint32_t low;

static int low_setup(void **state)
{
	for (low = 28; bound(low) < ram_start() + MIB(128); )
		low++;
	bounds[0] = low;
	return fixture_setup(state);
}

#define BELOW(function) \
	cmocka_unit_test_setup_teardown(function, low_setup, fixture_teardown)

static void require_memory_above(void)
{
	if (ram_end() <= bound(low))
		skip_because("all memory is below 2^%u", low);
}

static const uint64_t lens[] = { PAGE, MIB(1) + 3 * PAGE, MIB(16) };

static void every_address_is_below_the_bound(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
		for (size_t k = 0; k < ARRAY_LEN(lens); k++)
			assert_is_had(below(lens[k], bounds[i]));
}

static uint64_t first_addr(int fd)
{
	struct pinbuf_extent first;
	struct pinbuf_ioc_extents where = {
		.fd = fd, .array = (uintptr_t)&first, .capacity = 1,
	};

	assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &where));
	return first.addr;
}

static void other_demands_hold_too(void **state)
{
	const uint64_t aligns[] = { 8 * PAGE, info().out_max_block };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct pinbuf_ioc_alloc req = below(MIB(5) - PAGE, bounds[i]);

		req.flags = PINBUF_ALLOC_HUGE;
		for (size_t k = 0; k < ARRAY_LEN(aligns); k++) {
			req.align = aligns[k];
			assert_is_had(req);
			req.len = 3 * PAGE;
			assert_int_equal(alloc_on(dev, &req), 0);
			assert_int_equal(first_addr(req.out_fd) % aligns[k], 0);
			assert_true(extents_end(req.out_fd) <= bound(req.addr_bits));
			close(req.out_fd);
		}
	}
}

/* Freed pages that CPUs keep for their next use, and do not count as free. */
#define STOCK MIB(32)

/* What is held during the search is all given back. */
static void nothing_is_kept_of_the_search(void **state)
{
	size_t before = meminfo("MemFree");

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_is_had(below(MIB(4), low));
	assert_true(meminfo("MemFree") + STOCK > before);
}

static void what_is_not_there_is_enomem(void **state)
{
	static const struct {
		uint64_t len;
		uint32_t bits;
	} none[] = {
		/* the first page, the first MiB, more than there is below */
		{ PAGE, 1 }, { PAGE, 11 }, { PAGE, 12 }, { PAGE, 16 },
		{ MIB(16), 24 }, { MIB(257), 28 },
	};
	long long kills = file_number("/proc/vmstat", "oom_kill");
	long long ceiling = param_get("max_bytes");
	size_t before = meminfo("MemFree");

	(void)state;
	assert_ok(param_set("max_bytes", 0));
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(alloc_errno(below(none[i].len, none[i].bits)), ENOMEM);
	assert_ok(param_set("max_bytes", ceiling));
	assert_true(meminfo("MemFree") + STOCK > before);
	assert_int_equal(file_number("/proc/vmstat", "oom_kill"), kills);
}

static void more_than_64_bits_is_einval(void **state)
{
	(void)state;
	assert_int_equal(alloc_errno(below(PAGE, 65)), EINVAL);
	assert_int_equal(alloc_errno(below(PAGE, 1U << 31)), EINVAL);
	assert_int_equal(alloc_errno(below(PAGE, UINT32_MAX)), EINVAL);
}

static int is_a_user(void *unused)
{
	(void)unused;
	become_user_with(~CAP_BIT(CAP_SYS_RAWIO) & (CAP_BIT(CAP_LAST_CAP + 1) - 1));
	for (uint32_t bits = 1; bits < 32; bits++)
		CHECK(alloc_errno(below(PAGE, bits)) == EPERM);
	for (uint32_t bits = 32; bits <= 64; bits++)
		CHECK(alloc_errno(below(PAGE, bits)) == 0);
	return 0;
}

static int is_a_driver(void *unused)
{
	(void)unused;
	become_user_with(CAP_BIT(CAP_SYS_RAWIO));
	CHECK(alloc_errno(below(PAGE, low)) == 0);
	return 0;
}

static int is_root_at_home(void *unused)
{
	(void)unused;
	if (!become_root_of_namespace())
		return 0;
	CHECK(alloc_errno(below(PAGE, 31)) == EPERM);
	CHECK(alloc_errno(below(PAGE, 32)) == 0);
	return 0;
}

static void below_32_needs_cap_sys_rawio(void **state)
{
	(void)state;
	in_child(is_a_user, NULL);
	in_child(is_a_driver, NULL);
	in_child(is_root_at_home, NULL);
}

static struct cgroup cg;

static int is_in_a_small_cgroup(void *unused)
{
	long long before;

	(void)unused;
	CHECK(!cgroup_enter(&cg));
	before = cgroup_number(&cg, "memory.current", NULL);
	/* the search looks at more than the cgroup may hold */
	CHECK(alloc_errno(below(MIB(8), low)) == 0);
	CHECK(alloc_errno(below(MIB(32), low)) == ENOMEM);
	CHECK(cgroup_number(&cg, "memory.current", NULL) - before < (long long)MIB(2));
	return 0;
}

static void only_the_buffer_is_charged(void **state)
{
	(void)state;
	cgroup_create(&cg, "memory");
	assert_ok(cgroup_write(&cg, "memory.max", "16M"));
	in_child(is_in_a_small_cgroup, NULL);
	assert_int_equal(cgroup_number(&cg, "memory.events", "oom_kill"), 0);
	cgroup_destroy(&cg);
}

/* Node 0 has the low addresses, node 1 those from half of the memory on. */
static int is_bound_to_node_1(void *argument)
{
	struct pinbuf_ioc_alloc req = below(MIB(4), low);

	if (argument)
		CHECK(!cgroup_enter(argument));
	else
		CHECK(!policy_set(MPOL_BIND, 2));
	CHECK(alloc_errno(req) == ENOMEM);
	req.addr_bits = 40;
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 1);
	return 0;
}

static void cpuset_and_policy_bind(void **state)
{
	(void)state;
	require_two_nodes();
	require_memory_above();
	cgroup_create(&cg, "cpuset");
	assert_ok(cgroup_write(&cg, "cpuset.mems", "1"));
	in_child(is_bound_to_node_1, &cg);
	cgroup_destroy(&cg);
	in_child(is_bound_to_node_1, NULL);
}

static void node_that_is_too_high_gives_way_unless_strict(void **state)
{
	struct pinbuf_ioc_alloc req = below(MIB(4), low);

	(void)state;
	require_two_nodes();
	require_memory_above();
	req.node = 1;
	assert_int_equal(alloc_on(dev, &req), 0);
	assert_int_equal(req.out_node, 0);
	assert_true(extents_end(req.out_fd) <= bound(low));
	close(req.out_fd);
	req.flags = PINBUF_ALLOC_STRICT_NODE;
	assert_int_equal(alloc_errno(req), ENOMEM);
	req.node = 0;
	assert_is_had(req);
}

static int interleaves(void *unused)
{
	struct pinbuf_ioc_alloc req = below(MIB(16), 40);

	(void)unused;
	CHECK(!policy_set(MPOL_INTERLEAVE, 3));
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == -1);
	/* node 0 has all the turns below the bound */
	req.addr_bits = low;
	CHECK(alloc_on(dev, &req) == 0);
	CHECK(req.out_node == 0);
	return 0;
}

static void interleaving_goes_on_where_it_can(void **state)
{
	(void)state;
	require_two_nodes();
	require_memory_above();
	in_child(interleaves, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BELOW(every_address_is_below_the_bound),
		BELOW(other_demands_hold_too),
		BELOW(nothing_is_kept_of_the_search),
		BELOW(what_is_not_there_is_enomem),
		BELOW(more_than_64_bits_is_einval),
		BELOW(below_32_needs_cap_sys_rawio),
		BELOW(only_the_buffer_is_charged),
		BELOW(cpuset_and_policy_bind),
		BELOW(node_that_is_too_high_gives_way_unless_strict),
		BELOW(interleaving_goes_on_where_it_can),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
