// SPDX-License-Identifier: MIT
/* Where mappings come to lie, with a memfd in the place of a buffer. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/map.h"
#include "unit.h"

#define HUGE ((size_t)2 << 20)

struct fixture {
	struct pinbuf__maps maps;
	struct pinbuf__map_request r;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->r.fd = memfd_create("map_test", MFD_CLOEXEC);
	f->r.len = 3 * HUGE;
	f->r.huge_size = HUGE;
	f->r.access = PINBUF_READWRITE;
	*state = f;
	return f->r.fd < 0 || ftruncate(f->r.fd, 8 * HUGE);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pinbuf__maps_fini(&f->maps);
	close(f->r.fd);
	free(f);
	return 0;
}

/* mincore() knows of every mapped page, present or not */
static int mapped(const void *addr)
{
	unsigned char unused;

	return !mincore((void *)((uintptr_t)addr & ~4095UL), 4096, &unused);
}

static int readable(void *addr)
{
	int fds[2], ok = !pipe(fds) && write(fds[1], addr, 1) == 1;

	close(fds[0]);
	close(fds[1]);
	return ok;
}

static void address_and_offset_agree(void **state)
{
	static const struct { uint64_t offset; size_t len; } rows[] = {
		{ 0, HUGE }, { 0, 3 * HUGE }, { HUGE, HUGE }, { 4096, HUGE + 4096 },
		{ HUGE - 4096, 2 * HUGE }, { 0, 3 * HUGE - 4096 },
	};
	struct fixture *f = *state;
	size_t i;
	void *p;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		f->r.offset = rows[i].offset;
		f->r.len = rows[i].len;
		assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
		assert_int_equal(((uintptr_t)p - rows[i].offset) % HUGE, 0);
		memset(p, (int)i, rows[i].len);
	}
}

static void reservation_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	void *p;
	int i;

	/* any neighbour is ours only by chance, but not a hundred times */
	for (i = 0; i < 100; i++) {
		assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
		assert_int_equal(pinbuf__maps_remove(&f->maps, p), 0);
		assert_false(mapped(p));
		assert_false(mapped((char *)p + f->r.len - 1));
	}
}

static void small_ones_are_left_to_the_kernel(void **state)
{
	struct fixture *f = *state;
	void *p;

	f->r.len = 4096;
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
	assert_true(mapped(p));
}

static void without_huge_entries_any_address_will_do(void **state)
{
	struct fixture *f = *state;
	void *p;

	f->r.huge_size = 0;
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
	assert_true(mapped(p));
}

static void each_is_unmapped_once(void **state)
{
	struct fixture *f = *state;
	void *a, *b;

	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &a), 0);
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &b), 0);
	assert_ptr_not_equal(a, b);
	assert_int_equal(pinbuf__maps_remove(&f->maps, a), 0);
	assert_int_equal(pinbuf__maps_remove(&f->maps, a), -EINVAL);
	assert_kind(PINBUF_ERROR_MISUSE);
	assert_true(mapped(b));
	assert_int_equal(pinbuf__maps_remove(&f->maps, (char *)b + 4096), -EINVAL);
	assert_int_equal(pinbuf__maps_remove(&f->maps, b), 0);
	assert_false(mapped(b));
}

static void end_of_the_owner_unmaps_all(void **state)
{
	struct fixture *f = *state;
	void *a, *b;

	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &a), 0);
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &b), 0);
	pinbuf__maps_fini(&f->maps);
	assert_false(mapped(a));
	assert_false(mapped(b));
}

static void refused_mapping_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	void *p = NULL;

	f->r.fd = -1;
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), -EBADF);
	assert_null(p);
	assert_null(f->maps.first);
	assert_kind(PINBUF_ERROR_SYSTEM);
}

static void full_address_space_is_a_limit(void **state)
{
	struct fixture *f = *state;
	void *p;

	f->r.len = (size_t)1 << 60;
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), -ENOMEM);
	assert_kind(PINBUF_ERROR_LIMIT);
	assert_says("no room to map");
}

static int child_status(pid_t child)
{
	int status = -1;

	assert_true(child >= 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void child_does_not_get_it(void **state)
{
	struct fixture *f = *state;
	pid_t child;
	void *p;

	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
	child = fork();
	if (!child)
		_exit(readable(p));
	assert_int_equal(child_status(child), 0);
}

static void child_gets_it_if_asked(void **state)
{
	struct fixture *f = *state;
	pid_t child;
	void *p;

	f->r.fork = PINBUF_FORK_SHARED;
	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
	child = fork();
	if (!child) {
		strcpy(p, "child");
		_exit(0);
	}
	assert_int_equal(child_status(child), 0);
	assert_string_equal(p, "child");
}

/* What lies at the address in the child is not the library's to unmap. */
static void child_unmaps_nothing_of_others(void **state)
{
	struct fixture *f = *state;
	pid_t child;
	void *p, *other;

	assert_int_equal(pinbuf__maps_add(&f->maps, &f->r, &p), 0);
	child = fork();
	if (!child) {
		other = mmap(p, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (other != p)
			_exit(1);
		pinbuf__maps_fini(&f->maps);
		_exit(!readable(p));
	}
	assert_int_equal(child_status(child), 0);
	assert_true(mapped(p));
}

#define MAP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAP_TEST(address_and_offset_agree),
		MAP_TEST(reservation_leaves_nothing_behind),
		MAP_TEST(small_ones_are_left_to_the_kernel),
		MAP_TEST(without_huge_entries_any_address_will_do),
		MAP_TEST(each_is_unmapped_once),
		MAP_TEST(end_of_the_owner_unmaps_all),
		MAP_TEST(refused_mapping_leaves_nothing),
		MAP_TEST(full_address_space_is_a_limit),
		MAP_TEST(child_does_not_get_it),
		MAP_TEST(child_gets_it_if_asked),
		MAP_TEST(child_unmaps_nothing_of_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
