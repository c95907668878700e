// SPDX-License-Identifier: MIT
/* Blocks of any size in one piece of memory, and a look at its holes. */
#include <stdio.h>

#include <pinbuf.h>

int main(void)
{
	static char memory[8192] __attribute__((aligned(PINBUF_FREELIST_UNIT)));
	struct pinbuf_freelist_opts opts = PINBUF_FREELIST_OPTS_INIT;
	struct pinbuf_freelist *f;
	void *blocks[20];
	int i, ret;

	opts.bytes = sizeof(memory);
	opts.buffer = memory;
	opts.name = "textures";
	if (pinbuf_freelist_create(&f, &opts))
		goto failed;
	for (i = 0; i < 20; i++) {
		blocks[i] = pinbuf_freelist_alloc(f, (size_t)i * 37, 16);
		if (!blocks[i])
			goto failed;
	}
	for (i = 0; i < 20; i += 3)
		pinbuf_freelist_free(f, blocks[i]);
	ret = pinbuf_freelist_print(f, stdout);

	if (!pinbuf_freelist_alloc(f, 4000, 16))
		printf("%s\n", pinbuf_error_text());
	pinbuf_freelist_destroy(f);
	return ret ? 1 : 0;

failed:
	fprintf(stderr, "%s\n", pinbuf_error_text());
	return 1;
}
