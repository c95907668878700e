// SPDX-License-Identifier: MIT
/*
 * A pinned heap: malloc and free over buffers that do not move, and for any block
 * the buffer and offset by which another process or a device knows it.
 *
 * Without /dev/pinbuf it goes on over ordinary memory and says so.
 */
#include <stdio.h>
#include <string.h>

#include <pinbuf.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, pinbuf_error_text());
	return 1;
}

static int use(struct pinbuf_heap *heap)
{
	struct pinbuf_stats stats = { .size = sizeof(stats) };
	struct pinbuf_heap_place place;
	char *message, *image;

	message = pinbuf_heap_malloc(heap, 100);
	image = pinbuf_heap_aligned_alloc(heap, 4096, 3 << 20);
	if (!message || !image)
		return fail("no block");
	strcpy(message, "hello, device");
	memset(image, 0x55, 3 << 20);

	if (pinbuf_heap_locate(heap, image, &place))
		return fail("no place");
	printf("the image is at offset %llu of a buffer of %zu bytes, descriptor %d\n",
	       (unsigned long long)place.offset, place.len,
	       place.buf ? pinbuf_buf_fd(place.buf) : -1);

	message = pinbuf_heap_realloc(heap, message, 200);
	if (!message)
		return fail("no larger block");
	printf("%s: %zu bytes may be used\n", message, pinbuf_heap_usable_size(heap, message));

	pinbuf_heap_free(heap, message);
	pinbuf_heap_free(heap, image);
	if (pinbuf_region_stats(pinbuf_heap_region(heap), &stats))
		return fail("no statistics");
	printf("%llu blocks came and %llu went; at most %llu bytes were live\n",
	       (unsigned long long)stats.allocation_count,
	       (unsigned long long)stats.deallocation_count,
	       (unsigned long long)stats.peak_usage);
	return 0;
}

int main(void)
{
	struct pinbuf_heap_opts opts = PINBUF_HEAP_OPTS_INIT;
	struct pinbuf_heap *heap;
	int ret;

	opts.name = "example";
	if (pinbuf_open(&opts.dev, NULL))
		printf("not pinned: %s\n", pinbuf_error_text());
	if (pinbuf_heap_create(&heap, &opts))
		return fail("no heap");
	ret = use(heap);
	pinbuf_heap_destroy(heap);
	pinbuf_close(opts.dev);
	return ret;
}
