// SPDX-License-Identifier: MIT
/*
 * The kernel is asked to move two buffers, in every way it has: ours, and one of
 * the same length that is mlock()ed, which is what programs use today.
 */
#include <errno.h>
#include <fcntl.h>
#include <numa.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../size.h"
#include "fragment.h"
#include "frames.h"
#include "prove.h"
#include "say.h"

#define OURS 0
#define MLOCK 1

struct watch {
	struct frames of[2];	/* OURS and MLOCK */
	size_t len;
	int answer;		/* errno for our pages */
};

static int look(struct watch *w)
{
	return frames_look(&w->of[OURS]) || frames_look(&w->of[MLOCK]) ? -1 : 0;
}

static int compact(struct watch *w)
{
	int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	int ret = fd < 0 || write(fd, "1", 1) != 1;

	if (ret)
		return say_wrong("/proc/sys/vm/compact_memory: %s", strerror(errno));
	close(fd);
	return look(w);
}

/* To every node in turn, so that wherever they are, they are asked to leave. */
static int migrate(struct watch *w)
{
	int node;

	for (node = 0; node <= numa_max_node(); node++) {
		struct bitmask *to = numa_allocate_nodemask();
		long left;

		numa_bitmask_setbit(to, (unsigned int)node);
		left = numa_migrate_pages(0, numa_all_nodes_ptr, to);
		numa_free_nodemask(to);
		if (left < 0)
			return say_wrong("migrate_pages() to node %d: %s", node, strerror(errno));
		if (look(w))
			return -1;
	}
	return 0;
}

static void page_arrays_free(void **pages, int *nodes, int *status)
{
	free(pages);
	free(nodes);
	free(status);
}

/* The errno that the kernel gave for the first page that stayed, or 0. */
static int range_move(const struct frames *fr, int node, int *refused)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;
	void **pages = calloc(fr->nr, sizeof(*pages));
	int *nodes = calloc(fr->nr, sizeof(*nodes)), *status = calloc(fr->nr, sizeof(*status));
	long ret = -1;

	if (pages && nodes && status) {
		for (i = 0; i < fr->nr; i++) {
			pages[i] = fr->mem + i * page;
			nodes[i] = node;
		}
		ret = numa_move_pages(0, fr->nr, pages, nodes, status, MPOL_MF_MOVE_ALL);
		for (i = 0; ret >= 0 && i < fr->nr; i++)
			if (status[i] < 0 && !*refused)
				*refused = -status[i];
	}
	page_arrays_free(pages, nodes, status);
	return ret < 0 ? say_wrong("move_pages() to node %d: %s", node, strerror(errno)) : 0;
}

static int move_each(struct watch *w)
{
	int node, unused;

	for (node = 0; node <= numa_max_node(); node++) {
		unused = 0;
		if (range_move(&w->of[OURS], node, &w->answer) ||
		    range_move(&w->of[MLOCK], node, &unused) || look(w))
			return -1;
	}
	return 0;
}

static int range_bind(const struct watch *w, int which, int node)
{
	unsigned long mask = 1UL << node;
	void *mem = w->of[which].mem;
	int err = 0;

	if (mbind(mem, w->len, MPOL_BIND, &mask, 8 * sizeof(mask),
		  MPOL_MF_MOVE_ALL | MPOL_MF_STRICT))
		err = errno;
	mbind(mem, w->len, MPOL_DEFAULT, NULL, 0, 0);
	return err;
}

static int bind_each(struct watch *w)
{
	int node, err;

	for (node = 0; node <= numa_max_node(); node++) {
		err = range_bind(w, OURS, node);
		if (err)
			w->answer = err;
		range_bind(w, MLOCK, node);
		if (look(w))
			return -1;
	}
	return 0;
}

static void pages_write(const struct frames *fr)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;

	for (i = 0; i < fr->nr; i++) {
		volatile unsigned char *byte = fr->mem + i * page;

		*byte = *byte;
	}
}

/* A child that only waits: the writer is who gets the copies. */
static int fork_write(struct watch *w)
{
	int gate[2], ret;
	pid_t child;
	char byte;

	if (pipe(gate))
		return say_wrong("pipe: %s", strerror(errno));
	child = fork();
	if (child < 0)
		return say_wrong("fork: %s", strerror(errno));
	if (!child) {
		close(gate[1]);
		ret = read(gate[0], &byte, 1) < 0;
		_exit(ret);
	}
	close(gate[0]);
	pages_write(&w->of[OURS]);
	pages_write(&w->of[MLOCK]);
	ret = look(w);
	close(gate[1]);
	waitpid(child, NULL, 0);
	return ret;
}

static const struct way {
	const char *name;
	int (*move)(struct watch *w);
} ways[] = {
	{ "compact_memory", compact },
	{ "migrate_pages", migrate },
	{ "move_pages", move_each },
	{ "mbind", bind_each },
	{ "fork and write", fork_write },
};

static int way_try(struct prove *p, struct watch *w, const struct way *way)
{
	struct way_fact *fact = &p->facts.ways[p->facts.nr_ways];

	w->answer = 0;
	if (frames_begin(&w->of[OURS]) || frames_begin(&w->of[MLOCK]) || way->move(w))
		return -1;
	fact->name = way->name;
	fact->moved_pinbuf = frames_moved(&w->of[OURS]);
	fact->moved_mlock = frames_moved(&w->of[MLOCK]);
	fact->answer = w->answer;
	p->facts.nr_ways++;
	say_more("  %-24s %8zu %8zu%s%s", way->name, fact->moved_pinbuf, fact->moved_mlock,
		 w->answer ? "   pinbuf: " : "", w->answer ? errno_name(w->answer) : "");
	return 0;
}

static int ways_try(struct prove *p, struct watch *w, struct fragment *fg)
{
	char len[SIZE_TEXT];
	size_t i;
	int ret;

	if (frames_init(&w->of[OURS], p->mem, p->len))
		return -1;
	p->facts.pages = w->of[OURS].nr;
	say("moving", "pages moved, of %zu            pinbuf  mlock()", p->facts.pages);
	say_more("  (%s of the memory fragmented)", size_text(len, fg->len));
	/* the first way alone wants the holes */
	ret = way_try(p, w, &ways[0]);
	fragment_drop(fg);
	for (i = 1; !ret && i < sizeof(ways) / sizeof(ways[0]); i++)
		ret = way_try(p, w, &ways[i]);
	p->facts.moved_pinbuf = frames_moved_ever(&w->of[OURS]);
	p->facts.moved_mlock = frames_moved_ever(&w->of[MLOCK]);
	frames_fini(&w->of[OURS]);
	return ret;
}

int move(struct prove *p)
{
	struct watch w = { .len = p->len };
	struct fragment fg;
	void *locked;
	int ret;

	locked = mmap(NULL, p->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (locked == MAP_FAILED)
		return say_wrong("no address space for an mlock()ed buffer: %s", strerror(errno));
	madvise(locked, p->len, MADV_NOHUGEPAGE);
	if (fragment_make(&fg, locked, p->len))
		return -1;
	if (mlock(locked, p->len))
		return say_wrong("mlock: %s", strerror(errno));
	ret = frames_init(&w.of[MLOCK], locked, p->len);
	if (!ret)
		ret = ways_try(p, &w, &fg);
	frames_fini(&w.of[MLOCK]);
	munmap(locked, p->len);
	return ret;
}
