// SPDX-License-Identifier: GPL-2.0-only
/* The three limits, what a charge adds and what it gives back, and who is told. */
#include <linux/kthread.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "env.h"

#define NO_LIMIT	(RLIM_INFINITY >> PAGE_SHIFT)
#define MAX_PAGES	(PINBUF_MAX_LEN >> PAGE_SHIFT)

/*
 * Everything is in pages; a ceiling of 0 is none.  @limit counts from what the
 * user has locked already.
 */
struct charge_case {
	const char *name;
	u64 max;
	u64 max_user;
	unsigned long limit;
	bool capable;
	u64 held;
	u64 pages;
	enum pinbuf_cause cause;	/* of the refusal, or NONE where it fits */
};

static const struct charge_case charge_cases[] = {
	{ "nothing in the way",			0, 0, NO_LIMIT, false, 0, 1, PINBUF_CAUSE_NONE },
	{ "the largest length, no limit",	0, 0, NO_LIMIT, false, 0, MAX_PAGES,
		PINBUF_CAUSE_NONE },
	{ "up to the limit",			0, 0, 16, false, 0, 16, PINBUF_CAUSE_NONE },
	{ "up to the limit with some held",	0, 0, 16, false, 10, 6, PINBUF_CAUSE_NONE },
	{ "above the limit, CAP_IPC_LOCK",	0, 0, 16, true, 0, 17, PINBUF_CAUSE_NONE },
	{ "up to the user's ceiling",		0, 8, NO_LIMIT, true, 3, 5, PINBUF_CAUSE_NONE },
	{ "up to everybody's ceiling",		8, 0, NO_LIMIT, true, 3, 5, PINBUF_CAUSE_NONE },
	{ "within all three",			8, 8, 8, false, 4, 4, PINBUF_CAUSE_NONE },

	{ "a page above the limit",		0, 0, 16, false, 0, 17, PINBUF_CAUSE_MEMLOCK },
	{ "a page above it, some held",		0, 0, 16, false, 10, 7, PINBUF_CAUSE_MEMLOCK },
	{ "a limit of nothing",			0, 0, 0, false, 0, 1, PINBUF_CAUSE_MEMLOCK },
	{ "the largest length, a limit",	0, 0, 16, false, 1, MAX_PAGES,
		PINBUF_CAUSE_MEMLOCK },
	{ "a page above the user's ceiling",	0, 8, NO_LIMIT, true, 3, 6,
		PINBUF_CAUSE_CEILING },
	{ "the largest length, his ceiling",	0, 8, NO_LIMIT, true, 1, MAX_PAGES,
		PINBUF_CAUSE_CEILING },
	{ "a page above everybody's ceiling",	8, 0, NO_LIMIT, true, 3, 6,
		PINBUF_CAUSE_CEILING },
	{ "the largest length, a ceiling",	8, 0, NO_LIMIT, true, 1, MAX_PAGES,
		PINBUF_CAUSE_CEILING },
	{ "root above everybody's ceiling",	8, 0, NO_LIMIT, true, 0, 9,
		PINBUF_CAUSE_CEILING },
	{ "a ceiling below what is held",	4, 0, NO_LIMIT, true, 8, 1,
		PINBUF_CAUSE_CEILING },
};

KUNIT_ARRAY_PARAM_DESC(charge, charge_cases, name);

static long locked(struct pinbuf_user *user)
{
	return atomic_long_read(pinbuf_locked_vm(user->user));
}

static void charge_is_exact(struct kunit *test)
{
	const struct charge_case *c = test->param_value;
	struct pinbuf_user *user = test->priv;
	enum pinbuf_cause cause;
	long before = locked(user);
	const struct cred *old;
	bool fits = c->cause == PINBUF_CAUSE_NONE;
	u64 sum;
	int err;

	env_param(test, "max_bytes", 0);
	env_param(test, "max_user_bytes", 0);
	if (c->held)
		KUNIT_EXPECT_EQ(test, 0,
				pinbuf_account_charge(user, c->held << PAGE_SHIFT, &cause));
	env_param(test, "max_bytes", c->max << PAGE_SHIFT);
	env_param(test, "max_user_bytes", c->max_user << PAGE_SHIFT);
	old = env_limit(test, c->limit == NO_LIMIT ? RLIM_INFINITY :
			(before + c->limit) << PAGE_SHIFT);
	if (c->capable)
		env_unlimit(old);
	err = pinbuf_account_charge(user, c->pages << PAGE_SHIFT, &cause);
	if (!c->capable)
		env_unlimit(old);

	KUNIT_EXPECT_EQ(test, fits ? 0 : -EDQUOT, err);
	if (!fits)
		KUNIT_EXPECT_EQ(test, c->cause, cause);
	sum = c->held + (fits ? c->pages : 0);
	KUNIT_EXPECT_EQ(test, locked(user) - before, sum);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), sum << PAGE_SHIFT);
	if (!err)
		pinbuf_account_uncharge(user, c->pages << PAGE_SHIFT);
	if (c->held)
		pinbuf_account_uncharge(user, c->held << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, locked(user), before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), 0);
}

/* What a refused request had added for a moment is gone: the whole ceiling is free again. */
static void refusal_gives_everything_back(struct kunit *test)
{
	struct pinbuf_user *user = test->priv;
	enum pinbuf_cause cause;

	env_param(test, "max_bytes", SZ_64K);
	env_param(test, "max_user_bytes", SZ_32K);
	KUNIT_EXPECT_EQ(test, -EDQUOT, pinbuf_account_charge(user, SZ_64K, &cause));
	env_param(test, "max_user_bytes", 0);
	KUNIT_EXPECT_EQ(test, 0, pinbuf_account_charge(user, SZ_64K, &cause));
	KUNIT_EXPECT_EQ(test, -EDQUOT, pinbuf_account_charge(user, PAGE_SIZE, &cause));
	pinbuf_account_uncharge(user, SZ_64K);
}

static void buffer_is_charged_while_it_lives(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct pinbuf_user *user = test->priv;
	long before = locked(user);
	struct dma_buf *dmabuf = env_buf(test, (u64)c->pages << PAGE_SHIFT);

	KUNIT_EXPECT_EQ(test, locked(user) - before, c->pages);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), (u64)c->pages << PAGE_SHIFT);
	env_buf_put(test, dmabuf);
	KUNIT_EXPECT_EQ(test, locked(user), before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), 0);
}

struct failure_case {
	const char *name;
	u64 max;		/* bytes */
	unsigned long limit;	/* bytes above what is locked */
	u64 len;
	int err;
	enum pinbuf_cause cause;
};

static const struct failure_case failure_cases[] = {
	{ "RLIMIT_MEMLOCK",	0, SZ_64K, SZ_128K, -EDQUOT, PINBUF_CAUSE_MEMLOCK },
	{ "a ceiling",		SZ_64K, SZ_1M, SZ_128K, -EDQUOT, PINBUF_CAUSE_CEILING },
	{ "too little memory",	0, ULONG_MAX, PINBUF_MAX_LEN, -ENOMEM, PINBUF_CAUSE_MEMORY },
};

KUNIT_ARRAY_PARAM_DESC(failure, failure_cases, name);

static void failure_is_counted_by_its_cause(struct kunit *test)
{
	static const char label[PINBUF_LABEL_SIZE];
	const struct failure_case *c = test->param_value;
	struct pinbuf_user *user = test->priv;
	struct pinbuf_want want = {
		.len = c->len, .align = PAGE_SIZE, .node = NUMA_NO_NODE, .label = label,
	};
	s64 counts[PINBUF_CAUSE_NONE];
	const struct cred *old;
	struct dma_buf *dmabuf;
	long before = locked(user);
	int i;

	for (i = 0; i < PINBUF_CAUSE_NONE; i++)
		counts[i] = atomic64_read(&user->counters.value[PINBUF_FAILED + i]);
	env_param(test, "max_bytes", c->max);
	old = env_limit(test, c->limit == ULONG_MAX ? RLIM_INFINITY :
			(before << PAGE_SHIFT) + c->limit);
	dmabuf = pinbuf_buf_create(user, &want);
	env_unlimit(old);

	KUNIT_EXPECT_EQ(test, c->err, PTR_ERR_OR_ZERO(dmabuf));
	for (i = 0; i < PINBUF_CAUSE_NONE; i++)
		KUNIT_EXPECT_EQ_MSG(test, counts[i] + (i == c->cause),
				    atomic64_read(&user->counters.value[PINBUF_FAILED + i]),
				    "cause %d", i);
	KUNIT_EXPECT_EQ(test, locked(user), before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), 0);
}

static void fatal_signal_ends_the_allocation(struct kunit *test)
{
	static const char label[PINBUF_LABEL_SIZE];
	struct pinbuf_user *user = test->priv;
	atomic64_t *counter = &user->counters.value[PINBUF_FAILED + PINBUF_CAUSE_SIGNAL];
	struct pinbuf_want want = {
		.len = SZ_1M, .align = PAGE_SIZE, .node = NUMA_NO_NODE, .label = label,
	};
	s64 before = atomic64_read(counter);
	struct dma_buf *dmabuf;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	dmabuf = pinbuf_buf_create(user, &want);
	flush_signals(current);
	disallow_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, -EINTR, PTR_ERR_OR_ZERO(dmabuf));
	KUNIT_EXPECT_EQ(test, atomic64_read(counter), before + 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&user->purse->charged), 0);
}

/* Room for one of them at a time. */
#define RACERS		4
#define RACE_BYTES	(2 * PAGE_SIZE)
#define ROUNDS		60000

struct race {
	struct pinbuf_user *user;
	atomic_t above;		/* times that more was charged than the ceiling */
	atomic_t charges;
};

static int racer(void *arg)
{
	struct race *race = arg;
	enum pinbuf_cause cause;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		cond_resched();
		if (pinbuf_account_charge(race->user, RACE_BYTES, &cause))
			continue;
		atomic_inc(&race->charges);
		if (atomic64_read(&race->user->purse->charged) > RACE_BYTES)
			atomic_inc(&race->above);
		pinbuf_account_uncharge(race->user, RACE_BYTES);
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void racing_charges_keep_the_ceiling(struct kunit *test)
{
	struct race race = { .user = test->priv };
	struct task_struct *racers[RACERS];
	long before = locked(race.user);
	int i;

	env_param(test, "max_user_bytes", RACE_BYTES);
	for (i = 0; i < RACERS; i++)
		racers[i] = kthread_run(racer, &race, "pinbuf_racer/%d", i);
	for (i = 0; i < RACERS; i++)
		if (!IS_ERR(racers[i]))
			kthread_stop(racers[i]);
		else
			KUNIT_FAIL(test, "no thread: %ld", PTR_ERR(racers[i]));
	KUNIT_EXPECT_EQ(test, atomic_read(&race.above), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&race.charges), ROUNDS / 2);
	KUNIT_EXPECT_EQ(test, locked(race.user), before);
	KUNIT_EXPECT_EQ(test, atomic64_read(&race.user->purse->charged), 0);
}

static void user_is_one_object(struct kunit *test)
{
	struct pinbuf_user *user = test->priv, *again = pinbuf_user_get(current_cred());

	KUNIT_EXPECT_PTR_EQ(test, user, again);
	KUNIT_EXPECT_PTR_EQ(test, user->user, current_user());
	pinbuf_user_put(again);
}

static struct kunit_case account_suite_cases[] = {
	KUNIT_CASE_PARAM(charge_is_exact, charge_gen_params),
	KUNIT_CASE(refusal_gives_everything_back),
	KUNIT_CASE_PARAM(buffer_is_charged_while_it_lives, pages_gen_params),
	KUNIT_CASE_PARAM(failure_is_counted_by_its_cause, failure_gen_params),
	KUNIT_CASE(fatal_signal_ends_the_allocation),
	KUNIT_CASE(racing_charges_keep_the_ceiling),
	KUNIT_CASE(user_is_one_object),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite account_suite = {
	.name = "pinbuf_account",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = account_suite_cases,
};

kunit_test_suite(account_suite);
