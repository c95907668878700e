// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a big buffer, got and cleared by several CPUs.
 *
 * Clearing is most of what a big buffer costs.  It cannot be handed on alone: where
 * the kernel was booted with init_on_alloc, pages are cleared on the CPU that
 * allocates them.  So helpers allocate.  A helper is a kernel thread for the time of
 * one call, as nice as the caller, on CPUs where the caller may run and which are
 * near to the memory.  Its number is bounded, and it takes no more than its share of
 * a CPU, so others are not starved.  A caller who is scheduled by other rules, or
 * may use no other CPU, works alone.
 *
 * A helper has neither the caller's memory policy nor his cpuset, nor his cgroup:
 * the nodes are resolved beforehand, and the cgroup is charged in his place.  A
 * policy that the nodes do not tell in full is followed by the caller alone.
 *
 * Work is a huge piece of the buffer at a time, taken from a counter, so a CPU that
 * is busy otherwise does less of it.  With an interleaving policy the piece's number
 * says whose turn it is.  The first who fails, or sees a fatal signal, ends the work
 * of all at their next piece.  Nobody sees the buffer yet; what the pieces amount to
 * is noted in order when all are there.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/memcontrol.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/topology.h>

#include "block.h"
#include "trace.h"

#define PIECE		BIT(PINBUF_TOP_ORDER)	/* pages */
#define HELPERS		7	/* more share the same memory bus */
#define HELPER_PIECES	4	/* that one is worth its creation */

struct crew {
	struct pinbuf_buf *buf;
	const struct pinbuf_want *want;
	struct pinbuf_nodes nodes;
	struct mem_cgroup *memcg;
	unsigned long first;		/* page offset of the first piece */
	unsigned long end;
	atomic_long_t next;		/* page offset of the next one */
	int err;			/* the first */
	unsigned int nr;
	struct task_struct *helpers[HELPERS];
};

/* The node that had its turn before that of the piece at @at. */
static int turn_before(const struct crew *crew, unsigned long at)
{
	unsigned long turns = (at - crew->first) / PIECE;
	int node = crew->nodes.turn;

	if (nodes_empty(crew->nodes.turns))
		return node;
	for (turns %= nodes_weight(crew->nodes.turns); turns; turns--)
		node = next_node_in(node, crew->nodes.turns);
	return node;
}

static void work(struct crew *crew)
{
	u64 start = trace_pinbuf_share_enabled() ? ktime_get_ns() : 0;
	struct mem_cgroup *old = set_active_memcg(crew->memcg);
	struct pinbuf_nodes nodes = crew->nodes;
	unsigned long at, end, done = 0;
	struct pinbuf_source src;
	int err = 0;

	pinbuf_source_init(&src, crew->want, &nodes);
	src.shared = true;
	while (!err && !READ_ONCE(crew->err)) {
		at = atomic_long_fetch_add(PIECE, &crew->next);
		if (at >= crew->end)
			break;
		end = min(at + PIECE, crew->end);
		nodes.turn = turn_before(crew, at);
		err = pinbuf_fill_range(crew->buf, &src, at, end);
		if (err)
			cmpxchg(&crew->err, 0, err);
		else
			done += end - at;
	}
	pinbuf_source_fini(&src);
	set_active_memcg(old);
	trace_pinbuf_share(crew->want, done, start ? ktime_get_ns() - start : 0);
}

static int help(void *crew)
{
	work(crew);
	return 0;
}

/* CPUs beside this one that are near to the memory, and on which the caller may run. */
static void choose_cpus(const struct crew *crew, struct cpumask *cpus)
{
	int nid;

	cpumask_clear(cpus);
	if (nodes_empty(crew->nodes.turns))
		cpumask_copy(cpus, cpumask_of_node(crew->nodes.first));
	for_each_node_mask(nid, crew->nodes.turns)
		cpumask_or(cpus, cpus, cpumask_of_node(nid));
	cpumask_and(cpus, cpus, current->cpus_ptr);
	cpumask_and(cpus, cpus, cpu_online_mask);
	cpumask_clear_cpu(raw_smp_processor_id(), cpus);
}

static void hire(struct crew *crew, const struct cpumask *cpus)
{
	unsigned long pieces = (crew->end - crew->first) / PIECE;
	unsigned int nr = min_t(unsigned long, pieces / HELPER_PIECES, HELPERS);
	struct task_struct *helper;

	for (nr = min(nr, cpumask_weight(cpus)); crew->nr < nr; crew->nr++) {
		helper = kthread_create_on_node(help, crew, crew->nodes.first, "pinbuf/%d",
						task_pid_nr(current));
		/* Fewer are enough, and none too. */
		if (IS_ERR(helper))
			break;
		set_user_nice(helper, task_nice(current));
		set_cpus_allowed_ptr(helper, cpus);
		crew->helpers[crew->nr] = get_task_struct(helper);
		wake_up_process(helper);
	}
}

static void dismiss(struct crew *crew)
{
	while (crew->nr--) {
		kthread_stop(crew->helpers[crew->nr]);
		put_task_struct(crew->helpers[crew->nr]);
	}
}

static int fill_together(struct crew *crew, const struct cpumask *cpus)
{
	crew->memcg = get_mem_cgroup_from_mm(current->mm);
	hire(crew, cpus);
	work(crew);
	dismiss(crew);
	mem_cgroup_put(crew->memcg);
	if (crew->err)
		return crew->err;
	pinbuf_nodes_turned(turn_before(crew, round_up(crew->end - crew->first, PIECE) +
					crew->first), &crew->nodes);
	pinbuf_pages_note_from(crew->buf, crew->first);
	return 0;
}

static bool is_alone(void)
{
	return num_online_cpus() == 1 ||
	       (current->policy != SCHED_NORMAL && current->policy != SCHED_BATCH);
}

/**
 * pinbuf_crew_fill() - give a big buffer its pages
 * @buf: a buffer that has those before @first
 * @src: where from, for the caller alone
 * @first: page offset, a multiple of a huge piece
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EINTR when a fatal signal is pending.
 */
int pinbuf_crew_fill(struct pinbuf_buf *buf, struct pinbuf_source *src, unsigned long first)
{
	struct crew crew = {
		.buf = buf,
		.want = src->want,
		.first = first,
		.end = buf->len >> PAGE_SHIFT,
		.next = ATOMIC_LONG_INIT(first),
	};
	cpumask_var_t cpus;
	int err = -EAGAIN;

	if (is_alone() || !pinbuf_nodes_resolve(&crew.nodes, src->want) ||
	    !alloc_cpumask_var(&cpus, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN))
		return pinbuf_fill_range(buf, src, first, crew.end);
	choose_cpus(&crew, cpus);
	if (!cpumask_empty(cpus))
		err = fill_together(&crew, cpus);
	free_cpumask_var(cpus);
	return err == -EAGAIN ? pinbuf_fill_range(buf, src, first, crew.end) : err;
}
