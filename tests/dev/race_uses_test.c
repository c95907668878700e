// SPDX-License-Identifier: MIT
/*
 * Two at one thing: faults on one page, devices that attach while the descriptor
 * is closed, mappings made while the buffer goes.
 */
#include "common.h"
#include "vgem.h"

#include "pinbuf_edu.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define RACE_LEN (17 * PAGE)

static atomic_bool stop;

/* Until enough has happened, which a busy machine takes its time for. */
static void race(void *(*const bodies[])(void *), size_t count, bool (*enough)(void))
{
	pthread_t threads[16];

	stop = false;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_create(&threads[i], NULL, bodies[i], (void *)i));
	for (int tries = 0; tries < 1000 && !enough(); tries++)
		usleep(20000);
	stop = true;
	for (size_t i = 0; i < count; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* Where all meet before each round, so that they fault together. */
static pthread_barrier_t start;
static char *shared;
static size_t shared_len;

static void *faults(void *argument)
{
	size_t me = (size_t)argument;

	for (int round = 0; round < 12; round++) {
		pthread_barrier_wait(&start);
		for (size_t at = 0; at < shared_len; at += PAGE)
			((volatile char *)shared)[at + me] = (char)(round + me);
		pthread_barrier_wait(&start);
		for (size_t at = 0; at < shared_len; at += PAGE)
			for (size_t i = 0; i < THREADS; i++)
				CHECK(shared[at + i] == (char)(round + i));
		/* nobody drops them while another still looks */
		pthread_barrier_wait(&start);
		if (!me)
			CHECK(!madvise(shared, shared_len, MADV_DONTNEED));
	}
	return NULL;
}

static bool at_once(void)
{
	return true;
}

static int faults_together(void *length)
{
	static void *(*const bodies[THREADS])(void *) = { faults, faults, faults, faults };
	struct pinbuf_ioc_query query = { .flags = PINBUF_QUERY_REFS };
	struct pinbuf_ioc_alloc req;

	shared_len = *(size_t *)length;
	req = request(shared_len);
	CHECK(!alloc_on(dev, &req));
	shared = mmap(NULL, shared_len, PROT_READ | PROT_WRITE, MAP_SHARED, req.out_fd, 0);
	CHECK(shared != MAP_FAILED);
	CHECK(!madvise(shared, shared_len, MADV_DONTNEED));
	CHECK(!pthread_barrier_init(&start, NULL, THREADS));
	/* each thread has its rounds, and ends by itself */
	race(bodies, THREADS, at_once);
	/* each fault took one reference for one entry */
	query.fd = req.out_fd;
	CHECK(!ioctl(dev, PINBUF_IOC_QUERY, &query));
	CHECK(query.out.refs == 0 && query.out.mappings == 1);
	return 0;
}

static void faults_on_one_page_meet(void **state)
{
	static size_t lens[] = { PAGE, MIB(1), MIB(2), MIB(4) + PAGE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++)
		in_child(faults_together, &lens[i]);
}

static atomic_int slot = -1;
static int vgem = -1, edu = -1;
static atomic_long imported, mapped, made;

static void *replaces(void *unused)
{
	while (!stop) {
		struct pinbuf_ioc_alloc req = request(RACE_LEN);
		int old;

		CHECK(alloc_on(dev, &req) == 0);
		made++;
		old = atomic_exchange(&slot, req.out_fd);
		if (old >= 0)
			close(old);
	}
	return unused;
}

static void *imports(void *unused)
{
	while (!stop) {
		uint32_t handle;
		int err = vgem_import(vgem, slot, &handle);

		CHECK(!err || err == EBADF || err == EINVAL);
		if (err)
			continue;
		imported++;
		CHECK(!vgem_close(vgem, handle));
	}
	return unused;
}

static void *attaches(void *unused)
{
	while (!stop) {
		struct pinbuf_edu_attach arg = {
			.fd = slot, .direction = PINBUF_EDU_TO_DEVICE | PINBUF_EDU_FROM_DEVICE,
		};
		int err = errno_of(ioctl(edu, PINBUF_EDU_ATTACH, &arg));

		CHECK(!err || err == EBADF || err == EINVAL);
		if (err)
			continue;
		imported++;
		CHECK(!ioctl(edu, PINBUF_EDU_DETACH));
	}
	return unused;
}

static void *maps(void *unused)
{
	while (!stop) {
		char *p = mmap(NULL, RACE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, slot, 0);

		if (p == MAP_FAILED)
			continue;
		mapped++;
		p[RACE_LEN - PAGE] = 1;
		munmap(p, RACE_LEN);
	}
	return unused;
}

static bool enough_was_closed(void)
{
	return made > 50 && mapped > 5 && imported > 5;
}

static int devices_and_closers(void *importer)
{
	void *(*const bodies[])(void *) = { replaces, replaces, *(void *(**)(void *))importer, maps };

	race(bodies, ARRAY_LEN(bodies), enough_was_closed);
	close(slot);
	CHECK(enough_was_closed());
	return 0;
}

static void vgem_imports_what_is_being_closed(void **state)
{
	void *(*importer)(void *) = imports;

	(void)state;
	vgem = vgem_open();
	in_child(devices_and_closers, &importer);
	close(vgem);
}

static void edu_maps_what_is_being_closed(void **state)
{
	void *(*importer)(void *) = attaches;

	(void)state;
	edu = open("/dev/pinbuf_edu", O_RDWR | O_CLOEXEC);
	if (edu < 0)
		skip_because("there is no edu device (--edu)");
	in_child(devices_and_closers, &importer);
	close(edu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(faults_on_one_page_meet),
		TEST(vgem_imports_what_is_being_closed),
		TEST(edu_maps_what_is_being_closed),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
