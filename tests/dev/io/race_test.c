// SPDX-License-Identifier: MIT
/*
 * Devices that come and go while their buffer is synchronised, and pins that are
 * taken while their mapping is replaced.
 */
#include "common.h"
#include "edu.h"
#include "rdma.h"
#include "vgem.h"

#include <pthread.h>
#include <stdatomic.h>

#define BOTH (PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE)

static const size_t len = MIB(2) + 3 * PAGE;
static atomic_bool stop;
static atomic_long done[3];
static int edu = -1, vgem = -1, buf = -1;
static uint32_t edu_bits;	/* of addresses, as they were; 0 when they still are */
static struct rdma rdma;
static char *place;

static int race_setup(void **state)
{
	edu = -1;
	edu_bits = 0;
	vgem = -1;
	buf = -1;
	memset(&rdma, 0, sizeof(rdma));
	return fixture_setup(state);
}

static int race_teardown(void **state)
{
	rdma_close(&rdma);
	if (edu >= 0)
		close(edu);
	if (edu_bits) {
		edu = edu_open();
		edu_mask(edu, edu_bits);
		close(edu);
	}
	if (vgem >= 0)
		close(vgem);
	if (buf >= 0)
		close(buf);
	return fixture_teardown(state);
}

#define RACE(function) \
	cmocka_unit_test_setup_teardown(function, race_setup, race_teardown)

/* For a second; a body answers NULL, or the words of what went wrong. */
static void race(void *(*const bodies[])(void *), size_t count)
{
	pthread_t threads[3];
	void *wrong;

	stop = false;
	for (size_t i = 0; i < count; i++) {
		done[i] = 0;
		assert_int_equal(pthread_create(&threads[i], NULL, bodies[i],
						(void *)&done[i]), 0);
	}
	usleep(1000000);
	stop = true;
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		if (wrong)
			print_error("# %s\n", (char *)wrong);
		assert_null(wrong);
		assert_true(done[i] > 0);
	}
}

static void *edu_comes_and_goes(void *rounds)
{
	struct pinbuf_edu_attach arg = { .fd = buf, .direction = BOTH };

	for (; !stop; (*(atomic_long *)rounds)++)
		if (ioctl(edu, PINBUF_EDU_ATTACH, &arg) ||
		    ioctl(edu, PINBUF_EDU_DETACH))
			return "edu could not attach or detach";
	return NULL;
}

static void *vgem_comes_and_goes(void *rounds)
{
	uint32_t handle;

	for (; !stop; (*(atomic_long *)rounds)++)
		if (vgem_import(vgem, buf, &handle) || vgem_close(vgem, handle))
			return "vgem could not import or close";
	return NULL;
}

/* All of it, a page, and over the seam of two folios */
static void *synchronises(void *rounds)
{
	static const struct pinbuf_ioc_sync ranges[] = {
		{ .len = MIB(2) + 3 * PAGE },
		{ .offset = PAGE, .len = PAGE },
		{ .offset = MIB(2) - 1, .len = 2 },
	};

	for (; !stop; (*(atomic_long *)rounds)++) {
		struct pinbuf_ioc_sync sync = ranges[*(atomic_long *)rounds %
						     ARRAY_LEN(ranges)];

		sync.fd = buf;
		sync.flags = PINBUF_SYNC_START | PINBUF_SYNC_READ;
		if (ioctl(dev, PINBUF_IOC_SYNC, &sync))
			return "SYNC failed at the start";
		sync.flags = PINBUF_SYNC_END | PINBUF_SYNC_WRITE;
		if (ioctl(dev, PINBUF_IOC_SYNC, &sync))
			return "SYNC failed at the end";
	}
	return NULL;
}

static void devices_come_and_go_while_others_synchronise(void **state)
{
	static void *(*const bodies[])(void *) = {
		edu_comes_and_goes, vgem_comes_and_goes, synchronises,
	};
	void *p;

	(void)state;
	edu = edu_open();
	/*
	 * An IOMMU gives the addresses of unmapped runs out again a little later: the 256 MiB
	 * that the device reaches would be used up.  Nothing is transferred here.
	 */
	edu_bits = edu_mask(edu, 64);
	vgem = vgem_open();
	buf = buf_new(len);
	p = map_shared(buf, len);
	fill(p, len, 1);
	race(bodies, ARRAY_LEN(bodies));
	assert_int_equal(buf_query(buf).attachments, 0);
	assert_int_equal(differs(p, len, 1), -1);
	munmap(p, len);
}

/* Another buffer at the same address, or none */
static void *replaces(void *rounds)
{
	for (; !stop; (*(atomic_long *)rounds)++) {
		if (mmap(place, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, dev, 0) == MAP_FAILED)
			return "no new buffer";
		if (*(atomic_long *)rounds % 2 &&
		    mmap(place, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED, -1, 0) == MAP_FAILED)
			return "no empty place";
	}
	return NULL;
}

static void *registers(void *rounds)
{
	while (!stop) {
		struct ibv_mr *mr = rdma_register(&rdma, place, len);

		if (!mr && errno != EFAULT)
			return strerror(errno);
		if (!mr)
			continue;
		if (ibv_dereg_mr(mr))
			return "a region stays registered";
		(*(atomic_long *)rounds)++;
	}
	return NULL;
}

/* The fixture sees what is left live, the unloading of the module the rest. */
static void pins_are_taken_of_what_is_being_replaced(void **state)
{
	static void *(*const bodies[])(void *) = { replaces, registers };
	struct ibv_mr *mr;

	(void)state;
	rdma_open(&rdma);
	place = reserve_aligned(len, MIB(2));
	race(bodies, ARRAY_LEN(bodies));
	/* and it still can be had as a whole */
	assert_ptr_equal(mmap(place, len, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_FIXED, dev, 0), place);
	mr = rdma_register(&rdma, place, len);
	assert_non_null(mr);
	assert_int_equal(ibv_dereg_mr(mr), 0);
	munmap(place, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE(devices_come_and_go_while_others_synchronise),
		RACE(pins_are_taken_of_what_is_being_replaced),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
