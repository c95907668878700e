// SPDX-License-Identifier: MIT
/* The limits that pinned buffers run into, and who wants to be told before. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <pinbuf/process.h>

#include "../internal.h"
#include "../process.h"
#include "limits.h"
#include "pressure.h"

static struct {
	unsigned int percent;	/* 0: nobody asks */
	void (*fn)(const struct pinbuf_process_stats *stats, void *arg);
	void *arg;
	unsigned int was;	/* the percentage at the last look */
} watch;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor))
static void watch_init(void)
{
	const char *env = getenv("PINBUF_PRESSURE");
	unsigned long percent = env ? strtoul(env, NULL, 10) : 0;

	if (percent <= 100)
		watch.percent = (unsigned int)percent;
}

/* The lowest of those that apply to this process alone or to all. */
static void limit_read(struct pinbuf_process_stats *st)
{
	struct pinbuf__limits l = { .memlock = UINT64_MAX };
	uint64_t ceiling = pinbuf__ceiling("max_bytes");

	pinbuf__limits_process(&l);
	if (l.memlock != UINT64_MAX) {
		st->limit = l.memlock;
		st->limit_name = "RLIMIT_MEMLOCK";
	}
	if (ceiling && (!st->limit || ceiling < st->limit)) {
		st->limit = ceiling;
		st->limit_name = "max_bytes of the module";
	}
	if (st->limit)
		st->percent = (unsigned int)((double)st->buffers * 100 / (double)st->limit);
}

static void stats_read(struct pinbuf_process_stats *st)
{
	*st = (struct pinbuf_process_stats){ .size = sizeof(*st) };
	pinbuf__process_sums(st);
	limit_read(st);
}

int pinbuf_stats_process(struct pinbuf_process_stats *out)
{
	struct pinbuf_process_stats st;

	stats_read(&st);
	return pinbuf__info_copy(out, sizeof(st), &st, sizeof(st), "struct pinbuf_process_stats");
}

int pinbuf_pressure_watch(unsigned int percent,
			  void (*fn)(const struct pinbuf_process_stats *stats, void *arg), void *arg)
{
	struct pinbuf_error e = {
		.kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = percent, .limit = 100,
	};

	if (percent > 100)
		return pinbuf__error(&e, "%u percent of a limit cannot be: 100 are the most", percent);
	pthread_mutex_lock(&lock);
	PINBUF_STORE(&watch.percent, percent);
	watch.fn = fn;
	watch.arg = arg;
	watch.was = 0;
	pthread_mutex_unlock(&lock);
	return 0;
}

static void say(const struct pinbuf_process_stats *st)
{
	fprintf(stderr, "pinbuf: pinned buffers are near their limit: %" PRIu64 " of %" PRIu64 " bytes (%u %%) of %s\n",
		st->buffers, st->limit, st->percent, st->limit_name);
}

void pinbuf__pressure_look(void)
{
	void (*fn)(const struct pinbuf_process_stats *stats, void *arg);
	struct pinbuf_process_stats st;
	bool crossed;
	void *arg;

	if (PINBUF_LIKELY(!PINBUF_LOAD(&watch.percent)))
		return;
	stats_read(&st);
	pthread_mutex_lock(&lock);
	crossed = watch.percent && st.percent >= watch.percent && watch.was < watch.percent;
	watch.was = st.percent;
	fn = watch.fn;
	arg = watch.arg;
	pthread_mutex_unlock(&lock);
	if (crossed && fn)
		fn(&st, arg);
	else if (crossed)
		say(&st);
}
