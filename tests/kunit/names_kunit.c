// SPDX-License-Identifier: GPL-2.0-only
/* Names: what one may be, what it holds, and where it is told. */
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/sizes.h>

#include "env.h"

#define NAME63	"0123456789012345678901234567890123456789012345678901234567890ab"

struct name_case {
	const char *name;
	u8 text[PINBUF_NAME_SIZE];
	bool ok;
};

static const struct name_case name_cases[] = {
	{ "a letter",			"a", true },
	{ "all kinds",			"Az09._-", true },
	{ "a dot",			".", true },
	{ "63 characters",		NAME63, true },
	{ "64 characters",		NAME63 "c", false },
	{ "none",			"", false },
	{ "a slash",			"a/b", false },
	{ "a space",			"a b", false },
	{ "a control character",	"a\n", false },
	{ "above ASCII",		"\xe9", false },
	{ "the last above ASCII",	"\xff", false },
	{ "a byte behind the end",	"a\0b", false },
	{ "a byte behind none",		"\0b", false },
};

KUNIT_ARRAY_PARAM_DESC(name, name_cases, name);

static void name_is_well_formed(struct kunit *test)
{
	const struct name_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->ok, pinbuf_name_ok(c->text));
}

static int fd_of(struct kunit *test, struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

static long publish(struct kunit *test, struct file *node, int fd, u32 mode, const char *name)
{
	struct pinbuf_ioc_publish req = { .fd = fd, .mode = mode };

	strscpy_pad(req.name, name, sizeof(req.name));
	return env_ioctl(test, node, PINBUF_IOC_PUBLISH, &req, sizeof(req));
}

static long attach(struct kunit *test, struct file *node, const char *name,
		   struct pinbuf_ioc_attach *req)
{
	*req = (struct pinbuf_ioc_attach) { .uid = -1 };
	strscpy_pad(req->name, name, sizeof(req->name));
	return env_ioctl(test, node, PINBUF_IOC_ATTACH, req, sizeof(*req));
}

static long unpublish(struct kunit *test, struct file *node, u32 uid, const char *name)
{
	struct pinbuf_ioc_unpublish req = { .uid = uid };

	strscpy_pad(req.name, name, sizeof(req.name));
	return env_ioctl(test, node, PINBUF_IOC_UNPUBLISH, &req, sizeof(req));
}

static s64 published(struct kunit *test)
{
	struct pinbuf_user *user = test->priv;

	return atomic64_read(&user->counters.value[PINBUF_PUBLISHED]);
}

static void name_keeps_the_buffer(struct kunit *test)
{
	const struct pages_case *c = test->param_value;
	u64 len = (u64)c->pages << PAGE_SHIFT;
	struct file *node = env_node(test, O_RDWR);
	struct dma_buf *dmabuf = env_buf(test, len), *got;
	struct pinbuf_buf *buf = dmabuf->priv;
	struct pinbuf_ioc_attach req;
	int fd = fd_of(test, dmabuf);

	KUNIT_ASSERT_EQ(test, 0, publish(test, node, fd, 0600, "kept"));
	close_fd(fd);
	env_buf_put(test, dmabuf);
	KUNIT_EXPECT_EQ(test, published(test), 1);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, len));

	KUNIT_ASSERT_EQ(test, 0, attach(test, node, "kept", &req));
	got = dma_buf_get(req.out_fd);
	KUNIT_EXPECT_PTR_EQ(test, got, dmabuf);
	KUNIT_EXPECT_EQ(test, req.out.id, buf->id);
	KUNIT_EXPECT_EQ(test, req.out.len, len);
	KUNIT_EXPECT_STREQ(test, req.out.name, "kept");
	dma_buf_put(got);
	close_fd(req.out_fd);

	KUNIT_EXPECT_EQ(test, 0, unpublish(test, node, -1, "kept"));
	KUNIT_EXPECT_EQ(test, published(test), 0);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, 0));
	KUNIT_EXPECT_EQ(test, -ENOENT, attach(test, node, "kept", &req));
}

static void buffer_outlives_its_name(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	struct dma_buf *dmabuf = env_buf(test, SZ_64K);
	struct pinbuf_buf *buf = dmabuf->priv;
	int fd = fd_of(test, dmabuf);

	KUNIT_ASSERT_EQ(test, 0, publish(test, node, fd, 0666, "short"));
	KUNIT_EXPECT_NOT_NULL(test, buf->name);
	KUNIT_EXPECT_EQ(test, 0, unpublish(test, node, -1, "short"));
	KUNIT_EXPECT_NULL(test, buf->name);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, SZ_64K));
	close_fd(fd);
}

static void one_name_a_buffer_one_buffer_a_name(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	int a = fd_of(test, env_buf(test, PAGE_SIZE)), b = fd_of(test, env_buf(test, PAGE_SIZE));

	KUNIT_EXPECT_EQ(test, 0, publish(test, node, a, 0600, "a"));
	KUNIT_EXPECT_EQ(test, -EEXIST, publish(test, node, a, 0600, "a"));
	KUNIT_EXPECT_EQ(test, -EEXIST, publish(test, node, a, 0600, "b"));
	KUNIT_EXPECT_EQ(test, -EEXIST, publish(test, node, b, 0600, "a"));
	KUNIT_EXPECT_EQ(test, 0, publish(test, node, b, 0600, "b"));
	KUNIT_EXPECT_EQ(test, published(test), 2);
	KUNIT_EXPECT_EQ(test, 0, unpublish(test, node, -1, "a"));
	KUNIT_EXPECT_EQ(test, 0, unpublish(test, node, 0, "b"));
	KUNIT_EXPECT_EQ(test, -ENOENT, unpublish(test, node, -1, "b"));
	KUNIT_EXPECT_EQ(test, -ENOENT, unpublish(test, node, 12345, "b"));
	close_fd(a);
	close_fd(b);
}

struct refusal_case {
	const char *name;
	unsigned int cmd;
	u32 mode;	/* fd_flags or flags elsewhere */
	const char *text;
	int err;
};

static const struct refusal_case refusal_cases[] = {
	{ "publish: no mode",		PINBUF_IOC_PUBLISH, 0, "n", -EINVAL },
	{ "publish: others may read",	PINBUF_IOC_PUBLISH, 0644, "n", -EINVAL },
	{ "publish: a type in it",	PINBUF_IOC_PUBLISH, 0100600, "n", -EINVAL },
	{ "publish: a bad name",	PINBUF_IOC_PUBLISH, 0600, "n/", -EINVAL },
	{ "attach: a bad name",		PINBUF_IOC_ATTACH, 0, "n/", -EINVAL },
	{ "attach: a bad flag",		PINBUF_IOC_ATTACH, O_NONBLOCK, "n", -EINVAL },
	{ "attach: no such name",	PINBUF_IOC_ATTACH, O_CLOEXEC, "n", -ENOENT },
	{ "unpublish: a bad name",	PINBUF_IOC_UNPUBLISH, 0, "n/", -EINVAL },
	{ "unpublish: a flag",		PINBUF_IOC_UNPUBLISH, 1, "n", -EINVAL },
	{ "unpublish: no such name",	PINBUF_IOC_UNPUBLISH, 0, "n", -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(refusal, refusal_cases, name);

static void refusal_leaves_nothing(struct kunit *test)
{
	const struct refusal_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR), *ro = env_node(test, O_RDONLY);
	struct pinbuf_buf *buf;
	struct dma_buf *dmabuf = env_buf(test, PAGE_SIZE);
	struct pinbuf_ioc_attach req = { .uid = -1, .fd_flags = c->mode };
	struct pinbuf_ioc_publish *pub = (struct pinbuf_ioc_publish *)&req;
	int fd = fd_of(test, dmabuf), spare;
	size_t size = _IOC_SIZE(c->cmd);

	/* The three have their name at the same place. */
	BUILD_BUG_ON(offsetof(struct pinbuf_ioc_publish, name) !=
		     offsetof(struct pinbuf_ioc_attach, name));
	strscpy_pad(req.name, c->text, sizeof(req.name));
	if (c->cmd == PINBUF_IOC_PUBLISH)
		pub->fd = fd;
	spare = get_unused_fd_flags(0);
	put_unused_fd(spare);
	KUNIT_EXPECT_EQ(test, c->err, env_ioctl(test, node, c->cmd, &req, size));
	KUNIT_EXPECT_EQ(test, -EACCES, env_ioctl(test, ro, c->cmd, &req, size));
	KUNIT_EXPECT_EQ(test, spare, get_unused_fd_flags(0));
	put_unused_fd(spare);
	buf = dmabuf->priv;
	KUNIT_EXPECT_NULL(test, buf->name);
	KUNIT_EXPECT_EQ(test, published(test), 0);
	close_fd(fd);
}

static struct kunit_case names_suite_cases[] = {
	KUNIT_CASE_PARAM(name_is_well_formed, name_gen_params),
	KUNIT_CASE_PARAM(name_keeps_the_buffer, pages_gen_params),
	KUNIT_CASE(buffer_outlives_its_name),
	KUNIT_CASE(one_name_a_buffer_one_buffer_a_name),
	KUNIT_CASE_PARAM(refusal_leaves_nothing, refusal_gen_params),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite names_suite = {
	.name = "pinbuf_names",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = names_suite_cases,
};

kunit_test_suite(names_suite);
