// SPDX-License-Identifier: MIT
#include "rdma.h"

#include <sys/wait.h>
#include <time.h>

#define DEVICE		"pinbuf_rxe"
#define PORT		1
#define GID_INDEX	1		/* of the address; 0 is that of the link */
#define ANY_ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | \
			 IBV_ACCESS_REMOTE_WRITE)
#define TIMEOUT_S	60

static void need_device(void)
{
	int status = system(SOFT_ROCE);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip_because("no Soft-RoCE: its modules or the program rdma are missing");
	assert_int_equal(status, 0);
}

static struct ibv_context *open_device(void)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *context = NULL;

	assert_non_null(list);
	for (int i = 0; list[i] && !context; i++)
		if (!strcmp(ibv_get_device_name(list[i]), DEVICE))
			context = ibv_open_device(list[i]);
	ibv_free_device_list(list);
	return context;
}

static struct ibv_qp *new_qp(struct rdma *rdma)
{
	struct ibv_qp_init_attr attr = {
		.send_cq = rdma->cq, .recv_cq = rdma->cq,
		.cap = {
			.max_send_wr = 4, .max_recv_wr = 1,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
		.qp_type = IBV_QPT_RC,
	};

	return ibv_create_qp(rdma->pd, &attr);
}

static void to_init(struct ibv_qp *qp)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT, .port_num = PORT,
		.qp_access_flags = ANY_ACCESS,
	};

	assert_int_equal(ibv_modify_qp(qp, &attr, IBV_QP_STATE |
				       IBV_QP_PKEY_INDEX | IBV_QP_PORT |
				       IBV_QP_ACCESS_FLAGS), 0);
}

static void to_ready(struct ibv_qp *qp, uint32_t peer, union ibv_gid *gid)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR, .path_mtu = IBV_MTU_1024,
		.dest_qp_num = peer, .max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1, .port_num = PORT,
			.grh = {
				.dgid = *gid, .sgid_index = GID_INDEX,
				.hop_limit = 64,
			},
		},
	};

	assert_int_equal(ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV |
				       IBV_QP_PATH_MTU | IBV_QP_DEST_QPN |
				       IBV_QP_RQ_PSN |
				       IBV_QP_MAX_DEST_RD_ATOMIC |
				       IBV_QP_MIN_RNR_TIMER), 0);
	attr.qp_state = IBV_QPS_RTS;
	/* 4 s: an emulated machine is slow to answer */
	attr.timeout = 20;
	attr.retry_cnt = 7;
	attr.rnr_retry = 7;
	attr.max_rd_atomic = 1;
	assert_int_equal(ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT |
				       IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
				       IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC),
			 0);
}

static void connect_pair(struct rdma *rdma)
{
	union ibv_gid gid;

	assert_int_equal(ibv_query_gid(rdma->context, PORT, GID_INDEX, &gid), 0);
	to_init(rdma->qp);
	to_init(rdma->peer);
	to_ready(rdma->qp, rdma->peer->qp_num, &gid);
	to_ready(rdma->peer, rdma->qp->qp_num, &gid);
}

void rdma_open(struct rdma *rdma)
{
	memset(rdma, 0, sizeof(*rdma));
	need_device();
	rdma->context = open_device();
	assert_non_null(rdma->context);
	rdma->pd = ibv_alloc_pd(rdma->context);
	assert_non_null(rdma->pd);
	rdma->cq = ibv_create_cq(rdma->context, 8, NULL, NULL, 0);
	assert_non_null(rdma->cq);
	rdma->qp = new_qp(rdma);
	assert_non_null(rdma->qp);
	rdma->peer = new_qp(rdma);
	assert_non_null(rdma->peer);
	connect_pair(rdma);
}

void rdma_close(struct rdma *rdma)
{
	if (rdma->qp)
		ibv_destroy_qp(rdma->qp);
	if (rdma->peer)
		ibv_destroy_qp(rdma->peer);
	if (rdma->cq)
		ibv_destroy_cq(rdma->cq);
	if (rdma->pd)
		ibv_dealloc_pd(rdma->pd);
	if (rdma->context)
		ibv_close_device(rdma->context);
	memset(rdma, 0, sizeof(*rdma));
}

struct ibv_mr *rdma_register(struct rdma *rdma, void *p, size_t len)
{
	return ibv_reg_mr(rdma->pd, p, len, ANY_ACCESS);
}

static void wait_for_it(struct rdma *rdma)
{
	time_t end = time(NULL) + TIMEOUT_S;
	struct ibv_wc wc;
	int got;

	while (!(got = ibv_poll_cq(rdma->cq, 1, &wc)) && time(NULL) < end)
		usleep(500);
	assert_int_equal(got, 1);
	if (wc.status != IBV_WC_SUCCESS)
		print_error("# %s\n", ibv_wc_status_str(wc.status));
	assert_int_equal(wc.status, IBV_WC_SUCCESS);
}

void rdma_move(struct rdma *rdma, enum ibv_wr_opcode opcode,
	       struct ibv_mr *local, size_t local_offset,
	       struct ibv_mr *remote, size_t remote_offset, size_t len)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)local->addr + local_offset,
		.length = (uint32_t)len, .lkey = local->lkey,
	};
	struct ibv_send_wr wr = {
		.sg_list = &sge, .num_sge = 1, .opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = {
			.remote_addr = (uintptr_t)remote->addr + remote_offset,
			.rkey = remote->rkey,
		},
	};
	struct ibv_send_wr *bad;

	assert_int_equal(ibv_post_send(rdma->qp, &wr, &bad), 0);
	wait_for_it(rdma);
}
