// SPDX-License-Identifier: MIT
/*
 * One worker: a process that becomes its role's user, and its threads.  It holds
 * nothing that outlives it, so that killing it is the same as its end.
 */
#include "fuzz.h"
#include "vgem.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define LOCK_PATH	"/tmp/pinbuf-fuzz.lock"
#define USERS_LIMIT	MIB(24)

void hand_die(struct hand *hand, const char *format, ...)
{
	struct desk *desk = hand->desk;
	struct board *board = desk->board;
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (!atomic_exchange(&board->failed, true))
		snprintf(board->why, sizeof(board->why), "%s (role \"%s\", life %u, thread %u, step %u)",
			 what, desk->role->name, desk->life, hand->thread,
			 board->threads[desk->who][hand->thread].step);
	_exit(1);
}

static void take_step(struct hand *hand, uint32_t step)
{
	struct desk *desk = hand->desk;
	struct board *board = desk->board;
	size_t op;

	hand->dice = dice_at(board->seed, desk->who, desk->life, hand->thread, step);
	op = op_choose(&hand->dice, desk->role->may);
	board->threads[desk->who][hand->thread].step = step;
	board->threads[desk->who][hand->thread].last[step % LAST_STEPS] = (uint32_t)op;
	board->tried[op]++;
	if (op_number(op)->run(hand))
		board->worked[op]++;
	board->steps_done++;
}

/* A hole that one cuts must not become another's stack. */
static pthread_barrier_t all_are_there;

static void *thread_run(void *argument)
{
	struct hand *hand = argument;
	struct board *board = hand->desk->board;
	struct dice dice = dice_at(board->seed, hand->desk->who, hand->desk->life, hand->thread,
				   UINT32_MAX);
	uint32_t steps = board->steps ? board->steps : SHORTEST_LIFE +
			 dice_below(&dice, LIVES_SPREAD);

	pthread_barrier_wait(&all_are_there);
	for (uint32_t step = 0; step < steps && !board->stop; step++)
		take_step(hand, step);
	return NULL;
}

static char *addresses(size_t len)
{
	char *p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void set_limits(const struct role *role)
{
	struct rlimit files = { FIRST_FREE_FD + 64, FIRST_FREE_FD + 64 };
	struct rlimit memlock = { USERS_LIMIT, USERS_LIMIT };
	struct rlimit core = { 0, 0 };

	CHECK(!setrlimit(RLIMIT_NOFILE, &files));
	CHECK(!setrlimit(RLIMIT_CORE, &core));
	if (role->uid)
		CHECK(!setrlimit(RLIMIT_MEMLOCK, &memlock));
}

static void open_desk(struct desk *desk)
{
	const struct role *role = desk->role;

	desk->vgem = role->may & MAY_ROOT ? vgem_find() : -1;
	desk->lock = open(LOCK_PATH, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	set_limits(role);
	if (role->uid)
		become_user(role->uid);
	desk->node = open(NODE_PATH, O_RDWR | O_CLOEXEC);
	desk->node_ro = open(NODE_PATH, O_RDONLY | O_CLOEXEC);
	CHECK(desk->node >= 0 && desk->node_ro >= 0);
	desk->heap = open("/dev/dma_heap/pinbuf", O_RDWR | O_CLOEXEC);
	desk->edu = open("/dev/pinbuf_edu", O_RDWR | O_CLOEXEC);
	for (size_t i = 0; i < NR_SLOTS; i++)
		desk->slots[i] = -1;
	desk->places = addresses(NR_PLACES * ROOM);
}

void worker_run(struct board *board, unsigned int who, uint32_t life, const int socks[2])
{
	static struct desk desk;
	static struct hand hands[MAX_THREADS];
	pthread_t threads[MAX_THREADS];

	desk = (struct desk){
		.board = board, .who = who, .life = life, .role = &roles[who],
		.socks = { socks[0], socks[1] },
	};
	open_desk(&desk);
	hand_guard_signals();
	CHECK(!pthread_barrier_init(&all_are_there, NULL, desk.role->threads));
	for (unsigned int i = 0; i < desk.role->threads; i++) {
		hands[i] = (struct hand){ .desk = &desk, .thread = i, .own = addresses(ROOM) };
		CHECK(!pipe2(hands[i].pipe, O_CLOEXEC | O_NONBLOCK));
		CHECK(hands[i].pipe[1] < FIRST_FREE_FD);
	}
	for (unsigned int i = 0; i < desk.role->threads; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread_run, &hands[i]));
	for (unsigned int i = 0; i < desk.role->threads; i++)
		CHECK(!pthread_join(threads[i], NULL));
	_exit(0);
}
