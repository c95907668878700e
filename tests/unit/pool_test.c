// SPDX-License-Identifier: MIT
/* What pools have beyond the laws: counts, bulk, several threads, misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#include "child.h"

static struct pinbuf_stats stats_of(const struct pinbuf_region *r)
{
	struct pinbuf_stats st = { .size = sizeof(st) };

	assert_int_equal(pinbuf_region_stats(r, &st), 0);
	return st;
}

#include "check.h"

static void pool_make(struct pinbuf_pool *p, size_t block_size, size_t nr)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;

	o.block_size = block_size;
	o.nr_blocks = nr;
	o.name = "messages";
	assert_int_equal(pinbuf_pool_init(p, &o), 0);
}

static void bulk_is_all_or_nothing(void **state)
{
	struct pinbuf_pool p;
	void *blocks[64];
	size_t i;

	(void)state;
	pool_make(&p, 64, 64);
	assert_int_equal(pinbuf_pool_get_bulk(&p, blocks, 40), 0);
	assert_int_equal(pinbuf_pool_free_count(&p), 24);
	assert_int_equal(pinbuf_pool_get_bulk(&p, blocks + 40, 25), -ENOMEM);
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_EXHAUSTED);
	assert_int_equal(pinbuf_error_last()->requested, 25 * 64);
	assert_int_equal(pinbuf_error_last()->available, 24 * 64);
	assert_int_equal(pinbuf_pool_free_count(&p), 24);
	assert_int_equal(pinbuf_pool_get_bulk(&p, blocks + 40, 24), 0);
	for (i = 0; i < 64; i++)
		memset(blocks[i], (int)i, 64);
	for (i = 0; i < 64; i++)
		assert_int_equal(((unsigned char *)blocks[i])[63], i);
	pinbuf_pool_put_bulk(&p, blocks, 64);
	assert_int_equal(pinbuf_pool_free_count(&p), 64);
	assert_int_equal(stats_of(&p.region).allocation_count, 64);
	assert_int_equal(stats_of(&p.region).deallocation_count, 64);
	pinbuf_pool_fini(&p);
}

static void no_byte_of_a_free_block_is_touched(void **state)
{
	static unsigned char buffer[64 * 16] __attribute__((aligned(64)));
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_pool p;
	void *blocks[16];
	size_t i;

	(void)state;
	if (pinbuf__checked)
		return;		/* checkers do touch them */
	o.block_size = 64;
	o.nr_blocks = 16;
	o.buffer = buffer;
	assert_int_equal(pinbuf_pool_init(&p, &o), 0);
	assert_int_equal(pinbuf_pool_get_bulk(&p, blocks, 16), 0);
	memset(buffer, 0xee, sizeof(buffer));
	pinbuf_pool_put_bulk(&p, blocks, 16);
	for (i = 0; i < sizeof(buffer); i++)
		assert_int_equal(buffer[i], 0xee);
	/* and a late write there breaks nothing */
	memset(buffer, 0xff, sizeof(buffer));
	assert_int_equal(pinbuf_pool_get_bulk(&p, blocks, 16), 0);
	assert_int_equal(pinbuf_pool_used_count(&p), 16);
	pinbuf_pool_fini(&p);
}

static void init_refuses_what_cannot_be(void **state)
{
	static char buffer[256] __attribute__((aligned(64)));
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_pool p;

	(void)state;
	assert_int_equal(pinbuf_pool_init(&p, &o), -EINVAL);
	o.block_size = 64;
	assert_int_equal(pinbuf_pool_init(&p, &o), -EINVAL);
	o.nr_blocks = SIZE_MAX / 32;
	assert_int_equal(pinbuf_pool_init(&p, &o), -EOVERFLOW);
	o.nr_blocks = 2;
	o.align = 3;
	assert_int_equal(pinbuf_pool_init(&p, &o), -EINVAL);
	o.align = 64;
	o.buffer = buffer + 8;
	assert_int_equal(pinbuf_pool_init(&p, &o), -EINVAL);
	assert_non_null(strstr(pinbuf_error_text(), "is not aligned to the 64"));
}

static void what_is_larger_than_a_block_is_refused(void **state)
{
	struct pinbuf_pool p;

	(void)state;
	pool_make(&p, 64, 4);
	assert_null(pinbuf_alloc(&p.region, (struct pinbuf_layout){ 65, 8 }));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(pinbuf_error_last()->kind, PINBUF_ERROR_UNSUPPORTED);
	assert_non_null(strstr(pinbuf_error_text(), "pool 'messages' has blocks of 64 bytes, and 65 were asked"));
	pinbuf_pool_fini(&p);
}

/* several threads */

#define THREADS	4
#define ROUNDS	20000

static struct pinbuf_shared_pool *shared;
static void *mailbox[64];	/* blocks on their way from one thread to another */

static void *trader(void *arg)
{
	struct pinbuf_pool *p = pinbuf_shared_pool_local(shared);
	uint64_t seed = (uintptr_t)arg * 2654435761u + 1;
	unsigned char *block;
	size_t i, k;

	assert_non_null(p);
	for (i = 0; i < ROUNDS; i++) {
		block = pinbuf_pool_get(p);
		if (block)
			memset(block, (int)i, 64);
		seed = seed * 6364136223846793005u + 1;
		k = seed >> 58;
		block = __atomic_exchange_n(&mailbox[k], block, __ATOMIC_ACQ_REL);
		if (!block)
			continue;
		for (k = 1; k < 64; k++)
			assert_int_equal(block[k], block[0]);
		pinbuf_pool_put(p, block);
	}
	return NULL;
}

static void threads_trade_blocks(void **state)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_stats st;
	pthread_t t[THREADS];
	uintptr_t i;
	size_t left = 0;

	(void)state;
	o.block_size = 64;
	o.nr_blocks = 200;
	assert_int_equal(pinbuf_shared_pool_create(&shared, &o, 32), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, trader, (void *)i), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	for (i = 0; i < 64; i++)
		left += !!mailbox[i];
	st = stats_of(pinbuf_shared_pool_region(shared));
	assert_int_equal(st.allocation_count - st.deallocation_count, left);
	assert_int_equal(st.current_live, left * 64);
	for (i = 0; i < 64; i++)
		if (mailbox[i])
			pinbuf_pool_put(pinbuf_shared_pool_local(shared), mailbox[i]);
	assert_int_equal(pinbuf_pool_free_count(pinbuf_shared_pool_local(shared)), 200);
	assert_int_equal(stats_of(pinbuf_shared_pool_region(shared)).current_live, 0);
	pinbuf_shared_pool_destroy(shared);
}

/* misuse */

static void put_too_many(void)
{
	struct pinbuf_pool p;
	void *block;

	pool_make(&p, 64, 4);
	block = pinbuf_pool_get(&p);
	pinbuf_pool_put(&p, block);
	pinbuf_pool_put(&p, block);
}

static void put_foreign(void)
{
	struct pinbuf_pool p;
	static char foreign[64];

	pool_make(&p, 64, 4);
	pinbuf_pool_put(&p, foreign);
}

static void put_twice_checked(void)
{
	struct pinbuf_pool p;
	void *block;

	pinbuf__checked = true;
	pool_make(&p, 64, 4);
	block = pinbuf_pool_get(&p);
	assert_non_null(pinbuf_pool_get(&p));
	pinbuf_pool_put(&p, block);
	pinbuf_pool_put(&p, block);
}

static void misuse_is_caught(void **state)
{
	(void)state;
	dies_saying(put_too_many, "comes back a second time");
	dies_saying(put_foreign, "which is no block of the pool");
	dies_saying(put_twice_checked, "pool 'messages': 0x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_is_all_or_nothing),
		cmocka_unit_test(no_byte_of_a_free_block_is_touched),
		cmocka_unit_test(init_refuses_what_cannot_be),
		cmocka_unit_test(what_is_larger_than_a_block_is_refused),
		cmocka_unit_test(threads_trade_blocks),
		cmocka_unit_test(misuse_is_caught),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
