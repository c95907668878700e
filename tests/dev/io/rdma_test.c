// SPDX-License-Identifier: MIT
/*
 * RDMA over Soft-RoCE: mappings of ours are memory regions, read and written
 * from the other end of a connection, also when their program has let go.
 */
#include "common.h"
#include "heap.h"
#include "rdma.h"

#include <sys/resource.h>

#define EDGE 0xee

static struct rdma rdma;

static int rdma_setup(void **state)
{
	memset(&rdma, 0, sizeof(rdma));
	return fixture_setup(state);
}

static int rdma_teardown(void **state)
{
	rdma_close(&rdma);
	return fixture_teardown(state);
}

#define RDMA(function) \
	cmocka_unit_test_setup_teardown(function, rdma_setup, rdma_teardown)

static struct ibv_mr *region(void *p, size_t len)
{
	struct ibv_mr *mr = rdma_register(&rdma, p, len);

	if (!mr)
		print_error("# ibv_reg_mr: %s\n", strerror(errno));
	assert_non_null(mr);
	return mr;
}

static bool only_edges(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != EDGE)
			return false;
	return true;
}

/* A mapping of the node, and one of a buffer's descriptor */
static void written_and_read_back(size_t len, size_t from, size_t to,
				  size_t bytes)
{
	int fd = buf_new(len);
	uint8_t *p = map_shared(dev, len), *q = map_shared(fd, len);
	struct ibv_mr *a = region(p, len), *b = region(q, len);

	close(fd);
	fill(p, len, 1);
	memset(q, EDGE, len);
	rdma_move(&rdma, IBV_WR_RDMA_WRITE, a, from, b, to, bytes);
	assert_memory_equal(q + to, p + from, bytes);
	assert_true(only_edges(q, 0, to));
	assert_true(only_edges(q, to + bytes, len));
	assert_int_equal(differs(p, len, 1), -1);

	fill(q, len, 2);
	memset(p, EDGE, len);
	rdma_move(&rdma, IBV_WR_RDMA_READ, a, from, b, to, bytes);
	assert_memory_equal(p + from, q + to, bytes);
	assert_true(only_edges(p, 0, from));
	assert_true(only_edges(p, from + bytes, len));
	assert_int_equal(differs(q, len, 2), -1);
	assert_int_equal(ibv_dereg_mr(a), 0);
	assert_int_equal(ibv_dereg_mr(b), 0);
	munmap(p, len);
	munmap(q, len);
}

static void written_and_read_back_exactly(void **state)
{
	/* the debug kernel makes a packet of every KiB slowly */
	const size_t large = kernel_is("debug") ? MIB(4) : MIB(8);

	(void)state;
	rdma_open(&rdma);
	written_and_read_back(PAGE, 1, 2, PAGE - 3);
	written_and_read_back(7 * PAGE, PAGE - 5, 17, 5 * PAGE + 9);
	written_and_read_back(MIB(1) - PAGE, PAGE, 3 * PAGE, MIB(1) / 2);
	written_and_read_back(MIB(2) + 3 * PAGE, 0, 2 * PAGE, MIB(2) + PAGE);
	written_and_read_back(large, 0, 0, large);
}

static void a_region_is_a_reference(void **state)
{
	struct pinbuf_ioc_query query = { .flags = PINBUF_QUERY_REFS };
	const size_t len = MIB(2) + 3 * PAGE;
	struct ibv_mr *mr;
	void *p;

	(void)state;
	rdma_open(&rdma);
	query.fd = buf_new(len);
	p = map_shared(query.fd, len);
	mr = region(p, len);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_true(query.out.refs >= 4);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_int_equal(query.out.refs, 0);
	munmap(p, len);
	close(query.fd);
}

/*
 * The peer writes into memory that was unmapped and released, and reads it: it
 * meets its own bytes, and nobody who allocated since meets them.
 */
static void outlives_its_buffer(size_t len)
{
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	uint8_t *p = map_shared(dev, len), *target = map_shared(dev, len);
	struct ibv_mr *a = region(p, len), *b = region(target, len);
	uint8_t *others[8];

	memset(target, EDGE, len);
	fill(p, len, 3);
	munmap(target, len);
	assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
			 live + len);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		others[i] = map_shared(dev, len);
		fill(others[i], len, 100 + i);
	}
	rdma_move(&rdma, IBV_WR_RDMA_WRITE, a, 0, b, 512, len - 1024);
	memset(p, 0, len);
	rdma_move(&rdma, IBV_WR_RDMA_READ, a, 0, b, 0, len);
	assert_true(only_edges(p, 0, 512));
	assert_int_equal(differs(p + 512, len - 1024, 3), -1);
	assert_true(only_edges(p, len - 512, len));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_int_equal(differs(others[i], len, 100 + i), -1);
		munmap(others[i], len);
	}
	assert_int_equal(ibv_dereg_mr(a), 0);
	assert_int_equal(ibv_dereg_mr(b), 0);
	munmap(p, len);
}

static void a_region_outlives_its_buffer(void **state)
{
	(void)state;
	rdma_open(&rdma);
	outlives_its_buffer(5 * PAGE);
	outlives_its_buffer(MIB(4));
}

/* A region counts for its process alone, beside the buffer's own charge. */
static int registers_until_the_limit(void *unused)
{
	const size_t len = MIB(1);
	struct rlimit rlim = { 2 * len, 2 * len };
	struct pinbuf_ioc_info in = { 0 };
	uint64_t before;
	int node;
	void *p;

	(void)unused;
	rdma_open(&rdma);
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	before = in.out_locked;
	CHECK(rdma_register(&rdma, p, len));
	CHECK(rdma_register(&rdma, p, len));
	CHECK(!rdma_register(&rdma, p, len) && errno == ENOMEM);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == before);
	return 0;
}

static void regions_are_held_against_rlimit_memlock(void **state)
{
	(void)state;
	rdma_open(&rdma);
	in_child(registers_until_the_limit, NULL);
}

/* Not ours to give: that it is no EINVAL says that we were not even asked. */
static void soft_roce_takes_no_descriptor(void **state)
{
	int fd;

	(void)state;
	rdma_open(&rdma);
	fd = buf_new(PAGE);
	errno = 0;
	assert_null(ibv_reg_dmabuf_mr(rdma.pd, 0, PAGE, 0, fd,
				      IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EOPNOTSUPP);
	close(fd);
}

static void a_dma_heaps_mapping_is_efault(void **state)
{
	void *p;

	(void)state;
	rdma_open(&rdma);
	p = heap_map(MIB(2));
	errno = 0;
	assert_null(rdma_register(&rdma, p, MIB(2)));
	assert_int_equal(errno, EFAULT);
	munmap(p, MIB(2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RDMA(written_and_read_back_exactly),
		RDMA(a_region_is_a_reference),
		RDMA(a_region_outlives_its_buffer),
		RDMA(regions_are_held_against_rlimit_memlock),
		RDMA(soft_roce_takes_no_descriptor),
		RDMA(a_dma_heaps_mapping_is_efault),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
