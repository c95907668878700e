// SPDX-License-Identifier: MIT
#include "names.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

int publish(int node, int fd, uint32_t mode, const char *name)
{
	struct pinbuf_ioc_publish req = { .fd = fd, .mode = mode };

	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	return errno_of(ioctl(node, PINBUF_IOC_PUBLISH, &req));
}

int attach(int node, uint32_t uid, const char *name, int *fd)
{
	struct pinbuf_ioc_attach req = { .uid = uid, .fd_flags = O_CLOEXEC };
	int err;

	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	err = errno_of(ioctl(node, PINBUF_IOC_ATTACH, &req));
	if (!err && !fd)
		close(req.out_fd);
	if (fd)
		*fd = err ? -1 : req.out_fd;
	return err;
}

int unpublish(int node, uint32_t uid, const char *name)
{
	struct pinbuf_ioc_unpublish req = { .uid = uid };

	memcpy(req.name, name, strnlen(name, sizeof(req.name)));
	return errno_of(ioctl(node, PINBUF_IOC_UNPUBLISH, &req));
}

void become(uid_t uid, gid_t gid, gid_t extra)
{
	struct stat st;
	gid_t groups[2];

	CHECK(!stat(NODE_PATH, &st));
	groups[0] = st.st_gid;
	groups[1] = extra;
	CHECK(!setgroups(2, groups));
	CHECK(!setresgid(gid, gid, gid));
	CHECK(!setresuid(uid, uid, uid));
	CHECK(!prctl(PR_SET_DUMPABLE, 1));
}
