// SPDX-License-Identifier: MIT
/*
 * Names of buffers.  What a name may be the library says itself, with the character;
 * who may have it is the module's to judge, and the words are found here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pinbuf/names.h>

#include "device/handle.h"
#include "internal.h"

static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static void name_into(struct pinbuf_error *e, const char *name)
{
	snprintf(e->name, sizeof(e->name), "%s", name ? name : "");
}

/* Also whether there are names at all, which comes first. */
static int name_check(const struct pinbuf_dev *dev, const char *name)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL };
	size_t len = name ? strlen(name) : 0, good = name ? strspn(name, allowed) : 0;

	name_into(&e, name);
	if (!dev->source->publish) {
		e.kind = PINBUF_ERROR_UNSUPPORTED;
		e.err = EOPNOTSUPP;
		return pinbuf__error(&e, "locked memory has no names, for it ends with its process. %s",
				     dev->why);
	}
	e.requested = len;
	e.limit = PINBUF__NAME_SIZE - 1;
	if (!len)
		return pinbuf__error(&e, "an empty name cannot be: 1 to %d of A-Z a-z 0-9 . _ -",
				     PINBUF__NAME_SIZE - 1);
	if (len >= PINBUF__NAME_SIZE)
		return pinbuf__error(&e, "the name '%.20s...' has %zu characters, %d are the most",
				     name, len, PINBUF__NAME_SIZE - 1);
	if (good < len)
		return pinbuf__error(&e, "the name has the byte %#x at place %zu: A-Z a-z 0-9 . _ - only",
				     (unsigned char)name[good], good);
	return 0;
}

static const char *owner_text(char text[32], unsigned int uid)
{
	if (uid == PINBUF_UID_OWN)
		return "yours";
	snprintf(text, 32, "uid %u's", uid);
	return text;
}

/* What every command may answer. */
static int refused(struct pinbuf_error *e, const char *what)
{
	if (e->err == ENOTTY) {
		e->kind = PINBUF_ERROR_UNSUPPORTED;
		e->err = EOPNOTSUPP;
		return pinbuf__error(e, "this version of the module has no names");
	}
	e->kind = e->err == ENOMEM ? PINBUF_ERROR_MEMORY : PINBUF_ERROR_SYSTEM;
	return pinbuf__error(e, "'%s' cannot be %s: %s", e->name, what, strerror(e->err));
}

static int publish_refused(struct pinbuf_buf *buf, const char *name, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = err };
	struct pinbuf_buf_info info = { .size = sizeof(info) };

	name_into(&e, name);
	if (buf->backing->query(buf, 0, &info))
		memset(&info, 0, sizeof(info));
	if (err == EEXIST && info.name[0])
		return pinbuf__error(&e, "the buffer is published as '%s' already, and has one name",
				     info.name);
	if (err == EEXIST)
		return pinbuf__error(&e, "you have published another buffer as '%s': unpublish it, or take another name",
				     name);
	e.kind = PINBUF_ERROR_PERMISSION;
	if (err == EPERM)
		return pinbuf__error(&e, "the buffer is uid %u's, who allocated it: nobody else can publish it",
				     info.uid);
	return refused(&e, "published");
}

int pinbuf_buf_publish(struct pinbuf_buf *buf, const char *name, unsigned int mode)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_MISUSE, .err = EINVAL, .requested = mode };
	int ret = name_check(buf->dev, name);

	if (ret)
		return ret;
	name_into(&e, name);
	if (mode != 0600 && mode != 0660 && mode != 0666)
		return pinbuf__error(&e, "the mode %#o cannot be: 0600, 0660 or 0666", mode);
	ret = buf->dev->source->publish(buf, name, mode);
	return ret ? publish_refused(buf, name, -ret) : 0;
}

/* Of attach and unpublish: both are asked for a name that may not be there. */
static int name_refused(unsigned int uid, const char *name, const char *what, int err)
{
	struct pinbuf_error e = { .kind = PINBUF_ERROR_SYSTEM, .err = err };
	char owner[32];

	name_into(&e, name);
	if (err == ENOENT)
		return pinbuf__error(&e, "among the names that are %s there is no '%s', or none that you may have",
				     owner_text(owner, uid), name);
	e.kind = PINBUF_ERROR_PERMISSION;
	if (err == EPERM)
		return pinbuf__error(&e, "the name '%s' is %s: only he, or CAP_SYS_ADMIN, can take it away",
				     name, owner_text(owner, uid));
	return refused(&e, what);
}

int pinbuf_buf_attach(struct pinbuf_buf **out, struct pinbuf_dev *dev, unsigned int uid,
		      const char *name)
{
	int ret = name_check(dev, name);
	struct pinbuf_buf *buf;

	if (ret)
		return ret;
	buf = pinbuf__buf_make(dev);
	if (!buf)
		return -ENOMEM;
	ret = dev->source->attach(buf, uid, name);
	if (ret) {
		free(buf);
		return name_refused(uid, name, "attached", -ret);
	}
	pinbuf__buf_finish(buf);
	*out = buf;
	return 0;
}

int pinbuf_buf_unpublish(struct pinbuf_dev *dev, unsigned int uid, const char *name)
{
	int ret = name_check(dev, name);

	if (ret)
		return ret;
	ret = dev->source->unpublish(dev, uid, name);
	return ret ? name_refused(uid, name, "unpublished", -ret) : 0;
}
