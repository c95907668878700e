// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/resource.h>
#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/uaccess.h>

#include "env.h"

const struct pages_case pages_cases[] = {
	{ "one page",				1 },
	{ "two pages",				2 },
	{ "three pages",			3 },
	{ "seven pages",			7 },
	{ "a page less than a huge piece",	HUGE_PAGES - 1 },
	{ "a huge piece",			HUGE_PAGES },
	{ "a page more than a huge piece",	HUGE_PAGES + 1 },
	{ "a page less than three huge pieces",	3 * HUGE_PAGES - 1 },
	{ "four huge pieces",			4 * HUGE_PAGES },
	{ "eight huge pieces and a page",	8 * HUGE_PAGES + 1 },
};

const void *pages_gen_params(const void *prev, char *desc)
{
	const struct pages_case *next = prev ? (const struct pages_case *)prev + 1 : pages_cases;

	if (next - pages_cases >= ARRAY_SIZE(pages_cases))
		return NULL;
	strscpy(desc, next->name, KUNIT_PARAM_DESC_SIZE);
	return next;
}

/*
 * A thread of the kernel leaves the last fput() of a file to a worker.  What once
 * was lost stays lost: the cases after that do not wait as long again.
 */
bool env_settles(struct pinbuf_user *user, u64 bytes)
{
	static int patience = 250;
	int i;

	for (i = 0; i < patience; i++) {
		flush_delayed_fput();
		if (atomic64_read(&user->purse->charged) == bytes)
			return true;
		msleep(20);
	}
	patience = 5;
	return false;
}

static struct pinbuf_user *root;

int env_suite_init(struct kunit_suite *suite)
{
	root = pinbuf_user_get(current_cred());
	return root ? 0 : -ENOMEM;
}

void env_suite_exit(struct kunit_suite *suite)
{
	pinbuf_user_put(root);
}

int env_init(struct kunit *test)
{
	KUNIT_ASSERT_TRUE(test, env_settles(root, 0));
	test->priv = root;
	return 0;
}

void nothing_is_left(struct kunit *test)
{
	struct pinbuf_user *user = test->priv;
	atomic64_t *value = user->counters.value;

	KUNIT_EXPECT_TRUE(test, env_settles(user, 0));
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_ALLOCATED]),
			atomic64_read(&value[PINBUF_DEALLOCATED]));
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_ALLOCATIONS]),
			atomic64_read(&value[PINBUF_DEALLOCATIONS]));
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_MAPPINGS]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_ATTACHMENTS]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_PUBLISHED]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_HUGE_FOLIOS]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_SMALL_FOLIOS]), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&value[PINBUF_SMALL_BYTES]), 0);
}

/* Now, and not by a worker. */
KUNIT_DEFINE_ACTION_WRAPPER(close_now, __fput_sync, struct file *);

struct dma_buf *env_buf_as(struct kunit *test, const struct pinbuf_want *want)
{
	static const char label[PINBUF_LABEL_SIZE];
	struct pinbuf_want wanted = *want;
	struct dma_buf *dmabuf;

	wanted.align = wanted.align ?: PAGE_SIZE;
	wanted.access = O_RDWR;
	wanted.label = wanted.label ?: label;
	dmabuf = pinbuf_buf_create(test->priv, &wanted);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_now, dmabuf->file));
	return dmabuf;
}

struct dma_buf *env_buf(struct kunit *test, u64 len)
{
	return env_buf_as(test, &(struct pinbuf_want) { .len = len, .node = NUMA_NO_NODE });
}

void env_buf_put(struct kunit *test, struct dma_buf *dmabuf)
{
	kunit_release_action(test, close_now, dmabuf->file);
}

struct file *env_node(struct kunit *test, int flags)
{
	struct file *node = anon_inode_getfile("[pinbuf]", &pinbuf_fops, NULL, flags);
	int err;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, node);
	err = node->f_op->open(file_inode(node), node);
	KUNIT_ASSERT_EQ(test, 0, err);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_now, node));
	return node;
}

void env_node_close(struct kunit *test, struct file *node)
{
	kunit_release_action(test, close_now, node);
}

unsigned long env_mmap(struct kunit *test, struct file *file, unsigned long len,
		       unsigned long offset)
{
	unsigned long flags = file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned long at = kunit_vm_mmap(test, file, 0, len, PROT_READ | PROT_WRITE, flags,
					 offset);

	KUNIT_ASSERT_NE(test, at, 0);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR_VALUE(at), "mmap: %ld", (long)at);
	return at;
}

struct old_param {
	const struct kernel_param *param;
	u64 value;
};

static int set_param(const struct kernel_param *param, u64 value)
{
	char digits[24];
	int err;

	snprintf(digits, sizeof(digits), "%llu", value);
	kernel_param_lock(param->mod);
	err = param->ops->set(digits, param);
	kernel_param_unlock(param->mod);
	return err;
}

static void restore_param(void *arg)
{
	struct old_param *old = arg;

	set_param(old->param, old->value);
}

void env_param(struct kunit *test, const char *name, u64 value)
{
	struct module *mod = pinbuf_fops.owner;
	const struct kernel_param *param;
	struct old_param *old = kunit_kzalloc(test, sizeof(*old), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, old);
	for (param = mod->kp; param < mod->kp + mod->num_kp; param++)
		if (!strcmp(param->name, name))
			break;
	KUNIT_ASSERT_TRUE_MSG(test, param < mod->kp + mod->num_kp, "no parameter %s", name);
	old->param = param;
	old->value = *(unsigned long long *)param->arg;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore_param, old));
	KUNIT_ASSERT_EQ(test, 0, set_param(param, value));
}

const struct cred *env_limit(struct kunit *test, unsigned long bytes)
{
	struct cred *cred = prepare_creds();
	const struct cred *old;

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	/* A thread of the kernel has its limits to itself. */
	current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur = bytes;
	old = override_creds(cred);
	put_cred(cred);
	return old;
}

void env_unlimit(const struct cred *old)
{
	revert_creds(old);
}

long env_ioctl(struct kunit *test, struct file *node, unsigned int cmd, void *arg, size_t size)
{
	unsigned long len = PAGE_ALIGN(max_t(size_t, size, 1));
	unsigned long at = env_mmap(test, NULL, len, 0);
	long ret;

	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, arg, size));
	ret = node->f_op->unlocked_ioctl(node, cmd, at);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(arg, (void __user *)at, size));
	vm_munmap(at, len);
	return ret;
}

MODULE_DESCRIPTION("KUnit tests of pinbuf");
MODULE_AUTHOR("The pinbuf developers");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(DMA_BUF);
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
