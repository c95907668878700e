// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: buffers that outlive every process.
 *
 * A name holds a reference to the dma-buf's file, as a descriptor would, and is
 * found by its owner and its text: one tree, ordered by both, so that names of
 * different owners can neither collide nor be squatted on.  Whoever finds a name
 * under names_lock finds a file with a reference, so ATTACH cannot meet the last
 * fput(): that comes after the name has left the tree.
 *
 * There is no cycle to break.  The buffer points back at its name only to tell
 * it, and does not hold it; it goes when the name lets go of the file, and until
 * then it holds the user, whose figures so live as long as he has a name.  It
 * holds the module too, by the dma-buf: delete_module answers EWOULDBLOCK while
 * there is a name, and on the way out of the module the tree is empty.
 *
 * Who may attach is decided by the credentials that opened the node, as the
 * charge is.  Who may not is told ENOENT, as for a name that is not there.
 *
 * A name costs a small object, charged to the memory cgroup; as a buffer has one
 * at most, the limits on buffers bound the tree.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "pinbuf.h"
#include "trace.h"

struct name_key {
	kuid_t owner;
	char text[PINBUF_NAME_SIZE];	/* filled with zeroes */
};

struct pinbuf_name {
	struct rb_node entry;		/* under names_lock; the rest is constant */
	struct name_key key;
	struct dma_buf *dmabuf;		/* a reference */
	kgid_t group;
	u32 mode;
};

static struct rb_root names = RB_ROOT;
static DEFINE_MUTEX(names_lock);

static unsigned long id_of(const struct dma_buf *dmabuf)
{
	return ((const struct pinbuf_buf *)dmabuf->priv)->id;
}

static int compare_key(const void *key, const struct rb_node *entry)
{
	const struct name_key *a = key, *b = &rb_entry(entry, struct pinbuf_name, entry)->key;

	if (uid_eq(a->owner, b->owner))
		return memcmp(a->text, b->text, sizeof(a->text));
	return uid_lt(a->owner, b->owner) ? -1 : 1;
}

static int compare_entry(struct rb_node *entry, const struct rb_node *other)
{
	return compare_key(&rb_entry(entry, struct pinbuf_name, entry)->key, other);
}

static struct pinbuf_name *find_name(const struct name_key *key)
{
	struct rb_node *entry = rb_find(key, &names, compare_key);

	lockdep_assert_held(&names_lock);
	return entry ? rb_entry(entry, struct pinbuf_name, entry) : NULL;
}

/**
 * pinbuf_name_ok() - is it a name, filled with zeroes to its size?
 * @text: PINBUF_NAME_SIZE bytes
 *
 * Return: whether it is.
 */
VISIBLE_IF_KUNIT bool pinbuf_name_ok(const u8 *text)
{
	size_t len = strnlen(text, PINBUF_NAME_SIZE), i;

	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || !(isalnum(text[i]) || strchr("._-", text[i])))
			return false;
	return len && len < PINBUF_NAME_SIZE && !memchr_inv(text + len, 0, PINBUF_NAME_SIZE - len);
}
EXPORT_SYMBOL_IF_KUNIT(pinbuf_name_ok);

/* @uid is the caller's word for a user, in his namespace; one unknown there owns no name. */
static struct name_key key_of(const struct pinbuf_call *call, u32 uid, const u8 *text)
{
	struct name_key key = {
		.owner = uid == (u32)-1 ? call->user->user->uid :
			 make_kuid(current_user_ns(), uid),
	};

	memcpy(key.text, text, sizeof(key.text));
	return key;
}

/* One uid may have opened the node in several namespaces, with a purse in each. */
static bool opener_is(const struct pinbuf_call *call, kuid_t uid)
{
	return uid_eq(call->user->user->uid, uid);
}

static bool opener_in_group(const struct pinbuf_call *call, kgid_t group)
{
	const struct cred *old = override_creds(call->cred);
	bool in = in_group_p(group);

	revert_creds(old);
	return in;
}

static bool may_attach(const struct pinbuf_call *call, const struct pinbuf_name *name)
{
	return opener_is(call, name->key.owner) || name->mode & 0006 ||
	       (name->mode & 0060 && opener_in_group(call, name->group));
}

static int may_unpublish(const struct pinbuf_call *call, const struct pinbuf_name *name)
{
	if (opener_is(call, name->key.owner) || capable(CAP_SYS_ADMIN))
		return 0;
	return may_attach(call, name) ? -EPERM : -ENOENT;
}

static int add_name(struct pinbuf_name *name)
{
	struct pinbuf_buf *buf = name->dmabuf->priv;
	int err = -EEXIST;

	mutex_lock(&names_lock);
	if (!buf->name && !rb_find_add(&name->entry, &names, compare_entry)) {
		WRITE_ONCE(buf->name, name);
		pinbuf_stats_add(buf->user, PINBUF_PUBLISHED, 1);
		err = 0;
	}
	mutex_unlock(&names_lock);
	return err;
}

static void remove_name(struct pinbuf_name *name)
{
	struct pinbuf_buf *buf = name->dmabuf->priv;

	lockdep_assert_held(&names_lock);
	rb_erase(&name->entry, &names);
	WRITE_ONCE(buf->name, NULL);
	pinbuf_stats_add(buf->user, PINBUF_PUBLISHED, -1);
}

/* On success the name has the caller's reference to the dma-buf. */
static int publish(const struct pinbuf_call *call, struct dma_buf *dmabuf)
{
	const struct pinbuf_ioc_publish *req = &call->cmd.publish;
	struct pinbuf_buf *buf = dmabuf->priv;
	struct pinbuf_name *name;
	int err;

	if (!opener_is(call, buf->user->user->uid))
		return -EPERM;
	name = kzalloc(sizeof(*name), PINBUF_GFP_TABLE);
	if (!name)
		return -ENOMEM;
	name->key = key_of(call, -1, req->name);
	name->dmabuf = dmabuf;
	name->group = call->cred->fsgid;
	name->mode = req->mode;
	err = add_name(name);
	if (err)
		kfree(name);
	return err;
}

/**
 * pinbuf_names_publish() - PINBUF_IOC_PUBLISH
 * @call: its struct
 *
 * Return: 0; -EINVAL for a mode or a name that cannot be, or a descriptor that
 * is no buffer of ours; -EBADF; -EPERM if the buffer is another's; -EEXIST if
 * the user has the name or the buffer has one; -ENOMEM.
 */
int pinbuf_names_publish(struct pinbuf_call *call)
{
	const struct pinbuf_ioc_publish *req = &call->cmd.publish;
	u64 start = trace_pinbuf_publish_enabled() ? ktime_get_ns() : 0;
	struct dma_buf *dmabuf;
	unsigned long id;
	int err;

	if ((req->mode != 0600 && req->mode != 0660 && req->mode != 0666) ||
	    !pinbuf_name_ok(req->name))
		return -EINVAL;
	dmabuf = pinbuf_dmabuf_get(req->fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	/* Once it has a name, another thread may take that away, and the buffer with it. */
	id = id_of(dmabuf);
	err = publish(call, dmabuf);
	if (err)
		dma_buf_put(dmabuf);
	trace_pinbuf_publish(id, req->name, err, start ? ktime_get_ns() - start : 0);
	return err;
}

/* A reference to what the caller may have under that name, or NULL. */
static struct dma_buf *find_dmabuf(const struct pinbuf_call *call)
{
	const struct pinbuf_ioc_attach *req = &call->cmd.attach;
	struct name_key key = key_of(call, req->uid, req->name);
	struct dma_buf *dmabuf = NULL;
	struct pinbuf_name *name;

	mutex_lock(&names_lock);
	name = find_name(&key);
	if (name && may_attach(call, name)) {
		dmabuf = name->dmabuf;
		get_dma_buf(dmabuf);
	}
	mutex_unlock(&names_lock);
	return dmabuf;
}

/**
 * pinbuf_names_attach() - PINBUF_IOC_ATTACH
 * @call: its struct; gets the dma-buf's file and a descriptor for it
 *
 * Return: 0; -EINVAL for a flag or a name that cannot be; -ENOENT for a name
 * that is not there, or that the opener of the node may not have; -EMFILE.
 */
int pinbuf_names_attach(struct pinbuf_call *call)
{
	struct pinbuf_ioc_attach *req = &call->cmd.attach;
	u64 start = trace_pinbuf_attach_name_enabled() ? ktime_get_ns() : 0;
	struct dma_buf *dmabuf;
	int fd;

	if (req->fd_flags & ~O_CLOEXEC || req->reserved || !pinbuf_name_ok(req->name))
		return -EINVAL;
	fd = get_unused_fd_flags(req->fd_flags);
	if (fd < 0)
		return fd;
	dmabuf = find_dmabuf(call);
	trace_pinbuf_attach_name(dmabuf ? id_of(dmabuf) : 0, req->name,
				 dmabuf ? 0 : -ENOENT, start ? ktime_get_ns() - start : 0);
	if (!dmabuf) {
		put_unused_fd(fd);
		return -ENOENT;
	}
	call->file = dmabuf->file;
	call->fd = fd;
	req->out_fd = fd;
	pinbuf_buf_describe(dmabuf->priv, &req->out);
	return 0;
}

/**
 * pinbuf_names_unpublish() - PINBUF_IOC_UNPUBLISH
 * @call: its struct
 *
 * Return: 0; -EINVAL for a flag or a name that cannot be; -EPERM for another's
 * name that the opener of the node could attach; -ENOENT for every other.
 */
int pinbuf_names_unpublish(struct pinbuf_call *call)
{
	const struct pinbuf_ioc_unpublish *req = &call->cmd.unpublish;
	u64 start = trace_pinbuf_unpublish_enabled() ? ktime_get_ns() : 0;
	struct name_key key = key_of(call, req->uid, req->name);
	struct pinbuf_name *name;
	unsigned long id = 0;
	int err;

	if (req->flags || !pinbuf_name_ok(req->name))
		return -EINVAL;
	mutex_lock(&names_lock);
	name = find_name(&key);
	err = name ? may_unpublish(call, name) : -ENOENT;
	if (!err) {
		id = id_of(name->dmabuf);
		remove_name(name);
	}
	mutex_unlock(&names_lock);
	trace_pinbuf_unpublish(id, req->name, err, start ? ktime_get_ns() - start : 0);
	if (err)
		return err;
	dma_buf_put(name->dmabuf);
	kfree(name);
	return 0;
}

/**
 * pinbuf_names_tell() - what a buffer is published as
 * @buf: a buffer
 * @text: PINBUF_NAME_SIZE bytes, filled with zeroes where it has no name
 *
 * Context: may sleep.
 */
void pinbuf_names_tell(struct pinbuf_buf *buf, u8 *text)
{
	memset(text, 0, PINBUF_NAME_SIZE);
	/* Most have none, and need not wait for those who name others. */
	if (!READ_ONCE(buf->name))
		return;
	mutex_lock(&names_lock);
	if (buf->name)
		memcpy(text, buf->name->key.text, PINBUF_NAME_SIZE);
	mutex_unlock(&names_lock);
}
