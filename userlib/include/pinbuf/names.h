/* SPDX-License-Identifier: MIT */
/* Buffers that outlive every process, by a name. */
#ifndef PINBUF_NAMES_H
#define PINBUF_NAMES_H

#include <pinbuf/base.h>
#include <pinbuf/buf.h>
#include <pinbuf/dev.h>

PINBUF_BEGIN_DECLS

#define PINBUF_UID_OWN		(~0U)	/* the user who opened the device */

/**
 * pinbuf_buf_publish() - give a buffer a name, and a life of its own
 * @buf: a buffer of the device that this user allocated
 * @name: 1 to 63 of the characters A-Z a-z 0-9 . _ -
 * @mode: who else may attach: 0600 nobody, 0660 the group that this process had when
 *	it opened the device, 0666 everybody who can open the device
 *
 * The memory stays, and stays charged to who allocated it, until
 * pinbuf_buf_unpublish(), whatever becomes of this process.  Names live per user: no
 * other can have taken one of ours.
 *
 * Context: any thread.
 * Return: 0; -EINVAL for a name or a mode that cannot be; -EEXIST if the user has the
 * name, or the buffer has one; -EPERM if the buffer is another's; -ENOMEM;
 * -EOPNOTSUPP for locked memory, which ends with its process.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_publish(struct pinbuf_buf *buf, const char *name, unsigned int mode);

/**
 * pinbuf_buf_attach() - the buffer of a name
 * @out: written on success, with one reference that is the caller's
 * @dev: the device
 * @uid: whose name, as this process's user namespace calls him, or PINBUF_UID_OWN
 * @name: the name
 *
 * It is the very buffer that was published, with what was last written to it; nothing
 * is allocated, so it takes microseconds whatever its length.
 *
 * Context: any thread.
 * Return: 0; -EINVAL for a name that cannot be; -ENOENT if there is no such name, or
 * none that this process may have: which of both is not told; -EMFILE; -ENOMEM;
 * -EOPNOTSUPP for locked memory.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_attach(struct pinbuf_buf **out, struct pinbuf_dev *dev, unsigned int uid,
		      const char *name);

/**
 * pinbuf_buf_unpublish() - take a name away
 * @dev: the device
 * @uid: whose name, as for pinbuf_buf_attach()
 * @name: the name
 *
 * The memory goes when nobody has the buffer any more, which may be at once.
 *
 * Context: any thread.
 * Return: 0; -EINVAL for a name that cannot be; -ENOENT as pinbuf_buf_attach(); -EPERM
 * for the name of another, without CAP_SYS_ADMIN; -EOPNOTSUPP for locked memory.
 */
PINBUF_API PINBUF_MUST_CHECK
int pinbuf_buf_unpublish(struct pinbuf_dev *dev, unsigned int uid, const char *name);

PINBUF_END_DECLS

#endif /* PINBUF_NAMES_H */
