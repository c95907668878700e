// SPDX-License-Identifier: MIT
/*
 * Ordinary users, with the limits that Debian gives them: what one can do without
 * root, what he cannot learn of another's buffers, and that he never sees what was
 * in memory before.
 */
#include "common.h"
#include "proc.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define DEFAULT_MEMLOCK	MIB(8)

/* As init gave it to everybody: nothing has set it on the way here. */
static void require_default_limit(void)
{
	struct rlimit rlim;

	CHECK(!getrlimit(RLIMIT_MEMLOCK, &rlim));
	CHECK(rlim.rlim_cur == DEFAULT_MEMLOCK);
}

static int works_within_the_default(void *unused)
{
	int node, fd, more;
	char *p;

	(void)unused;
	require_default_limit();
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, DEFAULT_MEMLOCK, &fd) == 0);
	p = mmap(NULL, DEFAULT_MEMLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && is_zero(p, DEFAULT_MEMLOCK));
	fill(p, DEFAULT_MEMLOCK, 5);
	CHECK(differs(p, DEFAULT_MEMLOCK, 5) == -1);
	CHECK(alloc_len(node, 1, &more) == EDQUOT);
	CHECK(map_errno(node, PAGE, PROT_READ, MAP_SHARED, 0) == EDQUOT);
	CHECK(!munmap(p, DEFAULT_MEMLOCK));
	close(fd);
	CHECK(alloc_len(node, DEFAULT_MEMLOCK + 1, &fd) == EDQUOT);
	p = mmap(NULL, DEFAULT_MEMLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	CHECK(p != MAP_FAILED);
	CHECK(alloc_len(node, 1, &more) == EDQUOT);
	return 0;
}

static void debians_default_lets_8_mib_and_not_a_byte_more(void **state)
{
	(void)state;
	in_child(works_within_the_default, NULL);
}

struct victim {
	int socks[2], fd, node;
	pid_t pid;
	char *map;
};

static int lives_beside(void *argument)
{
	struct victim *victim = argument;
	char go;

	close(victim->socks[0]);
	become_user(USER_UID);
	victim->pid = getpid();
	victim->node = open_node();
	CHECK(alloc_len(victim->node, MIB(1), &victim->fd) == 0);
	victim->map = mmap(NULL, MIB(1), PROT_READ | PROT_WRITE, MAP_SHARED, victim->fd, 0);
	CHECK(victim->map != MAP_FAILED);
	CHECK(write(victim->socks[1], victim, sizeof(*victim)) == sizeof(*victim));
	CHECK(read(victim->socks[1], &go, 1) >= 0);
	return 0;
}

/* What another user's descriptors, mappings and memory are behind. */
static void check_proc(const struct victim *victim)
{
	static const char *const paths[] = {
		"fd/%d", "fdinfo/%d", "maps", "smaps", "pagemap", "map_files", "mem", "numa_maps",
	};
	char path[64], name[32];

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		snprintf(name, sizeof(name), paths[i], victim->fd);
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)victim->pid, name);
		if (open(path, O_RDONLY) != -1 || (errno != EACCES && errno != EPERM))
			child_die(path, __FILE__, __LINE__);
	}
}

static int tries_everything(void *argument)
{
	const struct victim *victim = argument;
	char stolen[64];
	struct iovec to = { stolen, sizeof(stolen) }, from = { victim->map, sizeof(stolen) };
	struct pinbuf_ioc_stats st = { .scope = PINBUF_STATS_USER };
	struct pinbuf_ioc_query query = { .fd = victim->fd };
	struct pinbuf_ioc_info in = { 0 };
	int node, pidfd;

	become_user(OTHER_UID);
	node = open_node();
	check_proc(victim);
	CHECK(process_vm_readv(victim->pid, &to, 1, &from, 1, 0) == -1 && errno == EPERM);
	pidfd = (int)syscall(SYS_pidfd_open, victim->pid, 0);
	CHECK(pidfd >= 0);
	CHECK(syscall(SYS_pidfd_getfd, pidfd, victim->fd, 0) == -1 && errno == EPERM);
	/* his numbers are not ours */
	CHECK(ioctl(node, PINBUF_IOC_QUERY, &query) == -1);
	CHECK(!ioctl(node, PINBUF_IOC_STATS, &st));
	CHECK(!st.out_live_buffers && !st.out_total_allocated && !st.out_mappings);
	CHECK(!ioctl(node, PINBUF_IOC_INFO, &in) && !in.out_locked);
	return 0;
}

/* The files that tell of everybody's. */
static int cannot_read_what_tells(void *unused)
{
	static const char *const paths[] = {
		"/sys/kernel/debug/pinbuf/buffers", "/sys/kernel/debug/dma_buf/bufinfo",
		"/sys/kernel/tracing/trace", "/sys/kernel/tracing/trace_pipe",
		"/sys/kernel/tracing/events/pinbuf/pinbuf_alloc/enable",
		"/sys/kernel/debug/tracing/trace", "/proc/kpageflags", "/proc/kpagecgroup",
	};

	(void)unused;
	become_user(OTHER_UID);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (open(paths[i], O_RDONLY) != -1)
			child_die(paths[i], __FILE__, __LINE__);
	return 0;
}

static void a_stranger_reaches_and_learns_nothing(void **state)
{
	struct victim victim = { 0 };
	pid_t pid;

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, victim.socks));
	pid = child_start(lives_beside, &victim);
	close(victim.socks[1]);
	assert_int_equal(read(victim.socks[0], &victim, sizeof(victim)), sizeof(victim));
	in_child(tries_everything, &victim);
	in_child(cannot_read_what_tells, NULL);
	close(victim.socks[0]);
	assert_int_equal(child_wait(pid), 0);
}

/* --- Memory goes round */

#define ROUNDS 80

struct round_trip {
	int socks[2];
	size_t len;
};

/*
 * Of the first user's pages those that never come to the second lie in what is left to
 * others.  So he has more than twice of that, whatever pages the allocator gives.
 */
static size_t first_len(void)
{
	return meminfo("MemAvailable") / 8 * 5 / MIB(2) * MIB(2);
}

static int writes_and_leaves(void *argument)
{
	struct round_trip *trip = argument;
	struct rlimit rlim = { RLIM_INFINITY, RLIM_INFINITY };
	int node, fd;
	char *p;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(USER_UID);
	node = open_node();
	CHECK(alloc_len(node, trip->len, &fd) == 0);
	p = mmap(NULL, trip->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 0xc3, trip->len);
	CHECK(!send_fd(trip->socks[1], fd));
	return 0;
}

static struct pinbuf_extent *runs_of(int fd, size_t *count)
{
	struct pinbuf_ioc_extents req = { .fd = fd };
	struct pinbuf_extent *runs;

	assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
	runs = calloc(req.out_total, sizeof(*runs));
	assert_non_null(runs);
	req.array = (uintptr_t)runs;
	req.capacity = req.out_total;
	assert_ok(ioctl(dev, PINBUF_IOC_EXTENTS, &req));
	*count = req.out_written;
	return runs;
}

/* Marks what of @then is in @now, a byte a page; the pages that are new in it. */
static size_t mark(const struct pinbuf_extent *then, size_t nr_then, uint8_t *seen,
		   const struct pinbuf_extent *now, size_t nr_now)
{
	size_t marked = 0, at = 0;

	for (size_t i = 0; i < nr_then; at += then[i++].len / PAGE) {
		for (size_t k = 0; k < nr_now; k++) {
			uint64_t from = now[k].addr > then[i].addr ? now[k].addr : then[i].addr;
			uint64_t end = now[k].addr + now[k].len;

			if (end > then[i].addr + then[i].len)
				end = then[i].addr + then[i].len;
			for (; from < end; from += PAGE) {
				uint8_t *page = &seen[at + (from - then[i].addr) / PAGE];

				marked += !*page;
				*page = 1;
			}
		}
	}
	return marked;
}

static int allocates_and_looks(void *argument)
{
	struct round_trip *trip = argument;
	struct rlimit rlim = { RLIM_INFINITY, RLIM_INFINITY };
	int node, fd;
	char *p;

	CHECK(!setrlimit(RLIMIT_MEMLOCK, &rlim));
	become_user(OTHER_UID);
	node = open_node();
	CHECK(alloc_len(node, trip->len, &fd) == 0);
	p = mmap(NULL, trip->len, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED && is_zero(p, trip->len));
	CHECK(!send_fd(trip->socks[1], fd));
	return 0;
}

static int buffer_of(int (*body)(void *), struct round_trip *trip)
{
	pid_t pid = child_start(body, trip);
	int fd = recv_fd(trip->socks[0]);

	assert_int_equal(child_wait(pid), 0);
	assert_true(fd >= 0);
	return fd;
}

/* Is there room for a buffer, beside what the module leaves to others? */
static bool is_room(size_t len)
{
	/* free pages of CMA are for movable memory; without CMA there is no such line */
	long long cma = file_number("/proc/meminfo", "CmaFree");

	return meminfo("MemAvailable") > 4 * len + (cma > 0 ? (size_t)cma * 1024 : 0);
}

/* One user's pages, until another has had nearly all of them, kept so that they differ. */
static void freed_memory_is_never_seen_again(void **state)
{
	struct round_trip trip = { .len = first_len() };
	size_t nr_then, nr_now, pages = trip.len / PAGE, again = 0;
	struct pinbuf_extent *then, *now;
	int fd, kept[ROUNDS], rounds = 0;
	const struct timeval patience = { .tv_sec = 30 };
	long long ceiling = param_get("max_bytes");
	uint8_t *seen = calloc(pages, 1);

	(void)state;
	assert_non_null(seen);
	assert_ok(param_set("max_bytes", 0));
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, trip.socks));
	/* a child that fails sends nothing */
	assert_ok(setsockopt(trip.socks[0], SOL_SOCKET, SO_RCVTIMEO, &patience,
			     sizeof(patience)));
	fd = buffer_of(writes_and_leaves, &trip);
	then = runs_of(fd, &nr_then);
	close(fd);
	trip.len = MIB(16);
	while (again < pages * 9 / 10 && rounds < ROUNDS && is_room(trip.len)) {
		fd = kept[rounds++] = buffer_of(allocates_and_looks, &trip);
		now = runs_of(fd, &nr_now);
		again += mark(then, nr_then, seen, now, nr_now);
		free(now);
	}
	print_message("# %zu of %zu pages came again in %d buffers\n", again, pages, rounds);
	for (int i = 0; i < rounds; i++)
		close(kept[i]);
	close(trip.socks[0]);
	close(trip.socks[1]);
	assert_ok(param_set("max_bytes", ceiling));
	free(then);
	free(seen);
	assert_true(again >= pages / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(debians_default_lets_8_mib_and_not_a_byte_more),
		TEST(a_stranger_reaches_and_learns_nothing),
		TEST(freed_memory_is_never_seen_again),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
