// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who pays, and what he may.
 *
 * The user is the one who opened the node, by the core's user_struct: one
 * object a uid, in whatever namespace, so fork does not multiply it.  Nor do the
 * subordinate uids that an unprivileged user may become in a namespace of his:
 * they have one purse with him.  Three limits hold a buffer: the module's ceilings max_bytes
 * and max_user_bytes, for everyone, and RLIMIT_MEMLOCK through the counter that
 * io_uring, RDMA and others share.  Each is an optimistic add that is taken
 * back when a later one refuses: the most private first, so that what one user
 * is refused is never held against another.  No lock, so charging works in any
 * context and uncharging cannot fail.  The memory cgroup is the page allocator's work.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
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

/*
 * Whose purse: the maker's of the outermost namespace that the opener is in.  Root
 * may give his namespaces' users limits of their own, as he may on the outside.
 */
static kuid_t owner_of(const struct cred *cred)
{
	const struct user_namespace *ns = cred->user_ns;

	if (ns == &init_user_ns)
		return cred->user->uid;
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return uid_eq(ns->owner, GLOBAL_ROOT_UID) ? cred->user->uid : ns->owner;
}

static struct pinbuf_user *user_of(const struct user_struct *core, kuid_t owner)
{
	struct pinbuf_user *user;

	lockdep_assert_held(&users_lock);
	list_for_each_entry(user, &users, entry)
		if (user->user == core && uid_eq(user->purse->owner, owner))
			return user;
	return NULL;
}

/* The purse that another uid of the same owner has already, or @fresh. */
static struct pinbuf_purse *find_purse(kuid_t owner, struct pinbuf_purse *fresh)
{
	struct pinbuf_user *user;

	lockdep_assert_held(&users_lock);
	list_for_each_entry(user, &users, entry)
		if (uid_eq(user->purse->owner, owner))
			return user->purse;
	return fresh;
}

/**
 * pinbuf_user_get() - find or make the object of a user
 * @cred: as whom the node was opened
 *
 * Context: may sleep.
 * Return: a reference, for pinbuf_user_put(), or NULL without memory.
 */
struct pinbuf_user *pinbuf_user_get(const struct cred *cred)
{
	struct pinbuf_user *user, *new = kzalloc(sizeof(*new), PINBUF_GFP_TABLE);
	struct pinbuf_purse *purse = kzalloc(sizeof(*purse), PINBUF_GFP_TABLE), *has;
	kuid_t owner = owner_of(cred);

	if (!new || !purse) {
		user = NULL;
		goto out_free;
	}
	mutex_lock(&users_lock);
	user = user_of(cred->user, owner);
	if (user) {
		refcount_inc(&user->refs);
		goto out_unlock;
	}
	purse->owner = owner;
	has = find_purse(owner, purse);
	has->users++;
	if (has == purse)
		purse = NULL;
	refcount_set(&new->refs, 1);
	new->user = get_uid(cred->user);
	ratelimit_default_init(&new->log);
	ratelimit_set_flags(&new->log, RATELIMIT_MSG_ON_RELEASE);
	new->purse = has;
	list_add(&new->entry, &users);
	user = new;
	new = NULL;
out_unlock:
	mutex_unlock(&users_lock);
out_free:
	kfree(purse);
	kfree(new);
	return user;
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
	struct pinbuf_purse *purse = user->purse;

	if (!refcount_dec_and_mutex_lock(&user->refs, &users_lock))
		return;
	list_del(&user->entry);
	if (--purse->users)
		purse = NULL;
	mutex_unlock(&users_lock);
	kfree(purse);
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

/*
 * What all uids of one purse hold, @bytes included, against the caller's limit.
 * Of one uid alone it is never more than what lock_pages() has let through.
 */
static bool purse_allows(struct pinbuf_user *user)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK);

	return !pinbuf_locked_vm(user->user) || limit == RLIM_INFINITY ||
	       atomic64_read(&user->purse->charged) <= limit || capable(CAP_IPC_LOCK);
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
	if (!add_below(&user->purse->charged, bytes, READ_ONCE(max_user_bytes)))
		goto out_locked;
	if (!purse_allows(user)) {
		*cause = PINBUF_CAUSE_MEMLOCK;
		goto out_purse;
	}
	if (!add_below(&charged, bytes, READ_ONCE(max_bytes)))
		goto out_purse;
	return 0;

out_purse:
	atomic64_sub(bytes, &user->purse->charged);
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
	atomic64_sub(bytes, &user->purse->charged);
	unlock_pages(user, bytes >> PAGE_SHIFT);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_account_uncharge);

/**
 * pinbuf_account_tell() - say in the log whom a limit has refused, and which
 * @user: who was to pay
 * @bytes: what was asked for
 * @cause: which limit
 *
 * A few lines of one user in some seconds: who floods the log drowns himself only.
 *
 * Context: process.
 */
void pinbuf_account_tell(struct pinbuf_user *user, u64 bytes, enum pinbuf_cause cause)
{
	static const char *const limits[PINBUF_CAUSE_NONE] = {
		[PINBUF_CAUSE_MEMLOCK] = "RLIMIT_MEMLOCK",
		[PINBUF_CAUSE_CEILING] = "a ceiling",
		[PINBUF_CAUSE_MEMORY] = "no memory",
	};

	if (cause >= PINBUF_CAUSE_NONE || !limits[cause] || !__ratelimit(&user->log))
		return;
	pr_info("uid %u (%s[%d]) was refused %llu bytes: %s; he holds %llu of %llu, all users %llu of %llu\n",
		from_kuid(&init_user_ns, user->user->uid), current->comm, task_tgid_nr(current),
		bytes, limits[cause], (u64)atomic64_read(&user->purse->charged),
		READ_ONCE(max_user_bytes), (u64)atomic64_read(&charged), READ_ONCE(max_bytes));
}

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
			    (locked ? PINBUF_CAP_MEMLOCK : 0) | PINBUF_CAP_CONTIG |
			    PINBUF_CAP_ADDR_BITS | PINBUF_CAP_EXTENTS | PINBUF_CAP_NAMES |
			    PINBUF_CAP_HEAP,
		.out_page_size = PAGE_SIZE,
		.out_huge_size = PINBUF_CAN_HUGE ? PINBUF_HUGE_SIZE : 0,
		.out_max_len = PINBUF_MAX_LEN,
		.out_max_block = PINBUF_MAX_BLOCK,
		.out_limit = U64_MAX,
		.out_locked = locked ? max_t(u64, (u64)atomic_long_read(locked) << PAGE_SHIFT,
					     atomic64_read(&call->user->purse->charged)) : 0,
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
