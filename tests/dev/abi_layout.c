// SPDX-License-Identifier: MIT
/*
 * The layout of the ABI, in numbers.  Compiled for 64 and, where the compiler
 * can, for 32 bits: the same numbers must hold in both, and no struct may have
 * a hole or grow by accident.
 */
#include <stddef.h>

#include <linux/pinbuf.h>

#include "abi_rows.h"

#define SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), #type " has " #bytes " bytes")
#define AT(type, field, offset)						\
	_Static_assert(offsetof(struct type, field) == (offset),	\
		       #type "." #field " lies at " #offset)
#define NUMBER(command, number)						\
	_Static_assert((command) == (number), #command " is " #number)

SIZE(pinbuf_ioc_info, 72);
AT(pinbuf_ioc_info, out_caps, 0);
AT(pinbuf_ioc_info, out_page_size, 8);
AT(pinbuf_ioc_info, out_huge_size, 16);
AT(pinbuf_ioc_info, out_max_len, 24);
AT(pinbuf_ioc_info, out_max_block, 32);
AT(pinbuf_ioc_info, out_limit, 40);
AT(pinbuf_ioc_info, out_locked, 48);
AT(pinbuf_ioc_info, out_abi_version, 56);
AT(pinbuf_ioc_info, out_nr_nodes, 60);
AT(pinbuf_ioc_info, out_node_end, 64);
AT(pinbuf_ioc_info, reserved, 68);

SIZE(pinbuf_ioc_alloc, 104);
AT(pinbuf_ioc_alloc, len, 0);
AT(pinbuf_ioc_alloc, align, 8);
AT(pinbuf_ioc_alloc, flags, 16);
AT(pinbuf_ioc_alloc, node, 20);
AT(pinbuf_ioc_alloc, addr_bits, 24);
AT(pinbuf_ioc_alloc, fd_flags, 28);
AT(pinbuf_ioc_alloc, name, 32);
AT(pinbuf_ioc_alloc, out_len, 64);
AT(pinbuf_ioc_alloc, out_extents, 72);
AT(pinbuf_ioc_alloc, out_id, 80);
AT(pinbuf_ioc_alloc, out_fd, 88);
AT(pinbuf_ioc_alloc, out_flags, 92);
AT(pinbuf_ioc_alloc, out_node, 96);
AT(pinbuf_ioc_alloc, reserved, 100);

SIZE(pinbuf_desc, 200);
AT(pinbuf_desc, len, 0);
AT(pinbuf_desc, extents, 8);
AT(pinbuf_desc, id, 16);
AT(pinbuf_desc, huge_bytes, 24);
AT(pinbuf_desc, mappings, 32);
AT(pinbuf_desc, attachments, 40);
AT(pinbuf_desc, refs, 48);
AT(pinbuf_desc, flags, 56);
AT(pinbuf_desc, node, 60);
AT(pinbuf_desc, uid, 64);
AT(pinbuf_desc, pid, 68);
AT(pinbuf_desc, label, 72);
AT(pinbuf_desc, name, 104);
AT(pinbuf_desc, reserved, 168);

SIZE(pinbuf_ioc_query, 208);
AT(pinbuf_ioc_query, fd, 0);
AT(pinbuf_ioc_query, flags, 4);
AT(pinbuf_ioc_query, out, 8);

SIZE(pinbuf_extent, 16);
SIZE(pinbuf_ioc_extents, 48);
AT(pinbuf_ioc_extents, fd, 0);
AT(pinbuf_ioc_extents, flags, 4);
AT(pinbuf_ioc_extents, first, 8);
AT(pinbuf_ioc_extents, array, 16);
AT(pinbuf_ioc_extents, capacity, 24);
AT(pinbuf_ioc_extents, out_written, 32);
AT(pinbuf_ioc_extents, out_total, 40);

SIZE(pinbuf_ioc_sync, 24);
AT(pinbuf_ioc_sync, fd, 0);
AT(pinbuf_ioc_sync, flags, 4);
AT(pinbuf_ioc_sync, offset, 8);
AT(pinbuf_ioc_sync, len, 16);

SIZE(pinbuf_ioc_stats, 160);
AT(pinbuf_ioc_stats, scope, 0);
AT(pinbuf_ioc_stats, node, 4);
AT(pinbuf_ioc_stats, out_total_allocated, 8);
AT(pinbuf_ioc_stats, out_total_deallocated, 16);
AT(pinbuf_ioc_stats, out_current_live, 24);
AT(pinbuf_ioc_stats, out_peak_usage, 32);
AT(pinbuf_ioc_stats, out_allocation_count, 40);
AT(pinbuf_ioc_stats, out_deallocation_count, 48);
AT(pinbuf_ioc_stats, out_failed_memlock, 56);
AT(pinbuf_ioc_stats, out_failed_ceiling, 64);
AT(pinbuf_ioc_stats, out_failed_memory, 72);
AT(pinbuf_ioc_stats, out_failed_signal, 80);
AT(pinbuf_ioc_stats, out_failed_other, 88);
AT(pinbuf_ioc_stats, out_live_buffers, 96);
AT(pinbuf_ioc_stats, out_mappings, 104);
AT(pinbuf_ioc_stats, out_attachments, 112);
AT(pinbuf_ioc_stats, out_published, 120);
AT(pinbuf_ioc_stats, out_huge_bytes, 128);
AT(pinbuf_ioc_stats, out_small_bytes, 136);
AT(pinbuf_ioc_stats, out_huge_folios, 144);
AT(pinbuf_ioc_stats, out_small_folios, 152);

SIZE(pinbuf_ioc_publish, 72);
AT(pinbuf_ioc_publish, mode, 4);
AT(pinbuf_ioc_publish, name, 8);

SIZE(pinbuf_ioc_attach, 280);
AT(pinbuf_ioc_attach, fd_flags, 4);
AT(pinbuf_ioc_attach, name, 8);
AT(pinbuf_ioc_attach, out_fd, 72);
AT(pinbuf_ioc_attach, reserved, 76);
AT(pinbuf_ioc_attach, out, 80);

SIZE(pinbuf_ioc_unpublish, 72);
AT(pinbuf_ioc_unpublish, flags, 4);
AT(pinbuf_ioc_unpublish, name, 8);

NUMBER(PINBUF_IOC_INFO, 0xc048d300);
NUMBER(PINBUF_IOC_ALLOC, 0xc068d301);
NUMBER(PINBUF_IOC_QUERY, 0xc0d0d302);
NUMBER(PINBUF_IOC_EXTENTS, 0xc030d303);
NUMBER(PINBUF_IOC_SYNC, 0xc018d304);
NUMBER(PINBUF_IOC_STATS, 0xc0a0d305);
NUMBER(PINBUF_IOC_PUBLISH, 0xc048d306);
NUMBER(PINBUF_IOC_ATTACH, 0xc118d307);
NUMBER(PINBUF_IOC_UNPUBLISH, 0xc048d308);

/* The first release ends where the struct ends: nothing trails it. */
#define ENDS(type, nr, last, answers)					\
	_Static_assert(offsetof(struct pinbuf_ioc_##type, last) +	\
		       sizeof(((struct pinbuf_ioc_##type *)0)->last) <=	\
		       sizeof(struct pinbuf_ioc_##type), #type);	\
	_Static_assert(sizeof(struct pinbuf_ioc_##type) % 8 == 0, #type); \
	_Static_assert(_IOC_SIZE(PINBUF_IOC_##nr) ==			\
		       sizeof(struct pinbuf_ioc_##type), #type);
ABI_ROWS(ENDS)
