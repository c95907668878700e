// SPDX-License-Identifier: MIT
/*
 * Everything fails once: each place of each operation where memory could be
 * missing, or a copy from or to the caller could fault.  The operation then
 * answers ENOMEM or EFAULT, or does its work all the same; nothing stays of it,
 * and the next call works.
 */
#include "nth.h"
#include "scene.h"

#define MOST_PLACES 5000

struct state {
	struct pinbuf_ioc_stats stats;
	uint64_t locked;
	int fd;
};

static struct state state_now(void)
{
	return (struct state){
		.stats = stats(PINBUF_STATS_ALL, 0),
		.locked = info().out_locked,
		.fd = next_fd(),
	};
}

/* A release may be on its way through a work queue. */
static bool is_back(const struct state *before)
{
	for (int tries = 0; tries < 300; tries++) {
		struct state now = state_now();

		if (stats_same_live(&now.stats, &before->stats) &&
		    now.locked == before->locked && now.fd == before->fd)
			return true;
		usleep(10000);
	}
	return false;
}

struct tally {
	unsigned int places, nomem, fault, survived;
};

static bool count_answer(struct tally *tally, int err)
{
	switch (err) {
	case 0:
		tally->survived++;
		return true;
	case ENOMEM:
		tally->nomem++;
		return true;
	case EFAULT:
		tally->fault++;
		return true;
	default:
		return false;
	}
}

static void complain(const struct operation *op, unsigned int n, const char *what, int err)
{
	print_error("# %s, place %u: %s (%s)\n", op->name, n, what,
		    err ? strerrorname_np(err) : "success");
	fail();
}

/* Once with the @n-th place failing, once without; false when there is none. */
static bool try_place(const struct operation *op, unsigned int n, const struct state *before,
		      struct tally *tally)
{
	bool failed;
	int err;

	nth_arm(n);
	err = op->run(op);
	failed = nth_disarm();
	if (op->undo && (!err || op->always))
		op->undo();
	if (!failed && err)
		complain(op, n, "failed by itself", err);
	if (failed && !count_answer(tally, err))
		complain(op, n, "the wrong errno", err);
	if (!is_back(before))
		complain(op, n, "something stayed", err);
	if (!failed)
		return false;
	err = op->run(op);
	if (err)
		complain(op, n, "the next call failed", err);
	if (op->undo)
		op->undo();
	if (!is_back(before))
		complain(op, n, "something stayed of the next call", 0);
	return true;
}

static void try_operation(const struct operation *op)
{
	struct tally tally = { 0 };
	struct state before;
	int err;

	if (op->possible && !op->possible()) {
		print_message("# %s: not here\n", op->name);
		return;
	}
	/* what the first call makes once for all, it makes now */
	err = op->run(op);
	if (err)
		complain(op, 0, "fails without a fault", err);
	if (op->undo)
		op->undo();
	before = state_now();
	while (try_place(op, tally.places + 1, &before, &tally))
		if (++tally.places > MOST_PLACES)
			complain(op, tally.places, "has no end", 0);
	print_message("# %s: %u places, %u ENOMEM, %u EFAULT, %u survived\n", op->name, tally.places,
		      tally.nomem, tally.fault, tally.survived);
	assert_true(tally.places > 0);
}

static void try_all(const struct operation *ops, size_t nr)
{
	nth_begin();
	scene_open();
	for (size_t i = 0; i < nr; i++)
		try_operation(&ops[i]);
	scene_close();
	nth_end();
}

static void every_place_of_the_commands_fails_once(void **state)
{
	(void)state;
	try_all(alloc_operations, nr_alloc_operations);
}

static void every_place_of_mappings_fails_once(void **state)
{
	(void)state;
	try_all(map_operations, nr_map_operations);
}

static void every_place_of_devices_fails_once(void **state)
{
	(void)state;
	try_all(device_operations, nr_device_operations);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_place_of_the_commands_fails_once),
		TEST(every_place_of_mappings_fails_once),
		TEST(every_place_of_devices_fails_once),
	};

	tests_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
