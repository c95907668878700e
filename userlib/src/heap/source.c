// SPDX-License-Identifier: MIT
/*
 * Where a heap's memory comes from: private anonymous memory, blocks of a parent
 * region, or buffers of a device.  Each piece should begin on a multiple of 64 KiB
 * (a chunk of the page map); the heap leaves out what lies before the first one,
 * so a source that cannot promise it asks for a chunk more.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../internal.h"
#include "pagemap.h"
#include "source.h"

enum { HUGE = 2 << 20 };

static int pages_refused(size_t len, int err)
{
	struct pinbuf_error e = {
		.kind = err == ENOMEM ? PINBUF_ERROR_MEMORY : PINBUF_ERROR_SYSTEM,
		.err = err, .requested = len,
	};

	return pinbuf__error(&e, "the system has no %zu bytes of memory: %s", len, strerror(err));
}

/*
 * Reserve more than needed, and give back both ends.  What is long enough for huge
 * pages lies where they fit: like pinned memory it is there to be used, all of it.
 */
static int anon_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	size_t align = len >= HUGE ? HUGE : HEAP_CHUNK, more = len + align, before;
	char *addr;

	(void)ctx;
	if (more < len)
		return pages_refused(len, ENOMEM);
	addr = mmap(NULL, more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		return pages_refused(len, errno);
	before = -(uintptr_t)addr % align;
	if (before)
		munmap(addr, before);
	if (before < align)
		munmap(addr + before + len, align - before);
	if (len >= HUGE)
		madvise(addr + before, len, MADV_HUGEPAGE);	/* or small ones */
	pages->addr = addr + before;
	pages->len = len;
	pages->zeroed = 1;
	return 0;
}

static void anon_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	munmap(pages->addr, pages->len);
}

static int parent_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	struct pinbuf_layout l = { pinbuf_align_up(len, HEAP_CHUNK), HEAP_CHUNK };
	struct pinbuf_region *parent = ctx;

	pages->addr = pinbuf_alloc(parent, l);
	pages->cookie = (void *)l.align;
	pages->len = l.size;
	if (pages->addr)
		return 0;
	if (pinbuf_error_last()->kind != PINBUF_ERROR_ALIGN)
		return -pinbuf_error_last()->err;
	l.align = PINBUF_ALIGN_DEFAULT;
	l.size += HEAP_CHUNK;
	pages->addr = pinbuf_alloc(parent, l);
	pages->cookie = (void *)l.align;
	pages->len = l.size;
	return pages->addr ? 0 : -pinbuf_error_last()->err;
}

static void parent_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	pinbuf_dealloc(ctx, pages->addr,
		       (struct pinbuf_layout){ pages->len, (size_t)pages->cookie });
}

static int buf_get(struct pinbuf_dev *dev, size_t len, struct pinbuf_heap_pages *pages)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	int ret;

	opts.label = "heap";
	ret = pinbuf_buf_create(&pages->buf, dev, len, &opts);
	if (ret)
		return ret;
	ret = pinbuf_buf_map(pages->buf, &pages->addr, NULL);
	if (ret) {
		pinbuf_buf_put(pages->buf);
		return ret;
	}
	pages->len = pinbuf_buf_len(pages->buf);
	pages->zeroed = 1;
	return 0;
}

static void dev_put(void *ctx, const struct pinbuf_heap_pages *pages)
{
	(void)ctx;
	pinbuf_buf_put(pages->buf);
}

static int dev_get(void *ctx, size_t len, struct pinbuf_heap_pages *pages)
{
	int ret = buf_get(ctx, len, pages);

	/* short buffers may lie anywhere; long ones lie where huge entries work */
	if (ret || !((uintptr_t)pages->addr % HEAP_CHUNK))
		return ret;
	dev_put(ctx, pages);
	return buf_get(ctx, len + HEAP_CHUNK, pages);
}

static int parent_choose(struct pinbuf_region *parent, struct pinbuf_heap_source *source)
{
	*source = (struct pinbuf_heap_source){
		.caps = parent->caps & (PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA),
		.get = parent_get, .put = parent_put,
	};
	return 0;
}

static int dev_choose(struct pinbuf_dev *dev, struct pinbuf_heap_source *source)
{
	struct pinbuf_dev_info info = { .size = sizeof(info) };
	int ret = pinbuf_dev_info(dev, &info);

	if (ret)
		return ret;
	*source = (struct pinbuf_heap_source){
		.caps = info.caps, .get = dev_get, .put = dev_put,
	};
	return 0;
}

int pinbuf__heap_source_choose(const struct pinbuf_heap_opts *opts,
			       struct pinbuf_heap_source *source, void **ctx)
{
	if (opts->source) {
		*ctx = opts->source_ctx;
		*source = *opts->source;
		return 0;
	}
	if (opts->parent) {
		*ctx = opts->parent;
		return parent_choose(opts->parent, source);
	}
	if (opts->dev) {
		*ctx = opts->dev;
		return dev_choose(opts->dev, source);
	}
	*ctx = NULL;
	*source = (struct pinbuf_heap_source){ .get = anon_get, .put = anon_put };
	return 0;
}
