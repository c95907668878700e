/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints.  No physical and no bus address is told, nor a user's address.
 * A latency is 0 where the event was switched on during the call.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pinbuf

#if !defined(_PINBUF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _PINBUF_TRACE_H

#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/tracepoint.h>

#include "pinbuf.h"

#define PINBUF_SHOW_FLAGS(flags) __print_flags(flags, "|",	\
	{ PINBUF_ALLOC_CONTIG, "contig" },			\
	{ PINBUF_ALLOC_HUGE, "huge" },				\
	{ PINBUF_ALLOC_STRICT_NODE, "strict_node" })

/* Tools that read the format cannot know what an enumerator is. */
TRACE_DEFINE_ENUM(PINBUF_CAUSE_MEMLOCK);
TRACE_DEFINE_ENUM(PINBUF_CAUSE_CEILING);
TRACE_DEFINE_ENUM(PINBUF_CAUSE_MEMORY);
TRACE_DEFINE_ENUM(PINBUF_CAUSE_SIGNAL);
TRACE_DEFINE_ENUM(PINBUF_CAUSE_OTHER);
TRACE_DEFINE_ENUM(PINBUF_CAUSE_NONE);

#define PINBUF_SHOW_CAUSE(cause) __print_symbolic(cause,	\
	{ PINBUF_CAUSE_MEMLOCK, "memlock" },			\
	{ PINBUF_CAUSE_CEILING, "ceiling" },			\
	{ PINBUF_CAUSE_MEMORY, "memory" },			\
	{ PINBUF_CAUSE_SIGNAL, "signal" },			\
	{ PINBUF_CAUSE_OTHER, "other" },			\
	{ PINBUF_CAUSE_NONE, "none" })

#define PINBUF_SHOW_SYNC(flags) __print_flags(flags, "|",	\
	{ PINBUF_SYNC_READ, "read" },				\
	{ PINBUF_SYNC_WRITE, "write" },				\
	{ PINBUF_SYNC_START, "start" },				\
	{ PINBUF_SYNC_END, "end" })

/* @buf is NULL where the allocation failed: then the flags and the node are those asked for. */
TRACE_EVENT(pinbuf_alloc,
	TP_PROTO(const struct pinbuf_want *want, const struct pinbuf_buf *buf,
		 enum pinbuf_cause cause, int err, u64 ns),
	TP_ARGS(want, buf, cause, err, ns),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__field(u64, len)
		__field(u32, flags)
		__field(int, node)
		__field(unsigned long, extents)
		__field(int, cause)
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = buf ? buf->id : 0;
		__entry->len = want->len;
		__entry->flags = buf ? buf->flags : want->flags;
		__entry->node = buf ? buf->node : want->node;
		__entry->extents = buf ? buf->extents : 0;
		__entry->cause = cause;
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("id=%lu len=%llu flags=%s node=%d extents=%lu err=%d cause=%s ns=%llu",
		  __entry->id, __entry->len, PINBUF_SHOW_FLAGS(__entry->flags), __entry->node,
		  __entry->extents, __entry->err, PINBUF_SHOW_CAUSE(__entry->cause), __entry->ns)
);

/* What one CPU did of a big buffer, of which several got and cleared the pages. */
TRACE_EVENT(pinbuf_share,
	TP_PROTO(const struct pinbuf_want *want, unsigned long pages, u64 ns),
	TP_ARGS(want, pages, ns),
	TP_STRUCT__entry(
		__field(u64, len)
		__field(u64, share)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->len = want->len;
		__entry->share = (u64)pages << PAGE_SHIFT;
		__entry->ns = ns;
	),
	TP_printk("len=%llu share=%llu ns=%llu", __entry->len, __entry->share, __entry->ns)
);

TRACE_EVENT(pinbuf_free,
	TP_PROTO(const struct pinbuf_buf *buf),
	TP_ARGS(buf),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__field(u64, len)
		__field(u64, age)
	),
	TP_fast_assign(
		__entry->id = buf->id;
		__entry->len = buf->len;
		__entry->age = div_u64(get_jiffies_64() - buf->born, HZ);
	),
	TP_printk("id=%lu len=%llu age_s=%llu", __entry->id, __entry->len, __entry->age)
);

TRACE_EVENT(pinbuf_map,
	TP_PROTO(const struct pinbuf_buf *buf, const struct vm_area_struct *vma, int err, u64 ns),
	TP_ARGS(buf, vma, err, ns),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__field(u64, offset)
		__field(u64, len)
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = buf->id;
		__entry->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		__entry->len = vma->vm_end - vma->vm_start;
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("id=%lu offset=%llu len=%llu err=%d ns=%llu", __entry->id, __entry->offset,
		  __entry->len, __entry->err, __entry->ns)
);

TRACE_EVENT(pinbuf_unmap,
	TP_PROTO(const struct pinbuf_buf *buf, const struct vm_area_struct *vma),
	TP_ARGS(buf, vma),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__field(u64, offset)
		__field(u64, len)
	),
	TP_fast_assign(
		__entry->id = buf->id;
		__entry->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		__entry->len = vma->vm_end - vma->vm_start;
	),
	TP_printk("id=%lu offset=%llu len=%llu", __entry->id, __entry->offset, __entry->len)
);

TRACE_EVENT(pinbuf_attach,
	TP_PROTO(const struct pinbuf_buf *buf, struct device *dev, int err, u64 ns),
	TP_ARGS(buf, dev, err, ns),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__string(dev, dev_name(dev))
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = buf->id;
		pinbuf_assign_str(dev, dev_name(dev));
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("id=%lu dev=%s err=%d ns=%llu", __entry->id, __get_str(dev), __entry->err,
		  __entry->ns)
);

TRACE_EVENT(pinbuf_detach,
	TP_PROTO(const struct pinbuf_buf *buf, struct device *dev),
	TP_ARGS(buf, dev),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__string(dev, dev_name(dev))
	),
	TP_fast_assign(
		__entry->id = buf->id;
		pinbuf_assign_str(dev, dev_name(dev));
	),
	TP_printk("id=%lu dev=%s", __entry->id, __get_str(dev))
);

/* @id is 0 where there is no such name, or the caller may not have it. */
DECLARE_EVENT_CLASS(pinbuf_name,
	TP_PROTO(unsigned long id, const u8 *name, int err, u64 ns),
	TP_ARGS(id, name, err, ns),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__array(char, name, PINBUF_NAME_SIZE)
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = id;
		memcpy(__entry->name, name, PINBUF_NAME_SIZE);
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("id=%lu name=%s err=%d ns=%llu", __entry->id, __entry->name, __entry->err,
		  __entry->ns)
);

DEFINE_EVENT(pinbuf_name, pinbuf_publish,
	TP_PROTO(unsigned long id, const u8 *name, int err, u64 ns),
	TP_ARGS(id, name, err, ns));

DEFINE_EVENT(pinbuf_name, pinbuf_attach_name,
	TP_PROTO(unsigned long id, const u8 *name, int err, u64 ns),
	TP_ARGS(id, name, err, ns));

DEFINE_EVENT(pinbuf_name, pinbuf_unpublish,
	TP_PROTO(unsigned long id, const u8 *name, int err, u64 ns),
	TP_ARGS(id, name, err, ns));

TRACE_EVENT(pinbuf_sync,
	TP_PROTO(const struct pinbuf_buf *buf, const struct pinbuf_ioc_sync *sync, int err, u64 ns),
	TP_ARGS(buf, sync, err, ns),
	TP_STRUCT__entry(
		__field(unsigned long, id)
		__field(u64, offset)
		__field(u64, len)
		__field(u32, flags)
		__field(int, err)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->id = buf->id;
		__entry->offset = sync->offset;
		__entry->len = sync->len;
		__entry->flags = sync->flags;
		__entry->err = err;
		__entry->ns = ns;
	),
	TP_printk("id=%lu offset=%llu len=%llu flags=%s err=%d ns=%llu", __entry->id,
		  __entry->offset, __entry->len, PINBUF_SHOW_SYNC(__entry->flags), __entry->err,
		  __entry->ns)
);

#endif /* _PINBUF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
