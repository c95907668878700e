// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who pays, and what he may.
 *
 * The user is the one who opened the node, by the core's user_struct: one
 * object a uid, in whatever namespace, so neither fork nor subordinate uids
 * multiply it.  Three limits hold a buffer: the module's ceilings max_bytes
 * and max_user_bytes, for everyone, and RLIMIT_MEMLOCK through the counter that
 * io_uring, RDMA and others share.  Each is an optimistic add that is taken
 * back when a later one refuses: the most private first, so that what one user
 * is refused is never held against another.  No lock, so charging works in any
 * context and uncharging cannot fail.  The memory cgroup is the page allocator's work.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "pinbuf.h"

static LIST_HEAD(users);
static DEFINE_MUTEX(users_lock);

static atomic64_t charged;	/* bytes held against max_bytes */

static u64 max_bytes = U64_MAX;	/* until init has seen how much memory there is */
module_param(max_bytes, ullong, 0644);
MODULE_PARM_DESC(max_bytes, "bytes that all users together may hold, 0 for no ceiling (default: half of RAM)");

static u64 max_user_bytes;
module_param(max_user_bytes, ullong, 0644);
MODULE_PARM_DESC(max_user_bytes, "bytes that one user may hold, 0 for no ceiling (default: 0)");

/**
 * pinbuf_user_get() - find or make the object of a user
 * @core: the core's user
 *
 * Context: may sleep.
 * Return: a reference, for pinbuf_user_put(), or NULL without memory.
 */
struct pinbuf_user *pinbuf_user_get(struct user_struct *core)
{
	struct pinbuf_user *user, *new = kzalloc(sizeof(*new), PINBUF_GFP_TABLE);

	if (!new)
		return NULL;
	mutex_lock(&users_lock);
	list_for_each_entry(user, &users, entry) {
		if (user->user == core) {
			refcount_inc(&user->refs);
			mutex_unlock(&users_lock);
			kfree(new);
			return user;
		}
	}
	refcount_set(&new->refs, 1);
	new->user = get_uid(core);
	list_add(&new->entry, &users);
	mutex_unlock(&users_lock);
	return new;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_user_get);

/**
 * pinbuf_user_hold() - take another reference
 * @user: a user that the caller holds
 */
void pinbuf_user_hold(struct pinbuf_user *user)
{
	refcount_inc(&user->refs);
}

/**
 * pinbuf_user_put() - drop a reference
 * @user: the user; gone with the last one
 *
 * Context: may sleep.
 */
void pinbuf_user_put(struct pinbuf_user *user)
{
	if (!refcount_dec_and_mutex_lock(&user->refs, &users_lock))
		return;
	list_del(&user->entry);
	mutex_unlock(&users_lock);
	free_uid(user->user);
	kfree(user);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_user_put);

/* Adds to a counter that @max bounds; 0 is no bound. */
static bool add_below(atomic64_t *counter, u64 bytes, u64 max)
{
	s64 old = atomic64_read(counter);

	do {
		if (max && (bytes > max || old > max - bytes))
			return false;
	} while (!atomic64_try_cmpxchg(counter, &old, old + bytes));
	return true;
}

/* The limit is the caller's, the counter the opener's. */
static bool lock_pages(struct pinbuf_user *user, unsigned long pages)
{
	atomic_long_t *locked = pinbuf_locked_vm(user->user);
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long old;

	if (!locked)
		return true;
	old = atomic_long_read(locked);
	do {
		if ((pages > limit || old > limit - pages) && !capable(CAP_IPC_LOCK))
			return false;
	} while (!atomic_long_try_cmpxchg(locked, &old, old + pages));
	return true;
}

static void unlock_pages(struct pinbuf_user *user, unsigned long pages)
{
	atomic_long_t *locked = pinbuf_locked_vm(user->user);

	if (locked)
		atomic_long_sub(pages, locked);
}

/**
 * pinbuf_account_charge() - hold bytes against every limit
 * @user: who pays
 * @bytes: a multiple of the page size
 * @cause: which limit refused; written on failure
 *
 * Context: any in which capable() may be called; takes no lock.
 * Return: 0, or -EDQUOT with nothing charged.
 */
int pinbuf_account_charge(struct pinbuf_user *user, u64 bytes, enum pinbuf_cause *cause)
{
	*cause = PINBUF_CAUSE_MEMLOCK;
	if (!lock_pages(user, bytes >> PAGE_SHIFT))
		return -EDQUOT;
	*cause = PINBUF_CAUSE_CEILING;
	if (!add_below(&user->charged, bytes, READ_ONCE(max_user_bytes)))
		goto out_locked;
	if (!add_below(&charged, bytes, READ_ONCE(max_bytes)))
		goto out_user;
	return 0;

out_user:
	atomic64_sub(bytes, &user->charged);
out_locked:
	unlock_pages(user, bytes >> PAGE_SHIFT);
	return -EDQUOT;
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_account_charge);

/**
 * pinbuf_account_uncharge() - give a charge back
 * @user: who paid
 * @bytes: what was charged
 *
 * Context: any.
 */
void pinbuf_account_uncharge(struct pinbuf_user *user, u64 bytes)
{
	atomic64_sub(bytes, &charged);
	atomic64_sub(bytes, &user->charged);
	unlock_pages(user, bytes >> PAGE_SHIFT);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_account_uncharge);

/**
 * pinbuf_account_init() - settle the default ceiling: half of RAM
 */
void __init pinbuf_account_init(void)
{
	if (max_bytes == U64_MAX)
		max_bytes = ((u64)totalram_pages() << PAGE_SHIFT) / 2;
}

/**
 * pinbuf_account_info() - PINBUF_IOC_INFO
 * @call: its struct
 *
 * Return: 0, or -EINVAL if the reserved field is set.
 */
int pinbuf_account_info(struct pinbuf_call *call)
{
	struct pinbuf_ioc_info *info = &call->cmd.info;
	atomic_long_t *locked = pinbuf_locked_vm(call->user->user);
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);
	int node;

	if (info->reserved)
		return -EINVAL;
	*info = (struct pinbuf_ioc_info) {
		.out_caps = (PINBUF_CAN_HUGE ? PINBUF_CAP_HUGE : 0) |
			    (IS_ENABLED(CONFIG_MEMCG) ? PINBUF_CAP_MEMCG : 0) |
			    (locked ? PINBUF_CAP_MEMLOCK : 0) | PINBUF_CAP_ADDR_BITS |
			    PINBUF_CAP_EXTENTS | PINBUF_CAP_NAMES,
		.out_page_size = PAGE_SIZE,
		.out_huge_size = PINBUF_CAN_HUGE ? PINBUF_HUGE_SIZE : 0,
		.out_max_len = PINBUF_MAX_LEN,
		.out_max_block = PINBUF_MAX_BLOCK,
		.out_limit = U64_MAX,
		.out_locked = locked ? (u64)atomic_long_read(locked) << PAGE_SHIFT : 0,
		.out_abi_version = PINBUF_ABI_VERSION,
		.out_nr_nodes = num_node_state(N_MEMORY),
	};
	/* A question, not a use: no audit record, no PF_SUPERPRIV. */
	if (locked && limit != RLIM_INFINITY &&
	    !ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		info->out_limit = limit;
	for_each_node_state(node, N_MEMORY)
		info->out_node_end = node + 1;
	return 0;
}
