// SPDX-License-Identifier: MIT
/* Messages between two threads: one takes blocks of the pool, the other puts them back. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include <pinbuf.h>

#define MESSAGES 100000

struct message {
	int number;
	char text[60];
};

static struct pinbuf_shared_pool *messages;
static struct message *post;	/* the one on its way */

static void *reader(void *sum)
{
	struct pinbuf_pool *mine = pinbuf_shared_pool_local(messages);
	struct message *m;
	int nr;

	for (nr = 0; mine && nr < MESSAGES; nr++) {
		while (!(m = __atomic_exchange_n(&post, NULL, __ATOMIC_ACQUIRE)))
			sched_yield();
		*(long *)sum += m->number;
		pinbuf_pool_put(mine, m);
	}
	return NULL;
}

int main(void)
{
	struct pinbuf_pool_opts opts = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_pool *mine;
	struct message *m;
	pthread_t thread;
	long sum = 0;
	int nr;

	opts.block_size = sizeof(struct message);
	opts.nr_blocks = 1000;
	opts.name = "messages";
	if (pinbuf_shared_pool_create(&messages, &opts, 0))
		goto failed;
	mine = pinbuf_shared_pool_local(messages);
	if (!mine || pthread_create(&thread, NULL, reader, &sum))
		goto failed;
	for (nr = 0; nr < MESSAGES; nr++) {
		m = pinbuf_pool_get(mine);
		if (!m)
			goto failed;
		m->number = nr;
		while (__atomic_load_n(&post, __ATOMIC_RELAXED))
			sched_yield();
		__atomic_store_n(&post, m, __ATOMIC_RELEASE);
	}
	pthread_join(thread, NULL);
	printf("%d messages, sum %ld, %zu blocks free\n", MESSAGES, sum,
	       pinbuf_pool_free_count(mine));
	pinbuf_shared_pool_destroy(messages);
	return 0;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
