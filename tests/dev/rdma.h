/* SPDX-License-Identifier: MIT */
/*
 * RDMA from this machine to itself: Soft-RoCE, and two queue pairs of it that
 * are connected with each other.
 */
#ifndef TESTS_DEV_RDMA_H
#define TESTS_DEV_RDMA_H

#include "common.h"

#include <infiniband/verbs.h>

struct rdma {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_qp *qp, *peer;
};

/* Skips the test where the kernel or the programs for it are missing. */
void rdma_open(struct rdma *rdma);
void rdma_close(struct rdma *rdma);

/* Registers memory for everything; NULL with errno. */
struct ibv_mr *rdma_register(struct rdma *rdma, void *p, size_t len);

/*
 * IBV_WR_RDMA_WRITE: from @local into @remote; IBV_WR_RDMA_READ: the other way.
 * Offsets are bytes from where each region began.
 */
void rdma_move(struct rdma *rdma, enum ibv_wr_opcode opcode,
	       struct ibv_mr *local, size_t local_offset,
	       struct ibv_mr *remote, size_t remote_offset, size_t len);

#endif
