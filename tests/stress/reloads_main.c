// SPDX-License-Identifier: MIT
/*
 * usage: reloads [--count N]
 *
 * Loads and unloads the module so often (20), in the guest, while others open the
 * node, allocate and map: an unload is refused while anything lives, and works as
 * soon as nothing does.  TAP.
 */
#include "baseline.h"
#include "proc.h"

#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define NR_USERS	3
/* What counts itself in pages, and what a cache may have kept. */
#define SLACK		MIB(16)
/* Cycles before memory is looked at: caches are filled by then. */
#define WARM_UP		5

static struct tally {
	atomic_ulong opened, allocated, published, mapped;
	atomic_bool rest;
} *tally;

/* A name holds the module too, until it is taken away. */
static void goes_by_a_name(int node, int fd)
{
	struct pinbuf_ioc_publish publish = { .fd = fd, .mode = 0600 };
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1 };

	snprintf((char *)publish.name, sizeof(publish.name), "reload-%d", (int)getpid());
	memcpy(unpublish.name, publish.name, sizeof(unpublish.name));
	if (ioctl(node, PINBUF_IOC_PUBLISH, &publish))
		return;
	tally->published++;
	CHECK(!ioctl(node, PINBUF_IOC_UNPUBLISH, &unpublish));
}

/* Takes whatever it finds: the node may be gone at any moment. */
static int uses(void *unused)
{
	(void)unused;
	for (;;) {
		struct pinbuf_ioc_alloc req = request(5 * PAGE);
		int node = open(NODE_PATH, O_RDWR | O_CLOEXEC);
		char *p;

		if (node < 0) {
			usleep(100);
			continue;
		}
		tally->opened++;
		if (!alloc_on(node, &req)) {
			tally->allocated++;
			goes_by_a_name(node, req.out_fd);
			close(req.out_fd);
		}
		p = mmap(NULL, KIB(64), PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
		close(node);
		if (p == MAP_FAILED)
			continue;
		tally->mapped++;
		p[0] = 1;
		munmap(p, KIB(64));
		while (tally->rest)
			usleep(100);
	}
	return 0;
}

/* Refused as long as somebody has it; then they rest for a moment. */
static int unload(unsigned long *refused)
{
	int err = 0;

	for (int tries = 0; tries < 1000; tries++) {
		tally->rest = tries > 3;
		err = errno_of(syscall(SYS_delete_module, "pinbuf", O_NONBLOCK));
		if (!err)
			break;
		if (err != EWOULDBLOCK)
			return err;
		++*refused;
		usleep(1000);
	}
	tally->rest = false;
	return err;
}

static int load(void)
{
	int fd = open(getenv("PINBUF_KO"), O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = errno_of(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	return err;
}

/* The module works anew each time, and nothing is in its figures from before. */
static bool is_fresh(void)
{
	struct pinbuf_ioc_info in = { 0 };
	int node = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	bool good = node >= 0 && !ioctl(node, PINBUF_IOC_INFO, &in) &&
		    in.out_abi_version == PINBUF_ABI_VERSION;

	close(node);
	return good;
}

static int cycle(unsigned int count, unsigned long *refused)
{
	for (unsigned int i = 0; i < count; i++) {
		int err = unload(refused);

		if (err || !access(NODE_PATH, F_OK) || !access("/sys/module/pinbuf", F_OK) ||
		    !access("/sys/kernel/debug/pinbuf", F_OK)) {
			printf("# cycle %u: unloading: %s\n", i, strerrorname_np(err));
			return -1;
		}
		err = load();
		if (err || !is_fresh()) {
			printf("# cycle %u: loading: %s\n", i, strerrorname_np(err));
			return -1;
		}
	}
	return 0;
}

static size_t available(void)
{
	sync();
	CHECK(!file_write("/proc/sys/vm/drop_caches", "3"));
	return (size_t)file_number("/proc/meminfo", "MemAvailable") * 1024;
}

static unsigned int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
		{ 0 },
	};
	unsigned int count = 20;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'n')
			exit(2);
		count = (unsigned int)atoi(optarg);
	}
	return count;
}

int main(int argc, char **argv)
{
	unsigned int count = parse(argc, argv);
	unsigned long refused = 0;
	pid_t users[NR_USERS];
	struct stat node;
	size_t before, after;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..3\n");
	CHECK(getenv("PINBUF_KO") && !stat(NODE_PATH, &node));
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	CHECK(tally != MAP_FAILED);
	for (int i = 0; i < NR_USERS; i++)
		users[i] = child_start(uses, NULL);
	good = !cycle(WARM_UP, &refused);
	before = available();
	good = good && !cycle(count, &refused);
	after = available();
	for (int i = 0; i < NR_USERS; i++) {
		kill(users[i], SIGKILL);
		child_wait(users[i]);
	}
	dev = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	baseline_unpublish();
	close(dev);
	CHECK(!chmod(NODE_PATH, node.st_mode & 07777));
	CHECK(!chown(NODE_PATH, node.st_uid, node.st_gid));
	printf("# %u cycles; %lu unloads refused; meanwhile %lu opens, %lu buffers, %lu names, %lu mappings\n",
	       count + WARM_UP, refused, tally->opened, tally->allocated, tally->published, tally->mapped);
	printf("# %zu KiB available before, %zu after\n", before >> 10, after >> 10);
	printf("%sok 1 - the module goes and comes back\n", good ? "" : "not ");
	printf("%sok 2 - it was in use\n", refused && tally->mapped ? "" : "not ");
	printf("%sok 3 - nothing of it stays\n", after + SLACK > before ? "" : "not ");
	return !(good && refused && tally->mapped && after + SLACK > before);
}
