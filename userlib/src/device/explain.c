// SPDX-License-Identifier: MIT
/*
 * The kernel answers with a number.  Here it becomes a sentence: the rule, the
 * value, the limit, and how to raise it.  Nothing is looked up here: a request
 * carries all the facts, so that each sentence can be tried anywhere.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../internal.h"
#include "explain.h"

#define PARAMETERS "/sys/module/pinbuf/parameters"

static uint64_t room(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 0;
}

/**
 * pinbuf__explain_open() - why the device cannot be opened
 * @path: the node
 * @err: what open(2) said
 *
 * Return: -errno for the caller: no device at all is -EOPNOTSUPP, because that
 * is what it means to a program that could also use something else.
 */
int pinbuf__explain_open(const char *path, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_SYSTEM, .err = err };

	snprintf(e.name, sizeof(e.name), "%s", path);
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		e.kind = PINBUF_ERROR_UNSUPPORTED;
		e.err = EOPNOTSUPP;
		if (err == ENOENT && !access("/sys/module/pinbuf", F_OK))
			return pinbuf__error(&e, "there is no %s, although the module pinbuf is loaded: in a container, pass the node in (--device=/dev/pinbuf); else see that udev runs",
					     path);
		return pinbuf__error(&e, "no pinned memory here: there is no device %s (%s); load the module as root with `modprobe pinbuf`, or `insmod pinbuf.ko` from where it was built",
				     path, strerror(err));
	case EACCES:
	case EPERM:
		e.kind = PINBUF_ERROR_PERMISSION;
		return pinbuf__error(&e, "user %u may not open %s: add him to the group that `ls -l %s` shows (with the packaged udev rule: `usermod -aG pinbuf NAME`, then log in again), or run as root",
				     (unsigned int)geteuid(), path, path);
	case EMFILE:
		e.kind = PINBUF_ERROR_LIMIT;
		e.limit_name = "RLIMIT_NOFILE";
		return pinbuf__error(&e, "%s: this process has all the descriptors that RLIMIT_NOFILE allows: close some, or raise it with `ulimit -n`",
				     path);
	default:
		return pinbuf__error(&e, "%s cannot be opened: %s", path, strerror(err));
	}
}

static int memlock_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	const struct pinbuf__limits *l = &r->limits;
	char want[PINBUF__BYTES_SIZE], limit[PINBUF__BYTES_SIZE];
	char used[PINBUF__BYTES_SIZE], hard[PINBUF__BYTES_SIZE];

	e->limit_name = "RLIMIT_MEMLOCK";
	e->limit = l->memlock;
	e->available = room(l->memlock, l->locked);
	return pinbuf__error(e, "a buffer of %s is past RLIMIT_MEMLOCK, which is %s with %s of it in use: raise it with `ulimit -l` (up to the hard limit, %s), with a memlock line in /etc/security/limits.d or LimitMEMLOCK= in the systemd unit, or give the program CAP_IPC_LOCK",
			     pinbuf__bytes(want, e->requested), pinbuf__bytes(limit, e->limit),
			     pinbuf__bytes(used, l->locked),
			     l->memlock_hard == UINT64_MAX ? "none" :
			     pinbuf__bytes(hard, l->memlock_hard));
}

static int ceiling_explain(struct pinbuf_error *e, const char *name, const char *whose,
			   uint64_t limit, uint64_t used)
{
	char want[PINBUF__BYTES_SIZE], max[PINBUF__BYTES_SIZE], now[PINBUF__BYTES_SIZE];

	e->limit_name = name;
	e->limit = limit;
	e->available = room(limit, used);
	return pinbuf__error(e, "a buffer of %s is past the module's ceiling for %s, which is %s with %s of it in use: free buffers, or raise it as root with `echo BYTES > " PARAMETERS "/%s` (0 is no ceiling)",
			     pinbuf__bytes(want, e->requested), whose,
			     pinbuf__bytes(max, limit), pinbuf__bytes(now, used), name);
}

/* The kernel does not say which limit it was: the first that is too small. */
static int quota_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	const struct pinbuf__limits *l = &r->limits;

	e->kind = PINBUF_ERROR_LIMIT;
	if (l->memlock != UINT64_MAX && e->requested > room(l->memlock, l->locked))
		return memlock_explain(r, e);
	if (l->max_user_bytes && e->requested > room(l->max_user_bytes, l->user_bytes))
		return ceiling_explain(e, "max_user_bytes", "one user",
				       l->max_user_bytes, l->user_bytes);
	if (l->max_bytes && e->requested > room(l->max_bytes, l->live_bytes))
		return ceiling_explain(e, "max_bytes", "all users", l->max_bytes, l->live_bytes);
	return pinbuf__error(e, "a limit was in the way of %" PRIu64 " bytes a moment ago, and no longer is (RLIMIT_MEMLOCK, " PARAMETERS "): try again",
			     e->requested);
}

static int memory_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	const struct pinbuf__limits *l = &r->limits;
	char want[PINBUF__BYTES_SIZE], have[PINBUF__BYTES_SIZE], used[PINBUF__BYTES_SIZE];
	const char *what = "";

	e->kind = PINBUF_ERROR_MEMORY;
	if (l->cgroup_max != UINT64_MAX && e->requested > room(l->cgroup_max, l->cgroup_current)) {
		e->limit_name = "memory.max";
		e->limit = l->cgroup_max;
		e->available = room(l->cgroup_max, l->cgroup_current);
		snprintf(e->name, sizeof(e->name), "%s", l->cgroup);
		return pinbuf__error(e, "a buffer of %s is past the memory cgroup's limit: memory.max of %s is %s with %s of it in use; raise it (MemoryMax= in the systemd unit), or free memory in the group",
				     pinbuf__bytes(want, e->requested), l->cgroup,
				     pinbuf__bytes(have, l->cgroup_max),
				     pinbuf__bytes(used, l->cgroup_current));
	}
	e->available = l->available;
	if (r->opts.flags & PINBUF_BUF_CONTIG)
		what = " in one physical run (PINBUF_BUF_CONTIG)";
	else if (r->opts.flags & PINBUF_BUF_HUGE)
		what = " in huge folios (PINBUF_BUF_HUGE)";
	else if (r->opts.flags & PINBUF_BUF_STRICT_NODE)
		what = " on that NUMA node alone (PINBUF_BUF_STRICT_NODE)";
	return pinbuf__error(e, "there is no memory for a buffer of %s%s; %s are available on the machine, some of it in pieces: ask for less%s, or free memory",
			     pinbuf__bytes(want, e->requested), what,
			     pinbuf__bytes(have, l->available),
			     *what ? ", or without the flag" : "");
}

/* Who wants more than locked memory can be needs the device. */
static int locked_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	char want[PINBUF__BYTES_SIZE];

	e->kind = PINBUF_ERROR_UNSUPPORTED;
	if (r->opts.flags & PINBUF_BUF_CONTIG)
		return pinbuf__error(e, "locked memory is not one physical run (PINBUF_BUF_CONTIG): that takes /dev/pinbuf, whose module is not loaded or was not asked");
	if (r->opts.addr_bits)
		return pinbuf__error(e, "locked memory has any physical address (addr_bits %u): a bound takes /dev/pinbuf",
				     r->opts.addr_bits);
	e->kind = PINBUF_ERROR_ALIGN;
	e->requested = r->opts.align;
	e->available = r->info.max_block;
	return pinbuf__error(e, "locked memory has no physical alignment of %s: more than a page takes /dev/pinbuf",
			     pinbuf__bytes(want, r->opts.align));
}

static int unsupported_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	char want[PINBUF__BYTES_SIZE], max[PINBUF__BYTES_SIZE];

	if (r->info.source == PINBUF_SOURCE_LOCKED)
		return locked_explain(r, e);
	if (r->opts.align > r->info.max_block) {
		e->kind = PINBUF_ERROR_ALIGN;
		e->requested = r->opts.align;
		e->available = r->info.max_block;
		return pinbuf__error(e, "an alignment of %s is more than this kernel's page allocator gives: %s is the most",
				     pinbuf__bytes(want, r->opts.align),
				     pinbuf__bytes(max, r->info.max_block));
	}
	e->kind = PINBUF_ERROR_UNSUPPORTED;
	if ((r->opts.flags & PINBUF_BUF_CONTIG) && !(r->info.features & PINBUF_DEV_CONTIG))
		return pinbuf__error(e, "this module does not make buffers of one physical run: ask without PINBUF_BUF_CONTIG, or up to %s with PINBUF_BUF_HUGE",
				     pinbuf__bytes(max, r->info.huge_size));
	if (r->opts.addr_bits && !(r->info.features & PINBUF_DEV_ADDR_BITS))
		return pinbuf__error(e, "this module does not limit physical addresses (addr_bits %u): ask with 0",
				     r->opts.addr_bits);
	if ((r->opts.flags & PINBUF_BUF_HUGE) && !(r->info.features & PINBUF_DEV_HUGE))
		return pinbuf__error(e, "this kernel has no huge folios: ask without PINBUF_BUF_HUGE");
	return pinbuf__error(e, "this kernel or machine cannot make such a buffer (align %zu, flags %#x, addr_bits %u)",
			     r->opts.align, r->opts.flags, r->opts.addr_bits);
}

static int misuse_explain(const struct pinbuf__request *r, struct pinbuf_error *e)
{
	e->kind = PINBUF_ERROR_MISUSE;
	if (e->err == ENOENT)
		return pinbuf__error(e, "there is no NUMA node %d with memory: this machine has %u, the highest is number %u",
				     r->opts.node, r->info.nr_nodes,
				     r->info.node_end ? r->info.node_end - 1 : 0);
	if (e->err == EINVAL && r->opts.node >= 0)
		return pinbuf__error(e, "NUMA node %d is outside this process's cpuset: see Mems_allowed_list in /proc/self/status",
				     r->opts.node);
	return pinbuf__error(e, "the module finds the request malformed (len %zu, align %zu, flags %#x, node %d): the library and the module may be of different releases",
			     r->len, r->opts.align, r->opts.flags, r->opts.node);
}

/**
 * pinbuf__explain_create() - why a buffer cannot be had
 * @r: the request, and every fact about it
 * @err: what the module said
 *
 * Return: -@err.
 */
int pinbuf__explain_create(const struct pinbuf__request *r, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_SYSTEM, .err = err };
	uint64_t page = r->info.page_size ? r->info.page_size : 1;

	/* limits are compared with whole pages */
	e.requested = r->len > SIZE_MAX - page ? r->len : (r->len + page - 1) / page * page;
	if (r->opts.label)
		snprintf(e.name, sizeof(e.name), "%s", r->opts.label);
	switch (err) {
	case EDQUOT:
		return quota_explain(r, &e);
	case ENOMEM:
		return memory_explain(r, &e);
	case EOPNOTSUPP:
		return unsupported_explain(r, &e);
	case ENOENT:
	case EINVAL:
		return misuse_explain(r, &e);
	case EOVERFLOW:
		e.kind = PINBUF_ERROR_OVERFLOW;
		e.limit = r->info.max_len;
		return pinbuf__error(&e, "%zu bytes cannot be rounded up to pages: %" PRIu64 " is the largest length",
				     r->len, r->info.max_len);
	case EPERM:
		e.kind = PINBUF_ERROR_PERMISSION;
		return pinbuf__error(&e, "physical addresses below 2^%u need CAP_SYS_RAWIO, because that memory is scarce: run as root, or ask for 32 bits and more",
				     r->opts.addr_bits);
	case EMFILE:
		e.kind = PINBUF_ERROR_LIMIT;
		e.limit_name = "RLIMIT_NOFILE";
		return pinbuf__error(&e, "no descriptor is left for the buffer: close some, or raise RLIMIT_NOFILE with `ulimit -n`");
	default:
		return pinbuf__error(&e, "the buffer was not made: %s", strerror(err));
	}
}
