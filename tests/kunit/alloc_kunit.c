// SPDX-License-Identifier: GPL-2.0-only
/* What ALLOC refuses, by its check and by the dispatcher, and what it tells of what it made. */
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "env.h"

#define ALPHABET	"abcdefghijklmnopqrstuvwxyz"

struct label_case {
	const char *name;
	u8 label[PINBUF_LABEL_SIZE];
	bool ok;
};

static const struct label_case label_cases[] = {
	{ "empty",			"", true },
	{ "a word",			"ring", true },
	{ "blanks and signs",		"rx ring #3 (~!)", true },
	{ "31 letters",			ALPHABET "abcde", true },
	{ "32 letters, no end",		ALPHABET "abcdef", false },
	{ "a newline",			"two\nlines", false },
	{ "a tab",			"a\tb", false },
	{ "delete",			"a\x7f", false },
	{ "a letter above ASCII",	"\xc3\xa4", false },
	{ "something after the end",	"a\0b", false },
	{ "something at the very end",	{ [0] = 'a', [31] = 'b' }, false },
	{ "zero, then something",	"\0a", false },
};

KUNIT_ARRAY_PARAM_DESC(label, label_cases, name);

static void label_is_printable_and_filled(struct kunit *test)
{
	const struct label_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->ok, pinbuf_label_ok(c->label));
}

struct alloc_case {
	const char *name;
	struct pinbuf_ioc_alloc req;
	int err;
};

#define ALLOC_LEN(_len, ...)	{ .len = _len, .node = PINBUF_NODE_ANY, __VA_ARGS__ }
#define ALLOC_ON(_node, ...)	{ .len = PAGE_SIZE, .node = _node, __VA_ARGS__ }
#define ALLOC(...)		ALLOC_LEN(PAGE_SIZE, __VA_ARGS__)

static const struct alloc_case alloc_cases[] = {
	{ "a page",			ALLOC(), 0 },
	{ "a byte",			ALLOC_LEN(1), 0 },
	{ "a byte more than a page",	ALLOC_LEN(PAGE_SIZE + 1), 0 },
	{ "outputs are not looked at",	ALLOC(.out_len = 1, .out_extents = 2, .out_id = 3,
					      .out_fd = 4, .out_flags = 5, .out_node = 6), 0 },
	{ "close on exec",		ALLOC(.fd_flags = O_CLOEXEC), 0 },
	{ "alignment of a byte",	ALLOC(.align = 1), 0 },
	{ "alignment of two pages",	ALLOC(.align = 2 * PAGE_SIZE), 0 },
	{ "the largest alignment",	ALLOC(.align = PINBUF_MAX_BLOCK), 0 },
	{ "huge",			ALLOC(.flags = PINBUF_ALLOC_HUGE), 0 },
	{ "contiguous",			ALLOC(.flags = PINBUF_ALLOC_CONTIG), 0 },
	{ "node 0",			ALLOC_ON(0), 0 },
	{ "strictly node 0",		ALLOC_ON(0, .flags = PINBUF_ALLOC_STRICT_NODE), 0 },
	{ "a label",			ALLOC(.name = "ring"), 0 },
	{ "addresses of 24 bits",	ALLOC(.addr_bits = 24), 0 },
	{ "addresses of 32 bits",	ALLOC(.addr_bits = 32), 0 },
	{ "addresses of 64 bits",	ALLOC(.addr_bits = 64), 0 },

	{ "no length",			ALLOC_LEN(0), -EINVAL },
	{ "an unknown flag",		ALLOC(.flags = 8), -EINVAL },
	{ "the highest flag",		ALLOC(.flags = 1U << 31), -EINVAL },
	{ "a flag of the file",		ALLOC(.fd_flags = O_NONBLOCK), -EINVAL },
	{ "an access mode",		ALLOC(.fd_flags = O_RDWR), -EINVAL },
	{ "reserved",			ALLOC(.reserved = 1), -EINVAL },
	{ "alignment of three",		ALLOC(.align = 3), -EINVAL },
	{ "alignment of three pages",	ALLOC(.align = 3 * PAGE_SIZE), -EINVAL },
	{ "alignment of all ones",	ALLOC(.align = U64_MAX), -EINVAL },
	{ "strict without a node",	ALLOC(.flags = PINBUF_ALLOC_STRICT_NODE), -EINVAL },
	{ "addresses of 65 bits",	ALLOC(.addr_bits = 65), -EINVAL },
	{ "a label with a newline",	ALLOC(.name = "a\nb"), -EINVAL },
	{ "a label without an end",	ALLOC(.name = ALPHABET "abcdef"), -EINVAL },

	{ "a length that wraps",	ALLOC_LEN(U64_MAX), -EOVERFLOW },
	{ "a length just above all",	ALLOC_LEN(PINBUF_MAX_LEN + 1), -EOVERFLOW },

	{ "a node below any",		ALLOC_ON(-2), -ENOENT },
	{ "a node above all",		ALLOC_ON(INT_MAX), -ENOENT },
	{ "a node that is not there",	ALLOC_ON(MAX_NUMNODES - 1), -ENOENT },

	{ "twice the largest alignment", ALLOC(.align = 2 * PINBUF_MAX_BLOCK), -EOPNOTSUPP },
	{ "the highest alignment",	ALLOC(.align = 1ULL << 63), -EOPNOTSUPP },
};

KUNIT_ARRAY_PARAM_DESC(alloc, alloc_cases, name);

static void request_is_checked(struct kunit *test)
{
	const struct alloc_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->err, pinbuf_alloc_check(&c->req));
}

static int spare_fd(struct kunit *test)
{
	int fd = get_unused_fd_flags(0);

	KUNIT_ASSERT_GE(test, fd, 0);
	put_unused_fd(fd);
	return fd;
}

static void command_answers_as_the_check(struct kunit *test)
{
	const struct alloc_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	struct pinbuf_ioc_alloc req = c->req;
	int spare = spare_fd(test);
	long ret = env_ioctl(test, node, PINBUF_IOC_ALLOC, &req, sizeof(req));

	KUNIT_EXPECT_EQ(test, c->err, ret);
	if (!ret) {
		KUNIT_EXPECT_EQ(test, req.out_len, PAGE_ALIGN(c->req.len));
		KUNIT_EXPECT_GE(test, req.out_extents, 1);
		KUNIT_EXPECT_LE(test, req.out_extents, req.out_len >> PAGE_SHIFT);
		KUNIT_EXPECT_EQ(test, env_charged(test), req.out_len);
		KUNIT_EXPECT_EQ(test, 0, close_fd(req.out_fd));
	} else {
		KUNIT_EXPECT_MEMEQ(test, &req, &c->req, sizeof(req));
	}
	KUNIT_EXPECT_EQ(test, spare, spare_fd(test));
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
}

struct mode_case {
	const char *name;
	int flags;
	int err;
};

static const struct mode_case mode_cases[] = {
	{ "to read and write",	O_RDWR, 0 },
	{ "to write",		O_WRONLY, 0 },
	{ "to read",		O_RDONLY, -EACCES },
};

KUNIT_ARRAY_PARAM_DESC(mode, mode_cases, name);

static void alloc_needs_a_node_open_for_writing(struct kunit *test)
{
	const struct mode_case *c = test->param_value;
	struct file *node = env_node(test, c->flags);
	struct pinbuf_ioc_alloc req = ALLOC();
	struct pinbuf_ioc_info info = {};

	KUNIT_EXPECT_EQ(test, c->err, env_ioctl(test, node, PINBUF_IOC_ALLOC, &req, sizeof(req)));
	if (!c->err)
		close_fd(req.out_fd);
	KUNIT_EXPECT_EQ(test, 0, env_ioctl(test, node, PINBUF_IOC_INFO, &info, sizeof(info)));
}

struct limit_case {
	const char *name;
	const char *param;
	u64 value;
	u64 len;
	int err;
};

static const struct limit_case limit_cases[] = {
	{ "up to max_bytes",		"max_bytes", SZ_64K, SZ_64K, 0 },
	{ "a byte above max_bytes",	"max_bytes", SZ_64K, SZ_64K + 1, -EDQUOT },
	{ "up to max_user_bytes",	"max_user_bytes", SZ_64K, SZ_64K, 0 },
	{ "a byte above max_user_bytes", "max_user_bytes", SZ_64K, SZ_64K + 1, -EDQUOT },
	{ "more than there is",		"max_bytes", 0, 1ULL << 50, -ENOMEM },
	{ "the largest length",		"max_bytes", 0, PINBUF_MAX_LEN, -ENOMEM },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_cases, name);

static void limits_answer_with_their_errno(struct kunit *test)
{
	const struct limit_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	struct pinbuf_ioc_alloc req = ALLOC_LEN(c->len);

	env_param(test, c->param, c->value);
	KUNIT_EXPECT_EQ(test, c->err, env_ioctl(test, node, PINBUF_IOC_ALLOC, &req, sizeof(req)));
	if (!c->err)
		close_fd(req.out_fd);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
}

static void no_descriptor_is_no_buffer(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	struct pinbuf_ioc_alloc req = ALLOC();
	struct rlimit *limit = &current->signal->rlim[RLIMIT_NOFILE];

	/* The thread's own; it needs it no more. */
	limit->rlim_cur = 0;
	KUNIT_EXPECT_EQ(test, -EMFILE,
			env_ioctl(test, node, PINBUF_IOC_ALLOC, &req, sizeof(req)));
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
}

/* QUERY of the new descriptor says what ALLOC said, and the dma-buf itself too. */
static void query_agrees_with_alloc(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	struct pinbuf_ioc_alloc req = ALLOC_LEN((u64)c->pages << PAGE_SHIFT, .name = "agree");
	struct pinbuf_ioc_query query = {};
	struct dma_buf *dmabuf;

	KUNIT_ASSERT_EQ(test, 0, env_ioctl(test, node, PINBUF_IOC_ALLOC, &req, sizeof(req)));
	query.fd = req.out_fd;
	KUNIT_EXPECT_EQ(test, 0, env_ioctl(test, node, PINBUF_IOC_QUERY, &query, sizeof(query)));
	KUNIT_EXPECT_EQ(test, query.out.len, req.out_len);
	KUNIT_EXPECT_EQ(test, query.out.extents, req.out_extents);
	KUNIT_EXPECT_EQ(test, query.out.id, req.out_id);
	KUNIT_EXPECT_EQ(test, query.out.flags, req.out_flags);
	KUNIT_EXPECT_EQ(test, query.out.node, req.out_node);
	KUNIT_EXPECT_LE(test, query.out.huge_bytes, query.out.len);
	KUNIT_EXPECT_EQ(test, query.out.mappings, 0);
	KUNIT_EXPECT_EQ(test, query.out.attachments, 0);
	KUNIT_EXPECT_EQ(test, query.out.uid, 0);
	KUNIT_EXPECT_STREQ(test, (char *)query.out.label, "agree");
	KUNIT_EXPECT_EQ(test, query.out.name[0], 0);
	dmabuf = dma_buf_get(req.out_fd);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_EXPECT_EQ(test, dmabuf->size, req.out_len);
	KUNIT_EXPECT_EQ(test, file_inode(dmabuf->file)->i_ino, req.out_id);
	KUNIT_EXPECT_STREQ(test, dmabuf->name, "agree");
	dma_buf_put(dmabuf);
	close_fd(req.out_fd);
}

static struct kunit_case alloc_suite_cases[] = {
	KUNIT_CASE_PARAM(label_is_printable_and_filled, label_gen_params),
	KUNIT_CASE_PARAM(request_is_checked, alloc_gen_params),
	KUNIT_CASE_PARAM(command_answers_as_the_check, alloc_gen_params),
	KUNIT_CASE_PARAM(alloc_needs_a_node_open_for_writing, mode_gen_params),
	KUNIT_CASE_PARAM(limits_answer_with_their_errno, limit_gen_params),
	KUNIT_CASE(no_descriptor_is_no_buffer),
	KUNIT_CASE_PARAM(query_agrees_with_alloc, pages_gen_params),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite alloc_suite = {
	.name = "pinbuf_alloc",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = alloc_suite_cases,
};

kunit_test_suite(alloc_suite);
