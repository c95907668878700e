// SPDX-License-Identifier: MIT
/*
 * errors: what the library says when it says no.
 *
 * A call returns -errno for programs; pinbuf_error_last() has the figures, and
 * pinbuf_error_text() a sentence for the person who can do something about it.
 */
#include <stdio.h>

#include <pinbuf.h>

static void tell(const char *what, int ret)
{
	const struct pinbuf_error *e = pinbuf_error_last();

	printf("%s: %d (%s)\n  %s\n", what, ret, pinbuf_error_kind_name(e->kind),
	       pinbuf_error_text());
}

int main(void)
{
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;
	int ret;

	ret = pinbuf_open(&dev, NULL);
	if (ret) {
		tell("no device", ret);
		return 1;
	}
	/* more than any machine has */
	ret = pinbuf_buf_create(&buf, dev, (size_t)1 << 46, NULL);
	if (ret)
		tell("64 TiB", ret);
	opts.align = 3000;
	ret = pinbuf_buf_create(&buf, dev, 4096, &opts);
	if (ret)
		tell("a strange alignment", ret);
	opts.align = (size_t)1 << 40;
	ret = pinbuf_buf_create(&buf, dev, 4096, &opts);
	if (ret)
		tell("a huge alignment", ret);
	pinbuf_close(dev);
	return 0;
}
