// SPDX-License-Identifier: MIT
/*
 * A source of buffers, opened once and shared by reference: every buffer that was
 * made of it needs it to be asked about.  The first source of the table that is there
 * and has what is required is taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/dev.h>

#include "device/handle.h"
#include "internal.h"
#include "refuse.h"

#define CAPS (PINBUF_PINNED | PINBUF_NEVER_MOVES | PINBUF_DMA)

/* the best first */
static const struct pinbuf__source *const sources[] = {
	&pinbuf__node_source,
	&pinbuf__memory_source,
};

enum { NR_SOURCES = sizeof(sources) / sizeof(sources[0]) };

static int open_opts_check(const struct pinbuf_dev_opts *opts)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };

	if (opts->flags & ~PINBUF_OPEN_LOCKED)
		return pinbuf__error(&e, "pinbuf_dev_opts.flags is %#x, and PINBUF_OPEN_LOCKED (%#x) is all there is",
				     opts->flags, PINBUF_OPEN_LOCKED);
	if ((opts->flags & PINBUF_OPEN_LOCKED) && opts->path)
		return pinbuf__error(&e, "pinbuf_dev_opts has both a path, %s, and PINBUF_OPEN_LOCKED: locked memory has no node",
				     opts->path);
	e.kind = PINBUF_ERROR_UNSUPPORTED;
	e.err = EOPNOTSUPP;
	if (opts->require & ~CAPS)
		return pinbuf__error(&e, "the capabilities required are %#x, and no source of memory has more than %#x (pinned, never moves, DMA)",
				     opts->require, CAPS);
	if ((opts->flags & PINBUF_OPEN_LOCKED) && (opts->require & ~PINBUF_PINNED))
		return pinbuf__error(&e, "locked memory cannot promise what is required (%#x): the kernel may move it, and no device takes it",
				     opts->require);
	return 0;
}

/* What kept the better source away becomes the reason why, and no error. */
static int source_open(struct pinbuf_dev *dev, const struct pinbuf_dev_opts *opts)
{
	struct pinbuf_error before = *pinbuf_error_last();
	int i, ret = -EOPNOTSUPP;

	if (opts->flags & PINBUF_OPEN_LOCKED)
		snprintf(dev->why, sizeof(dev->why), "locked memory was asked for");
	for (i = !!(opts->flags & PINBUF_OPEN_LOCKED); i < NR_SOURCES; i++) {
		dev->source = sources[i];
		if (opts->require & ~sources[i]->caps)
			break;	/* with the reason of the one before, which had them */
		ret = sources[i]->open(dev, opts);
		if (ret != -EOPNOTSUPP || opts->path)
			break;
		snprintf(dev->why, sizeof(dev->why), "%s", pinbuf_error_text());
	}
	if (!ret)
		pinbuf__error_restore(&before);
	return ret;
}

int pinbuf_open(struct pinbuf_dev **out, const struct pinbuf_dev_opts *user)
{
	struct pinbuf_dev_opts opts = PINBUF_DEV_OPTS_INIT;
	struct pinbuf_dev *dev;
	int ret;

	ret = pinbuf__opts_copy(&opts, sizeof(opts), sizeof(opts), user, "struct pinbuf_dev_opts");
	if (ret)
		return ret;
	ret = open_opts_check(&opts);
	if (ret)
		return ret;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return pinbuf__refuse_own(sizeof(*dev));
	atomic_init(&dev->refs, 1);
	dev->fd = -1;
	ret = source_open(dev, &opts);
	if (ret)
		free(dev);
	else
		*out = dev;
	return ret;
}

struct pinbuf_dev *pinbuf__dev_get(struct pinbuf_dev *dev)
{
	atomic_fetch_add_explicit(&dev->refs, 1, memory_order_relaxed);
	return dev;
}

void pinbuf_close(struct pinbuf_dev *dev)
{
	if (!dev || atomic_fetch_sub_explicit(&dev->refs, 1, memory_order_acq_rel) != 1)
		return;
	dev->source->close(dev);
	free(dev);
}

int pinbuf_dev_fd(const struct pinbuf_dev *dev)
{
	return dev->fd;
}

int pinbuf_dev_info(struct pinbuf_dev *dev, struct pinbuf_dev_info *out)
{
	struct pinbuf_dev_info info = { .size = sizeof(info), .caps = dev->source->caps };
	int ret = dev->source->info(dev, &info);

	if (ret)
		return ret;
	return pinbuf__info_copy(out, sizeof(info), &info, sizeof(info),
				 "struct pinbuf_dev_info");
}

int pinbuf_stats_device(struct pinbuf_dev *dev, enum pinbuf_dev_scope scope, int node,
			struct pinbuf_dev_stats *out)
{
	struct pinbuf_dev_stats stats = { .size = sizeof(stats) };
	int ret = dev->source->stats(dev, scope, node, &stats);

	if (ret)
		return ret;
	return pinbuf__info_copy(out, sizeof(stats), &stats, sizeof(stats),
				 "struct pinbuf_dev_stats");
}
