// SPDX-License-Identifier: MIT
/* The pool against a flag a block: one byte of input is one call. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf.h>

#define BLOCKS	50
#define SIZE	24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char buffer[BLOCKS * SIZE] __attribute__((aligned(8)));
static bool given[BLOCKS];
static size_t nr_given;

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void note(const void *block, bool now)
{
	size_t at = (size_t)((const char *)block - buffer);

	must(at < sizeof(buffer) && !(at % SIZE) && given[at / SIZE] != now);
	given[at / SIZE] = now;
	nr_given += now ? 1 : (size_t)-1;
}

static void step(struct pinbuf_pool *p, uint8_t what)
{
	void *blocks[BLOCKS];
	size_t nr = what % BLOCKS, i, k = 0;

	if (what == 255) {
		pinbuf_pool_reset(p);
		memset(given, 0, sizeof(given));
		nr_given = 0;
	} else if (what >= 200) {
		if (pinbuf_pool_get_bulk(p, blocks, nr)) {
			must(nr > BLOCKS - nr_given);
			return;
		}
		for (i = 0; i < nr; i++)
			note(blocks[i], true);
	} else if (what >= 150) {
		for (i = 0; i < BLOCKS && k < nr; i++)
			if (given[i])
				blocks[k++] = buffer + i * SIZE;
		for (i = 0; i < k; i++)
			note(blocks[i], false);
		pinbuf_pool_put_bulk(p, blocks, k);
	} else if (what >= 100) {
		if (given[nr]) {
			note(buffer + nr * SIZE, false);
			pinbuf_pool_put(p, buffer + nr * SIZE);
		}
	} else {
		blocks[0] = pinbuf_pool_get(p);
		must((blocks[0] == NULL) == (nr_given == BLOCKS));
		if (blocks[0])
			note(blocks[0], true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pinbuf_pool_opts o = PINBUF_POOL_OPTS_INIT;
	struct pinbuf_stats st = { .size = sizeof(st) };
	struct pinbuf_pool p;
	size_t i;

	memset(given, 0, sizeof(given));
	nr_given = 0;
	o.block_size = SIZE;
	o.nr_blocks = BLOCKS;
	o.buffer = buffer;
	must(!pinbuf_pool_init(&p, &o));
	for (i = 0; i < size; i++) {
		step(&p, data[i]);
		must(pinbuf_pool_used_count(&p) == nr_given);
		must(!pinbuf_region_stats(&p.region, &st));
		must(st.current_live == nr_given * SIZE);
		must(st.allocation_count - st.deallocation_count == nr_given);
	}
	pinbuf_pool_fini(&p);
	return 0;
}
