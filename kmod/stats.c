// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters, and what people see of them: STATS and debugfs.
 *
 * Each event is counted twice, for its user and for everything; folios also
 * for their node.  Counters only ever hold sums of events, so that a reader
 * derives what is live as allocated less deallocated and the two cannot
 * disagree; read in that order (deallocated first) the result is never negative.
 */
#include <linux/cred.h>
#include <linux/debugfs.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/nospec.h>
#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "pinbuf.h"

struct node_counters {
	atomic64_t huge_folios;
	atomic64_t small_folios;
	atomic64_t small_bytes;
};

static struct pinbuf_counters all;
static struct node_counters *nodes;	/* nr_node_ids of them */
static struct dentry *debugfs;

/**
 * pinbuf_stats_add() - count an event
 * @user: whose it is
 * @which: the counter
 * @delta: what to add
 *
 * Context: any.
 */
void pinbuf_stats_add(struct pinbuf_user *user, enum pinbuf_counter which, s64 delta)
{
	atomic64_add(delta, &all.value[which]);
	atomic64_add(delta, &user->counters.value[which]);
}

static u64 get(const struct pinbuf_counters *counters, enum pinbuf_counter which)
{
	return atomic64_read(&counters->value[which]);
}

static u64 live_bytes(const struct pinbuf_counters *counters)
{
	u64 gone = get(counters, PINBUF_DEALLOCATED);

	smp_rmb(); /* a buffer is counted as born long before it is as died */
	return get(counters, PINBUF_ALLOCATED) - gone;
}

static void raise_peak(struct pinbuf_counters *counters)
{
	s64 live = live_bytes(counters);
	s64 peak = atomic64_read(&counters->peak);

	while (peak < live && !atomic64_try_cmpxchg(&counters->peak, &peak, live))
		;
}

static void count_folios(struct pinbuf_counters *counters, const struct pinbuf_buf *buf, int sign)
{
	u64 small = buf->len - ((u64)buf->nr_huge << (PAGE_SHIFT + PINBUF_HUGE_ORDER));

	if (buf->nr_huge)
		atomic64_add(sign * (s64)buf->nr_huge, &counters->value[PINBUF_HUGE_FOLIOS]);
	if (!small)
		return;
	atomic64_add(sign * (s64)(buf->nr_folios - buf->nr_huge),
		     &counters->value[PINBUF_SMALL_FOLIOS]);
	atomic64_add(sign * (s64)small, &counters->value[PINBUF_SMALL_BYTES]);
}

static void count_born(struct pinbuf_counters *counters, const struct pinbuf_buf *buf)
{
	atomic64_add(buf->len, &counters->value[PINBUF_ALLOCATED]);
	atomic64_inc(&counters->value[PINBUF_ALLOCATIONS]);
	raise_peak(counters);
	count_folios(counters, buf, 1);
}

static void count_died(struct pinbuf_counters *counters, const struct pinbuf_buf *buf)
{
	count_folios(counters, buf, -1);
	atomic64_inc(&counters->value[PINBUF_DEALLOCATIONS]);
	atomic64_add(buf->len, &counters->value[PINBUF_DEALLOCATED]);
}

/**
 * pinbuf_stats_born() - count a new buffer
 * @buf: complete
 */
void pinbuf_stats_born(struct pinbuf_buf *buf)
{
	count_born(&all, buf);
	count_born(&buf->user->counters, buf);
}

/**
 * pinbuf_stats_died() - count a buffer that goes
 * @buf: still complete
 */
void pinbuf_stats_died(struct pinbuf_buf *buf)
{
	count_died(&all, buf);
	count_died(&buf->user->counters, buf);
}

/**
 * pinbuf_stats_folio() - count a folio for its node
 * @folio: the folio
 * @delta: 1 when a buffer gets it, -1 when it drops it
 */
void pinbuf_stats_folio(struct folio *folio, int delta)
{
	struct node_counters *node = &nodes[folio_nid(folio)];

	if (folio_order(folio) == PINBUF_HUGE_ORDER) {
		atomic64_add(delta, &node->huge_folios);
		return;
	}
	atomic64_add(delta, &node->small_folios);
	atomic64_add(delta * (s64)folio_size(folio), &node->small_bytes);
}

static void read_counters(const struct pinbuf_counters *from, struct pinbuf_ioc_stats *out)
{
	u64 gone_bytes = get(from, PINBUF_DEALLOCATED), gone = get(from, PINBUF_DEALLOCATIONS);

	smp_rmb(); /* as in live_bytes() */
	out->out_total_deallocated = gone_bytes;
	out->out_total_allocated = get(from, PINBUF_ALLOCATED);
	out->out_current_live = out->out_total_allocated - gone_bytes;
	out->out_peak_usage = max_t(u64, atomic64_read(&from->peak), out->out_current_live);
	out->out_deallocation_count = gone;
	out->out_allocation_count = get(from, PINBUF_ALLOCATIONS);
	out->out_live_buffers = out->out_allocation_count - gone;
	out->out_failed_memlock = get(from, PINBUF_FAILED + PINBUF_CAUSE_MEMLOCK);
	out->out_failed_ceiling = get(from, PINBUF_FAILED + PINBUF_CAUSE_CEILING);
	out->out_failed_memory = get(from, PINBUF_FAILED + PINBUF_CAUSE_MEMORY);
	out->out_failed_signal = get(from, PINBUF_FAILED + PINBUF_CAUSE_SIGNAL);
	out->out_failed_other = get(from, PINBUF_FAILED + PINBUF_CAUSE_OTHER);
	out->out_mappings = get(from, PINBUF_MAPPINGS);
	out->out_attachments = get(from, PINBUF_ATTACHMENTS);
	out->out_published = get(from, PINBUF_PUBLISHED);
	out->out_huge_folios = get(from, PINBUF_HUGE_FOLIOS);
	out->out_small_folios = get(from, PINBUF_SMALL_FOLIOS);
	out->out_small_bytes = get(from, PINBUF_SMALL_BYTES);
	out->out_huge_bytes = out->out_huge_folios << (PAGE_SHIFT + PINBUF_HUGE_ORDER);
}

static int read_node(int node, struct pinbuf_ioc_stats *out)
{
	if (node < 0 || node >= nr_node_ids || !node_online(node))
		return -ENOENT;
	node = array_index_nospec(node, nr_node_ids);
	out->out_huge_folios = atomic64_read(&nodes[node].huge_folios);
	out->out_small_folios = atomic64_read(&nodes[node].small_folios);
	out->out_small_bytes = atomic64_read(&nodes[node].small_bytes);
	out->out_huge_bytes = out->out_huge_folios << (PAGE_SHIFT + PINBUF_HUGE_ORDER);
	out->out_current_live = out->out_huge_bytes + out->out_small_bytes;
	return 0;
}

/**
 * pinbuf_stats_read() - PINBUF_IOC_STATS
 * @call: its struct
 *
 * Return: 0, -EINVAL for an unknown scope or a node where none belongs,
 * -ENOENT for a node that is not there.
 */
int pinbuf_stats_read(struct pinbuf_call *call)
{
	struct pinbuf_ioc_stats *stats = &call->cmd.stats;
	u32 scope = stats->scope;
	int node = stats->node;

	if (scope > PINBUF_STATS_ALL || (scope != PINBUF_STATS_NODE && node))
		return -EINVAL;
	*stats = (struct pinbuf_ioc_stats) { .scope = scope, .node = node };
	if (scope == PINBUF_STATS_NODE)
		return read_node(node, stats);
	read_counters(scope == PINBUF_STATS_ALL ? &all : &call->user->counters, stats);
	return 0;
}

/* A "-" stands for no text, so the text "-" is escaped as blanks are. */
static void show_text(struct seq_file *m, const char *text)
{
	seq_putc(m, ' ');
	if (!text[0])
		seq_putc(m, '-');
	else
		seq_escape(m, text, strcmp(text, "-") ? " \\" : "-");
}

static void show_buffer(struct pinbuf_buf *buf, void *arg)
{
	struct seq_file *m = arg;
	char name[PINBUF_NAME_SIZE];

	seq_printf(m, "%lu %llu %d %#x %lu %d %u %u %d %llu", buf->id, buf->len, buf->node,
		   buf->flags, buf->extents, atomic_read(&buf->mappings),
		   READ_ONCE(buf->nr_attachments),
		   from_kuid_munged(seq_user_ns(m), buf->user->user->uid), pid_vnr(buf->pid),
		   div_u64(get_jiffies_64() - buf->born, HZ));
	show_text(m, buf->label);
	pinbuf_names_tell(buf, name);
	show_text(m, name);
	seq_putc(m, '\n');
}

static int buffers_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "id size node flags extents mappings attachments uid pid age_s label name\n");
	pinbuf_buf_each(show_buffer, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(buffers);

/**
 * pinbuf_stats_init() - make the nodes' counters and debugfs
 *
 * Return: 0 or -ENOMEM; that debugfs is missing is no failure.
 */
int __init pinbuf_stats_init(void)
{
	nodes = kcalloc(nr_node_ids, sizeof(*nodes), GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	debugfs = debugfs_create_dir("pinbuf", NULL);
	debugfs_create_file("buffers", 0400, debugfs, NULL, &buffers_fops);
	return 0;
}

/**
 * pinbuf_stats_exit() - undo pinbuf_stats_init()
 */
void pinbuf_stats_exit(void)
{
	debugfs_remove(debugfs);
	kfree(nodes);
}
