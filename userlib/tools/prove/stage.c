// SPDX-License-Identifier: MIT
/* From the disk into a buffer, past the page cache. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <sha2.h>

#include "../size.h"
#include "prove.h"
#include "ring.h"
#include "say.h"

static int buffer_make(struct prove *p)
{
	struct pinbuf_buf_info info = { .size = sizeof(info) };
	struct pinbuf_buf_opts opts = PINBUF_BUF_OPTS_INIT;
	struct pinbuf_map_opts map = PINBUF_MAP_OPTS_INIT;
	char len[SIZE_TEXT], huge[SIZE_TEXT];
	void *mem;

	opts.label = "prove";
	/* shared with a child, or fork could not show that it moves nothing */
	map.fork = PINBUF_FORK_SHARED;
	if (pinbuf_buf_create(&p->buf, p->dev, p->len, &opts) ||
	    pinbuf_buf_map(p->buf, &mem, &map) ||
	    pinbuf_buf_query(p->buf, 0, &info))
		return say_wrong("%s", pinbuf_error_text());
	p->mem = mem;
	say("buffer", "%s in %llu physical run%s, %s of it in huge folios",
	    size_text(len, info.len), (unsigned long long)info.extents,
	    info.extents == 1 ? "" : "s", size_text(huge, info.huge_bytes));
	return 0;
}

static int disk_read(struct prove *p)
{
	struct prove_facts *f = &p->facts;
	struct ring_answer answer;
	char len[SIZE_TEXT];
	int ret;

	p->disk = open(p->disk_path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (p->disk < 0)
		return say_wrong("%s cannot be opened for O_DIRECT: %s", p->disk_path,
				 strerror(errno));
	ret = ring_read(p->disk, p->mem, p->len, true, &answer);
	if (ret)
		return say_wrong("io_uring cannot be used: %s", strerror(-ret));
	if (answer.read)
		return say_wrong("%s cannot be read into the buffer: %s", p->disk_path,
				 strerror(answer.read));
	f->io_uring_answer = answer.registered;
	f->io_uring_registered = !answer.registered;
	f->staged_bytes = p->len;
	say("disk", "%s of %s read with O_DIRECT through io_uring, %s",
	    size_text(len, p->len), p->disk_path,
	    f->io_uring_registered ? "as a registered buffer" : "not registered:");
	if (!f->io_uring_registered)
		say_more("this kernel answers %s to the registration of any file's mapping",
			 errno_name(f->io_uring_answer));
	return 0;
}

int stage(struct prove *p)
{
	struct prove_facts *f = &p->facts;

	if (buffer_make(p) || disk_read(p))
		return -1;
	SHA256Data(p->mem, p->len, f->staged_sha256);
	say("sha256", "%.16s... in the buffer, %.16s... the host's: %s", f->staged_sha256,
	    f->source_sha256,
	    strcmp(f->staged_sha256, f->source_sha256) ? "DIFFERENT" : "the same");
	return 0;
}
