// SPDX-License-Identifier: MIT
/*
 * without_library: pinned memory by open and mmap alone.
 *
 * Mapping /dev/pinbuf allocates.  The memory goes with its last mapping, so the
 * descriptor can be closed at once.  Any program that can map a file can do this.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	size_t len = 4 << 20;
	int fd = open("/dev/pinbuf", O_RDWR);
	char *mem;

	if (fd < 0) {
		perror("/dev/pinbuf");
		return 1;
	}
	mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mem == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	strcpy(mem, "pinned, zeroed, and gone with its mapping");
	printf("%s\n", mem);
	return munmap(mem, len) != 0;
}
