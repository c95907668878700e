// SPDX-License-Identifier: MIT
/*
 * survive: a program that is killed and goes on where it was.
 *
 * Its memory is a buffer that has a name.  The first time there is none, and it is
 * made; after kill -9 the next process attaches what the last one left, without a
 * byte allocated or read again.  Who starts again must expect to have been stopped at
 * any point: so each step is finished before it is counted.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pinbuf.h>

#define NAME "survive"

struct work {
	_Atomic unsigned long steps;	/* that are finished */
	unsigned long results[1 << 20];
};

/* What was left, or the beginning. */
static struct work *work_find(struct pinbuf_dev *dev, struct pinbuf_buf **buf)
{
	int ret = pinbuf_buf_attach(buf, dev, PINBUF_UID_OWN, NAME);
	void *mem;

	if (ret == -ENOENT) {
		ret = pinbuf_buf_create(buf, dev, sizeof(struct work), NULL);
		if (!ret)
			ret = pinbuf_buf_publish(*buf, NAME, 0600);
	}
	return ret || pinbuf_buf_map(*buf, &mem, NULL) ? NULL : mem;
}

static int life(unsigned long until)
{
	struct pinbuf_dev *dev;
	struct pinbuf_buf *buf;
	struct work *work;

	if (pinbuf_open(&dev, NULL) || !(work = work_find(dev, &buf))) {
		fprintf(stderr, "survive: %s\n", pinbuf_error_text());
		return 1;
	}
	printf("process %s: %lu steps are done\n", until ? "one" : "two", work->steps);
	fflush(stdout);
	for (; work->steps < until; work->steps++)
		work->results[work->steps] = work->steps * work->steps;
	if (until)
		raise(SIGKILL);
	printf("the last result is %lu\n", work->results[work->steps - 1]);
	return pinbuf_buf_unpublish(dev, PINBUF_UID_OWN, NAME) ? 1 : 0;
}

int main(void)
{
	int status;

	if (!fork())
		_exit(life(1000));
	if (wait(&status) < 0 || !WIFSIGNALED(status))
		return 1;
	return life(0);
}
