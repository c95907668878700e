// SPDX-License-Identifier: MIT
/*
 * usage: fuzz [--seed N] [--seconds N | --kills N] [--steps N]
 *
 * Random operations on /dev/pinbuf by several users, for that long (60 s), or until
 * so many workers have been killed, each after milliseconds; run as root in the
 * guest.  With --steps every thread takes so many in each life, and no worker is
 * killed.  TAP; the seed is told, and makes every thread do the same again.
 */
#include "baseline.h"
#include "fuzz.h"
#include "proc.h"
#include "vgem.h"

#include <getopt.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define CGROUPS		"/sys/fs/cgroup/"
#define CEILING		MIB(160)
#define SQUEEZED_MAX	"33554432"
/* A page or two that an empty cgroup keeps for itself. */
#define STAYS_CHARGED	((long long)KIB(32))

const struct role roles[] = {
	{ "root", 0, 3, MAY_ALL, false },
	{ "a user", 1000, 3, MAY_MOST | MAY_DEVICES, false },
	{ "the same user", 1000, 2, MAY_MOST, false },
	{ "another", 1001, 2, MAY_MOST | MAY_DEVICES, false },
	{ "squeezed", 1001, 1, 0, true },
};
const size_t nr_roles = ARRAY_LEN(roles);

static const char *const cgroups[] = { CGROUPS "pinbuf-fuzz", CGROUPS "pinbuf-squeezed" };

static struct board *board;
static struct worker {
	pid_t pid;
	uint32_t life;
	bool dying;
} workers[MAX_ROLES];
static int socks[2];
static unsigned long killed, kills, lives;

static void make_cgroups(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++)
		CHECK(!mkdir(cgroups[i], 0755));
	CHECK(!file_write(CGROUPS "pinbuf-squeezed/memory.max", SQUEEZED_MAX));
}

static int be_worker(void *argument)
{
	unsigned int who = *(unsigned int *)argument;
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroups[roles[who].squeezed]);
	CHECK(!file_write(path, "0"));
	worker_run(board, who, workers[who].life, socks);
}

static void start(unsigned int who)
{
	workers[who].life++;
	workers[who].dying = false;
	workers[who].pid = child_start(be_worker, &who);
	lives++;
}

static void judge(unsigned int who, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		killed++;
		return;
	}
	if (!atomic_exchange(&board->failed, true))
		snprintf(board->why, sizeof(board->why), "role \"%s\", life %u ended with status %#x",
			 roles[who].name, workers[who].life, status);
}

static void reap(bool restart)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int who = 0; who < nr_roles; who++) {
			if (workers[who].pid != pid)
				continue;
			workers[who].pid = 0;
			judge(who, status);
			if (restart && !board->failed)
				start(who);
		}
	}
}

static void kill_one(struct dice *dice)
{
	struct worker *worker = &workers[dice_below(dice, (uint32_t)nr_roles)];

	if (worker->pid && !worker->dying)
		worker->dying = !kill(worker->pid, SIGKILL);
}

/* What an administrator, or the machine, may do meanwhile. */
static void turn_a_knob(struct dice *dice)
{
	static const uint64_t ceilings[] = { CEILING, CEILING / 2, CEILING / 4, MIB(8), 1 };
	static const uint64_t user_ceilings[] = { 0, 0, MIB(16), MIB(1) };
	static const char *const limits[] = { "33554432", "41943040", "67108864" };

	switch (dice_below(dice, 8)) {
	case 0:
		CHECK(!param_set("max_bytes", (long long)DICE_PICK(dice, ceilings)));
		break;
	case 1:
		CHECK(!param_set("max_user_bytes", (long long)DICE_PICK(dice, user_ceilings)));
		break;
	case 2:
		CHECK(!file_write(CGROUPS "pinbuf-squeezed/memory.max",
				  limits[dice_below(dice, ARRAY_LEN(limits))]));
		break;
	case 3:
		(void)file_write("/proc/sys/vm/compact_memory", "1");
		break;
	case 4:
		(void)file_write("/proc/sys/vm/drop_caches", "2");
		break;
	default:
		CHECK(!param_set("max_bytes", (long long)CEILING));
		CHECK(!param_set("max_user_bytes", 0));
	}
}

static void watch(struct dice *dice)
{
	usleep(5000 + dice_below(dice, 100000));
	reap(true);
	if (!board->steps && dice_one_in(dice, 3))
		kill_one(dice);
	turn_a_knob(dice);
}

/* At any moment of a short life, its first included. */
static void slaughter(struct dice *dice)
{
	usleep(dice_below(dice, 30000));
	kill_one(dice);
	reap(true);
	if (dice_one_in(dice, 50))
		turn_a_knob(dice);
}

static void supervise(unsigned int seconds)
{
	struct dice dice = dice_at(board->seed, UINT32_MAX, 0, 0, 0);
	time_t end = time(NULL) + seconds;

	for (unsigned int who = 0; who < nr_roles; who++)
		start(who);
	while (!board->failed && (kills ? killed < kills : time(NULL) < end)) {
		if (kills)
			slaughter(&dice);
		else
			watch(&dice);
	}
}

static bool end_workers(void)
{
	bool alive = true;
	char path[128];

	board->stop = true;
	/* children of theirs too */
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++) {
		snprintf(path, sizeof(path), "%s/cgroup.kill", cgroups[i]);
		CHECK(!file_write(path, "1"));
	}
	for (int tries = 0; alive && tries < 1000; tries++) {
		usleep(20000);
		reap(false);
		alive = false;
		for (unsigned int who = 0; who < nr_roles; who++)
			alive |= workers[who].pid != 0;
	}
	return !alive;
}

/* An operation that never does what it is for tests nothing.  A few tries prove little. */
#define MANY_TRIES 40

static bool everything_worked(void)
{
	bool all = true;

	for (size_t i = 0; i < op_count(); i++) {
		const struct op *op = op_number(i);
		bool here = strcmp(op->name, "dma-heap alloc") ||
			    !access("/dev/dma_heap/pinbuf", F_OK);

		printf("# %-24s %8lu tried %8lu worked\n", op->name, board->tried[i],
		       board->worked[i]);
		all &= board->worked[i] || board->tried[i] < MANY_TRIES || !here;
	}
	return all;
}

static void show_last_steps(void)
{
	for (unsigned int who = 0; who < nr_roles; who++) {
		for (unsigned int thread = 0; thread < roles[who].threads; thread++) {
			uint32_t step = board->threads[who][thread].step;

			printf("# %s, life %u, thread %u, step %u, the last first:", roles[who].name,
			       workers[who].life, thread, step);
			for (uint32_t i = 0; i < LAST_STEPS && i <= step; i++)
				printf(" %s;", op_number(board->threads[who][thread]
							 .last[(step - i) % LAST_STEPS])->name);
			printf("\n");
		}
	}
}

static int failures, results;

static void result(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++results, name);
	failures += !good;
}

static void report(const struct baseline *base, bool all_ended)
{
	if (board->failed) {
		printf("# %s\n", board->why);
		show_last_steps();
	}
	result(!board->failed, "no answer and no byte was wrong");
	result(all_ended, "everybody could be killed");
	/* those killed after milliseconds do not come to everything */
	if (!kills)
		result(everything_worked(), "what was tried often has worked");
	result(baseline_live_is_back(base), "nothing lives");
	result(baseline_locked_is_back(base), "locked_vm of every user is back");
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++)
		result(baseline_cgroup_is_back(cgroups[i], STAYS_CHARGED),
		       i ? "the squeezed cgroup's charge is back" : "the cgroup's charge is back");
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++)
		rmdir(cgroups[i]);
}

static void prepare(struct baseline *base)
{
	static const uid_t users[] = { 0, 1000, 1001 };
	int vgem = vgem_find();

	if (vgem >= 0)
		close(vgem);
	dev = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	CHECK(dev >= 0);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	CHECK(board != MAP_FAILED);
	CHECK(op_count() <= MAX_OPS && nr_roles <= MAX_ROLES);
	CHECK(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, socks));
	baseline_take(base, users, ARRAY_LEN(users));
	make_cgroups();
}

static uint64_t fresh_seed(void)
{
	uint64_t seed;

	CHECK(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	return seed >> 32;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "steps", required_argument, NULL, 'n' },
		{ "kills", required_argument, NULL, 'k' },
		{ 0 },
	};
	long long old_all = param_get("max_bytes"), old_user = param_get("max_user_bytes");
	uint64_t seed = fresh_seed();
	unsigned int seconds = 60, steps = 0;
	struct baseline base;
	bool all_ended;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = (unsigned int)atoi(optarg);
			break;
		case 'n':
			steps = (unsigned int)atoi(optarg);
			break;
		case 'k':
			kills = strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(&base);
	board->seed = seed;
	board->steps = steps;
	printf("1..%zu\n# seed %llu; again: fuzz --seed %llu\n", 4 + !kills + ARRAY_LEN(cgroups),
	       (unsigned long long)seed, (unsigned long long)seed);
	CHECK(!param_set("max_bytes", (long long)CEILING));
	supervise(seconds);
	all_ended = end_workers();
	close(socks[0]);
	close(socks[1]);
	CHECK(!param_set("max_bytes", old_all));
	CHECK(!param_set("max_user_bytes", old_user));
	baseline_unpublish();
	printf("# %lu steps, %lu lives, %lu ended by SIGKILL\n", board->steps_done, lives, killed);
	report(&base, all_ended);
	return failures > 0;
}
