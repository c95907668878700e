// SPDX-License-Identifier: MIT
/*
 * Programs that drive a device themselves: edu by vfio-pci moves bytes of our
 * mappings, which VFIO's type 1 container or iommufd put into its IOMMU.
 */
#include "common.h"
#include "heap.h"
#include "vfio.h"

#include <sys/resource.h>

#define EDGE	0xee
#define IOVA_A	((uint64_t)MIB(16))
#define IOVA_B	((uint64_t)MIB(64))

static struct vfio_edu edu;

static int vfio_setup(void **state)
{
	edu.fd = edu.group = edu.iommu = -1;
	return fixture_setup(state);
}

static int vfio_teardown(void **state)
{
	vfio_close(&edu);
	return fixture_teardown(state);
}

static bool only_edges(const uint8_t *p, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (p[i] != EDGE)
			return false;
	return true;
}

/* A mapping of the node, or of a buffer's descriptor that is closed at once */
static void *new_mapping(bool of_node, size_t len)
{
	int fd = of_node ? dev : buf_new(len);
	void *p = map_shared(fd, len);

	if (!of_node)
		close(fd);
	return p;
}

static void both_directions_are_exact(void **state)
{
	static const struct {
		bool of_node;
		size_t len, from, to;
		uint32_t bytes;
	} cases[] = {
		{ false, PAGE, 0, 2048, 2048 },
		{ true, 7 * PAGE, 4 * PAGE - 1000, 6 * PAGE - 333, 1999 },
		{ true, MIB(4) + PAGE, MIB(4) - 7, MIB(2) - 5, 11 },
		{ false, MIB(8), MIB(8) - 2048, MIB(6) - 1024, 2048 },
	};
	const struct vfio_way *way = *state;

	vfio_open(&edu, way);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = cases[i].len, from = cases[i].from;
		size_t to = cases[i].to, end = to + cases[i].bytes;
		uint8_t *p = new_mapping(cases[i].of_node, len);
		uint8_t *q = new_mapping(!cases[i].of_node, len);

		fill(p, len, i);
		memset(q, EDGE, len);
		assert_int_equal(way->map(&edu, IOVA_A, p, len, PROT_READ), 0);
		assert_int_equal(way->map(&edu, IOVA_B, q, len,
					  PROT_READ | PROT_WRITE), 0);
		vfio_read_memory(&edu, IOVA_A + from, cases[i].bytes);
		vfio_write_memory(&edu, IOVA_B + to, cases[i].bytes);
		assert_memory_equal(q + to, p + from, cases[i].bytes);
		assert_true(only_edges(q, 0, to));
		assert_true(only_edges(q, end, len));
		assert_int_equal(differs(p, len, i), -1);
		assert_int_equal(way->unmap(&edu, IOVA_A, len), 0);
		assert_int_equal(way->unmap(&edu, IOVA_B, len), 0);
		munmap(p, len);
		munmap(q, len);
	}
}

static void refused_mappings_are_efault(void **state)
{
	const struct vfio_way *way = *state;
	void *p;
	int fd;

	vfio_open(&edu, way);
	fd = buf_new(MIB(2));
	p = mmap(NULL, MIB(2), PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(way->map(&edu, IOVA_A, p, MIB(2),
				  PROT_READ | PROT_WRITE), EFAULT);
	assert_int_equal(way->map(&edu, IOVA_A, p, MIB(2), PROT_READ), 0);
	assert_int_equal(way->unmap(&edu, IOVA_A, MIB(2)), 0);
	munmap(p, MIB(2));
	assert_int_equal(way->map(&edu, IOVA_A, p, MIB(2), PROT_READ), EFAULT);
	close(fd);
}

static void a_map_is_a_reference(void **state)
{
	struct pinbuf_ioc_query query = { .flags = PINBUF_QUERY_REFS };
	const struct vfio_way *way = *state;
	const size_t len = MIB(2) + 3 * PAGE;
	void *p;

	vfio_open(&edu, way);
	query.fd = buf_new(len);
	p = map_shared(query.fd, len);
	assert_int_equal(way->map(&edu, IOVA_A, p, len, PROT_READ), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_true(query.out.refs >= 4);
	assert_int_equal(way->unmap(&edu, IOVA_A, len), 0);
	assert_ok(ioctl(dev, PINBUF_IOC_QUERY, &query));
	assert_int_equal(query.out.refs, 0);
	munmap(p, len);
	close(query.fd);
}

/* Takes what memory there is to be had again, and says what it must hold. */
static void take_others(uint8_t **others, size_t nr, size_t len)
{
	for (size_t i = 0; i < nr; i++) {
		others[i] = map_shared(dev, len);
		fill(others[i], len, 100 + i);
	}
}

static void check_and_drop_others(uint8_t **others, size_t nr, size_t len)
{
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(differs(others[i], len, 100 + i), -1);
		munmap(others[i], len);
	}
}

/* The device goes on reading and writing memory that its program released. */
static void a_map_outlives_the_buffer(void **state)
{
	static const size_t lens[] = { 5 * PAGE, MIB(4) };
	const struct vfio_way *way = *state;
	uint64_t live = stats(PINBUF_STATS_ALL, 0).out_current_live;
	uint8_t *others[8], *q;

	vfio_open(&edu, way);
	q = map_shared(dev, PAGE);
	assert_int_equal(way->map(&edu, IOVA_B, q, PAGE,
				  PROT_READ | PROT_WRITE), 0);
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		size_t len = lens[i];
		uint8_t *p = new_mapping(false, len), bytes[1024];

		fill(p, len, i);
		memcpy(bytes, p + len - 3000, sizeof(bytes));
		assert_int_equal(way->map(&edu, IOVA_A, p, len,
					  PROT_READ | PROT_WRITE), 0);
		munmap(p, len);
		assert_int_equal(stats(PINBUF_STATS_ALL, 0).out_current_live,
				 live + PAGE);
		take_others(others, ARRAY_LEN(others), len);
		/* its own bytes, to another place of it, and out of there */
		vfio_read_memory(&edu, IOVA_A + len - 3000, sizeof(bytes));
		vfio_write_memory(&edu, IOVA_A + 8, sizeof(bytes));
		vfio_read_memory(&edu, IOVA_A + 8, sizeof(bytes));
		vfio_write_memory(&edu, IOVA_B, sizeof(bytes));
		assert_memory_equal(q, bytes, sizeof(bytes));
		check_and_drop_others(others, ARRAY_LEN(others), len);
		assert_int_equal(way->unmap(&edu, IOVA_A, len), 0);
	}
	assert_int_equal(way->unmap(&edu, IOVA_B, PAGE), 0);
	munmap(q, PAGE);
}

struct limited {
	const struct vfio_way *way;
	int maps;		/* that fit, of 1 MiB each */
	bool with_ours;		/* in the counter that buffers are held against */
};

static int maps_until_the_limit(void *argument)
{
	const struct limited *limited = argument;
	const size_t len = MIB(1);
	struct rlimit rlim = { 3 * len, 3 * len };
	struct pinbuf_ioc_info in = { 0 };
	uint64_t before;
	int node, maps = 0, err;
	void *p;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open(NODE_PATH, O_RDWR);
	CHECK(node >= 0);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	before = in.out_locked;
	do {
		err = limited->way->map(&edu, IOVA_A + (uint64_t)maps * len, p,
					len, PROT_READ);
	} while (!err && ++maps < 8);
	CHECK(err == ENOMEM);
	CHECK(maps == limited->maps);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in));
	CHECK(in.out_locked == before + (limited->with_ours ? maps * len : 0));
	return 0;
}

/*
 * A type 1 container counts what it pins for its process, iommufd for the user,
 * where the buffer itself is counted.
 */
static void maps_are_held_against_rlimit_memlock(void **state)
{
	struct limited limited = { .way = *state };

	limited.with_ours = limited.way == &vfio_iommufd;
	limited.maps = limited.with_ours ? 2 : 3;
	vfio_open(&edu, limited.way);
	in_child(maps_until_the_limit, &limited);
}

static void a_dma_heaps_mapping_is_efault(void **state)
{
	const struct vfio_way *way = *state;
	void *p;

	vfio_open(&edu, way);
	p = heap_map(MIB(2));
	assert_int_equal(way->map(&edu, IOVA_A, p, MIB(2), PROT_READ), EFAULT);
	munmap(p, MIB(2));
}

#define BY(way, function)						\
	{								\
		#way "_" #function, function, vfio_setup,		\
		vfio_teardown, (void *)&way				\
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BY(vfio_type1, both_directions_are_exact),
		BY(vfio_type1, refused_mappings_are_efault),
		BY(vfio_type1, a_map_is_a_reference),
		BY(vfio_type1, a_map_outlives_the_buffer),
		BY(vfio_type1, maps_are_held_against_rlimit_memlock),
		BY(vfio_type1, a_dma_heaps_mapping_is_efault),
		BY(vfio_iommufd, both_directions_are_exact),
		BY(vfio_iommufd, refused_mappings_are_efault),
		BY(vfio_iommufd, a_map_is_a_reference),
		BY(vfio_iommufd, a_map_outlives_the_buffer),
		BY(vfio_iommufd, maps_are_held_against_rlimit_memlock),
		BY(vfio_iommufd, a_dma_heaps_mapping_is_efault),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
