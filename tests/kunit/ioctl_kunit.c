// SPDX-License-Identifier: GPL-2.0-only
/* The laws of every command: sizes, tails, pointers, numbers; and the errnos of the others. */
#include <linux/anon_inodes.h>
#include <linux/fcntl.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <uapi/asm-generic/ioctls.h>

#include "env.h"

/* How a struct is handed in. */
enum form {
	EXACT, ZERO_TAIL, GARBAGE_TAIL, LATE_GARBAGE, SHORT, ONE_BYTE, NO_BYTE,
	NULL_POINTER, KERNEL_POINTER, PAST_THE_END, READ_ONLY,
};

static const struct {
	const char *name;
	enum form form;
	int err;
} forms[] = {
	{ "its size",				EXACT, 0 },
	{ "a tail of zeroes",			ZERO_TAIL, 0 },
	{ "a tail of garbage",			GARBAGE_TAIL, -E2BIG },
	{ "garbage in the last byte of 16 KiB",	LATE_GARBAGE, -E2BIG },
	{ "a byte short",			SHORT, -EINVAL },
	{ "one byte",				ONE_BYTE, -EINVAL },
	{ "no byte",				NO_BYTE, -EINVAL },
	{ "a null pointer",			NULL_POINTER, -EFAULT },
	{ "a pointer of the kernel",		KERNEL_POINTER, -EFAULT },
	{ "the last byte is not mapped",	PAST_THE_END, -EFAULT },
	{ "memory to be read only",		READ_ONLY, -EFAULT },
};

static const struct {
	const char *name;
	unsigned int cmd;
	bool silent;		/* has no output, and so needs no room for it */
} commands[] = {
	{ "INFO",	PINBUF_IOC_INFO },
	{ "ALLOC",	PINBUF_IOC_ALLOC },
	{ "QUERY",	PINBUF_IOC_QUERY },
	{ "EXTENTS",	PINBUF_IOC_EXTENTS },
	{ "SYNC",	PINBUF_IOC_SYNC, true },
	{ "STATS",	PINBUF_IOC_STATS },
	{ "PUBLISH",	PINBUF_IOC_PUBLISH, true },
	{ "ATTACH",	PINBUF_IOC_ATTACH },
	{ "UNPUBLISH",	PINBUF_IOC_UNPUBLISH, true },
};

/* Every command in every form: a parameter is a byte of this, by its place. */
static const u8 laws[ARRAY_SIZE(commands) * ARRAY_SIZE(forms)];

static const void *law_gen_params(const void *prev, char *desc)
{
	const u8 *next = prev ? (const u8 *)prev + 1 : laws;
	size_t i = next - laws;

	if (i >= ARRAY_SIZE(laws))
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", commands[i / ARRAY_SIZE(forms)].name,
		 forms[i % ARRAY_SIZE(forms)].name);
	return next;
}

#define BIGGEST		((1UL << _IOC_SIZEBITS) - 1)
#define AREA		SZ_32K

static int fd_of(struct kunit *test, struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, 0);
	KUNIT_ASSERT_GE(test, fd, 0);
	return fd;
}

/* A struct of that command that is right. */
static void fill(u8 *arg, unsigned int cmd, int fd)
{
	switch (cmd) {
	case PINBUF_IOC_ALLOC:
		*(struct pinbuf_ioc_alloc *)arg = (struct pinbuf_ioc_alloc) {
			.len = 1, .node = PINBUF_NODE_ANY,
		};
		break;
	case PINBUF_IOC_QUERY:
		((struct pinbuf_ioc_query *)arg)->fd = fd;
		break;
	case PINBUF_IOC_EXTENTS:
		((struct pinbuf_ioc_extents *)arg)->fd = fd;
		break;
	case PINBUF_IOC_SYNC:
		*(struct pinbuf_ioc_sync *)arg = (struct pinbuf_ioc_sync) {
			.fd = fd, .len = 1, .flags = PINBUF_SYNC_START | PINBUF_SYNC_READ,
		};
		break;
	case PINBUF_IOC_PUBLISH:
		*(struct pinbuf_ioc_publish *)arg = (struct pinbuf_ioc_publish) {
			.fd = fd, .mode = 0600, .name = "law",
		};
		break;
	case PINBUF_IOC_ATTACH:
		*(struct pinbuf_ioc_attach *)arg = (struct pinbuf_ioc_attach) {
			.uid = -1, .name = "law",
		};
		break;
	case PINBUF_IOC_UNPUBLISH:
		*(struct pinbuf_ioc_unpublish *)arg = (struct pinbuf_ioc_unpublish) {
			.uid = -1, .name = "law",
		};
		break;
	}
}

/* The name that ATTACH and UNPUBLISH ask for, before and after. */
static void have_name(struct kunit *test, struct file *node, int fd, unsigned int cmd)
{
	struct pinbuf_ioc_publish publish = { .fd = fd, .mode = 0600, .name = "law" };

	if (cmd == PINBUF_IOC_ATTACH || cmd == PINBUF_IOC_UNPUBLISH)
		env_ioctl(test, node, PINBUF_IOC_PUBLISH, &publish, sizeof(publish));
}

static void have_no_name(struct kunit *test, struct file *node)
{
	struct pinbuf_ioc_unpublish unpublish = { .uid = -1, .name = "law" };

	env_ioctl(test, node, PINBUF_IOC_UNPUBLISH, &unpublish, sizeof(unpublish));
}

static size_t size_in(enum form form, size_t size)
{
	switch (form) {
	case ZERO_TAIL:
	case GARBAGE_TAIL:
		return size + 64;
	case LATE_GARBAGE:
		return BIGGEST;
	case SHORT:
		return size - 1;
	case ONE_BYTE:
		return 1;
	case NO_BYTE:
		return 0;
	default:
		return size;
	}
}

/* As a debugger writes into memory that its owner may only read. */
static unsigned long read_only_area(struct kunit *test, const void *bytes, size_t size)
{
	unsigned long at = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ,
					 MAP_PRIVATE | MAP_ANONYMOUS, 0);
	struct page *page;
	int locked = 1;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(at));
	mmap_read_lock(current->mm);
	KUNIT_EXPECT_EQ(test, 1, pin_user_pages_remote(current->mm, at, 1, FOLL_WRITE | FOLL_FORCE,
						       &page, &locked));
	if (locked)
		mmap_read_unlock(current->mm);
	memcpy(page_address(page), bytes, size);
	unpin_user_page(page);
	return at;
}

static unsigned long place(struct kunit *test, enum form form, const u8 *arg, size_t size)
{
	unsigned long at;

	switch (form) {
	case NULL_POINTER:
		return 0;
	case KERNEL_POINTER:
		return (unsigned long)arg;
	case READ_ONLY:
		return read_only_area(test, arg, size);
	case PAST_THE_END:
		at = env_mmap(test, NULL, 2 * PAGE_SIZE, 0);
		vm_munmap(at + PAGE_SIZE, PAGE_SIZE);
		at += PAGE_SIZE - (size - 1);
		size--;
		break;
	default:
		at = env_mmap(test, NULL, AREA, 0);
	}
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, arg, size));
	return at;
}

static void struct_follows_the_laws(struct kunit *test)
{
	size_t law = (const u8 *)test->param_value - laws;
	unsigned int cmd = commands[law / ARRAY_SIZE(forms)].cmd;
	bool silent = commands[law / ARRAY_SIZE(forms)].silent;
	enum form form = forms[law % ARRAY_SIZE(forms)].form;
	struct file *node = env_node(test, O_RDWR);
	struct dma_buf *dmabuf = env_buf(test, PAGE_SIZE);
	size_t known = _IOC_SIZE(cmd), size = size_in(form, known);
	u8 *arg = kunit_kzalloc(test, AREA, GFP_KERNEL);
	int fd = fd_of(test, dmabuf), spare;
	unsigned long at;
	long ret, err = form == READ_ONLY && silent ? 0 : forms[form].err;

	KUNIT_ASSERT_NOT_NULL(test, arg);
	have_name(test, node, fd, cmd);
	fill(arg, cmd, fd);
	if (form == GARBAGE_TAIL)
		arg[known] = 1;
	if (form == LATE_GARBAGE)
		arg[size - 1] = 0x80;
	at = place(test, form, arg, size);
	spare = get_unused_fd_flags(0);
	put_unused_fd(spare);
	ret = node->f_op->unlocked_ioctl(node, _IOC(_IOC_READ | _IOC_WRITE, PINBUF_IOC_TYPE,
						    _IOC_NR(cmd), size), at);
	KUNIT_EXPECT_EQ(test, err, ret);
	if (!ret && (cmd == PINBUF_IOC_ALLOC || cmd == PINBUF_IOC_ATTACH)) {
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(arg, (void __user *)at, known));
		KUNIT_EXPECT_EQ(test, 0, close_fd(cmd == PINBUF_IOC_ALLOC ?
						  ((struct pinbuf_ioc_alloc *)arg)->out_fd :
						  ((struct pinbuf_ioc_attach *)arg)->out_fd));
	}
	have_no_name(test, node);
	/* Nothing half-made stays: no descriptor, and none of what it leads to. */
	KUNIT_EXPECT_EQ(test, spare, get_unused_fd_flags(0));
	put_unused_fd(spare);
	KUNIT_EXPECT_TRUE(test, env_settles(test->priv, PAGE_SIZE));
	close_fd(fd);
}

/* What lies behind a struct that is written back stays as it was. */
static void answer_ends_with_the_struct(struct kunit *test)
{
	struct file *node = env_node(test, O_RDWR);
	unsigned long at = env_mmap(test, NULL, PAGE_SIZE, 0);
	u8 bytes[sizeof(struct pinbuf_ioc_info) + 8];

	memset(bytes, 0x5a, sizeof(bytes));
	memset(bytes, 0, sizeof(struct pinbuf_ioc_info));
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, bytes, sizeof(bytes)));
	KUNIT_EXPECT_EQ(test, 0, node->f_op->unlocked_ioctl(node, PINBUF_IOC_INFO, at));
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(bytes, (void __user *)at, sizeof(bytes)));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes + sizeof(struct pinbuf_ioc_info), 0x5a, 8));
	KUNIT_EXPECT_EQ(test, ((struct pinbuf_ioc_info *)bytes)->out_page_size, PAGE_SIZE);
}

struct number_case {
	const char *name;
	unsigned int cmd;
};

static const struct number_case number_cases[] = {
	{ "the first number behind",	_IOWR(PINBUF_IOC_TYPE, 9, u64) },
	{ "the last number",		_IOWR(PINBUF_IOC_TYPE, 255, u64) },
	{ "another type",		_IOWR(PINBUF_IOC_TYPE - 1, 0, struct pinbuf_ioc_info) },
	{ "to be read only",		_IOR(PINBUF_IOC_TYPE, 0, struct pinbuf_ioc_info) },
	{ "to be written only",		_IOW(PINBUF_IOC_TYPE, 1, struct pinbuf_ioc_alloc) },
	{ "neither",			_IO(PINBUF_IOC_TYPE, 5) },
	{ "TCGETS",			TCGETS },
	{ "zero",			0 },
	{ "all ones",			~0U },
};

KUNIT_ARRAY_PARAM_DESC(number, number_cases, name);

static void other_numbers_are_unknown(struct kunit *test)
{
	const struct number_case *c = test->param_value;
	struct file *node = env_node(test, O_RDWR);
	unsigned long at = env_mmap(test, NULL, PAGE_SIZE, 0);

	KUNIT_EXPECT_EQ(test, -ENOTTY, node->f_op->unlocked_ioctl(node, c->cmd, at));
	KUNIT_EXPECT_EQ(test, -ENOTTY, node->f_op->unlocked_ioctl(node, c->cmd, 0));
}

struct stats_case {
	const char *name;
	u32 scope;
	s32 node;
	int err;
};

static const struct stats_case stats_cases[] = {
	{ "the user",			PINBUF_STATS_USER, 0, 0 },
	{ "node 0",			PINBUF_STATS_NODE, 0, 0 },
	{ "everything",			PINBUF_STATS_ALL, 0, 0 },
	{ "an unknown scope",		PINBUF_STATS_ALL + 1, 0, -EINVAL },
	{ "the highest scope",		U32_MAX, 0, -EINVAL },
	{ "the user of a node",		PINBUF_STATS_USER, 1, -EINVAL },
	{ "everything of a node",	PINBUF_STATS_ALL, -1, -EINVAL },
	{ "a node below any",		PINBUF_STATS_NODE, -1, -ENOENT },
	{ "a node above all",		PINBUF_STATS_NODE, INT_MAX, -ENOENT },
	{ "a node that is not there",	PINBUF_STATS_NODE, MAX_NUMNODES - 1, -ENOENT },
};

KUNIT_ARRAY_PARAM_DESC(stats, stats_cases, name);

static void stats_take_a_scope(struct kunit *test)
{
	const struct stats_case *c = test->param_value;
	struct pinbuf_ioc_stats stats = { .scope = c->scope, .node = c->node };
	struct file *node = env_node(test, O_RDWR);

	env_buf(test, SZ_64K);
	KUNIT_EXPECT_EQ(test, c->err,
			env_ioctl(test, node, PINBUF_IOC_STATS, &stats, sizeof(stats)));
	if (c->err)
		return;
	KUNIT_EXPECT_EQ(test, stats.out_current_live, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats.out_huge_bytes + stats.out_small_bytes, SZ_64K);
	KUNIT_EXPECT_EQ(test, stats.out_live_buffers, c->scope == PINBUF_STATS_NODE ? 0 : 1);
	KUNIT_EXPECT_EQ(test, stats.out_published, 0);
}

struct query_case {
	const char *name;
	u32 flags;
	u64 refs;	/* of a page that somebody holds */
	int err;
};

static const struct query_case query_cases[] = {
	{ "no flags",			0, 0, 0 },
	{ "references",			PINBUF_QUERY_REFS, 1, 0 },
	{ "an unknown flag",		PINBUF_QUERY_REFS << 1, 0, -EINVAL },
	{ "the highest flag",		1U << 31, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(query, query_cases, name);

static void query_takes_its_flags(struct kunit *test)
{
	const struct query_case *c = test->param_value;
	struct file *node = env_node(test, O_RDONLY);
	struct dma_buf *dmabuf = env_buf(test, 3 * PAGE_SIZE);
	struct page *page = env_page(dmabuf, 2);
	int fd = fd_of(test, dmabuf);
	struct pinbuf_ioc_query query = { .fd = fd, .flags = c->flags };

	get_page(page);
	KUNIT_EXPECT_EQ(test, c->err,
			env_ioctl(test, node, PINBUF_IOC_QUERY, &query, sizeof(query)));
	put_page(page);
	KUNIT_EXPECT_EQ(test, query.out.refs, c->refs);
	close_fd(fd);
}

static void info_tells_what_there_is(struct kunit *test)
{
	struct file *node = env_node(test, O_RDONLY);
	struct pinbuf_ioc_info info = { .reserved = 1 };
	const struct cred *old;

	KUNIT_EXPECT_EQ(test, -EINVAL, env_ioctl(test, node, PINBUF_IOC_INFO, &info, sizeof(info)));
	info.reserved = 0;
	KUNIT_EXPECT_EQ(test, 0, env_ioctl(test, node, PINBUF_IOC_INFO, &info, sizeof(info)));
	KUNIT_EXPECT_EQ(test, info.out_caps,
			PINBUF_CAP_HUGE | PINBUF_CAP_MEMCG | PINBUF_CAP_MEMLOCK |
			PINBUF_CAP_CONTIG | PINBUF_CAP_ADDR_BITS | PINBUF_CAP_EXTENTS |
			PINBUF_CAP_NAMES | PINBUF_CAP_HEAP);
	KUNIT_EXPECT_EQ(test, info.out_huge_size, PINBUF_HUGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.out_max_block, PINBUF_MAX_BLOCK);
	KUNIT_EXPECT_EQ(test, info.out_abi_version, PINBUF_ABI_VERSION);
	KUNIT_EXPECT_EQ(test, info.out_nr_nodes, num_node_state(N_MEMORY));
	KUNIT_EXPECT_EQ(test, info.out_limit, U64_MAX);
	old = env_limit(test, SZ_1M);
	KUNIT_EXPECT_EQ(test, 0, env_ioctl(test, node, PINBUF_IOC_INFO, &info, sizeof(info)));
	env_unlimit(old);
	KUNIT_EXPECT_EQ(test, info.out_limit, SZ_1M);
}

static struct kunit_case ioctl_suite_cases[] = {
	KUNIT_CASE_PARAM(struct_follows_the_laws, law_gen_params),
	KUNIT_CASE(answer_ends_with_the_struct),
	KUNIT_CASE_PARAM(other_numbers_are_unknown, number_gen_params),
	KUNIT_CASE_PARAM(stats_take_a_scope, stats_gen_params),
	KUNIT_CASE_PARAM(query_takes_its_flags, query_gen_params),
	KUNIT_CASE(info_tells_what_there_is),
	KUNIT_CASE(nothing_is_left),
	{}
};

static struct kunit_suite ioctl_suite = {
	.name = "pinbuf_ioctl",
	.suite_init = env_suite_init,
	.suite_exit = env_suite_exit,
	.init = env_init,
	.test_cases = ioctl_suite_cases,
};

kunit_test_suite(ioctl_suite);
