// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "file.h"

void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail_errno(errno, "%s", path);
	close(fd);
}

int file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail_errno(errno, "%s", path);
	return fd;
}

void file_reread(int fd, char *text, size_t size)
{
	size_t at = 0;
	ssize_t got;

	while ((got = pread(fd, text + at, size - 1 - at, at)) > 0)
		at += got;
	if (got < 0)
		fail_errno(errno, "a file of /proc");
	if (at == size - 1)
		fail("a file of /proc has more than %zu bytes", size);
	text[at] = 0;
}

void file_read(const char *path, char *text, size_t size)
{
	int fd = file_open(path);

	file_reread(fd, text, size);
	close(fd);
}
